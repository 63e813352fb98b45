import { useSignal, useSignalEffect } from "@preact/signals";
import type { RefObject } from "preact";
import { useEffect, useRef } from "preact/hooks";
import { IconButton } from "../components/button";
import * as icons from "../components/icons";
import { MenuButton, type MenuGroup } from "../components/menu";
import { clock, number } from "../lib/format";
import { t } from "../i18n/viewer";
import type { Player } from "./player";
import { SeekBar } from "./seekbar";

interface ControlsProps {
  player: Player;
  frame: RefObject<HTMLElement | null>;
  /** Names of the renditions by their directory, such as {"0": "Source"}. */
  names: Record<string, string>;
  onMenu: (open: boolean) => void;
}

/** Controls are the buttons over the video. */
export function Controls({ player, frame, names, onMenu }: ControlsProps) {
  const paused = player.paused.value;
  return (
    <div class="controls" role="group" aria-label={t("controls")}>
      {player.seekable.value && <SeekBar player={player} />}
      <div class="controls-row">
        <IconButton id="play" label={paused ? t("play") : t("pause")} icon={paused ? icons.Play : icons.Pause} onClick={() => player.toggle()} />
        {player.seekable.value && (
          <>
            <IconButton class="skip" label={t("back10")} icon={icons.Back10} onClick={() => player.skip(-10)} />
            <IconButton class="skip" label={t("forward10")} icon={icons.Forward10} onClick={() => player.skip(10)} />
          </>
        )}
        <Sound player={player} />
        {player.live.value ? <LiveState player={player} /> : <Times player={player} />}
        <span class="gap" />
        <CaptionsButton player={player} />
        <MenuButton id="player-settings" label={t("settings")} icon={icons.Gear} groups={() => settings(player, names)} up floating onToggle={onMenu} />
        <Elsewhere player={player} frame={frame} />
      </div>
    </div>
  );
}

function Sound({ player }: { player: Player }) {
  const silent = player.muted.value;
  const shown = silent ? 0 : player.volume.value;
  const icon = silent ? icons.Muted : shown < 0.5 ? icons.Quiet : icons.Loud;
  return (
    <div class="sound">
      <IconButton id="mute" label={silent ? t("unmute") : t("mute")} icon={icon} onClick={() => player.toggleMuted()} />
      <input
        id="volume"
        type="range"
        min="0"
        max="1"
        step="0.05"
        value={shown}
        style={{ "--filled": shown }}
        aria-label={t("volume")}
        aria-valuetext={t("percent", { n: Math.round(shown * 100) })}
        onInput={(event) => player.setVolume(Number(event.currentTarget.value))}
      />
    </div>
  );
}

function LiveState({ player }: { player: Player }) {
  const delay = player.delay.value;
  const behind = player.behind.value;
  return (
    <>
      <button id="go-live" type="button" class="go-live" disabled={!behind} onClick={() => player.goLive()}>
        <span class="dot" aria-hidden="true" />
        {behind ? t("goLive") : t("atLive")}
      </button>
      <span id="latency" class="latency" title={t("delayHint")}>
        {delay !== null && player.running.value && t("delay", { seconds: delay < 60 ? number(delay, { maximumFractionDigits: delay < 9.95 ? 1 : 0, minimumFractionDigits: delay < 9.95 ? 1 : 0 }) : clock(delay) })}
      </span>
    </>
  );
}

function Times({ player }: { player: Player }) {
  const range = player.range.value;
  if (!range) return null;
  return (
    <span class="times">
      {clock(player.position.value - range.start)} / {clock(range.end - range.start)}
    </span>
  );
}

function CaptionsButton({ player }: { player: Player }) {
  const tracks = player.captions.value;
  if (tracks.length === 0) return null;
  const shown = player.caption.value;
  const next = shown >= 0 ? -1 : tracks[0]!.id;
  return (
    <IconButton
      id="captions"
      class={shown >= 0 ? "on" : ""}
      label={t("captions")}
      icon={icons.Captions}
      aria-pressed={shown >= 0}
      onClick={() => player.chooseCaption(next)}
    />
  );
}

// settings is what the gear offers: only what there is a choice in.
function settings(player: Player, names: Record<string, string>): MenuGroup[] {
  const groups: MenuGroup[] = [];
  const qualities = player.qualities.value;
  const name = (id: number) => {
    const quality = qualities.find((q) => q.id === id);
    if (!quality) return "";
    const height = quality.height ? `${quality.height}p${quality.frameRate > 40 ? Math.round(quality.frameRate) : ""}` : "";
    const given = names[quality.rendition] ?? "";
    return given && given !== height && qualities.filter((q) => q.height === quality.height).length > 1 ? `${height} ${given}`.trim() : height || given;
  };
  if (qualities.length > 1) {
    const chosen = player.chosenQuality.value;
    const now = name(player.quality.value);
    groups.push({
      label: t("quality"),
      items: [
        { label: chosen < 0 && now ? t("autoNow", { quality: now }) : t("auto"), checked: chosen < 0, select: () => player.chooseQuality(-1) },
        ...[...qualities]
          .sort((a, b) => b.height - a.height || b.bitrate - a.bitrate)
          .map((q) => ({
            label: name(q.id),
            hint: q.bitrate ? `${number(q.bitrate / 1e6, { maximumFractionDigits: 1 })} Mbit/s` : "",
            checked: chosen === q.id,
            select: () => player.chooseQuality(q.id),
          })),
      ],
    });
  }
  if (player.captions.value.length > 1) {
    groups.push({
      label: t("captions"),
      items: [
        { label: t("captionsOff"), checked: player.caption.value < 0, select: () => player.chooseCaption(-1) },
        ...player.captions.value.map((track, index) => ({
          label: track.label || track.language || t("captionsTrack", { n: index + 1 }),
          checked: player.caption.value === track.id,
          select: () => player.chooseCaption(track.id),
        })),
      ],
    });
  }
  if (player.live.value) {
    groups.push({
      label: t("latency"),
      items: [
        { label: t("latencyLow"), checked: player.wantedDelay.value === "low", select: () => player.chooseDelay("low") },
        { label: t("latencySmooth"), checked: player.wantedDelay.value === "smooth", select: () => player.chooseDelay("smooth") },
      ],
    });
  } else {
    groups.push({
      label: t("speed"),
      items: [0.5, 0.75, 1, 1.25, 1.5, 2].map((rate) => ({
        label: rate === 1 ? t("normalSpeed") : `${number(rate)}×`,
        checked: player.rate.value === rate,
        select: () => player.chooseRate(rate),
      })),
    });
  }
  return groups;
}

// What phones with an older Safari have instead of full screen for elements,
// and all of them for playing on other devices.
type AppleVideo = HTMLVideoElement & { webkitEnterFullscreen?: () => void; webkitShowPlaybackTargetPicker?: () => void };

/** Elsewhere shows the video in another place than in the page. */
function Elsewhere({ player, frame }: { player: Player; frame: RefObject<HTMLElement | null> }) {
  const video = player.video as AppleVideo;
  const inset = useSignal(false);
  const full = useSignal(false);
  useEffect(() => {
    const look = () => {
      inset.value = document.pictureInPictureElement === video;
      full.value = document.fullscreenElement !== null && document.fullscreenElement === frame.current;
    };
    const events = ["enterpictureinpicture", "leavepictureinpicture"];
    for (const event of events) video.addEventListener(event, look);
    document.addEventListener("fullscreenchange", look);
    return () => {
      for (const event of events) video.removeEventListener(event, look);
      document.removeEventListener("fullscreenchange", look);
    };
  }, [video]);
  return (
    <>
      {player.airplay.value && <IconButton id="airplay" label={t("airplay")} icon={icons.Cast} onClick={() => video.webkitShowPlaybackTargetPicker?.()} />}
      {document.pictureInPictureEnabled && (
        <IconButton id="pip" label={inset.value ? t("exitPictureInPicture") : t("pictureInPicture")} icon={icons.Inset} onClick={() => void toggleInset(video)} />
      )}
      {canFill(video) && (
        <IconButton
          id="fullscreen"
          label={full.value ? t("exitFullscreen") : t("fullscreen")}
          icon={full.value ? icons.Shrink : icons.Grow}
          onClick={() => void toggleFullscreen(frame.current, video)}
        />
      )}
    </>
  );
}

const canFill = (video: AppleVideo) => document.fullscreenEnabled || video.webkitEnterFullscreen !== undefined;

/** toggleFullscreen fills the screen with the player, or no longer. */
export async function toggleFullscreen(frame: HTMLElement | null, video: HTMLVideoElement): Promise<void> {
  try {
    if (document.fullscreenElement) await document.exitFullscreen();
    else if (document.fullscreenEnabled) await frame?.requestFullscreen();
    else (video as AppleVideo).webkitEnterFullscreen?.();
  } catch {
    // The browser said no; the page stays as it is.
  }
}

/** toggleInset takes the video out of the page into a small window, or back. */
export async function toggleInset(video: HTMLVideoElement): Promise<void> {
  try {
    if (document.pictureInPictureElement) await document.exitPictureInPicture();
    else await video.requestPictureInPicture();
  } catch {
    // The browser said no; the page stays as it is.
  }
}

/** useIdle hides the controls while nobody moves, and returns what wakes them. */
export function useIdle(player: Player, frame: RefObject<HTMLElement | null>) {
  const idle = useSignal(false);
  const held = useRef(false); // a menu is open
  const timer = useRef<ReturnType<typeof setTimeout> | undefined>(undefined);
  const doze = () => {
    if (player.paused.value || held.current || frame.current?.querySelector(":focus-visible")) return;
    idle.value = true;
  };
  const wake = () => {
    idle.value = false;
    clearTimeout(timer.current);
    timer.current = setTimeout(doze, 3000);
  };
  useSignalEffect(() => {
    if (player.paused.value) wake();
  });
  useEffect(() => () => clearTimeout(timer.current), []);
  return {
    idle,
    wake,
    doze,
    hold(open: boolean) {
      held.current = open;
      wake();
    },
  };
}

