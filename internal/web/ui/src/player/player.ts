import { batch, computed, signal } from "@preact/signals";
import { recall, remember } from "../lib/store";
import type { Autoplay } from "../lib/types";
import type { Engine, EngineFailed, Failure, Measures, Quality, Range } from "./engine";
import { NativeEngine, nativeSupported } from "./native-engine";

const retryFirst = 1000;
const retryMost = 10_000;
const steadyAfter = 10_000; // so long without trouble, and the trouble is forgotten
// How many seconds over the usual distance from the live edge are too many.
const behindBy = (usual: number) => Math.min(5, Math.max(2, usual));
const catchUpPause = 15_000; // between two jumps to the live edge made by ourselves
const leastDVR = 45; // seconds of the past that make going back worth a bar

/** A Source is what is played. */
export interface Source {
  /** Changes with every broadcast and recording. */
  key: string;
  url: string;
  live: boolean;
}

/** How far behind the live edge to play: as close as the server says, or with more in hand. */
export type Delay = "low" | "smooth";
const further: Record<Delay, number> = { low: 0, smooth: 4 };

export interface PlayerOptions {
  /** The playlist ended: the broadcast is over, or a status is due. */
  ended?: () => void;
  /** Whether to start by itself: always, if need be without sound; with sound or not at all; or not. */
  autoplay?: () => Autoplay;
}

/** A Track is a text track of the video, such as closed captions. */
export interface CaptionTrack {
  id: number;
  label: string;
  language: string;
}

/**
 * Player keeps a video element playing a source while there is one: it chooses
 * the engine, starts over after failures, and stays near the live edge unless
 * the viewer chose not to. What views show of it are signals.
 */
export class Player {
  readonly failure = signal<Failure | null>(null);
  /** Failures in a row. */
  readonly attempts = signal(0);
  /** The browser did not let the video start by itself, or nobody has asked it to. */
  readonly blocked = signal(false);
  readonly active = signal(false);
  /** Pictures (or sound) are moving. */
  readonly running = signal(false);
  readonly paused = signal(true);
  readonly soundOnly = signal(false);
  readonly behind = signal(false);
  readonly live = signal(true);
  /** Seconds between the broadcast and the picture; null while unknown. */
  readonly delay = signal<number | null>(null);
  readonly position = signal(0);
  readonly range = signal<Range | null>(null);
  readonly ratio = signal(16 / 9);
  readonly muted = signal(true);
  readonly volume = signal(1);
  readonly qualities = signal<Quality[]>([]);
  /** The quality that is shown, and whether it was chosen. */
  readonly quality = signal(-1);
  readonly chosenQuality = signal(-1);
  readonly wantedDelay = signal<Delay>(recall("delay") === "smooth" ? "smooth" : "low");
  readonly rate = signal(1);
  readonly captions = signal<CaptionTrack[]>([]);
  readonly caption = signal(-1);
  readonly airplay = signal(false);
  /** Whether there is a past to go back to. */
  readonly seekable = computed(() => {
    const range = this.range.value;
    return range !== null && (!this.live.value || range.end - range.start >= leastDVR);
  });
  /** All failures so far. */
  failures = 0;

  private engine: Engine | null = null;
  private source: Source | null = null;
  private generation = 0;
  private retryTimer: ReturnType<typeof setTimeout> | undefined;
  private steadyTimer: ReturnType<typeof setTimeout> | undefined;
  private aheadMs: number | null = null;
  private asked = false; // somebody has pressed play
  private chosenPlace = false; // the viewer paused or went back: do not jump
  private jumpedAt = -Infinity;
  private resumeAt = 0; // of a recording that is loaded again

  constructor(
    readonly video: HTMLVideoElement,
    private readonly options: PlayerOptions = {},
  ) {
    this.recallVolume();
    for (const event of ["pause", "play", "waiting", "loadedmetadata", "resize", "volumechange", "emptied", "seeking", "seeked", "timeupdate", "ratechange"]) {
      video.addEventListener(event, () => this.sync());
    }
    video.addEventListener("playing", () => this.playing());
    video.addEventListener("ended", () => this.options.ended?.());
    for (const event of ["addtrack", "removetrack", "change"]) video.textTracks.addEventListener(event, () => this.syncCaptions());
    video.addEventListener("webkitplaybacktargetavailabilitychanged", (event) => {
      const offered = (event as Event & { availability?: string }).availability === "available";
      this.airplay.value = offered && this.engine?.native === true;
    });
    window.addEventListener("online", () => this.retryTimer && this.retry());
  }

  /** play shows a source; another one replaces the one before. */
  play(source: Source): void {
    if (source.key === this.source?.key) return;
    this.stop();
    this.source = source;
    this.resumeAt = 0;
    batch(() => {
      this.active.value = true;
      this.live.value = source.live;
    });
    // Nothing is loaded before somebody wants to see it.
    if (this.autoplay() === "off") this.blocked.value = true;
    else void this.load();
  }

  private autoplay(): Autoplay {
    return this.asked ? "always" : (this.options.autoplay?.() ?? "always");
  }

  // begin is what a press of the play button does before anything is loaded.
  private begin(): void {
    this.asked = true;
    this.blocked.value = false;
    if (recall("volume") === null) this.video.muted = false; // or as the viewer has left it
    void this.load();
  }

  /** stop lets go of the source. */
  stop(): void {
    this.source = null;
    this.failure.value = null;
    this.attempts.value = 0;
    this.active.value = false;
    this.blocked.value = false;
    this.unload();
  }

  /** retry starts over now. */
  retry(): void {
    if (!this.source) return;
    this.resumeAt = this.video.currentTime;
    this.unload();
    void this.load();
  }

  get measures(): Measures | null {
    return this.engine?.measures() ?? null;
  }

  /** clock says how far the server's clock is ahead of ours. */
  clock(aheadMs: number): void {
    this.aheadMs = aheadMs;
  }

  toggle(): void {
    if (this.source && !this.engine && this.blocked.value) return this.begin();
    if (this.video.paused) return void this.resume();
    this.chosenPlace = true;
    this.video.pause();
  }

  goLive(): void {
    this.chosenPlace = false;
    this.jump();
    void this.resume();
  }

  /** seek goes to a place, or as near as there is. */
  seek(to: number): void {
    const range = this.engine?.range();
    if (!range) return;
    const live = this.live.value ? (this.engine?.livePosition() ?? range.end) : range.end;
    if (this.live.value && to >= live) return this.goLive();
    this.chosenPlace = true;
    this.video.currentTime = Math.min(live, Math.max(range.start, to));
    this.sync();
  }

  /** skip goes back or on by seconds. */
  skip(seconds: number): void {
    this.seek(this.video.currentTime + seconds);
  }

  chooseQuality(id: number): void {
    this.chosenQuality.value = id;
    this.engine?.choose(id);
  }

  chooseDelay(delay: Delay): void {
    this.wantedDelay.value = delay;
    remember("delay", delay);
    this.engine?.keepBack(further[delay]);
    if (delay === "low") this.goLive();
  }

  chooseRate(rate: number): void {
    this.video.playbackRate = rate;
  }

  /** chooseCaption shows a text track, or with -1 none. */
  chooseCaption(id: number): void {
    const { textTracks } = this.video;
    for (let i = 0; i < textTracks.length; i++) {
      const track = textTracks[i]!;
      if (isCaption(track)) track.mode = i === id ? "showing" : "hidden";
    }
    this.syncCaptions();
  }

  toggleMuted(): void {
    const { video } = this;
    const silent = video.muted || video.volume === 0;
    video.muted = !silent;
    if (silent && video.volume === 0) video.volume = 1;
    this.rememberVolume();
  }

  setVolume(volume: number): void {
    const next = Math.min(1, Math.max(0, volume));
    this.video.muted = next === 0;
    this.video.volume = next;
    this.rememberVolume();
  }

  stepVolume(by: number): void {
    this.setVolume((this.video.muted ? 0 : this.video.volume) + by);
  }

  /** tick is called about once a second; it keeps us from falling behind. */
  tick(): void {
    this.sync();
    if (!this.running.value || !this.live.value) return;
    this.engine?.tick(!this.chosenPlace);
    const due = performance.now() - this.jumpedAt > catchUpPause;
    if (this.behind.value && !this.chosenPlace && due) this.jump();
    if (!this.behind.value) this.chosenPlace = false;
  }

  /** sync takes what views show from the video and its engine. */
  sync(): void {
    const { video, engine } = this;
    batch(() => {
      this.paused.value = video.paused;
      this.running.value = engine !== null && !video.paused && !video.ended && video.readyState >= video.HAVE_FUTURE_DATA;
      this.soundOnly.value = video.readyState >= video.HAVE_METADATA && video.videoWidth === 0;
      if (video.videoWidth && video.videoHeight) this.ratio.value = video.videoWidth / video.videoHeight;
      this.muted.value = video.muted || video.volume === 0;
      this.volume.value = video.volume;
      this.rate.value = video.playbackRate;
      this.position.value = video.currentTime;
      const range = engine?.range() ?? null;
      const before = this.range.peek();
      if (range?.start !== before?.start || range?.end !== before?.end) this.range.value = range;
      this.behind.value = this.isBehind();
      this.delay.value = this.measureDelay();
      this.quality.value = engine?.quality() ?? -1;
      const qualities = engine?.qualities() ?? [];
      if (String(qualities.map((q) => q.rendition)) !== String(this.qualities.peek().map((q) => q.rendition))) this.qualities.value = qualities;
    });
  }

  private isBehind(): boolean {
    const distance = this.engine?.distance();
    const usual = this.engine?.usualDistance();
    return this.live.value && distance != null && usual != null && distance > usual + behindBy(usual);
  }

  private measureDelay(): number | null {
    if (!this.live.value) return null;
    const made = this.engine?.pictureTime();
    if (made != null && this.aheadMs !== null) {
      const delay = (Date.now() + this.aheadMs - made) / 1000;
      if (delay > 0 && delay < 86_400) return delay;
    }
    return this.engine?.distance() ?? null;
  }

  private syncCaptions(): void {
    const tracks: CaptionTrack[] = [];
    let shown = -1;
    const { textTracks } = this.video;
    for (let i = 0; i < textTracks.length; i++) {
      const track = textTracks[i]!;
      if (!isCaption(track)) continue;
      tracks.push({ id: i, label: track.label, language: track.language });
      if (track.mode === "showing") shown = i;
    }
    batch(() => {
      this.captions.value = tracks;
      this.caption.value = shown;
    });
  }

  private jump(): void {
    const live = this.engine?.livePosition();
    if (live == null || live <= this.video.currentTime) return;
    this.jumpedAt = performance.now();
    this.video.currentTime = live;
  }

  private async load(): Promise<void> {
    const generation = ++this.generation;
    const current = () => generation === this.generation;
    try {
      const engine = await this.choose((why) => {
        if (current()) this.failed(why);
      });
      if (!current()) return engine?.stop();
      if (!engine) return this.failed("unsupported");
      this.engine = engine;
      if (this.autoplay() === "sound-only") this.video.muted = false;
      if (this.resumeAt > 0 && !this.live.value) {
        const to = this.resumeAt;
        this.video.addEventListener("loadedmetadata", () => (this.video.currentTime = to), { once: true });
      }
      engine.start();
      engine.keepBack(further[this.wantedDelay.value]);
      await this.resume();
    } catch {
      if (current()) this.failed("playback"); // the script of the engine did not load
    }
  }

  private async choose(failed: EngineFailed): Promise<Engine | null> {
    const { url } = this.source!;
    // Where there is no whole Media Source, as on phones, the browser's own
    // player is the one that can go to other devices and outlive a locked screen.
    const own = nativeSupported(this.video);
    if ("MediaSource" in window || ("ManagedMediaSource" in window && !own)) {
      const { make } = await import("./hls-engine");
      const engine = make(this.video, url, failed);
      if (engine) return engine;
    }
    return own ? new NativeEngine(this.video, url, failed) : null;
  }

  private async resume(): Promise<void> {
    const generation = this.generation;
    try {
      await this.video.play();
      this.blocked.value = false;
    } catch (err) {
      if (generation !== this.generation || !(err instanceof DOMException)) return;
      if (err.name === "NotAllowedError") await this.resumeMuted();
    }
    this.sync();
  }

  // A browser that forbids sound without a gesture mostly allows silence.
  private async resumeMuted(): Promise<void> {
    if (this.video.muted || this.autoplay() === "sound-only") {
      this.blocked.value = true;
      return;
    }
    this.video.muted = true;
    await this.resume();
  }

  private unload(): void {
    this.generation++;
    clearTimeout(this.retryTimer);
    clearTimeout(this.steadyTimer);
    this.retryTimer = undefined;
    this.engine?.stop();
    this.engine = null;
    this.chosenQuality.value = -1;
    this.sync();
    this.syncCaptions();
  }

  private failed(why: Failure): void {
    this.resumeAt = this.video.currentTime;
    this.unload();
    batch(() => {
      this.failure.value = why;
      this.attempts.value++;
    });
    this.failures++;
    if (why === "playback") {
      const wait = Math.min(retryMost, retryFirst * 2 ** (this.attempts.value - 1));
      this.retryTimer = setTimeout(() => this.retry(), wait);
    }
  }

  private playing(): void {
    batch(() => {
      this.blocked.value = false;
      this.failure.value = null;
    });
    clearTimeout(this.steadyTimer);
    this.steadyTimer = setTimeout(() => (this.attempts.value = 0), steadyAfter);
    this.sync();
  }

  private recallVolume(): void {
    const { video } = this;
    video.muted = true; // without a gesture browsers allow nothing else
    const saved = recall("volume");
    if (typeof saved !== "object" || saved === null) return;
    const { volume, muted } = saved as { volume?: unknown; muted?: unknown };
    if (typeof volume === "number" && volume >= 0 && volume <= 1) video.volume = volume;
    video.muted = muted !== false;
  }

  private rememberVolume(): void {
    remember("volume", { volume: this.video.volume, muted: this.video.muted });
  }
}

function isCaption(track: TextTrack): boolean {
  return track.kind === "captions" || track.kind === "subtitles";
}
