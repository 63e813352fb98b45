import Hls, { type ErrorData, type HlsConfig, type LoadPolicy } from "hls.js";
import type { Engine, EngineFailed, Measures, Quality, Range } from "./engine";
import { sid } from "./sid";

// While a publisher is away, blocking reloads run into their time limit or get
// a 503. That is no reason to give up: the status says when the stream is over.
const patient: LoadPolicy = {
  default: {
    maxTimeToFirstByteMs: 20_000,
    maxLoadTimeMs: 30_000,
    timeoutRetry: { maxNumRetry: 1000, retryDelayMs: 250, maxRetryDelayMs: 1000, backoff: "linear" },
    errorRetry: { maxNumRetry: 1000, retryDelayMs: 500, maxRetryDelayMs: 2000, backoff: "linear" },
  },
};

const fragments: LoadPolicy = {
  default: {
    maxTimeToFirstByteMs: 10_000,
    maxLoadTimeMs: 60_000,
    timeoutRetry: { maxNumRetry: 4, retryDelayMs: 0, maxRetryDelayMs: 0 },
    errorRetry: { maxNumRetry: 8, retryDelayMs: 500, maxRetryDelayMs: 4000 },
  },
};

// identify sends the session with each request for a playlist to the server of
// the page, in a header. Media goes without: a parameter would make of each
// segment many for caches, and a storage that the server sends us on to would
// have to be asked first whether it takes the header.
function identify(xhr: XMLHttpRequest, url: string): void {
  const { origin, pathname } = new URL(url, location.href);
  if (origin !== location.origin || !pathname.endsWith(".m3u8")) return;
  xhr.open("GET", url, true);
  xhr.setRequestHeader("CMCD-Session", `sid="${sid}"`);
}

const config: Partial<HlsConfig> = {
  xhrSetup: identify,
  lowLatencyMode: true,
  // Fragments are MP4 already; there is nothing for a worker to do.
  enableWorker: false,
  backBufferLength: 30,
  manifestLoadPolicy: {
    default: {
      maxTimeToFirstByteMs: 10_000,
      maxLoadTimeMs: 20_000,
      timeoutRetry: { maxNumRetry: 2, retryDelayMs: 500, maxRetryDelayMs: 2000 },
      errorRetry: { maxNumRetry: 3, retryDelayMs: 500, maxRetryDelayMs: 4000 },
    },
  },
  playlistLoadPolicy: patient,
  fragLoadPolicy: fragments,
};

const mediaRecoveries = 2;
const mediaRecoveryWindow = 20_000;

const forgetStalls = 45_000;
const leastBuffer = 0.4; // seconds; with less there is no room for hurry

const formatErrors: string[] = ["manifestIncompatibleCodecsError", "bufferAddCodecError", "bufferIncompatibleCodecsError"] satisfies `${ErrorData["details"]}`[];

// HlsEngine plays by Media Source Extensions.
class HlsEngine implements Engine {
  readonly native = false;
  private readonly hls: Hls;
  private recoveries: number[] = [];
  private stalledAt = performance.now();
  private stalls = 0;
  private measured = 0; // bit/s
  private further = 0; // seconds, by choice

  constructor(
    private readonly video: HTMLVideoElement,
    private readonly url: string,
    private readonly failed: EngineFailed,
  ) {
    this.hls = new Hls(config);
  }

  start(): void {
    const { Events } = Hls;
    this.hls.on(Events.ERROR, (_, data) => this.error(data));
    this.hls.on(Events.FRAG_LOADED, () => (this.measured = this.hls.bandwidthEstimate));
    this.hls.loadSource(this.url);
    this.hls.attachMedia(this.video);
  }

  stop(): void {
    this.hls.destroy();
    this.video.playbackRate = 1;
  }

  livePosition(): number | null {
    return this.hls.liveSyncPosition;
  }

  range(): Range | null {
    const details = this.hls.latestLevelDetails;
    if (!details?.fragments.length) return null;
    return { start: details.fragmentStart, end: details.live ? details.edge : details.fragmentStart + details.totalduration };
  }

  qualities(): Quality[] {
    return this.hls.levels.map((level, id) => ({
      id,
      height: level.height,
      frameRate: level.frameRate,
      bitrate: level.bitrate,
      rendition: new URL(level.uri, location.href).pathname.split("/").at(-2) ?? "",
    }));
  }

  quality(): number {
    return this.hls.currentLevel;
  }

  choose(id: number): void {
    if (id < 0) this.hls.nextLevel = -1;
    else if (id < this.hls.levels.length) this.hls.nextLevel = id;
  }

  keepBack(seconds: number): void {
    this.further = seconds;
    const wanted = this.wanted();
    if (wanted) this.hls.targetLatency = wanted;
  }

  pictureTime(): number | null {
    return this.hls.playingDate?.getTime() ?? null;
  }

  distance(): number | null {
    const details = this.hls.latestLevelDetails;
    return details?.live && this.hls.latency > 0 ? this.hls.latency : null;
  }

  usualDistance(): number | null {
    return this.hls.targetLatency;
  }

  measures(): Measures {
    const level = this.hls.levels[this.hls.currentLevel];
    return { throughput: this.measured, bitrate: level?.bitrate ?? 0, stalls: this.stalls };
  }

  tick(mayHurry: boolean): void {
    this.forgive();
    this.hurry(mayHurry);
  }

  // hurry plays a little faster while the picture is late. hls.js can do that
  // too, but changes its mind several times a second, which can be heard.
  private hurry(may: boolean): void {
    const { video } = this;
    const distance = this.distance();
    const target = this.hls.targetLatency;
    if (!may || distance === null || target === null || this.buffered() < leastBuffer) {
      video.playbackRate = 1;
      return;
    }
    const late = distance - target;
    if (late > 1) video.playbackRate = 1.1;
    else if (late > 0.35) video.playbackRate = 1.05;
    else if (late < 0.1) video.playbackRate = 1;
  }

  private buffered(): number {
    const { buffered, currentTime } = this.video;
    return buffered.length ? buffered.end(buffered.length - 1) - currentTime : 0;
  }

  // forgive goes back to the distance that the server asks for. hls.js keeps
  // further away after every stall, and one bad moment shall not last all night.
  private forgive(): void {
    const wanted = this.wanted();
    const steady = performance.now() - this.stalledAt > forgetStalls;
    if (!wanted || !steady || (this.hls.targetLatency ?? 0) <= wanted) return;
    this.hls.targetLatency = wanted;
    this.stalledAt = performance.now();
  }

  // wanted is the distance that the server asks for, and what the viewer adds.
  private wanted(): number {
    const details = this.hls.latestLevelDetails;
    const asked = details?.partHoldBack || details?.holdBack || 0;
    return asked && asked + this.further;
  }

  private error(data: ErrorData): void {
    if (data.details === Hls.ErrorDetails.BUFFER_STALLED_ERROR) {
      this.stalledAt = performance.now();
      this.stalls++;
    }
    if (!data.fatal) return;
    if (formatErrors.includes(data.details)) return this.failed("format");
    if (data.type === Hls.ErrorTypes.MEDIA_ERROR && this.mayRecover()) return this.hls.recoverMediaError();
    this.failed("playback");
  }

  private mayRecover(): boolean {
    const now = performance.now();
    this.recoveries = this.recoveries.filter((at) => now - at < mediaRecoveryWindow);
    return this.recoveries.push(now) <= mediaRecoveries;
  }
}

/** make makes an engine; null if this browser has none. */
export function make(video: HTMLVideoElement, url: string, failed: EngineFailed): HlsEngine | null {
  return Hls.isSupported() ? new HlsEngine(video, url, failed) : null;
}
