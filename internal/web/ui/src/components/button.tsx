import type { ButtonHTMLAttributes, ComponentChildren, Ref } from "preact";
import type { IconType } from "./icons";

type ButtonAttributes = Omit<ButtonHTMLAttributes<HTMLButtonElement>, "type" | "class" | "label" | "icon" | "ref">;

interface ButtonProps extends ButtonAttributes {
  children: ComponentChildren;
  icon?: IconType;
  kind?: "primary" | "secondary" | "quiet" | "danger";
  small?: boolean;
  submit?: boolean;
  /** What it started is not done yet: it cannot be pressed again. */
  busy?: boolean;
  class?: string;
  buttonRef?: Ref<HTMLButtonElement>;
}

/** Button is a button with words. */
export function Button({ children, icon: Icon, kind = "secondary", small, submit, busy, class: extra = "", buttonRef, ...rest }: ButtonProps) {
  const classes = `button ${kind} ${small ? "small" : ""} ${extra}`;
  return (
    <button {...rest} ref={buttonRef ?? null} type={submit ? "submit" : "button"} class={classes} aria-busy={busy || undefined} disabled={rest.disabled || busy}>
      {busy ? <span class="spinner-small" aria-hidden="true" /> : Icon && <Icon />}
      <span class="button-text">{children}</span>
    </button>
  );
}

interface IconButtonProps extends ButtonAttributes {
  label: string;
  icon: IconType;
  class?: string;
  buttonRef?: Ref<HTMLButtonElement>;
}

/** IconButton is a button without words, which label has for everybody: on hover, and for screen readers. */
export function IconButton({ label, icon: Icon, class: extra = "", buttonRef, ...rest }: IconButtonProps) {
  return (
    <button title={label} aria-label={label} {...rest} ref={buttonRef ?? null} type="button" class={`icon-button ${extra}`}>
      <Icon />
    </button>
  );
}
