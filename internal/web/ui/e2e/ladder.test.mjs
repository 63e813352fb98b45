// Three qualities and the sound alone in a browser: the player changes
// between them without a stall, and plays on when ffmpeg is killed.
//
// LADDER_BIN  a build of examples/ladder (else one is made)
// CHROME      the browser
import assert from "node:assert/strict";
import { execFileSync, spawn } from "node:child_process";
import { mkdtempSync, readFileSync, readdirSync, rmSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { createInterface } from "node:readline";
import { after, before, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { Parser } from "m3u8-parser";
import { advance, launch, openPage, openSettings } from "./lib/browser.mjs";
import { publish } from "./lib/publish.mjs";

const root = join(dirname(fileURLToPath(import.meta.url)), "../../../..");
const dir = mkdtempSync(join(tmpdir(), "owncast-ladder-"));
const hlsjs = createRequire(import.meta.url).resolve("hls.js/dist/hls.min.js");

let browser, server, base, publisher;
before(async () => {
  let bin = process.env.LADDER_BIN;
  if (!bin) {
    bin = join(dir, "ladder");
    execFileSync("go", ["build", "-o", bin, "./examples/ladder"], { cwd: root, stdio: "inherit" });
  }
  server = spawn(bin, ["-http", "127.0.0.1:0", "-rtmp", "127.0.0.1:0", "-data", join(dir, "data")], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  const line = await new Promise((resolve) => createInterface({ input: server.stdout }).once("line", resolve));
  const match = /http=(\S+) rtmp=(\S+)/.exec(line);
  base = `http://${match[1]}`;
  publisher = publish(`rtmp://${match[2]}/live/test-key`, { size: "1280x720", fps: 15, gop: 30, bitrate: "3M" });
  browser = await launch();
});
after(async () => {
  await browser?.close();
  await publisher?.stop();
  if (server) {
    const gone = new Promise((resolve) => server.once("close", resolve));
    server.kill("SIGINT");
    await gone;
  }
  rmSync(dir, { recursive: true, force: true });
});

const sorted = (list) => [...list].sort();
const all = ["0/stream.m3u8", "1/stream.m3u8", "2/stream.m3u8", "audio/stream.m3u8"];

async function playlist(path) {
  const parser = new Parser();
  parser.push(await (await fetch(`${base}/hls/${path}`)).text());
  parser.end();
  return parser.manifest;
}

/** listed waits for what the multivariant playlist has. */
async function listed(wanted) {
  let uris;
  for (let i = 0; i < 240; i++) {
    uris = sorted(((await playlist("stream.m3u8")).playlists ?? []).map((p) => p.uri));
    if (uris.join() === sorted(wanted).join()) return;
    await sleep(250);
  }
  assert.deepEqual(uris, wanted);
}

/** children are the processes that the server has started. */
function children() {
  return readdirSync("/proc").filter((pid) => {
    if (!/^\d+$/.test(pid)) return false;
    try {
      const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
      const [state, parent] = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
      return Number(parent) === server.pid && state !== "Z";
    } catch {
      return false; // it has ended
    }
  });
}

/** watch opens a page that plays the stream by hls.js. */
async function watch(t) {
  const { page, wrong } = await openPage(browser, { origin: base, forgive: (r) => new URL(r.url()).pathname.startsWith("/hls/") });
  t.after(() => page.close());
  await page.goto(`${base}/api/status`); // a page of the same origin that does nothing
  await page.setContent("<video muted></video>");
  await page.addScriptTag({ path: hlsjs });
  await page.evaluate(async (url) => {
    const video = document.querySelector("video");
    const hls = (window.hls = new window.Hls({ startLevel: 0 }));
    window.seen = { stalls: [], fatal: [], switched: [] };
    hls.on(window.Hls.Events.ERROR, (_, e) => {
      if (e.details === "bufferStalledError") window.seen.stalls.push(video.currentTime);
      if (e.fatal) window.seen.fatal.push(e.details);
    });
    hls.on(window.Hls.Events.LEVEL_SWITCHED, (_, e) => window.seen.switched.push(hls.levels[e.level].height || 0));
    hls.loadSource(url);
    hls.attachMedia(video);
    await new Promise((resolve) => video.addEventListener("canplay", resolve, { once: true }));
    await video.play();
  }, `${base}/hls/stream.m3u8`);
  return { page, wrong };
}

test("every rendition has the same segments at the same times", async (t) => {
  await listed(all);
  await sleep(4000);
  const dates = await Promise.all(
    all.map(async (uri) => new Map((await playlist(uri)).segments.map((s) => [s.uri.split("-").pop(), s.dateTimeObject.getTime()]))),
  );
  const [source] = dates;
  for (const [i, other] of dates.entries()) {
    const common = [...other.keys()].filter((name) => source.has(name));
    assert.ok(common.length > 2, `${all[i]} and the source have ${common.length} segments in common`);
    const slack = all[i].startsWith("audio") ? 25 : 0; // sound begins with a frame of its own
    for (const name of common) {
      const off = Math.abs(other.get(name) - source.get(name));
      assert.ok(off <= slack, `${all[i]} ${name} is ${off} ms off`);
    }
  }
  t.diagnostic(`${source.size} segments`);
});

test("the player changes between renditions both ways without a stall", { skip: process.platform !== "linux" }, async (t) => {
  await listed(all);
  const { page, wrong } = await watch(t);
  await page.waitForFunction(() => document.querySelector("video").currentTime > 0);
  const heights = await page.evaluate(() => window.hls.levels.map((l) => l.height));
  t.diagnostic(`levels ${JSON.stringify(heights)}`);
  assert.equal(heights.length, 3); // hls.js leaves the sound alone out where there are pictures
  await advance(page, 2); // it is under way
  await page.evaluate(() => (window.seen.stalls.length = 0));
  const order = [1, 2, 1, 0, 2, 0];
  for (const level of order) {
    await page.evaluate((level) => (window.hls.nextLevel = level), level);
    await page.waitForFunction((level) => window.hls.currentLevel === level, level, { timeout: 30_000 });
    const moved = await advance(page, 3);
    assert.ok(moved > 1.5, `in level ${level} it moved ${moved} s in 3 s`);
  }
  const seen = await page.evaluate(() => window.seen);
  t.diagnostic(JSON.stringify(seen));
  assert.deepEqual(seen.fatal, []);
  assert.deepEqual(seen.stalls, []);
  assert.deepEqual(wrong, []);
});

test("a viewer chooses a quality in the page, and leaves it to the player again", { timeout: 240_000 }, async (t) => {
  await listed(all);
  const { page } = await openPage(browser, { origin: base, forgive: () => true });
  t.after(() => page.close());
  await page.goto(`${base}/`);
  await page.waitForSelector("#player[data-running], .big", { timeout: 60_000 });
  if (await page.$(".big")) await page.click(".big");
  await page.waitForSelector("#player[data-running]", { timeout: 60_000 });
  await openSettings(page);
  const choices = await page.getByRole("menuitemradio").allTextContents();
  const heights = choices.map((c) => Number(/^(\d+)p/.exec(c)?.[1])).filter(Boolean);
  t.diagnostic(choices.join(", "));
  assert.equal(heights.length, 3);
  assert.deepEqual(heights, [...heights].sort((a, b) => b - a));
  await page.keyboard.press("Escape");
  for (const place of [heights.length, 1]) {
    const height = heights[place - 1]; // the first choice is to leave it to the player
    await openSettings(page);
    await page.getByRole("menuitemradio").nth(place).click();
    await page.waitForFunction((h) => document.querySelector("video").videoHeight === h, height, { timeout: 60_000 });
  }
  await openSettings(page);
  assert.equal(await page.locator("[aria-checked=true]").first().textContent().then((c) => c.startsWith("Automatic")), false);
  await page.getByRole("menuitemradio", { name: /^Automatic/ }).click();
  await openSettings(page);
  await page.locator("[aria-checked=true]", { hasText: "Automatic" }).waitFor({ timeout: 30_000 });
});

test("ffmpeg is killed: the source plays on, and the ladder returns", { skip: process.platform !== "linux" }, async (t) => {
  await listed(all);
  const { page, wrong } = await watch(t);
  const source = await page.evaluate(() => window.hls.levels.findIndex((l) => l.url[0].includes("/0/")));
  await page.evaluate((level) => (window.hls.loadLevel = level), source);
  await advance(page, 3);
  const before = children();
  assert.ok(before.length > 0, "the server has no ffmpeg");
  for (const pid of before) process.kill(Number(pid), "SIGKILL");
  await listed(["0/stream.m3u8", "audio/stream.m3u8"]);
  assert.equal((await fetch(`${base}/hls/1/stream.m3u8`)).status, 404);
  const moved = await advance(page, 4);
  assert.ok(moved > 2.5, `the source moved ${moved} s in 4 s`);
  await listed(all);
  assert.ok((await advance(page, 2)) > 1);
  await page.evaluate((level) => (window.hls.loadLevel = level), (source + 1) % 3);
  const after = await advance(page, 6);
  t.diagnostic(`killed ${before.length} processes; ${JSON.stringify(await page.evaluate(() => window.seen))}`);
  assert.ok(after > 4, `with the ladder back it moved ${after} s in 6 s`);
  assert.deepEqual(wrong, []);
});
