/** What api/status says, as far as this page uses it. */
export interface Status {
  phase: Phase;
  name: string;
  title: string;
  /** Changes with every broadcast; empty while there is none. */
  session: string;
  startedAt: Date | null;
  endedAt: Date | null;
  /** 0 if there are none, or the server does not tell. */
  viewers: number;
}

export type Phase = "offline" | "live" | "reconnecting";

/** parseStatus reads an answer of api/status; it throws on anything else. */
export function parseStatus(body: unknown): Status {
  if (typeof body !== "object" || body === null) throw new Error("status is not an object");
  const doc = body as Record<string, unknown>;
  if (typeof doc["online"] !== "boolean") throw new Error("status does not say online");
  const started = text(doc["lastConnectTime"]);
  return {
    phase: phase(doc["phase"], doc["online"]),
    name: text(doc["name"]),
    title: text(doc["streamTitle"]),
    session: doc["online"] ? started || "live" : "",
    startedAt: date(started),
    endedAt: date(text(doc["lastDisconnectTime"])),
    viewers: count(doc["viewerCount"]),
  };
}

function text(value: unknown): string {
  return typeof value === "string" ? value.trim() : "";
}

function count(value: unknown): number {
  return typeof value === "number" && value > 0 ? Math.floor(value) : 0;
}

function date(value: string): Date | null {
  const ms = Date.parse(value);
  return Number.isNaN(ms) ? null : new Date(ms);
}

// A server without "phase" is live or offline.
function phase(value: unknown, online: boolean): Phase {
  if (!online) return "offline";
  return value === "reconnecting" ? "reconnecting" : "live";
}

const every = { offline: 3000, live: 5000, reconnecting: 2000 };
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
  private timer = 0;
  private asking: AbortController | null = null;
  private failures = 0;
  private delay: number = every.offline;

  constructor(
    private readonly url: string,
    private readonly watcher: StatusWatcher,
  ) {}

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
    this.asking = new AbortController();
    const giveUp = setTimeout(() => this.asking?.abort(), patience);
    const sent = Date.now();
    try {
      const answer = await fetch(this.url, { cache: "no-store", signal: this.asking.signal });
      if (!answer.ok) throw new Error(`status ${answer.status}`);
      const body: unknown = await answer.json();
      this.compareClocks(body, sent);
      const status = parseStatus(body);
      this.failures = 0;
      this.delay = every[status.phase];
      this.watcher.status(status);
    } catch {
      this.failures++;
      this.delay = Math.min(maxBackoff, 1000 * 2 ** Math.min(this.failures, 6));
      this.watcher.failed(this.failures);
    } finally {
      clearTimeout(giveUp);
      this.asking = null;
      this.again();
    }
  }

  private again(): void {
    const spread = 0.85 + 0.3 * Math.random(); // a thousand pages shall not ask in step
    const factor = document.hidden ? hiddenFactor : 1;
    this.timer = setTimeout(() => this.poke(), this.delay * factor * spread);
  }

  private compareClocks(body: unknown, sent: number): void {
    const server = Date.parse(text((body as Record<string, unknown> | null)?.["serverTime"]));
    if (!Number.isNaN(server)) this.watcher.clock(server - (sent + Date.now()) / 2);
  }
}
