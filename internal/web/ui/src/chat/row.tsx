import { useLayoutEffect, useRef } from "preact/hooks";
import * as icons from "../components/icons";
import { MenuButton, type MenuItem } from "../components/menu";
import { n, t } from "../i18n/viewer";
import { date } from "../lib/format";
import { chatRules, safe } from "../lib/html";
import type { ChatUser } from "../lib/types";
import { isModerator, type Row } from "./types";

interface RowProps {
  row: Row;
  self: ChatUser | null;
  /** Actions for moderators; null for others. */
  moderate: ((row: Row) => MenuItem[]) | null;
  focusable: boolean;
  firstUnread: boolean;
}

/** ChatRow is a line of the chat. */
export function ChatRow({ row, self, moderate, focusable, firstUnread }: RowProps) {
  return (
    <>
      {firstUnread && <div class="chat-new">{t("newSinceAway")}</div>}
      <Line row={row} self={self} moderate={moderate} focusable={focusable} />
    </>
  );
}

function Line({ row, self, moderate, focusable }: Omit<RowProps, "firstUnread">) {
  const { event } = row;
  switch (event.type) {
    case "CHAT": {
      const mine = event.user.id === self?.id;
      const named = !mine && self !== null && mentions(event.body, self.displayName);
      return (
        <div class={`message ${named ? "named" : ""} ${mine ? "mine" : ""} ${row.hidden ? "hidden-message" : ""}`}>
          <Time at={row.at} id={`${row.id}-time`} />
          <Author user={event.user} id={`${row.id}-author`} />
          {row.hidden ? <span class="soft">{t("messageHidden")} </span> : null}
          <Body html={event.body} id={`${row.id}-body`} />
          {moderate && !mine && (
            <MenuButton floating class="message-menu" label={t("moderate", { name: event.user.displayName })} icon={icons.More} groups={() => [{ items: moderate(row) }]} reachable={focusable} />
          )}
        </div>
      );
    }
    case "SYSTEM":
      return (
        <div class="notice system">
          <strong>{event.user?.displayName ?? t("server")}</strong>
          <Body html={event.body} />
        </div>
      );
    case "CHAT_ACTION":
      return (
        <div class="notice">
          <Body html={event.body} />
        </div>
      );
    case "USER_JOINED":
    case "USER_PARTED": {
      const name = event.user.displayName;
      const joined = event.type === "USER_JOINED";
      return (
        <div class="notice quiet">
          {row.others > 0 ? n(joined ? "joinedMany" : "partedMany", row.others, { name }) : t(joined ? "joined" : "parted", { name })}
        </div>
      );
    }
    case "NAME_CHANGE":
      return <div class="notice quiet">{t("renamed", { old: event.oldName, name: event.user.displayName })}</div>;
    default:
      return (
        <a class="notice engagement" href={/^https?:/i.test(event.link) ? event.link : undefined!} target="_blank" rel="noopener noreferrer nofollow ugc">
          <icons.Heart />
          <span>
            <Body html={event.body} />
            <span class="soft">{event.title}</span>
          </span>
        </a>
      );
  }
}

/** rowLabel are the ids of what a row is called by: who said what, and when. */
export function rowLabel(row: Row): string | undefined {
  return row.event.type === "CHAT" ? `${row.id}-author ${row.id}-body ${row.id}-time` : undefined;
}

function Time({ at, id }: { at: number; id: string }) {
  const moment = new Date(at);
  return (
    <time id={id} class="message-time" dateTime={moment.toISOString()}>
      {date(moment, { hour: "numeric", minute: "2-digit" })}
    </time>
  );
}

function Author({ user, id }: { user: ChatUser; id: string }) {
  return (
    <span id={id} class={`author color-${Math.min(7, Math.max(0, user.displayColor | 0))}`}>
      {isModerator(user) && (
        <span class="author-badge" title={t("moderator")}>
          <icons.Shield />
          <span class="hidden-text">{t("moderator")}</span>
        </span>
      )}
      {user.isBot && <span class="author-bot">{t("bot")}</span>}
      <bdi>{user.displayName}</bdi>
      {user.authenticated && (
        <span class="author-badge" title={t("authenticated")}>
          <icons.Check />
          <span class="hidden-text">{t("authenticated")}</span>
        </span>
      )}
      <span class="author-colon">: </span>
    </span>
  );
}

function Body({ html, id }: { html: string; id?: string }) {
  const ref = useRef<HTMLSpanElement>(null);
  useLayoutEffect(() => ref.current!.replaceChildren(safe(html, chatRules)), [html]);
  return <span ref={ref} {...(id && { id })} class="message-body" dir="auto" />;
}

const parser = new DOMParser();

/** plain is the text of a message. */
export function plain(html: string): string {
  const { body } = parser.parseFromString(html, "text/html");
  for (const image of body.querySelectorAll("img[alt]")) image.replaceWith(image.getAttribute("alt") ?? "");
  return body.textContent?.trim() ?? "";
}

function mentions(html: string, name: string): boolean {
  if (!name || !html.includes("@")) return false;
  const text = plain(html).toLowerCase();
  const at = text.indexOf(`@${name.toLowerCase()}`);
  return at >= 0 && !/[\p{L}\p{N}_]/u.test(text.charAt(at + 1 + name.length));
}
