import type { Translation } from "../../lib/i18n";
import type { english } from "./en.ts";
import now from "./de/now.ts";
import people from "./de/people.ts";
import plan from "./de/plan.ts";
import settings from "./de/settings.ts";
import system from "./de/system.ts";

const texts: Translation<typeof english> = { ...now, ...people, ...plan, ...settings, ...system };
export default texts;
