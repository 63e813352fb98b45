import { useSignal } from "@preact/signals";
import { useEffect, useId, useRef } from "preact/hooks";
import { IconButton } from "../components/button";
import * as icons from "../components/icons";
import { lazy } from "../components/lazy";
import { t } from "../i18n/viewer";
import type { ChatUser } from "../lib/types";
import type { Room } from "./room";

const mostSuggestions = 6;

const EmojiPicker = lazy(async () => (await import("./emoji")).EmojiPicker);

interface ComposerProps {
  room: Room;
  /** Why nothing can be written now; empty if it can. */
  blocked: string;
  /** How many bytes a message may have. */
  limit: number;
  /** Seconds between two messages of one user; 0 for as many as one likes. */
  slow: number;
}

/** Composer is where messages are written. */
export function Composer({ room, blocked, limit, slow }: ComposerProps) {
  const text = room.draft;
  const picking = useSignal(false);
  const field = useRef<HTMLTextAreaElement>(null);
  const id = useId();
  const mention = useMention(room, field, text);
  const wait = useSlowMode(room, slow);

  // As the frame that will carry it.
  const left = limit - new TextEncoder().encode(JSON.stringify({ type: "CHAT", body: text.value })).length;
  const connected = room.accepted.value;
  const ready = blocked === "" && connected && text.value.trim() !== "" && left >= 0 && wait === 0;

  const send = () => {
    if (!ready || !room.say(text.value.trim())) return;
    text.value = "";
    picking.value = false;
    field.current?.focus();
  };

  const insert = (piece: string) => {
    const input = field.current!;
    const { selectionStart: start, selectionEnd: end, value } = input;
    const spaced = start > 0 && !/\s$/.test(value.slice(0, start)) ? ` ${piece}` : piece;
    write(input, `${value.slice(0, start)}${spaced}${value.slice(end)}`, start + spaced.length);
    text.value = input.value;
    input.focus();
  };

  const onKey = (event: KeyboardEvent) => {
    if (event.isComposing) return;
    if (mention.key(event)) return event.preventDefault();
    if (event.key === "Enter" && !event.shiftKey) {
      event.preventDefault();
      send();
    } else if (event.key === "Escape" && picking.value) {
      picking.value = false;
    }
  };

  useEffect(() => {
    const input = field.current!;
    input.style.height = "auto";
    input.style.height = `${Math.min(input.scrollHeight + 2, 140)}px`;
  }, [text.value]);

  const note = blocked || (!connected ? t("chatReconnecting") : wait > 0 ? t("slowWait", { n: wait }) : "");
  return (
    <div class="composer">
      {picking.value && <EmojiPicker insert={insert} close={() => ((picking.value = false), field.current?.focus())} />}
      {mention.list.length > 0 && (
        <ul class="suggestions" id={`${id}-list`} role="listbox" aria-label={t("mentions")}>
          {mention.list.map((user, index) => (
            <li
              key={user.id}
              id={`${id}-${index}`}
              role="option"
              aria-selected={index === mention.at}
              onPointerDown={(event) => {
                event.preventDefault();
                mention.take(user);
              }}
            >
              <span class={`author color-${user.displayColor}`}>
                <bdi>{user.displayName}</bdi>
              </span>
            </li>
          ))}
        </ul>
      )}
      <div class="composer-row">
        <textarea
          ref={field}
          class="input composer-field"
          rows={1}
          value={text.value}
          placeholder={t("writeMessage")}
          aria-label={t("writeMessage")}
          aria-describedby={note || left < 200 ? `${id}-note` : undefined}
          aria-controls={mention.list.length > 0 ? `${id}-list` : undefined}
          aria-autocomplete="list"
          aria-activedescendant={mention.list.length > 0 ? `${id}-${mention.at}` : undefined}
          disabled={blocked !== ""}
          maxLength={limit}
          enterkeyhint="send"
          onInput={(event) => {
            text.value = event.currentTarget.value;
            mention.look();
          }}
          onClick={() => mention.look()}
          onBlur={() => mention.drop()}
          onKeyDown={onKey}
        />
        <IconButton label={t("emoji")} icon={icons.Smile} aria-expanded={picking.value} disabled={blocked !== ""} onClick={() => (picking.value = !picking.value)} />
        <IconButton id="send-message" class="send" label={t("send")} icon={icons.Send} disabled={!ready} onClick={send} />
      </div>
      <p class="composer-note" id={`${id}-note`} role="status">
        {note}
        {left < 200 && blocked === "" && <span class={left < 0 ? "bad" : ""}> {t("bytesLeft", { n: left })}</span>}
      </p>
    </div>
  );
}

// write sets the text and the caret at once: what is typed next must find the caret there.
function write(input: HTMLTextAreaElement, value: string, caret: number): void {
  input.value = value;
  input.setSelectionRange(caret, caret);
}

function useSlowMode(room: Room, slow: number): number {
  const now = useSignal(Date.now());
  const exempt = slow === 0 || room.moderator.value;
  const wait = exempt ? 0 : Math.max(0, Math.ceil((room.sentAt.value + slow * 1000 - now.value) / 1000));
  useEffect(() => {
    if (exempt || room.sentAt.value === 0) return;
    now.value = Date.now();
    const timer = setInterval(() => {
      now.value = Date.now();
      if (now.value > room.sentAt.value + slow * 1000) clearInterval(timer);
    }, 250);
    return () => clearInterval(timer);
  }, [room.sentAt.value, exempt]);
  return wait;
}

/** useMention completes names after "@". */
function useMention(room: Room, field: { current: HTMLTextAreaElement | null }, text: { value: string }) {
  const found = useSignal<{ list: ChatUser[]; from: number; at: number }>({ list: [], from: 0, at: 0 });
  const drop = () => {
    if (found.value.list.length) found.value = { list: [], from: 0, at: 0 };
  };
  const look = () => {
    const input = field.current!;
    const before = input.value.slice(0, input.selectionStart);
    const match = /(?:^|\s)@([^\s@]{0,30})$/u.exec(before);
    if (!match) return drop();
    const start = match[1]!.toLowerCase();
    const list = [...room.known.values()]
      .reverse()
      .filter((user) => user.id !== room.self.value?.id && user.displayName.toLowerCase().startsWith(start))
      .slice(0, mostSuggestions);
    found.value = { list, from: before.length - match[1]!.length, at: 0 };
  };
  const take = (user: ChatUser) => {
    const input = field.current!;
    const end = input.selectionStart;
    const inserted = `${user.displayName} `;
    write(input, input.value.slice(0, found.value.from) + inserted + input.value.slice(end), found.value.from + inserted.length);
    text.value = input.value;
    drop();
  };
  const key = (event: KeyboardEvent): boolean => {
    const { list, at } = found.value;
    if (list.length === 0) return false;
    switch (event.key) {
      case "ArrowDown":
      case "ArrowUp":
        found.value = { ...found.value, at: (at + (event.key === "ArrowDown" ? 1 : -1) + list.length) % list.length };
        return true;
      case "Enter":
      case "Tab":
        take(list[at]!);
        return true;
      case "Escape":
        drop();
        return true;
      default:
        return false;
    }
  };
  return { list: found.value.list, at: found.value.at, look, drop, take, key };
}
