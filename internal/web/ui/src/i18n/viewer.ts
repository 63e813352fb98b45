import { catalogue } from "../lib/i18n";
import { english } from "./en";

/** What viewers read: the page, the player and the chat. */
export const { t, n } = catalogue(english, {
  de: () => import("./de"),
  fr: () => import("./fr"),
  es: () => import("./es"),
  ja: () => import("./ja"),
});
