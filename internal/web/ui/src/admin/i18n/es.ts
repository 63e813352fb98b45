import type { Translation } from "../../lib/i18n";
import type { english } from "./en.ts";
import now from "./es/now.ts";
import people from "./es/people.ts";
import plan from "./es/plan.ts";
import settings from "./es/settings.ts";
import system from "./es/system.ts";

const texts: Translation<typeof english> = { ...now, ...people, ...plan, ...settings, ...system };
export default texts;
