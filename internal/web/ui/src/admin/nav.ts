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
