import { useSignal } from "@preact/signals";
import { useId } from "preact/hooks";
import { IconButton } from "../../components/button";
import { copyText } from "../../components/copy";
import { Copy, Eye, EyeOff } from "../../components/icons";
import { common } from "../../i18n/common";
import { t } from "../i18n";

interface SecretFieldProps {
  label: string;
  value: string;
  /** Without it the secret can be seen and copied alone. */
  onValue?: (value: string) => void;
  disabled?: boolean;
  hint?: string | undefined;
}

/** SecretField is a secret that is not shown until somebody wants to see it. */
export function SecretField({ label, value, onValue, disabled, hint }: SecretFieldProps) {
  const shown = useSignal(false);
  const id = useId();
  return (
    <div class="field">
      <label for={id}>{label}</label>
      <div class="secret-field">
        <input
          id={id}
          class="input"
          {...({ type: shown.value ? "text" : "password" } as object)}
          autocomplete="off"
          spellcheck={false}
          value={value}
          readOnly={!onValue}
          disabled={disabled ?? false}
          aria-describedby={hint ? `${id}-hint` : undefined}
          onInput={(event) => onValue?.(event.currentTarget.value)}
        />
        <IconButton label={shown.value ? t("hideSecret", { name: label }) : t("showSecret", { name: label })} icon={shown.value ? EyeOff : Eye} onClick={() => (shown.value = !shown.value)} />
        <IconButton label={`${common.t("copy")}: ${label}`} icon={Copy} disabled={!value} onClick={() => void copyText(value)} />
      </div>
      {hint && (
        <p class="field-hint" id={`${id}-hint`}>
          {hint}
        </p>
      )}
    </div>
  );
}
