import { useSignalEffect } from "@preact/signals";
import { useEffect } from "preact/hooks";
import { Button } from "../components/button";
import { Toasts } from "../components/toast";
import { t } from "../i18n/viewer";
import { at } from "../lib/base";
import { PlayerFrame, reasonTexts, useTitle } from "../player/view";
import { ChatPanel } from "./chat-panel";
import { Dialogs, openDialog } from "./dialogs";
import { Header } from "./header";
import { Info } from "./info";
import { broadcast, chatShown, config, consent, hasChat, mustAsk, name, player, recording, recordingId, title, variants, view, wide } from "./model";
import { offlineCover } from "./offline";
import { chatTab, Sections } from "./sections";

/** App is the page of a channel. */
export function App() {
  useBody();
  useTitle(() => {
    const channel = name.value || t("defaultName");
    const shown = recordingId.value ? (recording.value?.title ?? "") : title.value;
    return shown && shown !== channel ? `${shown} – ${channel}` : channel;
  });
  const chatBeside = wide.value && chatShown.value && hasChat.value && !recordingId.value;
  return (
    <>
      <a class="skip-link" href="#player" onClick={focusPlayer}>
        {t("skipToContent")}
      </a>
      <Header />
      <div class={`layout ${chatBeside ? "with-chat" : ""}`}>
        <main class="content">
          <div class="player-box">
            <PlayerFrame
              player={player}
              view={view.value}
              retry={() => (recordingId.value ? player.retry() : broadcast.retry())}
              names={variants.value}
              offline={offlineCover()}
              poster={recordingId.value ? undefined : at("thumbnail.jpg")}
              onHelp={() => openDialog("shortcuts")}
            />
            {mustAsk.value && view.value.state !== "offline" && <Consent />}
          </div>
          <div class="below">
            <Info />
            <Sections />
            {config.value && <Footer />}
          </div>
        </main>
        {chatBeside && (
          <aside class="chat-side" aria-label={t("chat")}>
            {config.value && <ChatPanel config={config.value} status={broadcast.status.value} />}
          </aside>
        )}
      </div>
      <Announcer />
      <Dialogs />
      <Toasts />
    </>
  );
}

function focusPlayer(event: Event): void {
  event.preventDefault();
  document.getElementById("play")?.focus();
}

function Consent() {
  return (
    <div class="consent">
      <h2>{t("nsfwTitle")}</h2>
      <p>{t("nsfwText")}</p>
      <Button class="pill" onClick={consent}>
        {t("nsfwShow")}
      </Button>
    </div>
  );
}

// useBody tells style sheets, the administrator's included, what the page shows.
function useBody(): void {
  useSignalEffect(() => {
    const { dataset } = document.body;
    const flag = (key: string, on: boolean) => {
      if (on) dataset[key] = "";
      else delete dataset[key];
    };
    dataset["state"] = view.value.state;
    flag("running", player.running.value);
    flag("paused", player.paused.value);
    flag("soundOnly", player.running.value && player.soundOnly.value);
  });
  useSignalEffect(() => {
    if (chatTab.value) document.body.dataset["chatTab"] = "";
    else delete document.body.dataset["chatTab"];
  });
  useEffect(() => {
    // What a keyboard on the screen leaves, where it does not make the page smaller.
    const seen = window.visualViewport;
    const measure = () => document.documentElement.style.setProperty("--seen", `${seen!.height}px`);
    seen?.addEventListener("resize", measure);
    return () => seen?.removeEventListener("resize", measure);
  }, []);
  useSignalEffect(() => document.documentElement.style.setProperty("--ratio", Math.min(2.4, Math.max(0.5625, player.ratio.value)).toFixed(4)));
}

function Footer() {
  return (
    <footer class="foot">
      <a href={at("hls/stream.m3u8")} type="application/vnd.apple.mpegurl">
        {t("openElsewhere")}
      </a>
      <a href={at("licenses.txt")}>{t("licenses")}</a>
    </footer>
  );
}

// Announcer tells a screen reader of a change once, and nothing else.
function Announcer() {
  const { state, reason } = view.value;
  const sentence = {
    loading: "",
    offline: t("announceOffline"),
    live: t("announceLive"),
    reconnecting: t("announceReconnecting"),
    error: reason ? reasonTexts(reason).join(". ") : "",
  }[state];
  return (
    <p id="announcer" class="hidden-text" role="status" aria-live="polite">
      {sentence}
    </p>
  );
}
