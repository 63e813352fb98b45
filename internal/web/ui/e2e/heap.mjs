// heap.mjs leaves the page open with live video and five messages a second,
// and says how large its heap is after each minute, garbage collected: by hand,
// node e2e/heap.mjs [MINUTES [MESSAGES PER SECOND]]
//
// OWNCAST_BIN  a build of examples/standalone (else one is made)
// CHROME       the browser
import { configure } from "./lib/admin.mjs";
import { launch } from "./lib/browser.mjs";
import { publish } from "./lib/publish.mjs";
import { startServer } from "./lib/server.mjs";

const minutes = Number(process.argv[2] ?? 30);
const perSecond = Number(process.argv[3] ?? 5);

const server = await startServer({ args: ["-latency", "1", "-ffmpeg", "off", "-no-limits"] });
await configure(server, { autoplay: "always" });
const publisher = publish(server.rtmp, { size: "640x360", fps: 15, bitrate: "600k" });
const browser = await launch();
const page = await browser.newPage({ viewport: { width: 1280, height: 800 } });
await page.goto(server.url);
await page.waitForSelector("body[data-running]", { state: "attached", timeout: 60_000 });
await page.waitForSelector("#chat-profile", { timeout: 60_000 });

// Somebody else talks, from a page of their own.
const other = await browser.newPage();
await other.goto(`${server.url}api/status`);
await other.evaluate(async (perSecond) => {
  const answer = await fetch("chat/register", { method: "POST", headers: { "Content-Type": "application/json" }, body: "{}" });
  const { accessToken } = await answer.json();
  const url = new URL(`../ws?accessToken=${accessToken}`, location.href);
  url.protocol = "ws:";
  const socket = new WebSocket(url);
  window.sent = 0;
  socket.onopen = () =>
    setInterval(() => {
      const body = `message **${++window.sent}** of a long evening, with a [link](https://example.org/${window.sent}) and some words to fill the line`;
      socket.send(JSON.stringify({ type: "CHAT", body }));
    }, 1000 / perSecond);
}, perSecond);

const devtools = await page.context().newCDPSession(page);
await devtools.send("HeapProfiler.enable");
await devtools.send("Performance.enable");
const figure = async () => {
  await devtools.send("HeapProfiler.collectGarbage");
  await devtools.send("HeapProfiler.collectGarbage");
  const { metrics } = await devtools.send("Performance.getMetrics");
  const of = (name) => metrics.find((m) => m.name === name)?.value ?? 0;
  return { heap: of("JSHeapUsedSize"), nodes: of("Nodes"), listeners: of("JSEventListeners"), busy: of("TaskDuration") };
};

console.log("minute  heap MB  nodes  listeners  rows in the page  messages  main thread busy");
let before = await figure();
for (let minute = 0; minute <= minutes; minute++) {
  const now = await figure();
  const rows = await page.evaluate(() => document.querySelectorAll("[data-row]").length);
  const playing = await page.evaluate(() => !document.querySelector("video").paused);
  const sent = await other.evaluate(() => window.sent);
  const busy = minute ? `${(((now.busy - before.busy) / 60) * 100).toFixed(1)} %` : "";
  console.log([minute, (now.heap / 1e6).toFixed(2), now.nodes, now.listeners, rows, sent, busy, playing ? "" : "it does not play"].join("  "));
  before = now;
  if (minute < minutes) await new Promise((resolve) => setTimeout(resolve, 60_000));
}
await publisher.stop();
await browser.close();
await server.stop();
