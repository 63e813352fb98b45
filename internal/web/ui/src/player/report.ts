import { url } from "../lib/api";
import type { Player } from "./player";
import { sid } from "./sid";

const every = 20_000;

/**
 * Reporter tells the server now and then how it plays, in the words of Common
 * Media Client Data (CTA-5004): the administrator sees it, and nobody else.
 */
export class Reporter {
  private readonly player: Player;
  private readonly url: string;
  private sent = performance.now();
  private number = 0;
  private stalls = 0;
  private failures = 0;

  constructor(player: Player, url: string) {
    this.player = player;
    this.url = url;
  }

  /** tick is called about once a second. */
  tick(): void {
    const now = performance.now();
    if (now - this.sent < every) return;
    this.sent = now;
    const measures = this.player.measures;
    if (measures) void this.send(measures);
  }

  private async send({ throughput, bitrate, stalls }: NonNullable<Player["measures"]>): Promise<void> {
    const { player } = this;
    const failed = player.failures > this.failures;
    const starved = stalls > this.stalls;
    this.failures = player.failures;
    this.stalls = stalls;
    const delay = player.delay.value;
    const report = {
      v: 2,
      sid,
      sn: ++this.number,
      ts: Date.now(),
      e: failed ? "e" : "t",
      sta: player.video.paused ? "a" : player.running.value ? "p" : "w",
      ...(starved && { bs: true }),
      ...(delay !== null && { ltc: Math.round(delay * 1000) }),
      ...(throughput && { mtp: Math.round(throughput / 1000) }),
      ...(bitrate && { br: Math.round(bitrate / 1000) }),
    };
    try {
      await fetch(url(this.url), { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(report) });
    } catch {
      // The next one may arrive.
    }
  }
}
