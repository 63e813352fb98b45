// The checks themselves: a playlist that is right passes, and each thing that
// can be wrong is found under its name.
import assert from "node:assert/strict";
import { test } from "node:test";
import { Findings } from "./follow.mjs";
import { parse } from "./playlist.mjs";
import { checkDelta, checkMedia, checkMultivariant, checkUpdate, checkWithOthers } from "./rules.mjs";

const multivariant = `#EXTM3U
#EXT-X-VERSION:9
#EXT-X-INDEPENDENT-SEGMENTS
#EXT-X-STREAM-INF:BANDWIDTH=1000000,AVERAGE-BANDWIDTH=900000,CODECS="avc1.4d401f,mp4a.40.2",RESOLUTION=640x360,FRAME-RATE=30.000
0/stream.m3u8
`;

const date = (ms) => `#EXT-X-PROGRAM-DATE-TIME:${new Date(Date.UTC(2026, 0, 1) + ms).toISOString()}`;

// media makes a right playlist: segments first to first+count-1 of one second,
// and so many parts of the next.
function media({ first = 10, count = 10, open = 1, break: discontinuity = -1, passed = 0 } = {}) {
  const lines = ["#EXTM3U", "#EXT-X-VERSION:9", "#EXT-X-TARGETDURATION:1"];
  lines.push("#EXT-X-SERVER-CONTROL:CAN-BLOCK-RELOAD=YES,CAN-SKIP-UNTIL=6.0,PART-HOLD-BACK=1.5,HOLD-BACK=3.0", "#EXT-X-PART-INF:PART-TARGET=0.50000");
  lines.push(`#EXT-X-MEDIA-SEQUENCE:${first}`, `#EXT-X-DISCONTINUITY-SEQUENCE:${passed}`, "#EXT-X-INDEPENDENT-SEGMENTS");
  for (let n = first; n <= first + count; n++) {
    if (n === discontinuity) lines.push("#EXT-X-DISCONTINUITY");
    if (n === first || n === discontinuity) lines.push('#EXT-X-MAP:URI="i1.mp4"');
    lines.push(date(1000 * n));
    const whole = n < first + count;
    const parts = whole ? 2 : open;
    for (let i = 0; i < parts && n >= first + count - 3; i++) lines.push(`#EXT-X-PART:DURATION=0.50000,URI="p${n}-${i}.m4s"${i ? "" : ",INDEPENDENT=YES"}`);
    if (whole) lines.push("#EXTINF:1.00000,", `s${n}.m4s`);
  }
  lines.push(`#EXT-X-PRELOAD-HINT:TYPE=PART,URI="p${first + count}-${open}.m4s"`, "");
  return lines.join("\n");
}

function found(check) {
  const findings = new Findings();
  check(findings.in("test"));
  return findings.lines;
}

function expectRule(lines, rule) {
  assert.ok(lines.some((l) => l.startsWith(`${rule} (`)), `${rule} was not found, but ${JSON.stringify(lines)}`);
}

test("right playlists pass", () => {
  const texts = [media(), media({ open: 0 }), media({ break: 15 }), media({ first: 0, count: 2 })];
  for (const text of texts) assert.deepEqual(found((b) => (checkWithOthers(text, b), checkMedia(parse(text), b))), []);
  assert.deepEqual(found((b) => (checkWithOthers(multivariant, b), checkMultivariant(parse(multivariant), b))), []);
});

const wrongMedia = {
  "first line": (t) => t.replace("#EXTM3U", "#EXTM3U "),
  "last line": (t) => t.trimEnd(),
  "line ends": (t) => t.replaceAll("\n", "\r\n"),
  "tag once": (t) => t.replace("#EXT-X-VERSION:9", "#EXT-X-VERSION:9\n#EXT-X-VERSION:9"),
  "known tags": (t) => t.replace("#EXT-X-VERSION:9", "#EXT-X-VERSION:9\n#EXT-X-NEWS:1"),
  "target duration": (t) => t.replace("#EXTINF:1.00000,", "#EXTINF:1.60000,"),
  "independent segments": (t) => t.replace("#EXT-X-INDEPENDENT-SEGMENTS\n", ""),
  EXTINF: (t) => t.replace("#EXTINF:1.00000,", "#EXTINF:0.00000,"),
  "EXT-X-MAP": (t) => t.replace('#EXT-X-MAP:URI="i1.mp4"\n', ""),
  version: (t) => t.replace("VERSION:9", "VERSION:5"),
  "date form": (t) => t.replace("00:00:10.000Z", "00:00:10Z"),
  "date step": (t) => t.replace("00:00:12.000Z", "00:00:12.040Z"),
  date: (t) => t.replace(`${date(10_000)}\n`, ""),
  "new EXT-X-MAP": (t) => t.replace(date(15_000), `#EXT-X-MAP:URI="i2.mp4"\n${date(15_000)}`),
  window: () => media({ count: 2 }),
  names: (t) => t.replace("s11.m4s", "s10.m4s"),
  "CAN-BLOCK-RELOAD": (t) => t.replace("CAN-BLOCK-RELOAD=YES,", ""),
  "PART-HOLD-BACK": (t) => t.replace("PART-HOLD-BACK=1.5", "PART-HOLD-BACK=1.4"),
  "HOLD-BACK": (t) => t.replace(",HOLD-BACK=3.0", ",HOLD-BACK=2.9"),
  "CAN-SKIP-UNTIL": (t) => t.replace("CAN-SKIP-UNTIL=6.0", "CAN-SKIP-UNTIL=5.0"),
  "PART-INF": (t) => t.replace("#EXT-X-PART-INF:PART-TARGET=0.50000\n", ""),
  "part target": (t) => t.replace('DURATION=0.50000,URI="p19-0', 'DURATION=0.51000,URI="p19-0'),
  "part of 85 %": (t) => t.replace('DURATION=0.50000,URI="p19-0', 'DURATION=0.42000,URI="p19-0'),
  "parts add up": (t) => t.replace('DURATION=0.50000,URI="p19-1', 'DURATION=0.40000,URI="p19-1'),
  "independent part": (t) => t.replace('URI="p19-0.m4s",INDEPENDENT=YES', 'URI="p19-0.m4s"'),
  "parts at the end": (t) => t.replaceAll(/#EXT-X-PART:.*p1[89]-.*\n/g, ""),
  "old parts": (t) => t.replace(date(12_000), `${date(12_000)}\n#EXT-X-PART:DURATION=0.5,URI="p12-0.m4s",INDEPENDENT=YES\n#EXT-X-PART:DURATION=0.5,URI="p12-1.m4s"`),
  "preload hint": (t) => t.replace(/#EXT-X-PRELOAD-HINT.*\n/, ""),
};

for (const [rule, spoil] of Object.entries(wrongMedia)) {
  test(`a media playlist against "${rule}" is found`, () => {
    const text = spoil(media());
    assert.notEqual(text, media());
    expectRule(found((b) => checkMedia(parse(text), b)), rule);
  });
}

test("the parsers of others are asked", () => {
  expectRule(found((b) => checkWithOthers(media().replace("#EXT-X-TARGETDURATION:1\n", ""), b)), "hls-parser");
  expectRule(found((b) => checkWithOthers(media().replace("#EXT-X-PART-INF:PART-TARGET=0.50000\n", "#EXT-X-PART-INF:X=1\n"), b)), "m3u8-parser");
});

const wrongMultivariant = {
  "stream attributes": (t) => t.replace(",FRAME-RATE=30.000", ""),
  bandwidth: (t) => t.replace("AVERAGE-BANDWIDTH=900000", "AVERAGE-BANDWIDTH=1900000"),
  groups: (t) => t.replace("FRAME-RATE=30.000", 'FRAME-RATE=30.000,AUDIO="a"'),
  "media attributes": (t) => `${t}#EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID="a"\n`,
  captions: (t) => `${t}#EXT-X-MEDIA:TYPE=CLOSED-CAPTIONS,GROUP-ID="cc",NAME="CC1",INSTREAM-ID="CC5"\n`,
  variants: () => "#EXTM3U\n",
};

test("a multivariant playlist with captions passes", () => {
  const text = `${multivariant.replace("FRAME-RATE=30.000", 'FRAME-RATE=30.000,CLOSED-CAPTIONS="cc"')}#EXT-X-MEDIA:TYPE=CLOSED-CAPTIONS,GROUP-ID="cc",NAME="CC1",INSTREAM-ID="CC1",DEFAULT=NO,AUTOSELECT=YES\n`;
  assert.deepEqual(found((b) => checkMultivariant(parse(text), b)), []);
});

for (const [rule, spoil] of Object.entries(wrongMultivariant)) {
  test(`a multivariant playlist against "${rule}" is found`, () => {
    expectRule(found((b) => checkMultivariant(parse(spoil(multivariant)), b)), rule);
  });
}

test("right updates pass", () => {
  const updates = [
    [media(), media()],
    [media({ open: 0 }), media({ open: 1 })],
    [media({ open: 1 }), media({ first: 11, open: 0 })],
    [media({ break: 10 }), media({ first: 11, passed: 1 })],
    [media({ open: 1 }), media({ first: 11, open: 1, break: 21 })],
  ];
  for (const [a, b] of updates) assert.deepEqual(found((broken) => checkUpdate(parse(a), parse(b), broken)), []);
});

const wrongUpdates = {
  constants: (t) => t.replace("TARGETDURATION:1", "TARGETDURATION:2"),
  "media sequence": () => media({ first: 9, count: 12 }),
  "end of the playlist": () => media({ count: 9 }),
  "segments do not change": (t) => t.replace("s15.m4s", "t15.m4s"),
  "parts do not go": (t) => t.replace(/#EXT-X-PART:.*p19-1.*\n/, ""),
  "discontinuity sequence": () => media({ first: 11, passed: 1 }),
  "preload hint": () => media({ open: 2 }).replace('URI="p20-1', 'URI="q20-1'),
};

for (const [rule, spoil] of Object.entries(wrongUpdates)) {
  test(`an update against "${rule}" is found`, () => {
    expectRule(found((b) => checkUpdate(parse(media()), parse(spoil(media())), b)), rule);
  });
}

test("what changes after the end is found", () => {
  const over = `${media().replace(/#EXT-X-PRELOAD-HINT.*\n/, "")}#EXT-X-ENDLIST\n`;
  assert.deepEqual(found((b) => (checkMedia(parse(over), b), checkUpdate(parse(over), parse(over), b))), []);
  expectRule(found((b) => checkUpdate(parse(over), parse(media({ open: 2 })), b)), "after the end");
});

test("a delta update is compared with the whole", () => {
  const full = media();
  const kept = full.slice(full.indexOf(date(14_000)));
  const delta = `${full.slice(0, full.indexOf("#EXT-X-MAP"))}#EXT-X-SKIP:SKIPPED-SEGMENTS=4\n${kept}`;
  const check = (text) => found((b) => assert.ok(checkDelta(parse(full), parse(text), b)));
  assert.deepEqual(check(delta), []);
  expectRule(check(delta.replace("s15.m4s", "t15.m4s")), "delta update");
  expectRule(check(delta.replace("SEGMENTS=4", "SEGMENTS=5")), "delta update");
});
