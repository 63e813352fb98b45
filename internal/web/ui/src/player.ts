import type { Engine, EngineFailed, Failure, Measures } from "./engine";
import { NativeEngine, nativeSupported } from "./native-engine";

const retryFirst = 1000;
const retryMost = 10_000;
const steadyAfter = 10_000; // so long without trouble, and the trouble is forgotten
// How many seconds over the usual distance from the live edge are too many.
const behindBy = (usual: number) => Math.min(5, Math.max(2, usual));
const catchUpPause = 15_000; // between two jumps to the live edge made by ourselves

export interface PlayerWatcher {
  /** Anything a view could show has changed. */
  changed(): void;
  /** The playlist ended: the broadcast is over, or a status is due. */
  ended(): void;
}

/**
 * Player keeps the video element playing the stream while there is one: it
 * chooses the engine, starts over after failures, and stays near the live
 * edge unless the viewer chose not to.
 */
export class Player {
  failure: Failure | null = null;
  /** Failures in a row. */
  attempts = 0;
  /** All failures so far. */
  failures = 0;
  /** The browser did not let the video start by itself. */
  blocked = false;

  private engine: Engine | null = null;
  private session = "";
  private generation = 0;
  private retryTimer = 0;
  private steadyTimer = 0;
  private aheadMs: number | null = null;
  private chosenDelay = false; // the viewer paused: do not jump
  private jumpedAt = -Infinity;

  constructor(
    readonly video: HTMLVideoElement,
    private readonly url: string,
    private readonly watcher: PlayerWatcher,
  ) {
    for (const event of ["pause", "play", "waiting", "loadedmetadata", "resize", "volumechange", "emptied"]) {
      video.addEventListener(event, () => watcher.changed());
    }
    video.addEventListener("playing", () => this.playing());
    video.addEventListener("ended", () => watcher.ended());
    window.addEventListener("online", () => this.retryTimer && this.retry());
  }

  /** play shows the broadcast; another one replaces the one before. */
  play(session: string): void {
    if (session === this.session) return;
    this.stop();
    this.session = session;
    void this.load();
  }

  /** stop lets go of the stream. */
  stop(): void {
    this.session = "";
    this.failure = null;
    this.attempts = 0;
    this.unload();
  }

  /** retry starts over now. */
  retry(): void {
    if (!this.session) return;
    this.unload();
    void this.load();
  }

  get active(): boolean {
    return this.session !== "";
  }

  /** Pictures (or sound) are moving. */
  get running(): boolean {
    const { video } = this;
    return this.engine !== null && !video.paused && !video.ended && video.readyState >= video.HAVE_FUTURE_DATA;
  }

  get soundOnly(): boolean {
    return this.video.readyState >= this.video.HAVE_METADATA && this.video.videoWidth === 0;
  }

  /** Seconds between the broadcast and the picture; null while unknown. */
  get delay(): number | null {
    const made = this.engine?.pictureTime();
    if (made != null && this.aheadMs !== null) {
      const delay = (Date.now() + this.aheadMs - made) / 1000;
      if (delay > 0 && delay < 3600) return delay;
    }
    return this.engine?.distance() ?? null;
  }

  get measures(): Measures | null {
    return this.engine?.measures() ?? null;
  }

  get behind(): boolean {
    const distance = this.engine?.distance();
    const usual = this.engine?.usualDistance();
    return distance != null && usual != null && distance > usual + behindBy(usual);
  }

  clock(aheadMs: number): void {
    this.aheadMs = aheadMs;
  }

  toggle(): void {
    if (this.video.paused) return void this.resume();
    this.chosenDelay = true;
    this.video.pause();
  }

  goLive(): void {
    this.chosenDelay = false;
    this.jump();
    void this.resume();
  }

  /** tick is called about once a second; it keeps us from falling behind. */
  tick(): void {
    if (!this.running) return;
    this.engine?.tick(!this.chosenDelay);
    const due = performance.now() - this.jumpedAt > catchUpPause;
    if (this.behind && !this.chosenDelay && due) this.jump();
    if (!this.behind) this.chosenDelay = false;
  }

  private jump(): void {
    const live = this.engine?.livePosition();
    if (live == null || live <= this.video.currentTime) return;
    this.jumpedAt = performance.now();
    this.video.currentTime = live;
  }

  private async load(): Promise<void> {
    const generation = ++this.generation;
    try {
      const engine = await this.choose((why) => {
        if (generation === this.generation) this.failed(why);
      });
      if (generation !== this.generation) return engine?.stop();
      if (!engine) return this.failed("unsupported");
      this.engine = engine;
      engine.start();
      await this.resume();
    } catch {
      if (generation === this.generation) this.failed("playback"); // the script of the engine did not load
    }
  }

  private async choose(failed: EngineFailed): Promise<Engine | null> {
    if ("MediaSource" in window || "ManagedMediaSource" in window) {
      const { HlsEngine, hlsSupported } = await import("./hls-engine");
      if (hlsSupported()) return new HlsEngine(this.video, this.url, failed);
    }
    return nativeSupported(this.video) ? new NativeEngine(this.video, this.url, failed) : null;
  }

  private async resume(): Promise<void> {
    const generation = this.generation;
    try {
      await this.video.play();
      this.blocked = false;
    } catch (err) {
      if (generation !== this.generation || !(err instanceof DOMException)) return;
      if (err.name === "NotAllowedError") await this.resumeMuted();
    }
    this.watcher.changed();
  }

  // A browser that forbids sound without a gesture mostly allows silence.
  private async resumeMuted(): Promise<void> {
    if (this.video.muted) {
      this.blocked = true;
      return;
    }
    this.video.muted = true;
    await this.resume();
  }

  private unload(): void {
    this.generation++;
    clearTimeout(this.retryTimer);
    clearTimeout(this.steadyTimer);
    this.retryTimer = 0;
    this.engine?.stop();
    this.engine = null;
    this.watcher.changed();
  }

  private failed(why: Failure): void {
    this.unload();
    this.failure = why;
    this.attempts++;
    this.failures++;
    if (why === "playback") {
      const wait = Math.min(retryMost, retryFirst * 2 ** (this.attempts - 1));
      this.retryTimer = setTimeout(() => this.retry(), wait);
    }
    this.watcher.changed();
  }

  private playing(): void {
    this.blocked = false;
    this.failure = null;
    clearTimeout(this.steadyTimer);
    this.steadyTimer = setTimeout(() => (this.attempts = 0), steadyAfter);
    this.watcher.changed();
  }
}
