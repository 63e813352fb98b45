// Reads HLS playlists (RFC 8216 and draft-pantos-hls-rfc8216bis) for the
// checks in rules.mjs. It keeps what was written, and forgives nothing: what
// it does not know ends up in `unknown`.

const once = new Set([
  "EXT-X-VERSION",
  "EXT-X-TARGETDURATION",
  "EXT-X-MEDIA-SEQUENCE",
  "EXT-X-DISCONTINUITY-SEQUENCE",
  "EXT-X-PLAYLIST-TYPE",
  "EXT-X-SERVER-CONTROL",
  "EXT-X-PART-INF",
  "EXT-X-SKIP",
  "EXT-X-ENDLIST",
  "EXT-X-INDEPENDENT-SEGMENTS",
]);

export function attributes(text) {
  const out = {};
  for (const [, name, quoted, plain] of text.matchAll(/([A-Z0-9-]+)=(?:"([^"]*)"|([^,]*))(?:,|$)/g)) {
    out[name] = quoted ?? plain;
  }
  return out;
}

const newSegment = () => ({ parts: [], discontinuity: false });

export function parse(text) {
  const p = { text, variants: [], media: [], segments: [], hints: [], reports: [], header: {}, unknown: [], twice: [] };
  const lines = text.split("\n");
  p.signature = lines[0];
  p.ended = text.endsWith("\n");
  let segment = newSegment();
  let variant = null;
  let map = null;
  for (const line of lines.slice(1)) {
    if (line === "") continue;
    if (!line.startsWith("#")) {
      if (variant) {
        p.variants.push({ ...variant, uri: line });
        variant = null;
      } else {
        p.segments.push({ ...segment, uri: line, map });
        segment = newSegment();
      }
      continue;
    }
    const colon = line.indexOf(":");
    const tag = line.slice(1, colon < 0 ? undefined : colon);
    const value = colon < 0 ? "" : line.slice(colon + 1);
    if (once.has(tag)) {
      if (tag in p.header) p.twice.push(tag);
      p.header[tag] = value;
      continue;
    }
    switch (tag) {
      case "EXT-X-STREAM-INF":
        variant = attributes(value);
        break;
      case "EXT-X-MEDIA":
        p.media.push(attributes(value));
        break;
      case "EXTINF":
        segment.duration = Number.parseFloat(value);
        break;
      case "EXT-X-PART": {
        const a = attributes(value);
        segment.parts.push({ uri: a.URI, duration: Number.parseFloat(a.DURATION), independent: a.INDEPENDENT === "YES", gap: a.GAP === "YES" });
        segment.map = map;
        break;
      }
      case "EXT-X-MAP":
        map = attributes(value).URI;
        break;
      case "EXT-X-PROGRAM-DATE-TIME":
        segment.date = value;
        break;
      case "EXT-X-DISCONTINUITY":
        segment.discontinuity = true;
        break;
      case "EXT-X-GAP":
        segment.gap = true;
        break;
      case "EXT-X-PRELOAD-HINT":
        p.hints.push(attributes(value));
        break;
      case "EXT-X-RENDITION-REPORT":
        p.reports.push(attributes(value));
        break;
      default:
        p.unknown.push(tag);
    }
  }
  p.open = segment; // the segment that is still being made
  p.open.map ??= map;
  const number = (tag, otherwise) => (tag in p.header ? Number(p.header[tag]) : otherwise);
  p.version = number("EXT-X-VERSION", 1);
  p.target = number("EXT-X-TARGETDURATION", NaN);
  p.sequence = number("EXT-X-MEDIA-SEQUENCE", 0);
  p.discontinuitySequence = number("EXT-X-DISCONTINUITY-SEQUENCE", 0);
  p.control = attributes(p.header["EXT-X-SERVER-CONTROL"] ?? "");
  p.partTarget = Number(attributes(p.header["EXT-X-PART-INF"] ?? "")["PART-TARGET"] ?? NaN);
  p.skipped = Number(attributes(p.header["EXT-X-SKIP"] ?? "")["SKIPPED-SEGMENTS"] ?? 0);
  p.over = "EXT-X-ENDLIST" in p.header;
  return p;
}

// Where a playlist ends: the sequence number of the segment being made, and
// how many parts of it are listed.
export const edge = (p) => ({ msn: p.sequence + p.skipped + p.segments.length, part: p.open.parts.length });

// The segments by sequence number, the one being made included.
export function numbered(p) {
  const all = new Map(p.segments.map((s, i) => [p.sequence + p.skipped + i, s]));
  if (p.open.parts.length > 0) all.set(edge(p).msn, p.open);
  return all;
}
