import { catalogue } from "../lib/i18n";
import { english } from "./common.en";

/** What shared components say. */
export const common = catalogue(english, {
  de: () => import("./common.de"),
  fr: () => import("./common.fr"),
  es: () => import("./common.es"),
  ja: () => import("./common.ja"),
});
