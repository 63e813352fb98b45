import "../styles/base.layer.css";
import "../styles/player.layer.css";
import "../styles/embed.css";
import { computed, signal } from "@preact/signals";
import { render } from "preact";
import { t } from "../i18n/viewer";
import { get } from "../lib/api";
import { media } from "../lib/base";
import { ready } from "../lib/i18n";
import { query } from "../lib/route";
import { dress } from "../lib/theme";
import type { Autoplay, Recording, WebConfig } from "../lib/types";
import { Broadcast } from "../player/broadcast";
import { Player } from "../player/player";
import { makeVideo, PlayerFrame, useTitle } from "../player/view";
import { serve } from "./messages";

// The player for the pages of others. The query may say
//   recording=ID   what to play in place of the live stream
//   autoplay=0     not to start by itself, or 1 to start whatever the settings say
//   muted=1        to begin without sound
const wanted = query.value;
const recordingId = wanted.get("recording") ?? "";

let setting: Autoplay = "always";
const player: Player = new Player(makeVideo(), {
  ended: () => {
    if (!recordingId) broadcast.ended();
  },
  autoplay: () => ({ 0: "off", 1: "always" })[wanted.get("autoplay") ?? ""] as Autoplay | undefined ?? setting,
});
const broadcast: Broadcast = new Broadcast(player);
if (wanted.get("muted") === "1") player.video.muted = true;

// There is no recording of that name.
const missing = signal(false);

const view = computed(() => {
  if (!recordingId) return broadcast.view.value;
  if (missing.value) return { state: "offline" as const };
  const failure = player.failure.value;
  return failure ? { state: "error" as const, reason: failure } : { state: player.active.value ? ("live" as const) : ("loading" as const) };
});

function App() {
  useTitle(() => broadcast.status.value?.name || t("defaultName"));
  return (
    <PlayerFrame
      player={player}
      view={view.value}
      retry={() => (recordingId ? player.retry() : broadcast.retry())}
      offline={missing.value ? <p id="cover-title">{t("recordingMissing")}</p> : undefined}
      poster={recordingId ? undefined : media("thumbnail.jpg")}
    />
  );
}

serve(
  {
    play: () => player.paused.value && player.toggle(),
    pause: () => player.paused.value || player.toggle(),
    mute: () => player.muted.value || player.toggleMuted(),
    unmute: () => player.muted.value && player.toggleMuted(),
    volume: (value) => typeof value === "number" && Number.isFinite(value) && player.setVolume(value),
    live: () => player.live.value && player.goLive(),
    seek: (value) => typeof value === "number" && Number.isFinite(value) && player.seek((player.range.value?.start ?? 0) + value),
  },
  () => ({
    phase: view.value.state,
    playing: player.running.value,
    paused: player.paused.value,
    muted: player.muted.value,
    volume: player.volume.value,
    name: broadcast.status.value?.name ?? "",
    title: broadcast.status.value?.streamTitle ?? "",
    position: Math.round(player.position.value - (player.range.value?.start ?? 0)),
    duration: player.range.value ? Math.round(player.range.value.end - player.range.value.start) : 0,
    delay: player.delay.value === null ? null : Math.round(player.delay.value),
  }),
);

async function start(): Promise<void> {
  try {
    const config = await get<WebConfig>("api/config");
    setting = config.nsfw ? "off" : config.autoplay;
    dress(config.appearanceVariables, config.customStyles);
  } catch {
    // It plays without.
  }
  if (!recordingId) return broadcast.start();
  try {
    const recording = await get<Recording>(`api/recordings/${encodeURIComponent(recordingId)}`);
    player.play({ key: `recording ${recording.id}`, url: media(recording.url), live: false });
  } catch {
    missing.value = true;
  }
  setInterval(() => player.tick(), 1000);
}

await ready();
render(<App />, document.getElementById("app")!);
await start();
