import type { Translation } from "../../lib/i18n";
import type { english } from "./en.ts";
import now from "./fr/now.ts";
import settings from "./fr/settings.ts";
import system from "./fr/system.ts";

const texts: Translation<typeof english> = { ...now, ...settings, ...system };
export default texts;
