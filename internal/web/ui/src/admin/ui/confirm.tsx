import { signal } from "@preact/signals";
import { Button } from "../../components/button";
import { Dialog } from "../../components/dialog";
import { common } from "../../i18n/common";

interface Question {
  title: string;
  text: string;
  action: string;
  danger?: boolean;
}

const asked = signal<(Question & { answer: (yes: boolean) => void }) | null>(null);

/** confirm asks before something is done that cannot be undone. */
export function confirm(question: Question): Promise<boolean> {
  asked.value?.answer(false);
  return new Promise((resolve) => {
    asked.value = {
      ...question,
      answer: (yes) => {
        asked.value = null;
        resolve(yes);
      },
    };
  });
}

/** Confirmations is where the questions of confirm appear. */
export function Confirmations() {
  const now = asked.value;
  if (!now) return null;
  return (
    <Dialog
      title={now.title}
      size="small"
      onClose={() => now.answer(false)}
      actions={
        <>
          <Button onClick={() => now.answer(false)}>{common.t("cancel")}</Button>
          <Button kind={now.danger ? "danger" : "primary"} onClick={() => now.answer(true)}>
            {now.action}
          </Button>
        </>
      }
    >
      <p>{now.text}</p>
    </Dialog>
  );
}
