/** What shared components say, in English. */
export const english = {
  close: "Close",
  dismiss: "Dismiss",
  cancel: "Cancel",
  save: "Save",
  copy: "Copy",
  copied: "Copied",
  loading: "Loading…",
  tryAgain: "Try again",
  more: "More",
  noAnswer: "The server does not answer. Try again in a moment.",
  closeTyped: "Close and lose what you have typed?",
  keepTyping: "Keep typing",
  discard: "Discard",
} as const;
