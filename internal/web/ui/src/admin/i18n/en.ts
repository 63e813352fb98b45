import { now } from "./en/now.ts";
import { settings } from "./en/settings.ts";
import { system } from "./en/system.ts";

/** What administrators read, in English: the source of all translations. */
export const english = { ...now, ...settings, ...system } as const;
