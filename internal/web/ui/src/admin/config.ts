import { signal } from "@preact/signals";
import { read, send } from "./api";
import type { Parts, ServerConfig } from "./types";

/** All settings; null until they were asked for. */
export const config = signal<ServerConfig | null>(null);

/** loadConfig asks for the settings. */
export async function loadConfig(): Promise<ServerConfig> {
  const loaded = await read<ServerConfig>("api/admin/serverconfig");
  if (JSON.stringify(loaded) !== JSON.stringify(config.value)) config.value = loaded;
  return config.value!;
}

/** set changes one setting; path is below api/admin/config/. */
export const set = (path: string, value: unknown) => send(`api/admin/config/${path}`, { value });

/** isFixed tells whether the program that runs the server has fixed a setting. */
export const isFixed = (field: string) => config.value?.readOnly.includes(field) ?? false;

/** has tells whether the server has a part. */
export const has = (part: keyof Parts) => config.value?.parts[part] ?? false;
