// Reads fragments with mp4box and with ffmpeg, and compares what they find
// with what the playlist said.
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createFile, Log, MP4BoxBuffer } from "mp4box";

// read gives mp4box an initialization section and fragments, and returns its
// view of them.
function read(init, fragments, broken) {
  const file = createFile(true);
  let info = null;
  file.onError = (module, message) => broken("mp4box", `${module}: ${message}`);
  file.onReady = (i) => (info = i);
  const said = [Log.error, Log.warn];
  Log.error = Log.warn = (module, message) => broken("mp4box", `${module}: ${message}`);
  let offset = 0;
  for (const bytes of [init, ...fragments]) {
    const copy = new Uint8Array(bytes);
    file.appendBuffer(MP4BoxBuffer.fromArrayBuffer(copy.buffer, offset));
    offset += bytes.length;
  }
  file.flush();
  [Log.error, Log.warn] = said;
  return { file, info };
}

const seconds = (samples) => samples.reduce((a, s) => a + s.duration / s.timescale, 0);

// mainTrack is the one that tells how long a fragment is.
function mainTrack(info) {
  return info.tracks.find((t) => t.video) ?? info.tracks[0];
}

/** checkMedia checks all whole segments of a rendition that share one initialization section. */
export function checkSegments(rendition, uri, broken) {
  const segments = [...rendition.segments].filter(([, s]) => s.bytes && s.map === uri);
  const init = rendition.inits.get(uri);
  if (segments.length === 0) return null;
  const { file, info } = read(init, segments.map(([, s]) => s.bytes), broken);
  if (!info) return broken("mp4box", `${uri} is not understood`);
  if (!info.isFragmented) broken("mp4box", `${uri} is not fragmented`);
  // CMAF (ISO/IEC 23000-19) has one track in a file.
  const cmaf = info.brands.some((b) => /^cmf/.test(b));
  if (cmaf !== (info.tracks.length === 1)) broken("brands", `${info.tracks.length} tracks, ${info.brands.join()}`);
  for (const track of info.tracks) checkTrack(file, track, rendition, segments, init.length, broken);
  checkFragments(file, info, broken);
  checkStart(file, info, broken);
  checkWithFFmpeg(init, segments.map(([, s]) => s.bytes), broken);
  checkParts(rendition, init, segments, broken);
  return info;
}

function checkTrack(file, track, rendition, segments, start, broken) {
  const samples = file.getTrackSamplesInfo(track.id);
  const name = track.video ? "video" : "audio";
  let offset = start;
  let before = null;
  const main = track === mainTrack(file.getInfo()) || track.video;
  for (const [msn, s] of segments) {
    const own = samples.filter((x) => x.offset >= offset && x.offset < offset + s.bytes.length);
    offset += s.bytes.length;
    if (own.length === 0) {
      if (main) broken("samples", `no ${name} in segment ${msn}`);
      continue;
    }
    if (track.video && !own[0].is_sync) broken("key frame first", `segment ${msn}`);
    if (main && Math.abs(seconds(own) - s.duration) > 0.002) broken("EXTINF of the media", `segment ${msn}: ${s.duration}, ${name} ${seconds(own).toFixed(4)}`);
    if (own.some((x) => x.size === 0)) broken("samples", `an empty one in segment ${msn}`);
    before = checkTimes(file, track, own, s.discontinuity || before?.msn + 1 < msn ? null : before, (detail) => broken("decode times", `${name} in segment ${msn}: ${detail}`));
    before.msn = msn;
  }
}

// checkTimes sees to it that each fragment starts where the one before it has
// ended, but for the millisecond that is RTMP's unit of time: how long the last
// sample of a fragment lasts is known only when the next one comes. It returns
// where the last fragment ends. mp4box takes all this for granted, so the time
// is read from the fragments.
function checkTimes(file, track, samples, before, broken) {
  let end = before?.end ?? null;
  for (const number of new Set(samples.map((x) => x.moof_number))) {
    const base = file.moofs[number - 1].trafs.find((t) => t.tfhd.track_id === track.id).tfdt.baseMediaDecodeTime;
    if (end !== null && Math.abs(base - end) > 0.0011 * track.timescale) broken(`${end} is followed by ${base}`);
    end = base + samples.filter((x) => x.moof_number === number).reduce((a, x) => a + x.duration, 0);
  }
  return { end };
}

function checkFragments(file, info, broken) {
  let sequence = -1;
  for (const moof of file.moofs) {
    if (moof.mfhd.sequence_number <= sequence) broken("fragment sequence", `${sequence} -> ${moof.mfhd.sequence_number}`);
    sequence = moof.mfhd.sequence_number;
    for (const traf of moof.trafs) {
      if (!(traf.tfhd.flags & 0x20000)) broken("default-base-is-moof", `track ${traf.tfhd.track_id}`);
      if (!traf.tfdt) broken("tfdt", "none");
      if (!info.tracks.some((t) => t.id === traf.tfhd.track_id)) broken("tracks", `${traf.tfhd.track_id} is not in the initialization section`);
    }
  }
}

// checkStart sees to it that sound and picture start together.
function checkStart(file, info, broken) {
  const starts = info.tracks.map((t) => file.getTrackSamplesInfo(t.id)[0]).filter(Boolean).map((s) => s.cts / s.timescale);
  if (starts.length > 1 && Math.abs(starts[0] - starts[1]) > 0.25) broken("picture and sound", `start ${(starts[0] - starts[1]).toFixed(3)} s apart`);
}

// Parts can be read one by one, and last as long as the playlist says.
function checkParts(rendition, init, segments, broken) {
  for (const [msn, s] of segments.slice(-3)) {
    for (const [i, part] of s.parts.entries()) {
      if (!part) continue;
      const { file, info } = read(init, [part.bytes], broken);
      const samples = file.getTrackSamplesInfo(mainTrack(info).id);
      if (!info.tracks.some((t) => file.getTrackSamplesInfo(t.id).length > 0)) broken("samples", `none in part ${msn}.${i}`);
      const last = i === s.parts.length - 1;
      if (!last && Math.abs(seconds(samples) - part.duration) > 0.002) broken("part durations of the media", `${msn}.${i}: ${part.duration}, ${seconds(samples).toFixed(4)}`);
      const independent = !mainTrack(info).video || samples[0]?.is_sync;
      if (part.independent && samples.length > 0 && !independent) broken("INDEPENDENT", `part ${msn}.${i} is not`);
    }
  }
}

function checkWithFFmpeg(init, segments, broken) {
  const dir = mkdtempSync(join(tmpdir(), "owncast-lint-"));
  try {
    const name = join(dir, "segments.mp4");
    writeFileSync(name, Buffer.concat([init, ...segments]));
    const run = spawnSync("ffmpeg", ["-nostdin", "-v", "warning", "-xerror", "-i", name, "-f", "null", "-"], { encoding: "utf8" });
    if (run.status !== 0 || run.stderr.trim() !== "") broken("ffmpeg", run.stderr.trim().split("\n")[0] || `ended with ${run.status}`);
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
}

/** probe returns ffprobe's word on an initialization section and a segment. */
export function probe(init, segment) {
  const dir = mkdtempSync(join(tmpdir(), "owncast-lint-"));
  try {
    const name = join(dir, "segment.mp4");
    writeFileSync(name, Buffer.concat([init, segment]));
    const run = spawnSync("ffprobe", ["-v", "error", "-of", "json", "-show_streams", name], { encoding: "utf8" });
    return JSON.parse(run.stdout).streams;
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
}
