import type { Translation } from "../../lib/i18n";
import type { english } from "./en.ts";
import now from "./fr/now.ts";
import people from "./fr/people.ts";
import plan from "./fr/plan.ts";
import settings from "./fr/settings.ts";
import system from "./fr/system.ts";

const texts: Translation<typeof english> = { ...now, ...people, ...plan, ...settings, ...system };
export default texts;
