import { computed, effect, signal, untracked } from "@preact/signals";
import { get } from "../lib/api";
import { at } from "../lib/base";
import { media } from "../lib/media";
import { path } from "../lib/route";
import { recall, remember } from "../lib/store";
import { dress } from "../lib/theme";
import type { Recording, VideoVariant, WebConfig } from "../lib/types";
import { Broadcast } from "../player/broadcast";
import { Player } from "../player/player";
import { makeVideo } from "../player/view";

/** What the administrator has set; null before it is known. */
export const config = signal<WebConfig | null>(null);

/** Whether the viewer has agreed to see what is not for everybody. */
export const consented = signal(recall("consent") === true);
export const mustAsk = computed(() => config.value?.nsfw === true && !consented.value);

/** consent is the viewer's word that it may be shown. */
export function consent(): void {
  consented.value = true;
  remember("consent", true);
  if (player.blocked.value) player.toggle();
}

const refreshEvery = 60_000;

export const player: Player = new Player(makeVideo(), {
  ended: () => {
    if (player.live.value) broadcast.ended();
  },
  autoplay: () => (mustAsk.value ? "off" : (config.value?.autoplay ?? "always")),
});

export const broadcast: Broadcast = new Broadcast(player);
export const status = broadcast.status;

/** The name of the channel, and the title of what is streamed. */
export const name = computed(() => status.value?.name.trim() || config.value?.name || "");
export const title = computed(() => status.value?.streamTitle?.trim() ?? "");

/** The recording that the address names, if it does; undefined while it is looked for, null if there is none. */
export const recordingId = computed(() => /^recordings\/([^/]+)$/.exec(path.value)?.[1] ?? "");
export const recording = signal<Recording | null | undefined>(undefined);
/** The event that the address names. */
export const eventId = computed(() => /^schedule\/([^/]+)$/.exec(path.value)?.[1] ?? "");

/** What the player shows: the broadcast, or a recording. */
export const view = computed(() => {
  if (!recordingId.value) return broadcast.view.value;
  const failure = player.failure.value;
  if (failure && (failure !== "playback" || player.attempts.value > 2)) return { state: "error" as const, reason: failure };
  return { state: recording.value === null ? ("offline" as const) : player.active.value ? ("live" as const) : ("loading" as const) };
});

/** Names of the renditions by their directory. */
export const variants = signal<Record<string, string>>({});

effect(() => {
  if (status.value?.phase !== "live" || recordingId.value) return;
  get<VideoVariant[]>("api/video/variants").then(
    (list) => (variants.value = Object.fromEntries(list.map((v) => [String(v.index), v.name]))),
    () => {}, // heights will do
  );
});

effect(() => {
  const id = recordingId.value;
  untracked(() => show(id));
});

function show(id: string): void {
  broadcast.suspended = id !== "";
  if (!id) return broadcast.resume();
  recording.value = undefined;
  player.stop();
  get<Recording>(`api/recordings/${id}`).then(
    (found) => {
      if (recordingId.value !== id) return;
      recording.value = found;
      player.play({ key: `recording ${id}`, url: at(found.url), live: false });
    },
    () => {
      if (recordingId.value === id) recording.value = null;
    },
  );
}

/** Chat stands beside the video where there is room. */
export const wide = media("(min-width: 62rem)");
export const chatShown = signal(recall("chat") !== false);

/** showChat shows the chat beside the video, or hides it, and remembers that. */
export function showChat(shown: boolean): void {
  chatShown.value = shown;
  remember("chat", shown);
}

const closed = recall("chat-closed") === true; // the last time

/** Whether the channel has a chat; before that is known, what is likely, so that nothing moves when it is. */
export const hasChat = computed(() => (config.value ? !config.value.chatDisabled : !closed));

/** refreshConfig asks for the configuration. */
export async function refreshConfig(): Promise<void> {
  try {
    const next = await get<WebConfig>("api/config");
    if (JSON.stringify(next) === JSON.stringify(config.value)) return;
    config.value = next;
    remember("chat-closed", next.chatDisabled || null);
    dress(next.appearanceVariables ?? {}, next.customStyles ?? "");
  } catch {
    // What is there is good enough until the server answers.
  }
}

/** start asks for what the page shows, and goes on asking. */
export async function start(): Promise<void> {
  await refreshConfig();
  broadcast.start();
  const refresh = () => {
    if (!document.hidden) void refreshConfig();
  };
  setInterval(refresh, refreshEvery);
  document.addEventListener("visibilitychange", refresh);
}
