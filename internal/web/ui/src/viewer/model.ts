import { computed, signal } from "@preact/signals";
import { get } from "../lib/api";
import { dress } from "../lib/theme";
import type { WebConfig } from "../lib/types";
import { Broadcast } from "../player/broadcast";
import { Player } from "../player/player";
import { makeVideo } from "../player/view";

/** What the administrator has set; null before it is known. */
export const config = signal<WebConfig | null>(null);

const refreshEvery = 60_000;

export const player: Player = new Player(makeVideo(), {
  ended: () => broadcast.ended(),
  autoplay: () => config.value?.autoplay ?? "always",
});

export const broadcast: Broadcast = new Broadcast(player);

export const status = broadcast.status;
export const view = broadcast.view;

/** The name of the channel, and the title of what is streamed. */
export const name = computed(() => status.value?.name.trim() || config.value?.name || "");
export const title = computed(() => status.value?.streamTitle?.trim() ?? "");

async function fetchConfig(): Promise<void> {
  try {
    const next = await get<WebConfig>("api/config");
    if (JSON.stringify(next) === JSON.stringify(config.value)) return;
    config.value = next;
    dress(next.appearanceVariables ?? {}, next.customStyles ?? "");
  } catch {
    // What is there is good enough until the server answers.
  }
}

/** start asks for what the page shows, and goes on asking. */
export async function start(): Promise<void> {
  await fetchConfig();
  broadcast.start();
  setInterval(() => {
    if (!document.hidden) void fetchConfig();
  }, refreshEvery);
}

/** refreshConfig asks for the configuration now. */
export const refreshConfig = fetchConfig;
