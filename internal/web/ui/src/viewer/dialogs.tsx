import { signal } from "@preact/signals";
import { lazy } from "../components/lazy";
import { toast } from "../components/toast";
import { common } from "../i18n/common";
import type { ExternalAction } from "../lib/types";

export type DialogName = "follow" | "notify" | "share" | "shortcuts";
export type OpenDialog = { name: DialogName } | { name: "action"; action: ExternalAction; index: number };

/** The dialog that is open; null if none is. */
export const dialog = signal<OpenDialog | null>(null);

/** openDialog opens one, in place of another. */
export function openDialog(name: DialogName): void {
  dialog.value = { name };
}

/** openAction does what an external action is for: it opens a page, or shows it in a dialog. */
export function openAction(action: ExternalAction, index: number): void {
  if (action.openExternally && action.url) window.open(action.url, "_blank", "noopener,noreferrer");
  else dialog.value = { name: "action", action, index };
}

const Content = lazy(
  async () => (await import("./dialog-content")).DialogContent,
  () => {
    dialog.value = null;
    toast(common.t("noAnswer"), "error");
  },
);

/** Dialogs is where the open dialog is shown. */
export function Dialogs() {
  const open = dialog.value;
  return open ? <Content key={open.name} open={open} close={() => (dialog.value = null)} /> : null;
}
