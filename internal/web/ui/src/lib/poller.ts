import { get } from "./api";
import type { Phase, Status } from "./types";

const every: Record<Phase, number> = { offline: 3000, live: 5000, reconnecting: 2000 };
const hiddenFactor = 4;
const patience = 8000;
const maxBackoff = 30000;

export interface StatusWatcher {
  status(s: Status): void;
  /** The clock of the server is ahead of ours by this, give or take a round trip. */
  clock(aheadMs: number): void;
  /** The server has not answered this many times in a row. */
  failed(times: number): void;
}

/** StatusPoller asks for the status again and again, less often while nobody looks or nothing answers. */
export class StatusPoller {
  private timer: ReturnType<typeof setTimeout> | undefined;
  private asking = false;
  private failures = 0;
  private delay = every.offline;

  constructor(private readonly watcher: StatusWatcher) {}

  start(): void {
    document.addEventListener("visibilitychange", () => {
      if (!document.hidden) this.poke();
    });
    window.addEventListener("online", () => this.poke());
    this.poke();
  }

  /** poke asks now. */
  poke(): void {
    if (this.asking) return;
    clearTimeout(this.timer);
    void this.ask();
  }

  private async ask(): Promise<void> {
    this.asking = true;
    const sent = Date.now();
    try {
      const status = check(await get<Status>("api/status", {}, { timeout: patience }));
      this.compareClocks(status, sent);
      this.failures = 0;
      this.delay = every[status.phase];
      this.watcher.status(status);
    } catch {
      this.failures++;
      this.delay = Math.min(maxBackoff, 1000 * 2 ** Math.min(this.failures, 6));
      this.watcher.failed(this.failures);
    } finally {
      this.asking = false;
      this.again();
    }
  }

  private again(): void {
    const spread = 0.85 + 0.3 * Math.random(); // a thousand pages shall not ask in step
    const factor = document.hidden ? hiddenFactor : 1;
    this.timer = setTimeout(() => this.poke(), this.delay * factor * spread);
  }

  private compareClocks(status: Status, sent: number): void {
    const server = Date.parse(status.serverTime);
    if (!Number.isNaN(server)) this.watcher.clock(server - (sent + Date.now()) / 2);
  }
}

// check makes sure that what answered is the status, and not a page that a
// network puts in front of everything. A server without phases has two.
function check(body: unknown): Status {
  const status = body as Status | null;
  if (typeof status !== "object" || status === null || typeof status.online !== "boolean") throw new Error("that is no status");
  const phase = !status.online ? "offline" : status.phase === "reconnecting" ? "reconnecting" : "live";
  return { ...status, phase };
}
