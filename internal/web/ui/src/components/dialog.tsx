import type { ComponentChildren } from "preact";
import { useEffect, useId, useRef } from "preact/hooks";
import { common } from "../i18n/common";
import { IconButton } from "./button";
import { Close } from "./icons";

interface DialogProps {
  title: string;
  onClose: () => void;
  children: ComponentChildren;
  /** What is done with it, such as buttons; below the content. */
  actions?: ComponentChildren;
  size?: "small" | "medium" | "large";
  class?: string;
}

/**
 * Dialog is a modal dialog for as long as it is rendered. The browser keeps the
 * focus within it and closes it on Escape; the focus returns to where it was.
 */
export function Dialog({ title, onClose, children, actions, size = "medium", class: extra = "" }: DialogProps) {
  const ref = useRef<HTMLDialogElement>(null);
  const heading = useId();
  const close = useRef(onClose);
  close.current = onClose;

  useEffect(() => {
    const dialog = ref.current!;
    const before = document.activeElement;
    dialog.showModal();
    const onCancel = (event: Event) => {
      event.preventDefault(); // closing is the owner's, by not rendering it
      close.current();
    };
    // A press that begins and ends on the backdrop, and not one that selects text.
    let pressed = false;
    const onDown = (event: PointerEvent) => (pressed = event.target === dialog);
    const onUp = (event: MouseEvent) => {
      if (pressed && event.target === dialog) close.current();
    };
    dialog.addEventListener("cancel", onCancel);
    dialog.addEventListener("pointerdown", onDown);
    dialog.addEventListener("click", onUp);
    return () => {
      dialog.close();
      if (before instanceof HTMLElement && before.isConnected) before.focus({ preventScroll: true });
    };
  }, []);

  return (
    <dialog ref={ref} class={`dialog ${size} ${extra}`} aria-labelledby={heading}>
      <div class="dialog-frame">
        <header class="dialog-head">
          <h2 id={heading}>{title}</h2>
          <IconButton label={common.t("close")} icon={Close} onClick={onClose} />
        </header>
        <div class="dialog-body">{children}</div>
        {actions && <footer class="dialog-actions">{actions}</footer>}
      </div>
    </dialog>
  );
}
