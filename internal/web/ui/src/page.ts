import { el, flag, say } from "./dom";
import type { Failure } from "./engine";
import { strings } from "./strings";
import type { Status } from "./status";
import { ago } from "./time";

export type State = "loading" | "offline" | "live" | "reconnecting" | "error";

/** Why the state is "error". */
export type Reason = "server" | Failure;

/** What the page shows. */
export interface View {
  state: State;
  reason?: Reason;
  status: Status | null;
  running: boolean;
  paused: boolean;
  soundOnly: boolean;
}

const badges: Record<State, string> = {
  loading: strings.badgeLoading,
  offline: strings.badgeOffline,
  live: strings.badgeLive,
  reconnecting: strings.badgeReconnecting,
  error: strings.badgeError,
};

const reasons: Record<Reason, [title: string, text: string]> = {
  server: [strings.serverTitle, strings.serverText],
  playback: [strings.playbackTitle, strings.playbackText],
  format: [strings.formatTitle, strings.formatText],
  unsupported: [strings.unsupportedTitle, strings.unsupportedText],
};

/** Page is everything around the video, and what covers it when there is none. */
export class Page {
  private readonly video = el<HTMLVideoElement>("video");
  private announced = "";

  constructor(retry: () => void) {
    el("retry").addEventListener("click", retry);
    this.video.addEventListener("resize", () => this.shape());
  }

  render(view: View): void {
    const { body } = document;
    if (body.dataset["state"] !== view.state) body.dataset["state"] = view.state;
    flag(body, "running", view.running);
    flag(body, "paused", view.paused);
    flag(body, "soundOnly", view.soundOnly);
    say(el("badge-text"), badges[view.state]);
    this.texts(view);
    this.cover(view);
    this.announce(view);
  }

  private texts({ state, status }: View): void {
    const name = status?.name || strings.defaultName;
    const title = status?.title ?? "";
    say(el("name"), name);
    say(el("title"), title);
    el("title").hidden = title === "";
    const since = state === "offline" ? status?.endedAt : status?.startedAt;
    const when = since ? ago(since, Date.now()) : "";
    const parts = [when && (state === "offline" ? strings.lastLive(when) : strings.liveSince(when))];
    if (status?.viewers && state !== "offline") parts.push(strings.viewers(status.viewers));
    say(el("meta"), parts.filter(Boolean).join(" · "));
    const tab = title && title !== name ? `${title} – ${name}` : name;
    if (document.title !== tab) document.title = tab;
  }

  private cover(view: View): void {
    const [title, text] = coverTexts(view);
    say(el("cover-title"), title);
    say(el("cover-text"), text);
    el("retry").hidden = view.state !== "error" || view.reason === "format" || view.reason === "unsupported";
  }

  // announce tells a screen reader of a change once, and nothing else.
  private announce({ state, reason }: View): void {
    const sentence = {
      loading: "",
      offline: strings.announceOffline,
      live: strings.announceLive,
      reconnecting: strings.announceReconnecting,
      error: reason ? reasons[reason].join(". ") : "",
    }[state];
    if (sentence === this.announced) return;
    this.announced = sentence;
    say(el("announcer"), sentence);
  }

  // shape gives the player the form of the picture, upright ones included.
  private shape(): void {
    const { videoWidth: w, videoHeight: h } = this.video;
    const ratio = w && h ? Math.min(2.4, Math.max(0.5625, w / h)) : 16 / 9;
    document.documentElement.style.setProperty("--ratio", ratio.toFixed(4));
  }
}

function coverTexts({ state, reason }: View): [title: string, text: string] {
  switch (state) {
    case "offline":
      return [strings.offlineTitle, strings.offlineText];
    case "reconnecting":
      return [strings.reconnectingTitle, strings.reconnectingText];
    case "error":
      return reason ? reasons[reason] : ["", ""];
    default:
      return ["", ""];
  }
}
