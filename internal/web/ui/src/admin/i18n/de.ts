import type { Translation } from "../../lib/i18n";
import type { english } from "./en";

export default {
  title: "Verwaltung",
  signIn: "Anmelden",
  signInText: "Melde dich mit dem Passwort der Verwaltung an.",
  password: "Passwort",
  wrongPassword: "Das ist nicht das Passwort.",
  signOut: "Abmelden",
  signedInAs: "Angemeldet als {name}",
  forbidden: "Du bist angemeldet, darfst diesen Server aber nicht verwalten.",
  toStream: "Zum Stream",
  overview: "Übersicht",
  navigation: "Bereiche",
  live: "Live",
  offline: "Offline",
  "viewers.one": "{n} Zuschauer",
  "viewers.other": "{n} Zuschauer",
  notFound: "Diese Seite gibt es nicht.",
} satisfies Translation<typeof english>;
