import { batch, computed, signal } from "@preact/signals";
import { get, post } from "../lib/api";
import type { ChatUser, WebConfig } from "../lib/types";
import { Socket, socketURL } from "./socket";
import { isModerator, type ChatEvent, type Incoming, type Outgoing, type Row } from "./types";
import { asUser, ensureUser, expectSiteUsers, forget, keep, user } from "./user";

const mostRows = 10_000;
const dropAtOnce = 500; // so that the list does not change at both ends with every message
const mostKnown = 500; // names to complete
const flushEvery = 100; // ms, while the page is hidden and has no frames

/**
 * Room is what is said in the chat. Events are gathered and shown once a
 * frame, however many come.
 */
export class Room {
  /** What is shown; a new array with every change. */
  readonly rows = signal<readonly Row[]>([]);
  readonly self = signal<ChatUser | null>(null);
  readonly banned = signal(false);
  /** The server has let this user in on the connection there is now, and takes messages. */
  readonly accepted = computed(() => this.connection.value === "open" && this.greeted.value);
  /** How many take part; null while unknown. */
  readonly present = signal<number | null>(null);
  readonly moderator = computed(() => isModerator(this.self.value));
  readonly connection: Socket["state"];
  private readonly greeted = signal(false);
  /** Those who were heard of, the last first, for completing names. */
  readonly known = new Map<string, ChatUser>();
  /** When this user has sent a message the last time, for slow mode. */
  readonly sentAt = signal(0);
  /** What is written and not sent; it outlives the field that it is in. */
  readonly draft = signal("");

  private readonly socket: Socket;
  private pending: ChatEvent[] = [];
  private scheduled = false;
  private readonly ids = new Set<string>();
  private config: WebConfig | null = null;

  constructor() {
    this.socket = new Socket({ opened: () => this.opened(), received: (event) => this.receive(event) });
    this.connection = this.socket.state;
  }

  /** enter connects, and stays until leave. */
  enter(config: WebConfig): void {
    this.config = config;
    expectSiteUsers(config.authentication.siteUsers);
    if (this.connection.value !== "closed" || this.banned.value) return;
    this.socket.open(async () => socketURL(this.config?.socketHostOverride, (await ensureUser()).accessToken));
  }

  leave(): void {
    this.socket.close();
  }

  /** say sends a message, and returns whether that was possible. */
  say(body: string): boolean {
    const sent = this.send({ type: "CHAT", body });
    if (sent) this.sentAt.value = Date.now();
    return sent;
  }

  send(message: Outgoing): boolean {
    return this.socket.send(message);
  }

  /** setVisible hides messages, or shows them again, for everybody. */
  async setVisible(ids: string[], visible: boolean): Promise<void> {
    await asUser((accessToken) => post("api/chat/messagevisibility", { idArray: ids, visible }, { query: { accessToken } }));
  }

  /** setEnabled bans somebody, or lets them in again. */
  async setEnabled(userId: string, enabled: boolean): Promise<void> {
    await asUser((accessToken) => post("api/chat/users/setenabled", { userId, enabled }, { query: { accessToken } }));
  }

  /** timeOut keeps somebody from talking for a while. */
  async timeOut(userId: string, seconds: number): Promise<void> {
    await asUser((accessToken) => post("api/chat/users/timeout", { userId, seconds }, { query: { accessToken } }));
  }

  // A connection is open before the server has said whether it knows the user.
  private opened(): void {
    this.greeted.value = false;
    void this.loadHistory();
  }

  private async loadHistory(): Promise<void> {
    try {
      const list = await asUser((accessToken) => get<ChatEvent[]>("api/chat", { accessToken }));
      this.merge(list);
    } catch {
      // What comes from now on is shown all the same.
    }
  }

  private receive(event: Incoming): void {
    switch (event.type) {
      case "CONNECTED_USER_INFO":
        batch(() => {
          this.self.value = event.user;
          this.greeted.value = true;
          this.banned.value = false;
        });
        if (user.value) keep({ ...user.value, id: event.user.id, displayName: event.user.displayName });
        return;
      case "VISIBILITY-UPDATE":
        return this.hide(new Set(event.ids ?? []), !event.visible);
      case "PRESENCE":
        this.present.value = event.count;
        return;
      case "ERROR_NEEDS_REGISTRATION":
        forget(); // the socket comes back as somebody new
        return;
      case "ERROR_USER_DISABLED":
        this.banned.value = true;
        this.socket.close();
        return;
      case "CHAT":
      case "SYSTEM":
      case "CHAT_ACTION":
      case "USER_JOINED":
      case "USER_PARTED":
      case "NAME_CHANGE":
      case "FEDIVERSE_ENGAGEMENT_FOLLOW":
      case "FEDIVERSE_ENGAGEMENT_LIKE":
      case "FEDIVERSE_ENGAGEMENT_REPOST":
        this.pending.push(event);
        this.schedule();
    }
  }

  private schedule(): void {
    if (this.scheduled) return;
    this.scheduled = true;
    const flush = () => {
      this.scheduled = false;
      const events = this.pending;
      this.pending = [];
      this.append(events);
    };
    if (document.hidden) setTimeout(flush, flushEvery);
    else requestAnimationFrame(flush);
  }

  private append(events: ChatEvent[]): void {
    const rows = [...this.rows.peek()];
    for (const event of events) {
      this.learn(event);
      if (this.ids.has(event.id)) continue;
      const last = rows.at(-1);
      if (last && coalesces(last.event, event)) {
        rows[rows.length - 1] = { ...last, event, others: last.others + 1 };
        continue;
      }
      this.ids.add(event.id);
      rows.push(newRow(event));
    }
    this.rows.value = this.bound(rows);
  }

  // merge puts the history among what is there, in order.
  private merge(history: ChatEvent[]): void {
    const added = history.filter((event) => event && typeof event.id === "string" && !this.ids.has(event.id));
    if (added.length === 0) return;
    for (const event of added) {
      this.learn(event);
      this.ids.add(event.id);
    }
    const rows = [...this.rows.peek(), ...added.map(newRow)].sort((a, b) => a.at - b.at);
    this.rows.value = this.bound(rows);
  }

  private bound(rows: Row[]): Row[] {
    if (rows.length <= mostRows + dropAtOnce) return rows;
    for (const row of rows.splice(0, rows.length - mostRows)) this.ids.delete(row.id);
    return rows;
  }

  private hide(ids: Set<string>, hidden: boolean): void {
    this.rows.value = this.rows.peek().map((row) => (ids.has(row.id) ? { ...row, hidden } : row));
  }

  // learn remembers who there is. Somebody who has not changed is one object
  // in all messages: ten thousand of them are mostly the same few people.
  private learn(event: ChatEvent): void {
    if (event.type !== "CHAT" && event.type !== "USER_JOINED" && event.type !== "USER_PARTED" && event.type !== "NAME_CHANGE") return;
    const { user } = event;
    const before = this.known.get(user.id);
    if (before && JSON.stringify(before) === JSON.stringify(user)) event.user = before;
    this.known.delete(user.id);
    this.known.set(user.id, event.user);
    if (this.known.size > mostKnown) this.known.delete(this.known.keys().next().value!);
  }
}

function newRow(event: ChatEvent): Row {
  const hidden = event.type === "CHAT" && (event.visible === false || Boolean(event.hiddenAt));
  return { id: event.id, at: Date.parse(event.timestamp) || Date.now(), event, hidden, others: 0 };
}

// Many who come at once are one line.
function coalesces(a: ChatEvent, b: ChatEvent): boolean {
  return a.type === b.type && (a.type === "USER_JOINED" || a.type === "USER_PARTED");
}
