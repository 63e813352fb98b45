import type { Translation } from "../../lib/i18n";
import type { english } from "./en.ts";
import now from "./ja/now.ts";
import people from "./ja/people.ts";
import plan from "./ja/plan.ts";
import settings from "./ja/settings.ts";
import system from "./ja/system.ts";

const texts: Translation<typeof english> = { ...now, ...people, ...plan, ...settings, ...system };
export default texts;
