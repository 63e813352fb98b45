import { lazy } from "../components/lazy";
import { toast } from "../components/toast";
import { common } from "../i18n/common";

/** ChatPanel is the chat, which is loaded when it is first shown. */
export const ChatPanel = lazy(
  async () => (await import("../chat/panel")).Chat,
  () => toast(common.t("noAnswer"), "error"),
);
