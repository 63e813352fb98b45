// figures.mjs measures a first visit of the page while it is live: bytes over
// the wire, requests, when it shows something, and how busy the main thread
// is: by hand, node e2e/figures.mjs
//
// OWNCAST_BIN  a build of examples/standalone (else one is made)
// CHROME       the browser
import { channel, configure } from "./lib/admin.mjs";
import { launch } from "./lib/browser.mjs";
import { publish } from "./lib/publish.mjs";
import { startServer } from "./lib/server.mjs";

const server = await startServer({ args: ["-latency", "1", "-ffmpeg", "off"] });
await configure(server, channel);
const publisher = publish(server.rtmp, { size: "1280x720", bitrate: "2500k" });
const browser = await launch();
const warm = await browser.newPage();
await warm.goto(server.url);
await warm.waitForSelector("body[data-running]", { state: "attached", timeout: 60_000 });
await warm.close();

for (const [name, slowdown] of [
  ["this machine", 1],
  ["a quarter as fast", 4],
]) {
  const context = await browser.newContext({ viewport: { width: 1280, height: 800 } });
  const page = await context.newPage();
  const devtools = await context.newCDPSession(page);
  await devtools.send("Network.enable");
  await devtools.send("Performance.enable");
  await devtools.send("Emulation.setCPUThrottlingRate", { rate: slowdown });
  const types = new Map();
  const sizes = {};
  let requests = 0;
  devtools.on("Network.responseReceived", ({ requestId, response, type }) => {
    requests++;
    types.set(requestId, /\.(m4s|mp4|m3u8)/.test(response.url) ? "media and playlists" : type);
  });
  devtools.on("Network.loadingFinished", ({ requestId, encodedDataLength }) => {
    const type = types.get(requestId) ?? "other";
    sizes[type] = (sizes[type] ?? 0) + encodedDataLength;
  });
  await page.addInitScript(() => {
    window.blocked = 0;
    new PerformanceObserver((list) => {
      for (const entry of list.getEntries()) window.blocked += Math.max(0, entry.duration - 50);
    }).observe({ type: "longtask", buffered: true });
    window.shift = 0;
    new PerformanceObserver((list) => {
      for (const entry of list.getEntries()) if (!entry.hadRecentInput) window.shift += entry.value;
    }).observe({ type: "layout-shift", buffered: true });
  });
  const began = Date.now();
  await page.goto(server.url);
  await page.waitForSelector("body[data-running]", { state: "attached", timeout: 60_000 });
  const playing = Date.now() - began;
  const at = requests;
  const loaded = { ...sizes };
  const seconds = 20;
  const busy = async () => (await devtools.send("Performance.getMetrics")).metrics.find((m) => m.name === "TaskDuration").value;
  const before = await busy();
  await page.waitForTimeout(seconds * 1000);
  const share = (((await busy()) - before) / seconds) * 100;
  const paint = await page.evaluate(() => ({
    first: Math.round(performance.getEntriesByName("first-contentful-paint")[0]?.startTime ?? NaN),
    blocked: Math.round(window.blocked),
    shift: window.shift.toFixed(3),
  }));
  const page_ = Object.entries(loaded).filter(([type]) => type !== "media and playlists");
  console.log(
    `${name}: first contentful paint ${paint.first} ms, playing after ${playing} ms, ${at} requests until then, ` +
      `${(page_.reduce((sum, [, n]) => sum + n, 0) / 1000).toFixed(0)} kB without media ${JSON.stringify(Object.fromEntries(page_))}, ` +
      `layout shift ${paint.shift}, main thread blocked ${paint.blocked} ms in all, busy ${share.toFixed(1)} % while live`,
  );
  await context.close();
}
await publisher.stop();
await browser.close();
await server.stop();
