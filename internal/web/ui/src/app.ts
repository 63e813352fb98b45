import { Controls } from "./controls";
import { el } from "./dom";
import { Page, type View } from "./page";
import { Player } from "./player";
import { Reporter } from "./report";
import { StatusPoller, type Status } from "./status";

const drainFor = 10_000; // what is buffered when a broadcast ends may still be seen
const believeEnd = 15_000; // that a playlist with an end is the end
const serverLost = 3; // answers missing in a row
const playbackLost = 3; // failures in a row

/** App lets the status of the server drive the player, and shows both. */
export class App {
  private readonly player: Player;
  private readonly controls: Controls;
  private readonly page: Page;
  private readonly poller: StatusPoller;
  private readonly reporter: Reporter;
  private status: Status | null = null;
  private failures = 0;
  private drained = 0; // timer; 0 while nothing drains
  private ended = { session: "", at: -Infinity };

  constructor() {
    this.player = new Player(el<HTMLVideoElement>("video"), "hls/stream.m3u8", {
      changed: () => this.render(),
      ended: () => this.playlistEnded(),
    });
    this.controls = new Controls(this.player);
    this.reporter = new Reporter(this.player, "api/metrics/cmcd");
    this.page = new Page(() => this.retry());
    this.poller = new StatusPoller("api/status", {
      status: (status) => this.take(status),
      clock: (aheadMs) => this.player.clock(aheadMs),
      failed: (times) => this.serverFailed(times),
    });
  }

  start(): void {
    this.poller.start();
    setInterval(() => {
      this.player.tick();
      this.reporter.tick();
      this.render();
    }, 1000);
    this.render();
    void import("./hls-engine").catch(() => {}); // so that it is here when the stream begins
  }

  private take(status: Status): void {
    this.status = status;
    this.failures = 0;
    if (status.phase !== "offline") {
      this.stopDraining();
      if (!this.over(status.session)) this.player.play(status.session);
    } else if (this.player.active) {
      this.drain();
    }
    this.render();
  }

  // over tells whether this broadcast was just seen to its end. The status may
  // not know yet; if it insists, there is something to play after all.
  private over(session: string): boolean {
    return session === this.ended.session && performance.now() - this.ended.at < believeEnd;
  }

  private serverFailed(times: number): void {
    this.failures = times;
    this.render();
  }

  private playlistEnded(): void {
    this.ended = { session: this.status?.session ?? "", at: performance.now() };
    this.player.stop();
    this.stopDraining();
    setTimeout(() => this.poller.poke(), 500); // the status may be a moment behind the playlist
    this.render();
  }

  // drain lets the viewer see the end of a broadcast before the page says it is over.
  private drain(): void {
    if (this.drained) return;
    if (!this.player.running) return this.player.stop();
    this.drained = setTimeout(() => {
      this.player.stop();
      this.stopDraining();
      this.render();
    }, drainFor);
  }

  private stopDraining(): void {
    clearTimeout(this.drained);
    this.drained = 0;
  }

  private retry(): void {
    this.poller.poke();
    this.player.retry();
  }

  private render(): void {
    this.page.render(this.view());
    this.controls.render();
  }

  private view(): View {
    const { player, status } = this;
    const base = {
      status,
      running: player.running,
      paused: player.video.paused,
      soundOnly: player.running && player.soundOnly,
    };
    if (player.failure === "format" || player.failure === "unsupported") {
      return { ...base, state: "error", reason: player.failure };
    }
    const lost = this.failures >= serverLost && !player.running;
    if (lost) return { ...base, state: "error", reason: "server" };
    if (!status) return { ...base, state: "loading" };
    if (status.phase === "offline" || this.over(status.session)) {
      return { ...base, state: this.drained ? "live" : "offline" };
    }
    if (status.phase === "live" && player.failure === "playback" && player.attempts >= playbackLost) {
      return { ...base, state: "error", reason: "playback" };
    }
    return { ...base, state: status.phase };
  }
}
