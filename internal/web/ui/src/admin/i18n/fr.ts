import type { Translation } from "../../lib/i18n";
import type { english } from "./en";

export default {
  title: "Administration",
  signIn: "Se connecter",
  signInText: "Connectez-vous avec le mot de passe d’administration.",
  password: "Mot de passe",
  wrongPassword: "Ce n’est pas le bon mot de passe.",
  signOut: "Se déconnecter",
  signedInAs: "Connecté en tant que {name}",
  forbidden: "Vous êtes connecté, mais vous ne pouvez pas administrer ce serveur.",
  toStream: "Voir le direct",
  overview: "Vue d’ensemble",
  navigation: "Rubriques",
  live: "En direct",
  offline: "Hors ligne",
  "viewers.one": "{n} spectateur",
  "viewers.other": "{n} spectateurs",
  notFound: "Cette page n’existe pas.",
} satisfies Translation<typeof english>;
