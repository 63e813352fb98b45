import { signal } from "@preact/signals";
import { read } from "./api";
import type { AdminStatus } from "./types";

/** What the stream is doing; null until it was asked for. */
export const live = signal<AdminStatus | null>(null);

/** look asks what the stream is doing. */
export async function look(): Promise<void> {
  try {
    live.value = await read<AdminStatus>("api/admin/status");
  } catch {
    // The next time it may answer; meanwhile the page says so.
  }
}

/** watchLive asks again and again, until the returned function is called. */
export function watchLive(): () => void {
  void look();
  const timer = setInterval(() => document.hidden || void look(), 5000);
  const back = () => document.hidden || void look();
  document.addEventListener("visibilitychange", back);
  return () => {
    clearInterval(timer);
    document.removeEventListener("visibilitychange", back);
  };
}
