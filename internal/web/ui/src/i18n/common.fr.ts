import type { Translation } from "../lib/i18n";
import type { english } from "./common.en";

export default {
  close: "Fermer",
  dismiss: "Masquer",
  cancel: "Annuler",
  save: "Enregistrer",
  copy: "Copier",
  copied: "Copié",
  loading: "Chargement…",
  tryAgain: "Réessayer",
  more: "Plus",
  noAnswer: "Le serveur ne répond pas. Réessayez dans un instant.",
  closeTyped: "Fermer sans garder votre saisie ?",
  keepTyping: "Continuer la saisie",
  discard: "Abandonner",
} satisfies Translation<typeof english>;
