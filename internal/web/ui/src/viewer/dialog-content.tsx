import { signal, useSignal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import { Button } from "../components/button";
import { CopyField } from "../components/copy";
import { Dialog } from "../components/dialog";
import { TextField } from "../components/form";
import * as icons from "../components/icons";
import { common } from "../i18n/common";
import { t } from "../i18n/viewer";
import { ApiError, post } from "../lib/api";
import { at } from "../lib/base";
import { recall, remember } from "../lib/store";
import type { ExternalAction } from "../lib/types";
import type { OpenDialog } from "./dialogs";
import { config, name, recordingId } from "./model";
import { subscribe, subscribed } from "./notify";

/** DialogContent is the dialog of a name. */
export function DialogContent({ open, close }: { open: OpenDialog; close: () => void }) {
  switch (open.name) {
    case "follow":
      return <Follow close={close} />;
    case "notify":
      return <Notify close={close} />;
    case "share":
      return <Share close={close} />;
    case "shortcuts":
      return <Shortcuts close={close} />;
    case "action":
      return <Action action={open.action} index={open.index} close={close} />;
  }
}

type Props = { close: () => void };

const kept = recall("fediverse");
const account = signal(typeof kept === "string" ? kept : ""); // for when the dialog is opened again

function Follow({ close }: Props) {
  const error = useSignal("");
  const busy = useSignal(false);
  const channel = name.value || t("defaultName");
  const own = config.value?.federation.account ?? "";
  const submit = async (event: Event) => {
    event.preventDefault();
    busy.value = true;
    error.value = "";
    try {
      const { redirectUrl } = await post<{ redirectUrl: string }>("api/remotefollow", { account: account.value.trim().replace(/^@/, "") });
      const target = new URL(redirectUrl);
      if (target.protocol !== "https:") throw new ApiError(400, t("followBadURL"));
      remember("fediverse", account.value.trim());
      window.open(target.href, "_blank", "noopener,noreferrer");
      close();
    } catch (err) {
      error.value = err instanceof ApiError && err.status ? err.message : err instanceof TypeError ? t("followBadURL") : common.t("noAnswer");
    } finally {
      busy.value = false;
    }
  };
  return (
    <Dialog title={t("followTitle", { name: channel })} onClose={close} size="small" keeps>
      <p>{t("followText")}</p>
      <form class="stack" onSubmit={submit}>
        <TextField
          label={t("followAccount")}
          value={account.value}
          onValue={(v) => (account.value = v)}
          placeholder={t("followPlaceholder")}
          inputMode="email"
          autocomplete="off"
          spellcheck={false}
          required
          error={error.value}
        />
        <Button submit kind="primary" busy={busy.value}>
          {t("followGo")}
        </Button>
      </form>
      {own && <CopyField label={t("followOr")} value={own.startsWith("@") ? own : `@${own}`} />}
    </Dialog>
  );
}

function Notify({ close }: Props) {
  const state = useSignal<"" | "on" | "busy" | "done" | "denied" | "failed">("");
  useEffect(() => {
    subscribed().then((on) => on && (state.value = "on"), () => {});
  }, []);
  const turnOn = async () => {
    state.value = "busy";
    state.value = await subscribe(config.value!);
  };
  const words = { on: t("notifyIsOn"), done: t("notifyDone"), denied: t("notifyDenied"), failed: t("notifyFailed") };
  const now = state.value;
  return (
    <Dialog title={t("notifyTitle")} onClose={close} size="small">
      <p>{t("notifyText", { name: name.value || t("defaultName") })}</p>
      {now !== "" && now !== "busy" && (
        <p role="status" class={now === "on" || now === "done" ? "good" : "bad"}>
          {words[now]}
        </p>
      )}
      {now !== "on" && now !== "done" && (
        <Button kind="primary" icon={icons.Bell} busy={now === "busy"} onClick={() => void turnOn()}>
          {t("notifyOn")}
        </Button>
      )}
    </Dialog>
  );
}

function Share({ close }: Props) {
  const page = at(recordingId.value ? `recordings/${recordingId.value}` : "");
  const embed = `<iframe src="${at("embed/video")}" width="640" height="360" title="${escape(name.value || t("defaultName"))}" allow="autoplay; fullscreen; picture-in-picture" allowfullscreen style="border:0"></iframe>`;
  return (
    <Dialog title={t("shareTitle")} onClose={close}>
      <CopyField label={t("shareLink")} value={page} />
      {!recordingId.value && <CopyField label={t("shareEmbed")} value={embed} />}
    </Dialog>
  );
}

const escape = (text: string) => text.replaceAll("&", "&amp;").replaceAll('"', "&quot;").replaceAll("<", "&lt;");

function Shortcuts({ close }: Props) {
  const keys: [string[], string][] = [
    [["Space", "K"], t("shortcutsPlay")],
    [["M"], t("shortcutsMute")],
    [["↑", "↓"], t("shortcutsVolume")],
    [["←", "→"], t("shortcutsSeek")],
    [["J"], t("shortcutsJump")],
    [["L"], t("shortcutsLive")],
    [["F"], t("shortcutsFull")],
    [["I"], t("shortcutsInset")],
    [["C"], t("shortcutsCaptions")],
    [["?"], t("shortcutsHelp")],
  ];
  return (
    <Dialog title={t("shortcuts")} onClose={close} size="small">
      <dl class="shortcuts">
        {keys.map(([names, what]) => (
          <div key={what}>
            <dt>
              {names.map((key) => (
                <kbd key={key}>{key}</kbd>
              ))}
            </dt>
            <dd>{what}</dd>
          </div>
        ))}
      </dl>
    </Dialog>
  );
}

// What an administrator wrote runs in a page without an origin; a page of
// somebody else's has its own.
function Action({ action, index, close }: Props & { action: ExternalAction; index: number }) {
  const foreign = Boolean(action.url);
  const source = action.url || at(`externalactions/${index}`);
  const sandbox = `allow-scripts allow-forms allow-popups allow-popups-to-escape-sandbox allow-downloads${foreign ? " allow-same-origin" : ""}`;
  return (
    <Dialog
      title={action.title || new URL(source).host}
      onClose={close}
      size="large"
      class="action-dialog"
      actions={
        foreign && (
          <a class="button secondary" href={source} target="_blank" rel="noopener noreferrer">
            <icons.External />
            {t("openLink")}
          </a>
        )
      }
    >
      {action.description && <p>{action.description}</p>}
      <iframe class="action-frame" src={source} title={action.title || source} sandbox={sandbox} referrerpolicy="no-referrer" />
    </Dialog>
  );
}
