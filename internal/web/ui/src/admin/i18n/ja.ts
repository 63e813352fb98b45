import type { Translation } from "../../lib/i18n";
import type { english } from "./en.ts";
import now from "./ja/now.ts";
import settings from "./ja/settings.ts";
import system from "./ja/system.ts";

const texts: Translation<typeof english> = { ...now, ...settings, ...system };
export default texts;
