import { useSignalEffect } from "@preact/signals";
import { Toasts } from "../components/toast";
import { ago } from "../lib/format";
import { at } from "../lib/base";
import { n, t } from "../i18n/viewer";
import { PlayerFrame, reasonTexts, useTitle } from "../player/view";
import { broadcast, name, player, status, title, view } from "./model";

/** App is the page of a channel. */
export function App() {
  useBody();
  useTitle(() => {
    const channel = name.value || t("defaultName");
    return title.value && title.value !== channel ? `${title.value} – ${channel}` : channel;
  });
  return (
    <>
      <a class="skip-link" href="#player" onClick={focusPlayer}>
        {t("skipToContent")}
      </a>
      <div class="stage">
        <Header />
        <main>
          <PlayerFrame player={player} view={view.value} retry={() => broadcast.retry()} poster={at("thumbnail.jpg")} />
          <Info />
        </main>
        <Footer />
      </div>
      <Announcer />
      <Toasts />
    </>
  );
}

function focusPlayer(event: Event): void {
  event.preventDefault();
  document.getElementById("play")?.focus();
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
}

function Badge() {
  const { state } = view.value;
  const words = { loading: t("badgeLoading"), offline: t("badgeOffline"), live: t("badgeLive"), reconnecting: t("badgeReconnecting"), error: t("badgeError") };
  return (
    <p class={`badge ${state}`}>
      <span class="dot" aria-hidden="true" />
      <span id="badge-text">{words[state]}</span>
    </p>
  );
}

function Header() {
  return (
    <header class="top">
      <h1 id="name">{name.value || t("defaultName")}</h1>
      <Badge />
    </header>
  );
}

function Info() {
  const { state } = view.value;
  const now = status.value;
  const since = state === "offline" ? now?.lastDisconnectTime : now?.lastConnectTime;
  const when = since ? ago(new Date(since)) : "";
  const parts = [when && (state === "offline" ? t("lastLive", { ago: when }) : t("liveSince", { ago: when }))];
  if (now?.viewerCount && state !== "offline") parts.push(n("viewers", now.viewerCount));
  return (
    <div class="info">
      <h2 id="title" hidden={title.value === ""}>
        {title.value}
      </h2>
      <p id="meta">{parts.filter(Boolean).join(" · ")}</p>
    </div>
  );
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
