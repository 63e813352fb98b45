import { useSignal } from "@preact/signals";
import type { ComponentChildren } from "preact";
import { useEffect } from "preact/hooks";
import { Button, IconButton } from "../../components/button";
import { Field, Select, Switch, TextArea, TextField, type Choice } from "../../components/form";
import { Close, Plus } from "../../components/icons";
import { useForm, type Form, type Setting } from "../form";
import { t } from "../i18n";

/** SettingsForm is settings with a bar to save what was changed. Its children are the fields. */
export function SettingsForm({ form, children }: { form: Form; children: ComponentChildren }) {
  useForm(form);
  useEffect(() => {
    const onKey = (event: KeyboardEvent) => {
      if (!(event.ctrlKey || event.metaKey) || event.key.toLowerCase() !== "s" || event.shiftKey || event.altKey) return;
      event.preventDefault();
      if (form.changed.value) void form.save();
    };
    document.addEventListener("keydown", onKey);
    return () => document.removeEventListener("keydown", onKey);
  }, [form]);
  const submit = (event: Event) => {
    event.preventDefault();
    if (form.changed.value) void form.save();
  };
  return (
    <form class="settings" onSubmit={submit} noValidate>
      {children}
      {form.changed.value && (
        <div class="save-bar" role="region" aria-label={t("unsaved")}>
          <p>{t("unsaved")}</p>
          <Button kind="quiet" disabled={form.busy.value} onClick={() => form.discard()}>
            {t("discard")}
          </Button>
          <Button submit kind="primary" busy={form.busy.value}>
            {t("saveChanges")}
          </Button>
        </div>
      )}
    </form>
  );
}

/** hintOf adds why a setting cannot be changed. */
export function hintOf(setting: { fixed: boolean }, hint?: ComponentChildren): ComponentChildren {
  if (!setting.fixed) return hint;
  return (
    <>
      {hint} <span class="fixed">{t("fixedByProgram")}</span>
    </>
  );
}

interface Bound<T> {
  setting: Setting<T>;
  label: string;
  hint?: ComponentChildren;
}

interface TextSettingProps extends Bound<string> {
  type?: "text" | "url" | "password";
  maxLength?: number;
  placeholder?: string;
  autocomplete?: "off" | "new-password";
}

/** TextSetting is a setting that is a line of text. */
export function TextSetting({ setting, label, hint, type = "text", ...rest }: TextSettingProps) {
  return (
    <TextField
      {...rest}
      type={type}
      label={label}
      hint={hintOf(setting, hint)}
      value={setting.value}
      error={setting.error.value}
      disabled={setting.fixed}
      onValue={(v) => (setting.value = v)}
    />
  );
}

interface AreaSettingProps extends Bound<string> {
  rows?: number;
  code?: boolean;
  maxLength?: number;
}

/** AreaSetting is a setting that is a text of several lines. */
export function AreaSetting({ setting, label, hint, ...rest }: AreaSettingProps) {
  return (
    <TextArea
      {...rest}
      spellcheck={!rest.code}
      label={label}
      hint={hintOf(setting, hint)}
      value={setting.value}
      error={setting.error.value}
      disabled={setting.fixed}
      onValue={(v) => (setting.value = v)}
    />
  );
}

/** SwitchSetting is a setting that is on or off; inverted if it is kept the other way round. */
export function SwitchSetting({ setting, label, hint, inverted = false }: Bound<boolean> & { inverted?: boolean }) {
  return (
    <div>
      <Switch
        label={label}
        hint={hintOf(setting, hint)}
        checked={setting.value !== inverted}
        disabled={setting.fixed}
        onChange={(v) => (setting.value = v !== inverted)}
      />
      {setting.error.value && (
        <p class="field-error" role="alert">
          {setting.error.value}
        </p>
      )}
    </div>
  );
}

/** SelectSetting is a setting that is one of several. */
export function SelectSetting<V extends string | number>({ setting, label, hint, choices }: Bound<V> & { choices: Choice<V>[] }) {
  return (
    <Select
      label={label}
      hint={hintOf(setting, hint)}
      value={setting.value}
      choices={choices}
      error={setting.error.value}
      disabled={setting.fixed}
      onValue={(v) => (setting.value = v)}
    />
  );
}

/** NumberSetting is a setting that is a whole number. */
export function NumberSetting({ setting, label, hint, min = 0, max }: Bound<number> & { min?: number; max?: number }) {
  return (
    <TextField
      type="number"
      inputMode="numeric"
      min={min}
      {...(max !== undefined && { max })}
      step={1}
      label={label}
      hint={hintOf(setting, hint)}
      value={String(setting.value)}
      error={setting.error.value}
      disabled={setting.fixed}
      onValue={(v) => (setting.value = Math.trunc(Number(v)) || 0)}
    />
  );
}

/** ListSetting is a setting that is several words. A word is added with Enter or a comma. */
export function ListSetting({ setting, label, hint, placeholder }: Bound<string[]> & { placeholder?: string }) {
  return (
    <WordList
      label={label}
      hint={hintOf(setting, hint)}
      error={setting.error.value}
      disabled={setting.fixed}
      words={setting.value}
      onWords={(v) => (setting.value = v)}
      {...(placeholder !== undefined && { placeholder })}
    />
  );
}

interface WordListProps {
  label: string;
  words: string[];
  onWords: (words: string[]) => void;
  hint?: ComponentChildren;
  error?: string;
  disabled?: boolean;
  placeholder?: string;
}

/** WordList edits a list of words. */
export function WordList({ label, words, onWords, hint, error, disabled, placeholder }: WordListProps) {
  const text = useSignal("");
  const add = () => {
    const fresh = text.value.split(/[,\n]/).map((w) => w.trim()).filter((w) => w && !words.includes(w));
    text.value = "";
    if (fresh.length) onWords([...words, ...new Set(fresh)]);
  };
  return (
    <Field label={label} hint={hint} error={error}>
      {({ id, describedBy, invalid }) => (
        <div class="words">
          {words.length > 0 && (
            <ul role="list" aria-label={label}>
              {words.map((word) => (
                <li key={word} class="word">
                  <span>{word}</span>
                  {!disabled && <IconButton label={t("removeWord", { word })} icon={Close} onClick={() => onWords(words.filter((w) => w !== word))} />}
                </li>
              ))}
            </ul>
          )}
          {!disabled && (
            <div class="word-input">
              <input
                id={id}
                class="input"
                value={text.value}
                placeholder={placeholder}
                aria-describedby={describedBy}
                aria-invalid={invalid || undefined}
                enterkeyhint="done"
                onInput={(event) => (text.value = event.currentTarget.value)}
                onBlur={add}
                onKeyDown={(event) => {
                  if (event.isComposing || (event.key !== "Enter" && event.key !== ",")) return;
                  event.preventDefault();
                  add();
                }}
                onPaste={(event) => {
                  const pasted = event.clipboardData?.getData("text") ?? "";
                  if (!/[,\n]/.test(pasted)) return;
                  event.preventDefault();
                  text.value += pasted;
                  add();
                }}
              />
              <IconButton label={t("add")} icon={Plus} onClick={add} />
            </div>
          )}
        </div>
      )}
    </Field>
  );
}
