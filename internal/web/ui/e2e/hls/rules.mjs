// The rules of a playlist, and of one playlist after another. Each check
// calls `broken(rule, detail)` for what it finds.
import HLS from "hls-parser";
import { Parser } from "m3u8-parser";
import { edge, numbered } from "./playlist.mjs";

HLS.setOptions({ strictMode: true });

const epsilon = 1e-4;

// Two parsers that others wrote must take the playlist without a word, but for
// one: hls-parser counts three segments where the draft says three target
// durations, for which there is a rule below.
export function checkWithOthers(text, broken) {
  try {
    HLS.parse(text);
  } catch (err) {
    if (!/greater than three target durations/.test(err.message)) broken("hls-parser", err.message);
  }
  const parser = new Parser();
  parser.on("warn", (w) => broken("m3u8-parser", w.message));
  parser.on("error", (e) => broken("m3u8-parser", e.message));
  parser.push(text);
  parser.end();
}

function checkText(p, broken) {
  if (p.signature !== "#EXTM3U") broken("first line", JSON.stringify(p.signature));
  if (!p.ended) broken("last line", "is not ended");
  if (p.text.includes("\r")) broken("line ends", "carriage return");
  for (const tag of p.twice) broken("tag once", tag);
  for (const tag of p.unknown) broken("known tags", tag);
}

export function checkMultivariant(p, broken) {
  checkText(p, broken);
  if (p.variants.length === 0) broken("variants", "none");
  for (const v of p.variants) {
    for (const a of ["BANDWIDTH", "AVERAGE-BANDWIDTH", "CODECS"]) if (!v[a]) broken("stream attributes", `${v.uri} lacks ${a}`);
    if (Number(v["AVERAGE-BANDWIDTH"]) > Number(v.BANDWIDTH)) broken("bandwidth", "average over peak");
    if (/avc|hvc|hev|av01/.test(v.CODECS ?? "")) {
      for (const a of ["RESOLUTION", "FRAME-RATE"]) if (!v[a]) broken("stream attributes", `${v.uri} lacks ${a}`);
    }
    for (const kind of ["AUDIO", "VIDEO", "SUBTITLES", "CLOSED-CAPTIONS"]) {
      if (v[kind] && !(kind === "CLOSED-CAPTIONS" && v[kind] === "NONE") && !p.media.some((m) => m.TYPE === kind && m["GROUP-ID"] === v[kind])) broken("groups", `${kind} group ${v[kind]} is not defined`);
    }
  }
  for (const m of p.media) for (const a of ["TYPE", "GROUP-ID", "NAME"]) if (!m[a]) broken("media attributes", `lacks ${a}`);
  const captions = p.media.filter((m) => m.TYPE === "CLOSED-CAPTIONS");
  for (const m of captions) {
    if (!/^(CC[1-4]|SERVICE([1-9]|[1-5][0-9]|6[0-3]))$/.test(m["INSTREAM-ID"] ?? "")) broken("captions", `INSTREAM-ID is ${m["INSTREAM-ID"]}`);
    if ("URI" in m) broken("captions", "have a URI");
  }
  const none = p.variants.filter((v) => v["CLOSED-CAPTIONS"] === "NONE").length;
  if (none > 0 && none < p.variants.length) broken("captions", "are NONE for some variants only");
}

function checkControl(p, broken) {
  const c = p.control;
  const least = (name, times, unit) => {
    if (!(Number(c[name]) >= times * unit - epsilon)) broken(name, `${c[name]} is less than ${times} x ${unit}`);
  };
  if (c["CAN-BLOCK-RELOAD"] !== "YES") broken("CAN-BLOCK-RELOAD", "is not YES");
  least("PART-HOLD-BACK", 3, p.partTarget);
  if ("HOLD-BACK" in c) least("HOLD-BACK", 3, p.target);
  if ("CAN-SKIP-UNTIL" in c) least("CAN-SKIP-UNTIL", 6, p.target);
  if (!(p.partTarget > 0)) broken("PART-INF", "no PART-TARGET");
}

function checkParts(p, broken) {
  const check = (s, complete, name) => {
    s.parts.forEach((part, i) => {
      const last = complete && i === s.parts.length - 1;
      if (part.duration > p.partTarget + epsilon) broken("part target", `${name} part ${i}: ${part.duration} of ${p.partTarget}`);
      if (!last && part.duration < 0.85 * p.partTarget - epsilon) broken("part of 85 %", `${name} part ${i}: ${part.duration} of ${p.partTarget}`);
    });
    if (s.parts.length > 0 && !s.parts[0].independent) broken("independent part", `${name} starts with a part that is not`);
  };
  const segments = numbered(p);
  const open = edge(p).msn;
  for (const [msn, s] of segments) {
    check(s, msn !== open, `segment ${msn}`);
    if (msn === open || s.parts.length === 0) continue;
    const sum = s.parts.reduce((a, part) => a + part.duration, 0);
    if (Math.abs(sum - s.duration) > 0.002 * s.parts.length) broken("parts add up", `segment ${msn}: ${sum.toFixed(4)}, EXTINF ${s.duration}`);
  }
  // A player that starts PART-HOLD-BACK from the end needs parts there; three
  // target durations from the end they should be gone.
  let back = p.open.parts.reduce((a, part) => a + part.duration, 0);
  for (const s of [...p.segments].reverse()) {
    if (s.parts.length === 0 && back < Number(p.control["PART-HOLD-BACK"]) && !p.over) broken("parts at the end", `none ${back.toFixed(2)} s from the end`);
    if (s.parts.length > 0 && back > 3 * p.target) broken("old parts", `${back.toFixed(2)} s from the end`);
    back += s.duration;
  }
  if (!p.over && p.hints.filter((h) => h.TYPE === "PART").length !== 1) broken("preload hint", `${p.hints.length} hints`);
  if (p.over && p.hints.length > 0) broken("preload hint", "after the end");
}

export function checkMedia(p, broken) {
  checkText(p, broken);
  if (!Number.isInteger(p.target)) broken("target duration", p.header["EXT-X-TARGETDURATION"]);
  if (!("EXT-X-INDEPENDENT-SEGMENTS" in p.header)) broken("independent segments", "not said");
  if (p.skipped && p.version < 9) broken("version", `EXT-X-SKIP in version ${p.version}`);
  let total = 0;
  let before = null;
  for (const [msn, s] of numbered(p)) {
    if (s !== p.open) {
      if (!(s.duration > 0)) broken("EXTINF", `segment ${msn}: ${s.duration}`);
      if (Math.round(s.duration) > p.target) broken("target duration", `segment ${msn}: ${s.duration} of ${p.target}`);
      total += s.duration;
    }
    if (!s.map) broken("EXT-X-MAP", `none before segment ${msn}`);
    if (s.map && p.version < 6) broken("version", `EXT-X-MAP in version ${p.version}`);
    if (s.date && !/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}(Z|[+-]\d\d:\d\d)$/.test(s.date)) broken("date form", s.date);
    if (before?.date && s.date && !s.discontinuity) {
      const off = Date.parse(s.date) - Date.parse(before.date) - before.duration * 1000;
      if (Math.abs(off) > 5) broken("date step", `segment ${msn}: ${off.toFixed(1)} ms off`);
    }
    if (before && before.map !== s.map && !s.discontinuity) broken("new EXT-X-MAP", `segment ${msn} without a discontinuity`);
    before = s;
  }
  if (p.skipped === 0) {
    if (p.segments.length > 0 && !p.segments[0].date) broken("date", "none on the first segment");
    if (p.sequence > 0 && !p.over && total < 3 * p.target) broken("window", `${total.toFixed(2)} s, target duration ${p.target}`);
  }
  const uris = [...numbered(p).values()].flatMap((s) => [s.uri, ...s.parts.map((q) => q.uri)]).filter(Boolean);
  if (new Set(uris).size !== uris.length) broken("names", "one stands twice");
  if (!Number.isNaN(p.partTarget) || p.open.parts.length > 0) {
    checkControl(p, broken);
    checkParts(p, broken);
  }
}

function checkSameSegment(msn, a, b, openBefore, broken) {
  const same = (what, x, y) => {
    if (x !== y) broken("segments do not change", `segment ${msn}: ${what} ${x} -> ${y}`);
  };
  if (!openBefore) {
    same("URI", a.uri, b.uri);
    same("EXTINF", a.duration, b.duration);
  }
  same("discontinuity", a.discontinuity, b.discontinuity);
  same("map", a.map, b.map);
  if (a.date && b.date) same("date", a.date, b.date);
  if (b.parts.length === 0) return; // the parts of old segments go
  if (b.parts.length < a.parts.length) broken("parts do not go", `segment ${msn}: ${a.parts.length} -> ${b.parts.length}`);
  a.parts.forEach((part, i) => {
    if (!b.parts[i]) return;
    same(`part ${i} URI`, part.uri, b.parts[i].uri);
    same(`part ${i} duration`, part.duration, b.parts[i].duration);
  });
}

// checkUpdate compares a playlist with the one before it, both of them full.
export function checkUpdate(a, b, broken) {
  for (const tag of ["EXT-X-TARGETDURATION", "EXT-X-PART-INF", "EXT-X-VERSION", "EXT-X-SERVER-CONTROL"]) {
    if (a.header[tag] !== b.header[tag]) broken("constants", `${tag} ${a.header[tag]} -> ${b.header[tag]}`);
  }
  if (b.sequence < a.sequence) broken("media sequence", `${a.sequence} -> ${b.sequence}`);
  const [from, to] = [edge(a), edge(b)];
  if (to.msn < from.msn || (to.msn === from.msn && to.part < from.part)) broken("end of the playlist", `${from.msn}.${from.part} -> ${to.msn}.${to.part}`);
  if (a.over && a.text !== b.text) broken("after the end", "the playlist changed");

  const [old, now] = [numbered(a), numbered(b)];
  let left = 0;
  for (const [msn, s] of old) {
    if (msn < b.sequence && s.discontinuity) left++;
    if (now.has(msn)) checkSameSegment(msn, s, now.get(msn), msn === from.msn, broken);
  }
  if (b.sequence <= from.msn && b.discontinuitySequence !== a.discontinuitySequence + left) {
    broken("discontinuity sequence", `${a.discontinuitySequence} -> ${b.discontinuitySequence} with ${left} gone`);
  }
  const hint = a.hints.find((h) => h.TYPE === "PART")?.URI;
  if (hint && !a.over) checkHint(hint, from, to, now, broken);
}

// The part that was hinted is the next one: of the segment that was being
// made, or the first of the segment after it. It may also never come, if a
// discontinuity came first.
function checkHint(hint, from, to, now, broken) {
  if (to.msn === from.msn && to.part === from.part) return;
  const current = now.get(from.msn);
  if (!current || (current.uri && current.parts.length === 0)) return; // too long ago to tell
  const next = current?.parts[from.part] ?? now.get(from.msn + 1)?.parts[0];
  const broke = (from.part === 0 && current?.discontinuity) || (current?.parts[from.part] === undefined && now.get(from.msn + 1)?.discontinuity);
  if (next && next.uri !== hint && !broke) broken("preload hint", `${hint} was hinted, ${next.uri} came`);
}

// checkDelta applies a delta update to the full playlist before it and
// compares the result with a full one of the same moment.
export function checkDelta(full, delta, broken) {
  if (delta.skipped === 0) return false;
  const kept = numbered(delta);
  const all = numbered(full);
  for (const [msn, s] of kept) {
    const want = all.get(msn);
    if (want && s !== delta.open && (want.uri !== s.uri || want.duration !== s.duration)) broken("delta update", `segment ${msn} differs`);
  }
  const newest = edge(delta).msn - delta.sequence;
  let until = 0;
  for (let i = delta.segments.length - 1; i >= 0; i--) until += delta.segments[i].duration;
  if (until < Number(full.control["CAN-SKIP-UNTIL"]) - full.target) broken("delta update", `keeps only ${until.toFixed(2)} s`);
  if (newest < delta.skipped) broken("delta update", "skips more than there is");
  return true;
}
