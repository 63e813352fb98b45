import type { Translation } from "../../lib/i18n";
import type { english } from "./en.ts";
import now from "./fr/now.ts";

const texts: Translation<typeof english> = { ...now };
export default texts;
