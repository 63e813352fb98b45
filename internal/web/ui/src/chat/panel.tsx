import "../styles/chat.css";
import { computed, signal, useComputed, useSignal } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";
import { Button, IconButton } from "../components/button";
import * as icons from "../components/icons";
import { lazy } from "../components/lazy";
import type { MenuItem } from "../components/menu";
import { toast } from "../components/toast";
import { common } from "../i18n/common";
import { n, t } from "../i18n/viewer";
import { ApiError } from "../lib/api";
import { compact } from "../lib/format";
import type { Status, WebConfig } from "../lib/types";
import { Composer } from "./composer";
import { useWaiting } from "./held";
import { VirtualList } from "./list";
import { Room } from "./room";
import { ChatRow, plain, rowLabel } from "./row";
import { isModerator, type Row } from "./types";

const Profile = lazy(async () => (await import("./profile")).Profile);
const UserDetails = lazy(async () => (await import("./moderation")).UserDetails);
const HeldMessages = lazy(async () => (await import("./moderation")).HeldMessages);

const offlineFor = 5 * 60_000; // that one may still talk after a stream
const announceEvery = 4000; // a screen reader is told at most so often

// One room for the page: it outlives the panel, which phones take away and
// bring back.
let room: Room | null = null;

interface ChatProps {
  config: WebConfig;
  status: Status | null;
  readOnly?: boolean;
}

/** Chat is the room of the channel. */
export function Chat({ config, status, readOnly = false }: ChatProps) {
  room ??= new Room();
  const here = room;
  const atEnd = useSignal(true);
  const toEnd = useSignal(0);
  const open = useSignal<"" | "profile" | "held" | { userId: string }>("");
  useEffect(() => {
    if (config.chatDisabled) here.leave();
    else here.enter(config);
  }, [config]);

  const shown = useComputed(() => (here.moderator.value ? here.rows.value : here.rows.value.filter((row) => !row.hidden)));
  const rows = shown.value;
  const unread = useUnread(rows, atEnd);
  const away = useAway(rows);
  const waiting = useWaiting(here.moderator.value && !readOnly);

  const act = (doing: Promise<void>) => doing.catch((err: unknown) => toast(err instanceof ApiError && err.status ? err.message : common.t("noAnswer"), "error"));
  const moderate = here.moderator.value && !readOnly ? (row: Row): MenuItem[] => moderation(here, row, act, (userId) => (open.value = { userId })) : null;

  return (
    <section class="chat" aria-label={t("chat")}>
      <header class="chat-head">
        <h2>{t("chat")}</h2>
        {here.present.value !== null && <span class="soft chat-count">{n("chatters", here.present.value)}</span>}
        <span class="gap" />
        {moderate && (
          <span class="waiting">
            <IconButton label={waiting.value ? n("heldCount", waiting.value) : t("held")} icon={icons.Clock} onClick={() => (open.value = "held")} />
            {waiting.value > 0 && <span class="waiting-count" aria-hidden="true">{compact(waiting.value)}</span>}
          </span>
        )}
        {!readOnly && here.self.value && (
          <Button id="chat-profile" small kind="quiet" icon={icons.User} onClick={() => (open.value = "profile")}>
            <bdi class="own-name">{here.self.value.displayName}</bdi>
          </Button>
        )}
      </header>
      <div class="chat-body">
        <VirtualList
          items={rows}
          label={t("messages.label")}
          labelledBy={rowLabel}
          atEnd={atEnd}
          toEnd={toEnd}
          row={(row, focusable) => <ChatRow row={row} self={here.self.value} moderate={moderate} focusable={focusable} firstUnread={row.id === away} />}
        />
        {rows.length === 0 && here.accepted.value && <p class="chat-empty">{t("chatEmpty")}</p>}
        {!atEnd.value && (
          <button type="button" class="to-end" onClick={() => toEnd.value++}>
            <icons.ChevronDown />
            {unread > 0 ? n("newMessages", unread) : t("toNewest")}
          </button>
        )}
      </div>
      {!readOnly && <Composer room={here} blocked={blockage(here, config, status)} limit={config.maxSocketPayloadSize} slow={config.chatSlowMode} />}
      <Announcer rows={rows} />
      {open.value === "profile" && <Profile room={here} config={config} close={() => (open.value = "")} />}
      {open.value === "held" && <HeldMessages changed={(list) => (waiting.value = list.length)} close={() => (open.value = "")} />}
      {typeof open.value === "object" && <UserDetails room={here} userId={open.value.userId} close={() => (open.value = "")} />}
    </section>
  );
}

// blockage says why nothing can be written; empty if something can.
function blockage(room: Room, config: WebConfig, status: Status | null): string {
  if (config.chatDisabled) return t("chatDisabled");
  if (room.banned.value) return t("chatBanned");
  if (config.chatRequireAuthentication && room.self.value && !room.self.value.authenticated && !isModerator(room.self.value)) return t("chatNeedsAuth");
  if (status && !status.online && status.lastDisconnectTime && !status.scheduledEvent?.chatOpen) {
    const ended = Date.parse(status.lastDisconnectTime);
    if (Date.parse(status.serverTime) - ended > offlineFor) return t("chatOffline");
  }
  return "";
}

function moderation(room: Room, row: Row, act: (doing: Promise<void>) => Promise<void>, details: (userId: string) => void): MenuItem[] {
  const { event } = row;
  if (event.type !== "CHAT") return [];
  const { id } = event.user;
  const items: MenuItem[] = [
    row.hidden
      ? { label: t("showMessage"), icon: icons.Eye, select: () => void act(room.setVisible([row.id], true)) }
      : { label: t("hideMessage"), icon: icons.EyeOff, select: () => void act(room.setVisible([row.id], false)) },
    { label: t("userDetails"), icon: icons.Info, select: () => details(id) },
  ];
  for (const [seconds, label] of [
    [60, t("timeOutMinute")],
    [600, t("timeOutTen")],
    [3600, t("timeOutHour")],
  ] as const) {
    items.push({ label, icon: icons.Clock, select: () => void act(room.timeOut(id, seconds)) });
  }
  items.push({ label: t("ban"), icon: icons.Ban, danger: true, select: () => void act(room.setEnabled(id, false)) });
  return items;
}

// useUnread counts what came while the end was out of sight.
function useUnread(rows: readonly Row[], atEnd: { value: boolean }): number {
  const last = useRef("");
  if (atEnd.value) last.current = rows.at(-1)?.id ?? "";
  if (atEnd.value || !last.current) return 0;
  let count = 0;
  for (let i = rows.length - 1; i >= 0 && rows[i]!.id !== last.current; i--) if (rows[i]!.event.type === "CHAT") count++;
  return count;
}

const hidden = signal(document.hidden);
document.addEventListener("visibilitychange", () => (hidden.value = document.hidden));
const looking = computed(() => !hidden.value);

// useAway is the first message that came while nobody looked at the page.
function useAway(rows: readonly Row[]): string {
  const seen = useRef("");
  const first = useRef("");
  useEffect(() => {
    if (!looking.value) {
      seen.current = rows.at(-1)?.id ?? "";
      first.current = "";
    }
  }, [looking.value]);
  if (!looking.value && seen.current && !first.current) {
    const at = rows.findIndex((row) => row.id === seen.current);
    first.current = at >= 0 ? (rows[at + 1]?.id ?? "") : "";
  }
  return first.current;
}

// Announcer reads messages to who cannot see them, a few at a time.
function Announcer({ rows }: { rows: readonly Row[] }) {
  const said = useSignal("");
  const last = useRef<{ id: string; at: number } | null>(null);
  const timer = useRef<ReturnType<typeof setTimeout> | undefined>(undefined);
  const latest = useRef(rows);
  latest.current = rows;
  useEffect(() => {
    if (last.current === null) {
      if (rows.length) last.current = { id: rows.at(-1)!.id, at: rows.at(-1)!.at }; // the history is not read
      return;
    }
    timer.current ??= setTimeout(() => {
      timer.current = undefined;
      const fresh: string[] = [];
      for (let i = latest.current.length - 1; i >= 0; i--) {
        const row = latest.current[i]!;
        if (row.id === last.current?.id || row.at < last.current!.at) break;
        if (row.event.type === "CHAT") fresh.unshift(`${row.event.user.displayName}: ${plain(row.event.body)}`);
      }
      const end = latest.current.at(-1);
      if (end) last.current = { id: end.id, at: end.at };
      if (fresh.length) said.value = fresh.length <= 3 ? fresh.join(". ") : n("newMessages", fresh.length);
    }, announceEvery);
  }, [rows]);
  useEffect(() => () => clearTimeout(timer.current), []);
  return (
    <p class="hidden-text" role="status" aria-live="polite">
      {said.value}
    </p>
  );
}

