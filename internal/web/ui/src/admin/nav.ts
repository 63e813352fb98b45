import type { ComponentType } from "preact";
import * as icons from "../components/icons";
import type { IconType } from "../components/icons";
import { has } from "./config";
import { t } from "./i18n";
import type { Parts, Session } from "./types";

export interface PageEntry {
  /** Below the root of the App, such as "admin/logs/". */
  path: string;
  label: () => string;
  icon: IconType;
  load: () => Promise<ComponentType>;
  /** What the server must have for the page to be of use. */
  part?: keyof Parts;
  /** Moderators may see it, too. */
  moderators?: boolean;
}

export interface Group {
  label: () => string;
  pages: PageEntry[];
}

/** groups are all pages, as they are listed. */
export const groups: Group[] = [
  {
    label: () => t("groupNow"),
    pages: [
      { path: "admin/", label: () => t("status"), icon: icons.Home, load: async () => (await import("./pages/status")).default },
      { path: "admin/viewer-info/", label: () => t("viewers"), icon: icons.Eye, load: async () => (await import("./pages/viewers")).default },
      { path: "admin/stream-health/", label: () => t("playback"), icon: icons.Pulse, load: async () => (await import("./pages/playback")).default },
      { path: "admin/hardware-info/", label: () => t("hardware"), icon: icons.Chip, load: async () => (await import("./pages/hardware")).default },
      { path: "admin/logs/", label: () => t("logs"), icon: icons.List, load: async () => (await import("./pages/logs")).default },
    ],
  },
  {
    label: () => t("chat"),
    pages: [
      { path: "admin/chat/messages/", label: () => t("messages"), icon: icons.Chat, part: "chat", moderators: true, load: async () => (await import("./pages/chat-messages")).default },
      { path: "admin/chat/users/", label: () => t("users"), icon: icons.Users, part: "chat", moderators: true, load: async () => (await import("./pages/chat-users")).default },
      { path: "admin/chat/emojis/", label: () => t("emoji"), icon: icons.Smile, part: "chat", load: async () => (await import("./pages/emoji")).default },
    ],
  },
  {
    label: () => t("theFediverse"),
    pages: [
      { path: "admin/federation/followers/", label: () => t("followers"), icon: icons.Heart, part: "federation", load: async () => (await import("./pages/followers")).default },
      { path: "admin/federation/servers/", label: () => t("featured"), icon: icons.Broadcast, part: "federation", load: async () => (await import("./pages/featured")).default },
      { path: "admin/federation/actions/", label: () => t("activity"), icon: icons.List, part: "federation", load: async () => (await import("./pages/activity")).default },
    ],
  },
  {
    label: () => t("groupContent"),
    pages: [
      { path: "admin/schedule/", label: () => t("schedule"), icon: icons.Calendar, part: "schedule", load: async () => (await import("./pages/schedule")).default },
      { path: "admin/recordings/", label: () => t("recordings"), icon: icons.Film, load: async () => (await import("./pages/recordings")).default },
      { path: "admin/restream/", label: () => t("restream"), icon: icons.Broadcast, load: async () => (await import("./pages/restream")).default },
    ],
  },
  {
    label: () => t("groupSettings"),
    pages: [
      { path: "admin/setup/", label: () => t("setup"), icon: icons.Play, load: async () => (await import("./pages/setup")).default },
      { path: "admin/config-public-details/", label: () => t("general"), icon: icons.Sliders, load: async () => (await import("./pages/general")).default },
      { path: "admin/config-page-content/", label: () => t("content"), icon: icons.Edit, load: async () => (await import("./pages/content")).default },
      { path: "admin/config-appearance/", label: () => t("appearance"), icon: icons.Palette, load: async () => (await import("./pages/appearance")).default },
      { path: "admin/config-social-items/", label: () => t("social"), icon: icons.Link, load: async () => (await import("./pages/social")).default },
      { path: "admin/actions/", label: () => t("actions"), icon: icons.External, load: async () => (await import("./pages/actions")).default },
      { path: "admin/config-server-details/", label: () => t("server"), icon: icons.Server, load: async () => (await import("./pages/server")).default },
      { path: "admin/config-video/", label: () => t("videoSettings"), icon: icons.Monitor, load: async () => (await import("./pages/video")).default },
      { path: "admin/config-storage/", label: () => t("storage"), icon: icons.Database, load: async () => (await import("./pages/storage")).default },
      { path: "admin/config-chat/", label: () => t("chatSettings"), icon: icons.Chat, load: async () => (await import("./pages/chat-settings")).default },
      { path: "admin/config-federation/", label: () => t("fediverse"), icon: icons.Globe, load: async () => (await import("./pages/federation")).default },
      { path: "admin/config-notify/", label: () => t("notifications"), icon: icons.Bell, load: async () => (await import("./pages/notify")).default },
    ],
  },
  {
    label: () => t("groupPrograms"),
    pages: [
      { path: "admin/webhooks/", label: () => t("webhooks"), icon: icons.Hook, load: async () => (await import("./pages/webhooks")).default },
      { path: "admin/access-tokens/", label: () => t("tokens"), icon: icons.Key, load: async () => (await import("./pages/tokens")).default },
    ],
  },
  {
    label: () => t("groupSystem"),
    pages: [
      { path: "admin/backup/", label: () => t("backup"), icon: icons.Download, load: async () => (await import("./pages/backup")).default },
      { path: "admin/audit/", label: () => t("audit"), icon: icons.Shield, load: async () => (await import("./pages/audit")).default },
      { path: "admin/help/", label: () => t("help"), icon: icons.Help, load: async () => (await import("./pages/help")).default },
    ],
  },
];

/** visible are the pages that there are here for who is signed in. */
export function visible(session: Session): Group[] {
  return groups
    .map((g) => ({ ...g, pages: g.pages.filter((p) => (session.role === "admin" || p.moderators) && (!p.part || has(p.part) || session.role !== "admin")) }))
    .filter((g) => g.pages.length > 0);
}

/** pageAt is the page at a path, with a slash at the end or without. */
export function pageAt(session: Session, path: string): PageEntry | undefined {
  const whole = path.endsWith("/") ? path : `${path}/`;
  return groups.flatMap((g) => g.pages).find((p) => p.path === whole && (session.role === "admin" || p.moderators));
}
