import { batch, computed, signal } from "@preact/signals";
import { media } from "../lib/base";
import { StatusPoller } from "../lib/poller";
import type { Status } from "../lib/types";
import type { Failure } from "./engine";
import type { Player } from "./player";
import { Reporter } from "./report";

const drainFor = 10_000; // what is buffered when a broadcast ends may still be seen
const believeEnd = 15_000; // that a playlist with an end is the end
const serverLost = 3; // answers missing in a row
const playbackLost = 3; // failures in a row

export type State = "loading" | "offline" | "live" | "reconnecting" | "error";

/** Why the state is "error". */
export type Reason = "server" | Failure;

/** A Broadcast lets the status of the server drive a player. */
export class Broadcast {
  readonly status = signal<Status | null>(null);
  readonly failures = signal(0);
  private readonly draining = signal(false);
  private readonly over = signal(""); // the broadcast that was just seen to its end
  private readonly poller: StatusPoller;
  private readonly reporter: Reporter;
  /** Whether the player shows something else meanwhile. */
  suspended = false;
  private drained: ReturnType<typeof setTimeout> | undefined;
  private believed: ReturnType<typeof setTimeout> | undefined;

  /** What the page shows, and why if it is an error. */
  readonly view = computed<{ state: State; reason?: Reason }>(() => {
    const { player } = this;
    const status = this.status.value;
    const failure = player.failure.value;
    if (failure === "format" || failure === "unsupported") return { state: "error", reason: failure };
    if (this.failures.value >= serverLost && !player.running.value) return { state: "error", reason: "server" };
    if (!status) return { state: "loading" };
    if (status.phase === "offline" || session(status) === this.over.value) return { state: this.draining.value ? "live" : "offline" };
    if (status.phase === "live" && failure === "playback" && player.attempts.value >= playbackLost) {
      return { state: "error", reason: "playback" };
    }
    return { state: status.phase };
  });

  constructor(readonly player: Player) {
    this.reporter = new Reporter(player, "api/metrics/cmcd");
    this.poller = new StatusPoller({
      status: (status) => this.take(status),
      clock: (aheadMs) => player.clock(aheadMs),
      failed: (times) => (this.failures.value = times),
    });
  }

  start(): void {
    this.poller.start();
    setInterval(() => {
      this.player.tick();
      this.reporter.tick();
    }, 1000);
    if ("MediaSource" in window) void import("./hls-engine").catch(() => {}); // so that it is here when the stream begins
  }

  /** ended is for the player to say that the playlist has ended. */
  ended(): void {
    // The status may not know yet; if it insists, there is something to play after all.
    this.over.value = session(this.status.value);
    clearTimeout(this.believed);
    this.believed = setTimeout(() => {
      this.over.value = "";
      if (this.status.value) this.take(this.status.value);
    }, believeEnd);
    this.player.stop();
    this.stopDraining();
    setTimeout(() => this.poller.poke(), 500); // the status may be a moment behind the playlist
  }

  /** retry asks for the status and loads the stream again, now. */
  retry(): void {
    this.poller.poke();
    this.player.retry();
  }

  /** resume shows the broadcast again, if there is one. */
  resume(): void {
    this.suspended = false;
    if (!this.player.live.peek()) this.player.stop();
    const status = this.status.peek();
    if (status) this.take(status);
  }

  /** poke asks for the status now. */
  poke(): void {
    this.poller.poke();
  }

  private take(status: Status): void {
    batch(() => {
      this.status.value = status;
      this.failures.value = 0;
    });
    if (this.suspended) return;
    if (status.phase !== "offline") {
      this.stopDraining();
      const key = session(status);
      if (key !== this.over.peek()) this.player.play({ key, url: media("hls/stream.m3u8"), live: true });
    } else if (this.player.active.peek() && this.player.live.peek()) {
      this.drain();
    }
  }

  // drain lets the viewer see the end of a broadcast before the page says it is over.
  private drain(): void {
    if (this.drained) return;
    if (!this.player.running.value) return this.player.stop();
    this.draining.value = true;
    this.drained = setTimeout(() => {
      this.player.stop();
      this.stopDraining();
    }, drainFor);
  }

  private stopDraining(): void {
    clearTimeout(this.drained);
    this.drained = undefined;
    this.draining.value = false;
  }
}

function session(status: Status | null): string {
  return status?.online ? status.lastConnectTime || "live" : "none";
}
