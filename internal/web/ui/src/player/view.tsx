import { useSignalEffect } from "@preact/signals";
import type { ComponentChildren } from "preact";
import { useEffect, useMemo, useRef } from "preact/hooks";
import { Button } from "../components/button";
import * as icons from "../components/icons";
import { t } from "../i18n/viewer";
import type { Reason, State } from "./broadcast";
import { Controls, toggleFullscreen, toggleInset, useIdle } from "./controls";
import type { Player } from "./player";

export interface PlayerView {
  state: State;
  reason?: Reason;
}

interface PlayerFrameProps {
  player: Player;
  view: PlayerView;
  retry: () => void;
  names?: Record<string, string>;
  /** In place of the words while the stream is offline. */
  offline?: ComponentChildren;
  poster?: string | undefined;
  onHelp?: () => void;
}

/** PlayerFrame is the video with everything over it. */
export function PlayerFrame({ player, view, retry, names = {}, offline, poster, onHelp }: PlayerFrameProps) {
  const frame = useRef<HTMLElement>(null);
  const { idle, wake, doze, hold } = useIdle(player, frame);
  useVideo(player, frame);
  useKeys(player, frame, wake, onHelp);
  usePointer(player, frame, wake);

  const running = player.running.value;
  const shows = view.state === "live" || view.state === "reconnecting";
  const silent = player.muted.value;
  return (
    <section
      ref={frame}
      id="player"
      class="player"
      aria-label={t("player")}
      data-state={view.state}
      data-running={running ? "" : undefined}
      data-paused={player.paused.value ? "" : undefined}
      data-sound-only={running && player.soundOnly.value ? "" : undefined}
      data-behind={player.behind.value ? "" : undefined}
      data-idle={idle.value ? "" : undefined}
      style={{ "--ratio": Math.min(2.4, Math.max(0.5625, player.ratio.value)).toFixed(4) }}
      onPointerMove={wake}
      onPointerDown={wake}
      onFocusIn={wake}
      onPointerLeave={(event) => {
        if (event.pointerType === "mouse") doze();
      }}
    >
      <div class="video-place" />
      {poster && player.blocked.value && !running && <img class="poster" src={poster} alt="" />}
      <SoundOnly />
      <Cover view={view} retry={retry} offline={offline} />
      <div class="spinner" aria-hidden="true" />
      {player.blocked.value && shows && (
        <button id="big-play" class="big" type="button" aria-label={t("play")} onClick={() => player.toggle()}>
          <icons.Play />
        </button>
      )}
      {silent && !player.paused.value && (
        <Button id="unmute" class="pill unmute" icon={icons.Muted} onClick={() => unmute(player)}>
          {t("unmutePrompt")}
        </Button>
      )}
      <Controls player={player} frame={frame} names={names} onMenu={hold} />
    </section>
  );
}

function unmute(player: Player): void {
  player.toggleMuted();
  document.getElementById("mute")?.focus({ preventScroll: true }); // the prompt is about to go
}

function SoundOnly() {
  return (
    <div class="sound-only" aria-hidden="true">
      <svg viewBox="0 0 120 60">
        <path d="M10 30v0M20 24v12M30 16v28M40 22v16M50 10v40M60 4v52M70 12v36M80 22v16M90 15v30M100 25v10M110 30v0" />
      </svg>
      <span>{t("audioOnly")}</span>
    </div>
  );
}

function Cover({ view, retry, offline }: { view: PlayerView; retry: () => void; offline: ComponentChildren }) {
  const [title, text] = coverTexts(view);
  const hopeless = view.reason === "format" || view.reason === "unsupported";
  return (
    <div class="cover">
      {view.state === "offline" && offline ? (
        offline
      ) : (
        <>
          <svg class="art" viewBox="0 0 160 100" aria-hidden="true">
            <circle cx="80" cy="50" r="7" />
            <path d="M65.9 64.100a20 20 0 0 1 0-28.300M94.1 35.900a20 20 0 0 1 0 28.3" />
            <path d="M53.1 76.900a38 38 0 0 1 0-53.700M106.9 23.100a38 38 0 0 1 0 53.7" />
            <path d="M40.4 89.600a56 56 0 0 1 0-79.200M119.6 10.400a56 56 0 0 1 0 79.2" />
          </svg>
          <p id="cover-title">{title}</p>
          <p id="cover-text">{text}</p>
        </>
      )}
      {view.state === "error" && !hopeless && (
        <Button id="retry" class="pill" onClick={retry}>
          {t("retryNow")}
        </Button>
      )}
    </div>
  );
}

export function reasonTexts(reason: Reason): [title: string, text: string] {
  switch (reason) {
    case "server":
      return [t("serverTitle"), t("serverText")];
    case "playback":
      return [t("playbackTitle"), t("playbackText")];
    case "format":
      return [t("formatTitle"), t("formatText")];
    case "unsupported":
      return [t("unsupportedTitle"), t("unsupportedText")];
  }
}

function coverTexts({ state, reason }: PlayerView): [title: string, text: string] {
  switch (state) {
    case "offline":
      return [t("offlineTitle"), t("offlineText")];
    case "reconnecting":
      return [t("reconnectingTitle"), t("reconnectingText")];
    case "error":
      return reason ? reasonTexts(reason) : ["", ""];
    default:
      return ["", ""];
  }
}

// The video element belongs to the player and outlives what is rendered.
function useVideo(player: Player, frame: { current: HTMLElement | null }): void {
  useEffect(() => {
    player.video.setAttribute("aria-label", t("video"));
    frame.current?.querySelector(".video-place")?.append(player.video);
  }, [player]);
}

/** makeVideo makes the element that a Player plays in. */
export function makeVideo(): HTMLVideoElement {
  const video = document.createElement("video");
  video.id = "video";
  video.playsInline = true;
  video.muted = true;
  video.setAttribute("x-webkit-airplay", "allow");
  return video;
}

const typing = "input:not([type=range], [type=checkbox], [type=radio]), textarea, select, [contenteditable]";

// The keys work in the whole page, but not while somebody writes or a dialog or a menu is open.
function useKeys(player: Player, frame: { current: HTMLElement | null }, wake: () => void, onHelp?: () => void): void {
  const press = useMemo(() => keyboard(player, frame, onHelp), [player]);
  useEffect(() => {
    const onKey = (event: KeyboardEvent) => {
      if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return;
      const target = event.target instanceof Element ? event.target : null;
      if (target?.closest(`${typing}, dialog, [role=menu], [role=tablist], [data-own-keys]`)) return;
      wake();
      if (taken(event, target)) return;
      if (press(event)) event.preventDefault();
    };
    document.addEventListener("keydown", onKey);
    return () => document.removeEventListener("keydown", onKey);
  }, [press]);
}

// taken: the focused control wants this key for itself.
function taken(event: KeyboardEvent, target: Element | null): boolean {
  if (!target) return false;
  if (target.closest("input[type=range]")) return event.key.startsWith("Arrow") || event.key === "Home" || event.key === "End";
  return (event.key === " " || event.key === "Enter") && target.closest("button, a, input, summary") !== null;
}

function keyboard(player: Player, frame: { current: HTMLElement | null }, onHelp?: () => void): (event: KeyboardEvent) => boolean {
  const inPlayer = () => document.fullscreenElement !== null || (frame.current?.contains(document.activeElement) ?? false);
  const keys: Record<string, () => boolean | void> = {
    " ": () => player.toggle(),
    k: () => player.toggle(),
    m: () => player.toggleMuted(),
    l: () => (player.live.value ? player.goLive() : player.skip(10)),
    j: () => player.skip(-10),
    ArrowLeft: () => (player.seekable.value ? player.skip(-5) : false),
    ArrowRight: () => (player.seekable.value ? player.skip(5) : false),
    // Elsewhere they scroll.
    ArrowUp: () => (inPlayer() ? player.stepVolume(0.1) : false),
    ArrowDown: () => (inPlayer() ? player.stepVolume(-0.1) : false),
    Home: () => (inPlayer() && player.seekable.value ? player.seek(player.range.value!.start) : false),
    End: () => (inPlayer() && player.live.value ? player.goLive() : false),
    f: () => void toggleFullscreen(frame.current, player.video),
    i: () => void toggleInset(player.video),
    c: () => player.chooseCaption(player.caption.value >= 0 ? -1 : (player.captions.value[0]?.id ?? -1)),
  };
  return (event) => {
    if (event.key === "?" && onHelp) {
      onHelp();
      return true;
    }
    const action = player.active.value ? keys[event.key.length === 1 ? event.key.toLowerCase() : event.key] : undefined;
    return action !== undefined && action() !== false;
  };
}

function usePointer(player: Player, frame: { current: HTMLElement | null }, wake: () => void): void {
  useEffect(() => {
    const { video } = player;
    const stop = new AbortController();
    const on = { signal: stop.signal };
    // A finger asks for the controls; a mouse, which has them already, for a pause.
    let touched = false;
    video.addEventListener("pointerdown", (event) => (touched = event.pointerType !== "mouse"), on);
    video.addEventListener("click", () => (touched ? wake() : player.active.value && player.toggle()), on);
    video.addEventListener("dblclick", () => !touched && void toggleFullscreen(frame.current, video), on);
    return () => stop.abort();
  }, [player]);
}

/** useTitle says in the title of the window what is shown. */
export function useTitle(title: () => string): void {
  useSignalEffect(() => {
    document.title = title();
  });
}
