import { signal } from "@preact/signals";
import { base, withToken } from "../lib/base";
import type { Incoming, Outgoing } from "./types";

const firstWait = 1000;
const mostWait = 30_000;
const steadyAfter = 10_000; // an open connection of this age was a good one

export type Connection = "closed" | "connecting" | "open" | "waiting";

/** socketURL is where the chat is: on the host that the administrator has named, or here. Users of the site have no token. */
export function socketURL(override: string | undefined, token: string): string {
  const url = new URL("ws", base);
  url.protocol = url.protocol === "https:" ? "wss:" : "ws:";
  if (override) {
    const other = new URL(/^wss?:\/\//.test(override) ? override : `${url.protocol}//${override}`);
    url.protocol = other.protocol;
    url.host = other.host;
  }
  if (token) url.searchParams.set("accessToken", token);
  return withToken(url).href;
}

/** Socket keeps a WebSocket open until it is closed for good, and waits longer after each failure. */
export class Socket {
  readonly state = signal<Connection>("closed");
  private socket: WebSocket | null = null;
  private timer: ReturnType<typeof setTimeout> | undefined;
  private failures = 0;
  private url: (() => Promise<string>) | null = null;
  private generation = 0;
  private readonly hurry = () => {
    if (this.state.value === "waiting") this.connect();
  };

  constructor(private readonly watcher: { opened(): void; received(event: Incoming): void }) {}

  /** open connects to what url returns, and again whenever the connection is lost. */
  open(url: () => Promise<string>): void {
    this.close();
    this.url = url;
    this.failures = 0;
    window.addEventListener("online", this.hurry);
    document.addEventListener("visibilitychange", this.hurry);
    this.connect();
  }

  /** close closes it for good. */
  close(): void {
    this.url = null;
    this.generation++;
    clearTimeout(this.timer);
    window.removeEventListener("online", this.hurry);
    document.removeEventListener("visibilitychange", this.hurry);
    this.drop();
    this.state.value = "closed";
  }

  /** send returns whether there is a connection to send on. */
  send(message: Outgoing): boolean {
    if (this.socket?.readyState !== WebSocket.OPEN) return false;
    this.socket.send(JSON.stringify(message));
    return true;
  }

  private drop(): void {
    const { socket } = this;
    this.socket = null;
    if (!socket) return;
    socket.onopen = socket.onmessage = socket.onclose = null;
    socket.close();
  }

  private connect(): void {
    clearTimeout(this.timer);
    this.drop();
    const { url } = this;
    if (!url) return;
    this.state.value = "connecting";
    const generation = ++this.generation;
    url().then(
      (address) => {
        if (generation === this.generation) this.dial(address);
      },
      () => {
        if (generation === this.generation) this.lost();
      },
    );
  }

  private dial(address: string): void {
    const socket = new WebSocket(address);
    this.socket = socket;
    let openedAt = Infinity;
    socket.onopen = () => {
      openedAt = performance.now();
      this.watcher.opened();
      this.state.value = "open";
    };
    socket.onmessage = (event) => this.read(event.data);
    socket.onclose = () => {
      if (performance.now() - openedAt > steadyAfter) this.failures = 0;
      this.lost();
    };
  }

  // A frame may hold several documents, one a line.
  private read(data: unknown): void {
    if (typeof data !== "string") return;
    for (const line of data.split("\n")) {
      if (!line.trim()) continue;
      let event: unknown;
      try {
        event = JSON.parse(line);
      } catch {
        continue; // a newer server may say what we do not know
      }
      if (typeof event === "object" && event !== null && "type" in event) this.watcher.received(event as Incoming);
    }
  }

  private lost(): void {
    this.drop();
    if (!this.url) return;
    this.state.value = "waiting";
    const spread = 0.7 + 0.6 * Math.random(); // a thousand pages shall not come back in step
    const wait = Math.min(mostWait, firstWait * 2 ** this.failures++) * spread;
    this.timer = setTimeout(() => this.connect(), wait);
  }
}
