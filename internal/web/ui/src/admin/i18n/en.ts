import { now } from "./en/now.ts";
import { people } from "./en/people.ts";
import { plan } from "./en/plan.ts";
import { settings } from "./en/settings.ts";
import { system } from "./en/system.ts";

/** What administrators read, in English: the source of all translations. */
export const english = { ...now, ...people, ...plan, ...settings, ...system } as const;
