import "../styles/base.layer.css";
import "../styles/embed.css";
import { signal } from "@preact/signals";
import { render } from "preact";
import { Chat } from "../chat/panel";
import { Toasts } from "../components/toast";
import { t } from "../i18n/viewer";
import { get } from "../lib/api";
import { ready } from "../lib/i18n";
import { StatusPoller } from "../lib/poller";
import { path } from "../lib/route";
import { dress } from "../lib/theme";
import type { Status, WebConfig } from "../lib/types";

// The chat for the pages of others: embed/chat/readonly and embed/chat/readwrite.
const readOnly = !path.value.endsWith("readwrite");
const config = signal<WebConfig | null>(null);
const status = signal<Status | null>(null);

function App() {
  return (
    <main class="embed-chat">
      <h1 class="hidden-text">{t("chat")}</h1>
      {config.value?.chatDisabled && <p class="chat-closed">{t("chatDisabled")}</p>}
      {config.value && !config.value.chatDisabled && <Chat config={config.value} status={status.value} readOnly={readOnly} />}
      <Toasts />
    </main>
  );
}

async function refresh(): Promise<void> {
  try {
    const next = await get<WebConfig>("api/config");
    if (JSON.stringify(next) === JSON.stringify(config.value)) return;
    config.value = next;
    dress(next.appearanceVariables, next.customStyles);
  } catch {
    // The next time it may answer.
  }
}

await ready();
render(<App />, document.getElementById("app")!);
await refresh();
new StatusPoller({ status: (s) => (status.value = s), clock: () => {}, failed: () => {} }).start();
setInterval(() => (document.hidden && config.value ? undefined : void refresh()), 60_000);
