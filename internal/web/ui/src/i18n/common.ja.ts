import type { Translation } from "../lib/i18n";
import type { english } from "./common.en";

export default {
  close: "閉じる",
  dismiss: "閉じる",
  cancel: "キャンセル",
  save: "保存",
  copy: "コピー",
  copied: "コピーしました",
  loading: "読み込み中…",
  tryAgain: "再試行",
  more: "その他",
  noAnswer: "サーバーが応答しません。しばらくしてからもう一度お試しください。",
  closeTyped: "入力した内容を破棄して閉じますか?",
  keepTyping: "入力を続ける",
  discard: "破棄",
} satisfies Translation<typeof english>;
