import type { Translation } from "../lib/i18n";
import type { english } from "./common.en";

export default {
  close: "Schließen",
  dismiss: "Ausblenden",
  cancel: "Abbrechen",
  save: "Speichern",
  copy: "Kopieren",
  copied: "Kopiert",
  loading: "Wird geladen …",
  tryAgain: "Erneut versuchen",
  more: "Mehr",
  noAnswer: "Der Server antwortet nicht. Versuche es gleich noch einmal.",
  closeTyped: "Schließen und Getipptes verwerfen?",
  keepTyping: "Weiterschreiben",
  discard: "Verwerfen",
} satisfies Translation<typeof english>;
