import { signal } from "@preact/signals";
import { Button, IconButton } from "../components/button";
import * as icons from "../components/icons";
import { MenuButton, type MenuGroup } from "../components/menu";
import { t } from "../i18n/viewer";
import { at } from "../lib/base";
import { choose, language, languageNames, languages } from "../lib/i18n";
import { follow } from "../lib/route";
import { chooseScheme, scheme } from "../lib/theme";
import { openDialog } from "./dialogs";
import { canNotify } from "./notify";
import { chatShown, config, name, recordingId, showChat, view, wide } from "./model";

// A new one after an administrator has changed the picture.
const logoFailed = signal(false);

/** Header is the top of the page: whose it is, and what one can do about it. */
export function Header() {
  const channel = name.value || t("defaultName");
  return (
    <header class="site-head">
      <a class="site-name" href={at("")} onClick={follow}>
        {!logoFailed.value && <img class="site-logo" src={at("logo")} alt="" width="40" height="40" onError={() => (logoFailed.value = true)} />}
        <h1 id="name">{channel}</h1>
      </a>
      <Badge />
      <span class="gap" />
      <Actions />
    </header>
  );
}

function Badge() {
  const { state } = view.value;
  if (recordingId.value) return null;
  const words = { loading: t("badgeLoading"), offline: t("badgeOffline"), live: t("badgeLive"), reconnecting: t("badgeReconnecting"), error: t("badgeError") };
  return (
    <p class={`badge ${state}`}>
      <span class="dot" aria-hidden="true" />
      <span id="badge-text">{words[state]}</span>
    </p>
  );
}

function Actions() {
  const settings = config.value;
  const chats = settings !== null && !settings.chatDisabled;
  return (
    <div class="site-actions">
      {settings?.federation.enabled && (
        <Button id="follow" kind="primary" icon={icons.Heart} class="collapsing" onClick={() => openDialog("follow")}>
          {t("follow")}
        </Button>
      )}
      {settings?.notifications.browser.enabled && canNotify() && <IconButton id="notify" label={t("notify")} icon={icons.Bell} onClick={() => openDialog("notify")} />}
      <IconButton id="share" label={t("share")} icon={icons.Share} onClick={() => openDialog("share")} />
      <MenuButton id="preferences" label={t("preferences")} icon={icons.Globe} groups={preferences} />
      {chats && wide.value && !recordingId.value && (
        <IconButton id="toggle-chat" label={chatShown.value ? t("hideChat") : t("openChat")} icon={icons.Chat} aria-pressed={chatShown.value} onClick={() => showChat(!chatShown.value)} />
      )}
    </div>
  );
}

function preferences(): MenuGroup[] {
  const schemes = [
    ["system", t("appearanceSystem"), icons.Monitor],
    ["light", t("appearanceLight"), icons.Sun],
    ["dark", t("appearanceDark"), icons.Moon],
  ] as const;
  return [
    { label: t("appearance"), items: schemes.map(([id, label]) => ({ label, checked: scheme.value === id, select: () => chooseScheme(id) })) },
    { label: t("language"), items: languages.map((l) => ({ label: languageNames[l], checked: language.value === l, select: () => void choose(l) })) },
    {
      items: [
        { label: t("shortcuts"), icon: icons.Keyboard, select: () => openDialog("shortcuts") },
        { label: t("openElsewhere"), icon: icons.External, select: () => void (location.href = at("hls/stream.m3u8")) },
      ],
    },
  ];
}

