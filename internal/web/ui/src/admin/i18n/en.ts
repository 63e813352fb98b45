import { now } from "./en/now.ts";

/** What administrators read, in English: the source of all translations. */
export const english = { ...now } as const;
