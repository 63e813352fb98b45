import { el, icon, label } from "./dom";
import { strings } from "./strings";

const storageKey = "owncast.volume";

/** Volume is the sound of the video, its controls, and the memory of both. */
export class Volume {
  private readonly mute = el("mute");
  private readonly slider = el<HTMLInputElement>("volume");
  private readonly prompt = el("unmute");

  constructor(private readonly video: HTMLVideoElement) {
    this.recall();
    this.mute.addEventListener("click", () => this.toggle());
    this.prompt.addEventListener("click", () => {
      this.toggle();
      this.mute.focus({ preventScroll: true }); // the prompt is about to go
    });
    this.slider.addEventListener("input", () => this.set(Number(this.slider.value)));
  }

  render(): void {
    const { video } = this;
    const silent = video.muted || video.volume === 0;
    const shown = silent ? 0 : video.volume;
    icon(this.mute, silent ? "muted" : shown < 0.5 ? "quiet" : "loud");
    label(this.mute, silent ? strings.unmute : strings.mute);
    this.prompt.hidden = !silent || video.paused;
    if (Number(this.slider.value) !== shown) this.slider.value = String(shown);
    this.slider.setAttribute("aria-valuetext", strings.volumePercent(Math.round(shown * 100)));
  }

  toggle(): void {
    const silent = this.video.muted || this.video.volume === 0;
    this.set(silent ? this.video.volume || 1 : 0, true);
  }

  step(by: number): void {
    const now = this.video.muted ? 0 : this.video.volume;
    this.set(Math.min(1, Math.max(0, now + by)));
  }

  // Muting by the button keeps the loudness for later.
  private set(volume: number, keep = false): void {
    this.video.muted = volume === 0;
    if (volume > 0 || !keep) this.video.volume = volume;
    this.remember();
  }

  private recall(): void {
    const { video } = this;
    video.muted = true;
    try {
      const saved: unknown = JSON.parse(localStorage.getItem(storageKey) ?? "null");
      if (typeof saved !== "object" || saved === null) return;
      const { volume, muted } = saved as { volume?: unknown; muted?: unknown };
      if (typeof volume === "number" && volume >= 0 && volume <= 1) video.volume = volume;
      video.muted = muted !== false;
    } catch {
      // No storage, or not ours: silence is a fine beginning.
    }
  }

  private remember(): void {
    const { volume, muted } = this.video;
    try {
      localStorage.setItem(storageKey, JSON.stringify({ volume, muted }));
    } catch {
      // Nothing is lost but a convenience.
    }
  }
}
