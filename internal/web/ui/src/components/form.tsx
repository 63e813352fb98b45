import type { ComponentChildren, InputHTMLAttributes } from "preact";
import { useId } from "preact/hooks";

interface FieldProps {
  label: string;
  /** What to know about it; below it. */
  hint?: ComponentChildren;
  /** What is wrong with it. */
  error?: string | undefined;
  children: (ids: { id: string; describedBy: string | undefined; invalid: boolean }) => ComponentChildren;
}

/** Field is a labeled control with a hint and an error, which it is described by. */
export function Field({ label, hint, error, children }: FieldProps) {
  const id = useId();
  const describedBy = [hint && `${id}-hint`, error && `${id}-error`].filter(Boolean).join(" ") || undefined;
  return (
    <div class={`field ${error ? "invalid" : ""}`}>
      <label for={id}>{label}</label>
      {children({ id, describedBy, invalid: Boolean(error) })}
      {hint && (
        <p class="field-hint" id={`${id}-hint`}>
          {hint}
        </p>
      )}
      {error && (
        <p class="field-error" id={`${id}-error`} role="alert">
          {error}
        </p>
      )}
    </div>
  );
}

type InputAttributes = Pick<
  InputHTMLAttributes<HTMLInputElement>,
  "autocomplete" | "required" | "disabled" | "readOnly" | "placeholder" | "maxLength" | "min" | "max" | "step" | "inputMode" | "pattern" | "name" | "spellcheck" | "autoFocus"
>;

interface TextFieldProps extends InputAttributes {
  type?: "text" | "password" | "url" | "email" | "number" | "search" | "date" | "datetime-local" | "color";
  label: string;
  value: string;
  onValue: (value: string) => void;
  hint?: ComponentChildren;
  error?: string | undefined;
}

/** TextField is a line of text. */
export function TextField({ type = "text", label, value, onValue, hint, error, ...rest }: TextFieldProps) {
  return (
    <Field label={label} hint={hint} error={error}>
      {({ id, describedBy, invalid }) => (
        <input
          {...({ ...rest, type } as object)}
          id={id}
          class="input"
          value={value}
          aria-describedby={describedBy}
          aria-invalid={invalid || undefined}
          onInput={(event) => onValue(event.currentTarget.value)}
        />
      )}
    </Field>
  );
}

interface TextAreaProps extends Pick<InputHTMLAttributes<HTMLTextAreaElement>, "disabled" | "placeholder" | "maxLength" | "spellcheck" | "required"> {
  label: string;
  value: string;
  onValue: (value: string) => void;
  rows?: number;
  /** For code: letters of one width, and the tab key stays usual. */
  code?: boolean;
  hint?: ComponentChildren;
  error?: string | undefined;
}

/** TextArea is a text of several lines. */
export function TextArea({ label, value, onValue, rows = 5, code, hint, error, ...rest }: TextAreaProps) {
  return (
    <Field label={label} hint={hint} error={error}>
      {({ id, describedBy, invalid }) => (
        <textarea
          {...(rest as object)}
          id={id}
          class={`input ${code ? "code" : ""}`}
          rows={rows}
          value={value}
          aria-describedby={describedBy}
          aria-invalid={invalid || undefined}
          onInput={(event) => onValue(event.currentTarget.value)}
        />
      )}
    </Field>
  );
}

export interface Choice<V extends string | number> {
  value: V;
  label: string;
}

interface SelectProps<V extends string | number> {
  label: string;
  value: V;
  choices: Choice<V>[];
  onValue: (value: V) => void;
  disabled?: boolean;
  hint?: ComponentChildren;
  error?: string | undefined;
}

/** Select is a choice of one of several. A value that is none of the choices is one more. */
export function Select<V extends string | number>({ label, value, choices, onValue, disabled, hint, error }: SelectProps<V>) {
  const all = choices.some((c) => c.value === value) ? choices : [...choices, { value, label: String(value) }];
  return (
    <Field label={label} hint={hint} error={error}>
      {({ id, describedBy, invalid }) => (
        <select
          id={id}
          class="input"
          disabled={disabled ?? false}
          aria-describedby={describedBy}
          aria-invalid={invalid || undefined}
          value={String(value)}
          onChange={(event) => onValue(all[event.currentTarget.selectedIndex]!.value)}
        >
          {all.map((c) => (
            <option key={c.value} value={String(c.value)}>
              {c.label}
            </option>
          ))}
        </select>
      )}
    </Field>
  );
}

interface CheckProps {
  label: string;
  checked: boolean;
  disabled?: boolean;
  hint?: ComponentChildren;
  onChange: (checked: boolean) => void;
}

/** Check is one of several things that are chosen. */
export function Check({ label, checked, disabled, hint, onChange }: CheckProps) {
  const id = useId();
  return (
    <div class="check">
      <input
        id={id}
        type="checkbox"
        checked={checked}
        disabled={disabled ?? false}
        aria-describedby={hint ? `${id}-hint` : undefined}
        onChange={(event) => onChange(event.currentTarget.checked)}
      />
      <div>
        <label for={id}>{label}</label>
        {hint && (
          <p class="field-hint" id={`${id}-hint`}>
            {hint}
          </p>
        )}
      </div>
    </div>
  );
}

interface SwitchProps {
  label: string;
  hint?: ComponentChildren;
  checked: boolean;
  disabled?: boolean;
  onChange: (checked: boolean) => void;
}

/** Switch turns something on and off. */
export function Switch({ label, hint, checked, disabled, onChange }: SwitchProps) {
  const id = useId();
  return (
    <div class="switch-row">
      <div class="switch-text">
        <label for={id}>{label}</label>
        {hint && (
          <p class="field-hint" id={`${id}-hint`}>
            {hint}
          </p>
        )}
      </div>
      <input
        id={id}
        type="checkbox"
        role="switch"
        class="switch"
        checked={checked}
        disabled={disabled ?? false}
        aria-describedby={hint ? `${id}-hint` : undefined}
        onChange={(event) => onChange(event.currentTarget.checked)}
      />
    </div>
  );
}
