// Follows a live stream as low-latency players do, and checks on the way
// what rules.mjs and media.mjs know, and what the server answers.
import { edge, numbered, parse } from "./playlist.mjs";
import { checkDelta, checkMedia, checkMultivariant, checkUpdate, checkWithOthers } from "./rules.mjs";

const patience = 30_000; // for one answer

/** Findings are the rules that were broken, how often, and a first example. */
export class Findings {
  #found = new Map();

  broken(rule, detail) {
    const f = this.#found.get(rule) ?? { times: 0, example: detail };
    f.times++;
    this.#found.set(rule, f);
  }

  /** in returns broken() with where it happened. */
  in(where) {
    return (rule, detail) => this.broken(rule, `${where}: ${detail}`);
  }

  get lines() {
    return [...this.#found].map(([rule, f]) => `${rule} (${f.times} times): ${f.example}`);
  }
}

export async function get(url, options = {}) {
  const began = performance.now();
  const response = await fetch(url, { signal: AbortSignal.timeout(patience), headers: { origin: "http://player.test" }, ...options });
  const body = Buffer.from(await response.arrayBuffer());
  return { url: String(url), status: response.status, headers: response.headers, body, text: body.toString(), took: performance.now() - began };
}

function checkAnswer(answer, kind, broken) {
  const name = new URL(answer.url).pathname.split("/").slice(-2).join("/");
  const header = (h) => answer.headers.get(h) ?? "";
  if (answer.status !== 200) broken("status", `${answer.status} for ${name}`);
  if (!header("access-control-allow-origin")) broken("players of other origins", name);
  if (kind === "playlist") {
    if (header("content-type") !== "application/vnd.apple.mpegurl") broken("content type", `${name}: ${header("content-type")}`);
    if (answer.body.length > 1500 && header("content-encoding") !== "gzip") broken("compression", `${name}: ${answer.body.length} bytes as they are`);
    if (!/no-cache|no-store|max-age=[0-6]\b/.test(header("cache-control"))) broken("caching of playlists", header("cache-control"));
    return;
  }
  if (!/^(video|audio)\/(mp4|iso\.segment)$/.test(header("content-type"))) broken("content type", `${name}: ${header("content-type")}`);
  if (!/immutable/.test(header("cache-control")) || !(Number(/max-age=(\d+)/.exec(header("cache-control"))?.[1]) >= 86400)) {
    broken("caching of media", `${name}: ${header("cache-control")}`);
  }
}

/** Rendition is one media playlist and everything it has ever listed. */
export class Rendition {
  constructor(url, name, findings) {
    this.url = url;
    this.name = name;
    this.broken = findings.in(name);
    this.last = null; // the newest full playlist
    this.segments = new Map(); // by sequence number: { uri, duration, map, discontinuity, bytes, parts }
    this.inits = new Map(); // by URI
    this.reloads = 0;
  }

  async reload() {
    const url = new URL(this.url);
    const want = this.last && !this.last.over ? edge(this.last) : null;
    if (want) {
      url.searchParams.set("_HLS_msn", want.msn);
      if (this.last.partTarget > 0) url.searchParams.set("_HLS_part", want.part);
    }
    const answer = await get(url);
    if (this.gaveUp(answer)) return;
    checkAnswer(answer, "playlist", this.broken);
    if (answer.status !== 200) return;
    checkWithOthers(answer.text, this.broken);
    const next = parse(answer.text);
    checkMedia(next, this.broken);
    if (this.last) checkUpdate(this.last, next, this.broken);
    if (want && !next.over) {
      const has = edge(next);
      if (has.msn < want.msn || (has.msn === want.msn && has.part <= want.part)) this.broken("blocking", `asked for ${want.msn}.${want.part}, got up to ${has.msn}.${has.part}`);
    }
    this.last = next;
    this.reloads++;
    await this.load(next);
  }

  // gaveUp tells whether the server waited for what did not come, for three
  // target durations as it should: a publisher that is away, or a machine that
  // is too busy to encode, is no fault of the server's.
  gaveUp(answer) {
    return answer.status === 503 && answer.took > 2900 * this.last.target;
  }

  // load gets what is listed and was not listed before. Nothing that a
  // playlist names may be missing.
  async load(playlist) {
    for (const [msn, s] of numbered(playlist)) {
      const known = this.segments.get(msn) ?? { parts: [] };
      this.segments.set(msn, known);
      if (s.map && !this.inits.has(s.map)) this.inits.set(s.map, (await this.fetch(s.map)).body);
      for (const [i, part] of s.parts.entries()) known.parts[i] ??= { ...part, bytes: (await this.fetch(part.uri)).body };
      if (s === playlist.open || known.uri) continue;
      Object.assign(known, { uri: s.uri, duration: s.duration, map: s.map, discontinuity: s.discontinuity });
      known.bytes = (await this.fetch(s.uri)).body;
      const parts = Buffer.concat(known.parts.filter(Boolean).map((p) => p.bytes));
      if (known.parts.length > 0 && known.parts.length === s.parts.length && !parts.equals(known.bytes)) {
        this.broken("parts are the segment", `segment ${msn}: ${parts.length} and ${known.bytes.length} bytes`);
      }
    }
  }

  async fetch(uri) {
    const answer = await get(new URL(uri, this.url));
    checkAnswer(answer, "media", this.broken);
    return answer;
  }

  async followUntil(done) {
    while (!done() && !this.last?.over) {
      await this.reload();
      if (!(this.last?.control["CAN-BLOCK-RELOAD"] === "YES")) await new Promise((r) => setTimeout(r, 500));
    }
  }

  // fetchHint asks for a part before it is there.
  async fetchHint() {
    const playlist = parse((await get(this.url)).text);
    const uri = playlist.hints.find((h) => h.TYPE === "PART")?.URI;
    if (!uri) return this.broken("preload hint", "none to fetch");
    const answer = await get(new URL(uri, this.url));
    if (this.gaveUp(answer)) return;
    checkAnswer(answer, "media", this.broken);
    if (answer.body.length === 0) this.broken("preload hint", "empty");
  }

  async checkDelta() {
    const [full, delta] = await Promise.all([get(this.url), get(`${this.url}?_HLS_skip=YES`)]);
    checkWithOthers(full.text, this.broken);
    const update = parse(delta.text);
    checkMedia(update, this.broken);
    return checkDelta(parse(full.text), update, this.broken);
  }

  async checkRefusals() {
    const { msn } = edge(this.last);
    const refused = { "far ahead": `_HLS_msn=${msn + 50}`, "a part of nothing": "_HLS_part=0", "no number": "_HLS_msn=x", "a negative number": "_HLS_msn=-1" };
    for (const [name, query] of Object.entries(refused)) {
      const { status } = await get(`${this.url}?${query}`);
      if (status !== 400) this.broken("refusals", `${name} (${query}) is answered with ${status}`);
    }
    const gone = await get(new URL(this.last.segments.at(-1).uri.replace(/\d+(\.\w+)$/, "999999$1"), this.url));
    if (gone.status !== 404) this.broken("refusals", `a segment that never was is answered with ${gone.status}`);
    if (/immutable/.test(gone.headers.get("cache-control") ?? "")) this.broken("refusals", "and that answer may be kept");
  }

  async checkRequests() {
    const segment = new URL(this.last.segments.at(-1).uri, this.url);
    const whole = await get(segment);
    const range = await get(segment, { headers: { range: "bytes=8-15" } });
    if (range.status !== 206 || !range.body.equals(whole.body.subarray(8, 16))) this.broken("ranges", `answered with ${range.status}, ${range.body.length} bytes`);
    const head = await get(segment, { method: "HEAD" });
    if (head.status !== 200 || Number(head.headers.get("content-length")) !== whole.body.length) this.broken("HEAD", `answered with ${head.status}`);
    for (let i = 0; i < 5; i++) {
      const tag = (await get(this.url)).headers.get("etag");
      if (!tag) return this.broken("ETag", "none on a playlist");
      const again = await get(this.url, { headers: { "if-none-match": tag } });
      if (again.status === 304) return;
      if (again.headers.get("etag") === tag) break; // else it has changed meanwhile
    }
    this.broken("ETag", "a playlist that has not changed is sent again");
  }

  // checkReports compares what this playlist says of the others with them.
  async checkReports(others) {
    const own = parse((await get(this.url)).text);
    for (const other of others) {
      const report = own.reports.find((r) => new URL(r.URI, this.url).href === other.url);
      if (!report) {
        this.broken("rendition reports", `none of ${other.name}`);
        continue;
      }
      const now = edge(parse((await get(other.url)).text));
      const last = { msn: Number(report["LAST-MSN"]), part: Number(report["LAST-PART"] ?? -1) };
      const ahead = last.msn > now.msn || (last.msn === now.msn && last.part >= now.part);
      if (ahead || last.msn < now.msn - 1) this.broken("rendition reports", `${last.msn}.${last.part} of ${other.name}, which is at ${now.msn}.${now.part}`);
    }
  }

  // bandwidth is the peak and the mean of the bit rate. The peak is that of
  // any run of segments from 0.5 to 1.5 target durations long (RFC 8216,
  // section 4.1).
  bandwidth() {
    const whole = [...this.segments.values()].filter((s) => s.bytes && s.duration > 0);
    let peak = 0;
    for (let i = 0; i < whole.length; i++) {
      let [bits, time] = [0, 0];
      for (const s of whole.slice(i)) {
        bits += 8 * s.bytes.length;
        time += s.duration;
        if (time > 1.5 * this.last.target) break;
        if (time >= 0.5 * this.last.target) peak = Math.max(peak, bits / time);
      }
    }
    const sum = (f) => whole.reduce((a, s) => a + f(s), 0);
    return { peak, mean: sum((s) => 8 * s.bytes.length) / sum((s) => s.duration) };
  }
}

/** open reads the multivariant playlist and returns its renditions. */
export async function open(url, findings) {
  const answer = await get(url);
  const broken = findings.in("multivariant");
  checkAnswer(answer, "playlist", broken);
  checkWithOthers(answer.text, broken);
  const multivariant = parse(answer.text);
  checkMultivariant(multivariant, broken);
  const uris = new Set([...multivariant.variants.map((v) => v.uri), ...multivariant.media.map((m) => m.URI).filter(Boolean)]);
  return {
    multivariant,
    renditions: [...uris].map((uri) => Object.assign(new Rendition(new URL(uri, url).href, uri, findings), { variant: multivariant.variants.find((v) => v.uri === uri) })),
  };
}
