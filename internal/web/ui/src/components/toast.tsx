import { signal } from "@preact/signals";
import { common } from "../i18n/common";
import { IconButton } from "./button";
import { Close } from "./icons";

interface Toast {
  id: number;
  text: string;
  kind: "info" | "error";
}

const toasts = signal<Toast[]>([]);
let last = 0;

/** toast tells of something for a moment; errors stay longer. */
export function toast(text: string, kind: Toast["kind"] = "info"): void {
  const id = ++last;
  toasts.value = [...toasts.value.slice(-2), { id, text, kind }];
  setTimeout(() => dismiss(id), kind === "error" ? 10_000 : 5000);
}

function dismiss(id: number): void {
  toasts.value = toasts.value.filter((t) => t.id !== id);
}

/** Toasts is where they appear; a page has one. */
export function Toasts() {
  return (
    <div class="toasts" role="status" aria-live="polite">
      {toasts.value.map((t) => (
        <div key={t.id} class={`toast ${t.kind}`}>
          <span>{t.text}</span>
          <IconButton label={common.t("dismiss")} icon={Close} onClick={() => dismiss(t.id)} />
        </div>
      ))}
    </div>
  );
}
