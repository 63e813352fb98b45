// What players other than ours would find wrong with the playlists and the
// media of a live broadcast: parsers, readers and rules that were not written
// for this server, on everything it serves while ffmpeg publishes.
import assert from "node:assert/strict";
import { test } from "node:test";
import { Findings, get, open } from "./hls/follow.mjs";
import { checkSegments, probe } from "./hls/media.mjs";
import { publish } from "./lib/publish.mjs";
import { startServer } from "./lib/server.mjs";

const wait = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

async function playable(url) {
  for (let i = 0; i < 100; i++) {
    if ((await get(url)).status === 200) return;
    await wait(200);
  }
  throw new Error(`nothing to play at ${url}`);
}

async function setUp(t, options, source) {
  const server = await startServer(options);
  const publishers = [publish(server.rtmp, source)];
  t.after(async () => {
    await Promise.all(publishers.map((p) => p.stop()));
    assert.equal(await server.stop(), 0, server.log());
  });
  const url = `${server.url}hls/stream.m3u8`;
  await playable(url);
  return { server, publishers, url };
}

// followAll follows every rendition for so long.
async function followAll(renditions, ms) {
  const end = performance.now() + ms;
  await Promise.all(renditions.map((r) => r.followUntil(() => performance.now() > end)));
}

// checkDeclared compares the multivariant playlist with the media.
function checkDeclared(multivariant, rendition, info, init, findings) {
  const broken = findings.in(rendition.name);
  const { variant } = rendition;
  const codecs = info.tracks.map((t) => t.codec);
  for (const codec of codecs) if (!variant.CODECS.split(",").includes(codec)) broken("CODECS", `${variant.CODECS}, the media has ${codecs}`);
  const { peak, mean } = rendition.bandwidth();
  if (peak > 1.1 * Number(variant.BANDWIDTH)) broken("BANDWIDTH", `${variant.BANDWIDTH}, the media has ${Math.round(peak)}`);
  if (mean > 1.1 * Number(variant["AVERAGE-BANDWIDTH"])) broken("AVERAGE-BANDWIDTH", `${variant["AVERAGE-BANDWIDTH"]}, the media has ${Math.round(mean)}`);
  const segment = [...rendition.segments.values()].find((s) => s.bytes);
  const video = probe(init, segment.bytes).find((s) => s.codec_type === "video");
  if (!video) return;
  if (variant.RESOLUTION !== `${video.width}x${video.height}`) broken("RESOLUTION", `${variant.RESOLUTION}, the media has ${video.width}x${video.height}`);
  const [n, d] = video.avg_frame_rate.split("/").map(Number);
  if (Math.abs(Number(variant["FRAME-RATE"]) - n / d) > 0.5) broken("FRAME-RATE", `${variant["FRAME-RATE"]}, the media has ${n / d}`);
}

async function checkAll(t, url, renditions, findings) {
  const multivariant = (await open(url, findings)).multivariant;
  for (const r of renditions) {
    r.variant = multivariant.variants.find((v) => v.uri === r.name);
    for (const uri of r.inits.keys()) {
      const info = checkSegments(r, uri, findings.in(r.name));
      if (info && r.variant) checkDeclared(multivariant, r, info, r.inits.get(uri), findings);
    }
    const whole = [...r.segments.values()].filter((s) => s.bytes);
    t.diagnostic(`${r.name}: ${r.reloads} reloads, ${whole.length} segments, ${r.inits.size} initialization sections, ${Math.round(r.bandwidth().mean / 1000)} kbit/s`);
  }
}

const sources = {
  "one second between key frames": { size: "640x360", bitrate: "800k", gop: 30 },
  "B-frames and two seconds between key frames": { size: "640x360", bitrate: "800k", gop: 60, bframes: 2 },
  "no sound": { size: "640x360", bitrate: "800k", gop: 30, audio: false },
};

for (const [name, source] of Object.entries(sources)) {
  test(`a broadcast with ${name} keeps every rule of HLS`, { timeout: 120_000 }, async (t) => {
    const { url } = await setUp(t, { args: ["-latency", "0"] }, source);
    const findings = new Findings();
    const { renditions } = await open(url, findings);
    await followAll(renditions, 12_000);
    for (const r of renditions) {
      await r.checkRefusals();
      await r.checkRequests();
      await r.fetchHint();
      await r.checkReports(renditions.filter((other) => other !== r));
      assert.ok(await r.checkDelta(), `${r.name}: no delta update`);
      assert.ok(r.reloads > 10, `${r.name}: only ${r.reloads} reloads`);
    }
    await checkAll(t, url, renditions, findings);
    assert.deepEqual(findings.lines, []);
  });
}

test("a publisher that comes back leaves one discontinuity, and the end is said", { timeout: 180_000 }, async (t) => {
  const source = { size: "640x360", bitrate: "800k", gop: 30 };
  const { server, publishers, url } = await setUp(t, { path: "/some/where", args: ["-latency", "0"] }, source);
  const findings = new Findings();
  const { renditions } = await open(url, findings);
  await followAll(renditions, 6_000);

  const back = (async () => {
    await publishers[0].stop("SIGKILL");
    await wait(2_000);
    publishers.push(publish(server.rtmp, source));
  })();
  await followAll(renditions, 12_000);
  await back;
  for (const r of renditions) {
    const breaks = [...r.segments.values()].filter((s) => s.discontinuity).length;
    assert.equal(breaks, 1, `${r.name}: ${breaks} discontinuities`);
  }

  await publishers[1].stop();
  await followAll(renditions, 60_000);
  for (const r of renditions) assert.ok(r.last.over, `${r.name}: no end`);
  await checkAll(t, url, renditions, findings);
  assert.deepEqual(findings.lines, []);
});
