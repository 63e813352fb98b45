import { useSignal } from "@preact/signals";
import type { ComponentChildren } from "preact";
import { useEffect, useId, useRef } from "preact/hooks";
import { common } from "../i18n/common";
import { Button, IconButton } from "./button";
import { Close } from "./icons";

interface DialogProps {
  title: string;
  onClose: () => void;
  children: ComponentChildren;
  /** What is done with it, such as buttons; below the content. */
  actions?: ComponentChildren;
  size?: "small" | "medium" | "large";
  class?: string;
  /** Its owner keeps what is typed for the next time: closing loses nothing. */
  keeps?: boolean;
}

/**
 * Dialog is a modal dialog for as long as it is rendered. The browser keeps the
 * focus within it; the focus returns to where it was. Escape, and a press
 * beside it, close it, but not before somebody who has typed something was
 * asked.
 */
export function Dialog({ title, onClose, children, actions, size = "medium", class: extra = "", keeps = false }: DialogProps) {
  const ref = useRef<HTMLDialogElement>(null);
  const heading = useId();
  const question = useId();
  const asking = useSignal(false);
  const typed = useTyped(ref);
  const stay = useRef<HTMLButtonElement>(null);
  const goOn = () => {
    asking.value = false;
    typed.last()?.focus();
  };
  const leave = () => {
    if (asking.value) goOn();
    else if (keeps || !typed.differs()) onClose();
    else asking.value = true;
  };
  const close = useRef(leave);
  close.current = leave;
  useEffect(() => stay.current?.focus(), [asking.value]);

  useEffect(() => {
    const dialog = ref.current!;
    const before = document.activeElement;
    dialog.showModal();
    const onKey = (event: KeyboardEvent) => {
      if (event.key !== "Escape" || event.isComposing || event.defaultPrevented) return;
      event.preventDefault(); // browsers would close it themselves the second time
      close.current();
    };
    const onCancel = (event: Event) => {
      if (event.target !== dialog) return; // choosing a file can be canceled, too
      event.preventDefault(); // closing is the owner's, by not rendering it
      close.current();
    };
    const onClosed = () => {
      if (!dialog.isConnected || dialog.open) return;
      dialog.showModal();
      close.current();
    };
    // A press that begins and ends on the backdrop, and not one that selects text.
    let pressed = false;
    const onDown = (event: PointerEvent) => (pressed = event.target === dialog);
    const onUp = (event: MouseEvent) => {
      if (pressed && event.target === dialog) close.current();
    };
    dialog.addEventListener("keydown", onKey);
    dialog.addEventListener("cancel", onCancel);
    dialog.addEventListener("close", onClosed);
    dialog.addEventListener("pointerdown", onDown);
    dialog.addEventListener("click", onUp);
    return () => {
      dialog.removeEventListener("close", onClosed);
      dialog.close();
      if (before instanceof HTMLElement && before.isConnected) before.focus({ preventScroll: true });
    };
  }, []);

  return (
    <dialog ref={ref} class={`dialog ${size} ${extra}`} aria-labelledby={heading}>
      <div class="dialog-frame">
        <div class="dialog-head">
          <h2 id={heading}>{title}</h2>
          <IconButton label={common.t("close")} icon={Close} onClick={leave} />
        </div>
        <div class="dialog-body">{children}</div>
        {asking.value ? (
          <div class="dialog-actions" role="group" aria-labelledby={question}>
            <p id={question} class="dialog-question" role="alert">
              {common.t("closeTyped")}
            </p>
            <Button kind="danger" onClick={onClose}>
              {common.t("discard")}
            </Button>
            <Button kind="primary" buttonRef={stay} onClick={goOn}>
              {common.t("keepTyping")}
            </Button>
          </div>
        ) : (
          actions && <div class="dialog-actions">{actions}</div>
        )}
      </div>
    </dialog>
  );
}

const lines = ["text", "url", "email", "number", "date", "datetime-local"];
type Line = HTMLInputElement | HTMLTextAreaElement;
const isLine = (e: unknown): e is Line => e instanceof HTMLTextAreaElement || (e instanceof HTMLInputElement && lines.includes(e.type));

// useTyped knows the fields for text that somebody was in, and what was in
// them before. Passwords, which are quickly typed again, are not among them.
function useTyped(dialog: { current: HTMLDialogElement | null }) {
  const fields = useRef(new Map<Line, string>());
  useEffect(() => {
    const note = ({ target }: Event) => {
      if (isLine(target) && !target.readOnly && !fields.current.has(target)) fields.current.set(target, target.value);
    };
    note({ target: document.activeElement } as unknown as Event);
    dialog.current!.addEventListener("focusin", note);
  }, []);
  const differing = () => [...fields.current].filter(([field, before]) => field.isConnected && field.value !== before).map(([field]) => field);
  return {
    /** Whether there is something in a field that was not there before. */
    differs: () => differing().length > 0,
    /** The last such field. */
    last: () => differing().at(-1),
  };
}
