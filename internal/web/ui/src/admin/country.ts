import { locale } from "../lib/i18n";
import { t } from "./i18n";
import type { Geo } from "./types";

/** country is the name of a country by its code. */
export function country(code: string): string {
  if (!/^[A-Z]{2}$/.test(code)) return t("unknownPlace");
  try {
    return new Intl.DisplayNames(locale(), { type: "region" }).of(code) ?? code;
  } catch {
    return code;
  }
}

/** place is where somebody is, as far as that is known. */
export function place(geo: Geo | null): string {
  if (!geo) return t("unknownPlace");
  return [geo.regionName && geo.regionName !== "Unknown" ? geo.regionName : "", country(geo.countryCode)].filter(Boolean).join(", ");
}
