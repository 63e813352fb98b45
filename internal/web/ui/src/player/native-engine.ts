import type { Engine, EngineFailed, Measures, Quality, Range } from "./engine";

export function nativeSupported(video: HTMLVideoElement): boolean {
  return video.canPlayType("application/vnd.apple.mpegurl") !== "";
}

/** NativeEngine leaves everything to a browser that plays HLS itself. */
export class NativeEngine implements Engine {
  readonly native = true;
  private least = Infinity;
  private readonly onError = () => this.failed("playback");

  constructor(
    private readonly video: HTMLVideoElement,
    private readonly url: string,
    private readonly failed: EngineFailed,
  ) {}

  start(): void {
    this.video.addEventListener("error", this.onError);
    this.video.src = this.url;
    this.video.load();
  }

  stop(): void {
    this.video.removeEventListener("error", this.onError);
    this.video.removeAttribute("src");
    this.video.load();
  }

  livePosition(): number | null {
    const { seekable } = this.video;
    return seekable.length ? seekable.end(seekable.length - 1) : null;
  }

  range(): Range | null {
    const { seekable, duration } = this.video;
    if (Number.isFinite(duration)) return { start: 0, end: duration };
    return seekable.length ? { start: seekable.start(0), end: seekable.end(seekable.length - 1) } : null;
  }

  // The browser chooses by itself, and how far behind it plays as well.
  qualities(): Quality[] {
    return [];
  }

  quality(): number {
    return -1;
  }

  choose(): void {}

  keepBack(): void {}

  pictureTime(): number | null {
    const video = this.video as HTMLVideoElement & { getStartDate?: () => Date };
    const start = video.getStartDate?.().getTime() ?? NaN;
    return Number.isNaN(start) ? null : start + video.currentTime * 1000;
  }

  distance(): number | null {
    const edge = this.livePosition();
    if (edge === null) return null;
    const distance = Math.max(0, edge - this.video.currentTime);
    if (!this.video.paused) this.least = Math.min(this.least, distance);
    return distance;
  }

  usualDistance(): number | null {
    return Number.isFinite(this.least) ? this.least : null;
  }

  // Its requests have a User-Agent and a life of their own: nothing would tell
  // the server that they and a report belong together.
  measures(): Measures | null {
    return null;
  }

  tick(): void {} // the browser does it
}
