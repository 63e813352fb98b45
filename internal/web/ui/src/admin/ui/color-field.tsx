import { Field } from "../../components/form";
import { t } from "../i18n";

interface ColorFieldProps {
  label: string;
  value: string;
  onValue: (value: string) => void;
  /** What the color is now, as inputs have it; value may be any that CSS knows, or empty. */
  picked: string;
  placeholder: string;
}

/** ColorField is a color: any that CSS knows, or one that is picked. */
export function ColorField({ label, value, onValue, picked, placeholder }: ColorFieldProps) {
  return (
    <Field label={label}>
      {({ id }) => (
        <div class="color-input">
          <input type="color" aria-label={t("pickColor", { name: label })} value={picked} onInput={(event) => onValue(event.currentTarget.value)} />
          <input id={id} class="input" value={value} placeholder={placeholder} spellcheck={false} onInput={(event) => onValue(event.currentTarget.value)} />
        </div>
      )}
    </Field>
  );
}
