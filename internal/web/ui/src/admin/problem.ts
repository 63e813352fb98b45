import { ApiError } from "../lib/api";
import { common } from "../i18n/common";
import { t } from "./i18n";

/** problem says what went wrong, for people. */
export function problem(err: unknown): string {
  if (!(err instanceof ApiError)) return err instanceof Error ? err.message : String(err);
  switch (err.status) {
    case 0:
      return common.t("noAnswer");
    case 401:
      return t("sessionOver");
    case 403:
      return t("notAllowed");
    case 409:
      return err.message.includes("fixed by") ? t("fixedByProgram") : sentence(err.message);
    case 413:
      return t("tooLarge");
    case 429:
      return t("tooOften", { seconds: err.retryAfter || 60 });
    default:
      return sentence(err.message);
  }
}

// The server names the field, which people see beside the message.
function sentence(message: string): string {
  const text = message.replace(/^field "[^"]*" /, "");
  return text.charAt(0).toUpperCase() + text.slice(1);
}

/** fieldOf is the field that the server says is wrong, without what it is a part of; "" if it does not. */
export function fieldOf(err: unknown): string {
  const named = err instanceof ApiError ? /^field "([^"]*)" /.exec(err.message)?.[1] : undefined;
  return named?.split(".").at(-1) ?? "";
}
