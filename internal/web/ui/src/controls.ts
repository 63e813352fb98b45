import { el, flag, icon, label, say } from "./dom";
import type { Player } from "./player";
import { strings } from "./strings";
import { Volume } from "./volume";

const idleAfter = 3000;

// What phones with an older Safari have instead of full screen for elements.
type OldVideo = HTMLVideoElement & { webkitEnterFullscreen?: () => void };

/** Controls are the buttons over the video and the keys that do the same. */
export class Controls {
  private readonly root = el("player");
  private readonly playButton = el("play");
  private readonly bigPlay = el("big-play");
  private readonly live = el("go-live");
  private readonly latency = el("latency");
  private readonly pip = el("pip");
  private readonly full = el("fullscreen");
  private readonly volume: Volume;
  private idleTimer = 0;

  constructor(private readonly player: Player) {
    this.volume = new Volume(player.video);
    this.buttons();
    this.keys();
    this.pointer();
    this.offer();
  }

  /** render shows what the player is doing. */
  render(): void {
    const { player } = this;
    const paused = player.video.paused;
    icon(this.playButton, paused ? "play" : "pause");
    label(this.playButton, paused ? strings.play : strings.pause);
    this.bigPlay.hidden = !player.blocked;
    this.volume.render();
    flag(this.root, "behind", player.behind);
    this.live.toggleAttribute("disabled", !player.behind);
    const delay = player.delay;
    say(this.latency, delay === null ? "" : strings.delay(delay < 9.95 ? delay.toFixed(1) : delay.toFixed(0)));
    const fullscreen = document.fullscreenElement === this.root;
    icon(this.full, fullscreen ? "shrink" : "grow");
    label(this.full, fullscreen ? strings.exitFullscreen : strings.fullscreen);
    const inset = document.pictureInPictureElement === player.video;
    label(this.pip, inset ? strings.exitPictureInPicture : strings.pictureInPicture);
    if (paused) this.wake();
  }

  private buttons(): void {
    const { player } = this;
    this.playButton.addEventListener("click", () => player.toggle());
    this.bigPlay.addEventListener("click", () => player.toggle());
    this.live.addEventListener("click", () => player.goLive());
    this.full.addEventListener("click", () => void this.fullscreen());
    this.pip.addEventListener("click", () => void this.inset());
    document.addEventListener("fullscreenchange", () => this.render());
    for (const event of ["enterpictureinpicture", "leavepictureinpicture"]) {
      player.video.addEventListener(event, () => this.render());
    }
  }

  // offer hides what this browser does not have.
  private offer(): void {
    const video = this.player.video as OldVideo;
    this.pip.hidden = !document.pictureInPictureEnabled;
    this.full.hidden = !document.fullscreenEnabled && !video.webkitEnterFullscreen;
  }

  private keys(): void {
    document.addEventListener("keydown", (event) => {
      if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey) return;
      this.wake();
      if (!this.player.active || this.taken(event)) return;
      if (this.press(event.key)) event.preventDefault();
    });
  }

  // taken: the focused control wants this key for itself.
  private taken(event: KeyboardEvent): boolean {
    const target = event.target;
    if (!(target instanceof Element)) return false;
    if (target.closest("input")) return event.key.startsWith("Arrow");
    return event.key === " " && target.closest("button, a") !== null;
  }

  private press(key: string): boolean {
    switch (key) {
      case " ":
      case "k":
        this.player.toggle();
        return true;
      case "m":
        this.volume.toggle();
        return true;
      case "ArrowUp":
      case "ArrowDown":
        if (!this.root.contains(document.activeElement) && !document.fullscreenElement) return false; // it scrolls
        this.volume.step(key === "ArrowUp" ? 0.1 : -0.1);
        return true;
      case "l":
        this.player.goLive();
        return true;
      case "f":
        void this.fullscreen();
        return true;
      default:
        return false;
    }
  }

  private pointer(): void {
    const { root } = this;
    for (const event of ["pointermove", "pointerdown", "focusin"]) root.addEventListener(event, () => this.wake());
    root.addEventListener("pointerleave", (event) => {
      if (event.pointerType === "mouse") this.doze();
    });
    // A finger asks for the controls; a mouse, which has them already, for a pause.
    let touched = false;
    root.addEventListener("pointerdown", (event) => (touched = event.pointerType !== "mouse"), { capture: true });
    this.player.video.addEventListener("click", () => {
      if (!touched && this.player.active) this.player.toggle();
    });
    this.player.video.addEventListener("dblclick", () => {
      if (!touched) void this.fullscreen();
    });
  }

  private wake(): void {
    flag(this.root, "idle", false);
    clearTimeout(this.idleTimer);
    this.idleTimer = setTimeout(() => this.doze(), idleAfter);
  }

  private doze(): void {
    if (this.player.video.paused || this.root.querySelector(":focus-visible")) return;
    flag(this.root, "idle", true);
  }

  private async fullscreen(): Promise<void> {
    const video = this.player.video as OldVideo;
    try {
      if (document.fullscreenElement) await document.exitFullscreen();
      else if (document.fullscreenEnabled) await this.root.requestFullscreen();
      else video.webkitEnterFullscreen?.();
    } catch {
      // The browser said no; the page stays as it is.
    }
  }

  private async inset(): Promise<void> {
    try {
      if (document.pictureInPictureElement) await document.exitPictureInPicture();
      else await this.player.video.requestPictureInPicture();
    } catch {
      // The browser said no; the page stays as it is.
    }
  }
}
