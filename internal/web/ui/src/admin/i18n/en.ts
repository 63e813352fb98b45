/** What administrators read, in English: the source of all translations. */
export const english = {
  title: "Administration",
  signIn: "Sign in",
  signInText: "Sign in with the password of the administrator.",
  password: "Password",
  wrongPassword: "That is not the password.",
  signOut: "Sign out",
  signedInAs: "Signed in as {name}",
  forbidden: "You are signed in, but may not administer this server.",
  toStream: "To the stream",
  overview: "Overview",
  navigation: "Sections",
  live: "Live",
  offline: "Offline",
  "viewers.one": "{n} viewer",
  "viewers.other": "{n} viewers",
  notFound: "There is no such page.",
} as const;
