import type { ChatUser } from "../lib/types";

/** What was said, or happened. */
export type ChatEvent =
  | { type: "CHAT"; id: string; timestamp: string; body: string; user: ChatUser; visible?: boolean; hiddenAt?: string | null }
  | { type: "SYSTEM"; id: string; timestamp: string; body: string; user?: { displayName: string } }
  | { type: "CHAT_ACTION"; id: string; timestamp: string; body: string }
  | { type: "USER_JOINED" | "USER_PARTED"; id: string; timestamp: string; user: ChatUser }
  | { type: "NAME_CHANGE"; id: string; timestamp: string; user: ChatUser; oldName: string }
  | Engagement;

export interface Engagement {
  type: "FEDIVERSE_ENGAGEMENT_FOLLOW" | "FEDIVERSE_ENGAGEMENT_LIKE" | "FEDIVERSE_ENGAGEMENT_REPOST";
  id: string;
  timestamp: string;
  body: string;
  title: string;
  link: string;
}

/** What the server says that is not shown as it is. */
export type Signal =
  | { type: "CONNECTED_USER_INFO"; user: ChatUser }
  | { type: "VISIBILITY-UPDATE"; ids: string[]; visible: boolean }
  | { type: "PRESENCE"; count: number }
  | { type: "ERROR_NEEDS_REGISTRATION" }
  | { type: "ERROR_USER_DISABLED" };

export type Incoming = ChatEvent | Signal;

/** What a client says. */
export type Outgoing = { type: "CHAT"; body: string } | { type: "NAME_CHANGE"; newName: string } | { type: "COLOR_CHANGE"; newColor: number };

/** A Row is a line of the chat. */
export interface Row {
  id: string;
  at: number; // ms
  event: ChatEvent;
  /** A moderator has hidden it. */
  hidden: boolean;
  /** Names of others who came or went with this one. */
  others: number;
}

/** Whether a user may hide messages and send people away. */
export const isModerator = (user: ChatUser | null | undefined) => user?.scopes?.includes("MODERATOR") ?? false;
