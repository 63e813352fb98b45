import { useId, useRef } from "preact/hooks";
import { common } from "../i18n/common";
import { IconButton } from "./button";
import { Copy } from "./icons";
import { toast } from "./toast";

/** copyText puts a text on the clipboard, and tells. */
export async function copyText(text: string): Promise<boolean> {
  try {
    await navigator.clipboard.writeText(text);
  } catch {
    return false; // pages without TLS have no clipboard
  }
  toast(common.t("copied"));
  return true;
}

/** CopyField shows a text to be copied. */
export function CopyField({ label, value }: { label: string; value: string }) {
  const id = useId();
  const input = useRef<HTMLInputElement>(null);
  const copy = async () => {
    input.current?.select();
    // The old way works where the clipboard does not.
    if (!(await copyText(value)) && document.execCommand("copy")) toast(common.t("copied"));
  };
  return (
    <div class="field">
      <label for={id}>{label}</label>
      <div class="copy-field">
        <input ref={input} id={id} class="input" type="text" readOnly value={value} onFocus={(event) => event.currentTarget.select()} />
        <IconButton label={common.t("copy")} icon={Copy} onClick={() => void copy()} />
      </div>
    </div>
  );
}
