import type { Translation } from "../../lib/i18n";
import type { english } from "./en";

export default {
  title: "管理",
  signIn: "サインイン",
  signInText: "管理者のパスワードでサインインしてください。",
  password: "パスワード",
  wrongPassword: "パスワードが違います。",
  signOut: "サインアウト",
  signedInAs: "{name} としてサインイン中",
  forbidden: "サインインしていますが、このサーバーを管理する権限がありません。",
  toStream: "配信ページへ",
  overview: "概要",
  navigation: "セクション",
  live: "配信中",
  offline: "オフライン",
  "viewers.one": "視聴者 {n} 人",
  "viewers.other": "視聴者 {n} 人",
  notFound: "ページが見つかりません。",
} satisfies Translation<typeof english>;
