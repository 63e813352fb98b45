// What a browser makes of a recording of a broadcast that was lost and came
// back: it plays from its beginning to its end, by hls.js and on its own.
//
// RECORDING_BIN  a build of examples/recording (else one is made)
// CHROME         the browser
import assert from "node:assert/strict";
import { execFileSync, spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { createInterface } from "node:readline";
import { after, before, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { launch, openPage } from "./lib/browser.mjs";
import { publish } from "./lib/publish.mjs";

const root = join(dirname(fileURLToPath(import.meta.url)), "../../../..");
const dir = mkdtempSync(join(tmpdir(), "owncast-recording-"));
const hlsjs = createRequire(import.meta.url).resolve("hls.js/dist/hls.min.js");
const small = { size: "640x360", bitrate: "800k" };

let browser, server, base, rtmp;
before(async () => {
  let bin = process.env.RECORDING_BIN;
  if (!bin) {
    bin = join(dir, "recording");
    execFileSync("go", ["build", "-o", bin, "./examples/recording"], { cwd: root, stdio: "inherit" });
  }
  server = spawn(bin, ["-http", "127.0.0.1:0", "-rtmp", "127.0.0.1:0", "-data", join(dir, "data")], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  const line = await new Promise((resolve) => createInterface({ input: server.stdout }).once("line", resolve));
  const match = /http=(\S+) rtmp=(\S+)/.exec(line);
  base = `http://${match[1]}`;
  rtmp = `rtmp://${match[2]}/live/test-key`;
  browser = await launch();
});
after(async () => {
  await browser?.close();
  if (server) {
    const gone = new Promise((resolve) => server.once("close", resolve));
    server.kill("SIGINT");
    await gone;
  }
  rmSync(dir, { recursive: true, force: true });
});

const get = async (path) => (await fetch(`${base}/live/api/${path}`)).json();

/** until asks until the answer is as wanted. */
async function until(path, wanted) {
  let answer;
  for (let i = 0; i < 120; i++) {
    answer = await get(path);
    if (wanted(answer)) return answer;
    await sleep(500);
  }
  throw new Error(`${path} stays ${JSON.stringify(answer)}`);
}

/** broadcast is a recording of a publisher that was killed and came back. */
let broadcast;
function record() {
  broadcast ??= (async () => {
    for (const signal of ["SIGKILL", "SIGINT"]) {
      const publisher = publish(rtmp, small);
      await until("status", (s) => s.phase === "live");
      await sleep(7000);
      await publisher.stop(signal);
      await until("status", (s) => s.phase === "reconnecting");
    }
    return (await until("recordings", ({ results }) => results[0]?.state === "complete")).results[0];
  })();
  return broadcast;
}

for (const [name, load] of [
  [
    "hls.js",
    (url) =>
      new Promise((resolve, reject) => {
        const hls = new window.Hls();
        hls.on(window.Hls.Events.ERROR, (_, e) => e.fatal && reject(new Error(`hls.js: ${e.details}`)));
        hls.on(window.Hls.Events.LEVEL_LOADED, (_, e) => resolve(e.details.live));
        hls.loadSource(url);
        hls.attachMedia(document.querySelector("video"));
      }),
  ],
  ["the browser alone", (url) => void (document.querySelector("video").src = url)],
]) {
  test(`a recording plays from its beginning to its end by ${name}`, async (t) => {
    const r = await record();
    assert.equal(r.discontinuities, 1, JSON.stringify(r));
    assert.ok(r.duration > 10 && r.duration < 40, JSON.stringify(r));
    const { page, wrong } = await openPage(browser, { origin: base });
    t.after(() => page.close());
    await page.goto(`${base}/`);
    assert.ok((await page.textContent("ul")).includes("complete"));
    await page.setContent("<video muted></video>");
    await page.addScriptTag({ path: hlsjs });
    assert.ok(!(await page.evaluate(load, `${base}/live/${r.url}`)), "the recording is taken for a live stream");
    const seen = await page.evaluate(async () => {
      const video = document.querySelector("video");
      await video.play();
      await new Promise((resolve, reject) => {
        video.addEventListener("ended", resolve);
        video.addEventListener("error", () => reject(new Error(video.error.message)));
        setTimeout(() => reject(new Error(`it stands at ${video.currentTime} of ${video.duration}`)), 60_000);
      });
      const played = [...Array(video.played.length).keys()].map((i) => [video.played.start(i), video.played.end(i)]);
      const { totalVideoFrames, droppedVideoFrames } = video.getVideoPlaybackQuality();
      return { played, duration: video.duration, end: video.currentTime, totalVideoFrames, droppedVideoFrames };
    });
    t.diagnostic(`${r.duration} s recorded in ${r.segments} segments; ${JSON.stringify(seen)}`);
    assert.ok(Math.abs(seen.duration - r.duration) < 0.5, `the video is ${seen.duration} s long, recorded were ${r.duration} s`);
    assert.ok(Math.abs(seen.end - seen.duration) < 0.5);
    assert.ok(seen.totalVideoFrames > 0.9 * 30 * r.duration, `${seen.totalVideoFrames} pictures in ${r.duration} s`);
    const watched = seen.played.reduce((sum, [from, to]) => sum + to - from, 0);
    assert.ok(watched > seen.duration - 0.5, `of ${seen.duration} s ${watched} s were played: ${JSON.stringify(seen.played)}`);
    assert.deepEqual(wrong, []);
  });
}
