import { Button } from "../components/button";
import * as icons from "../components/icons";
import { MenuButton } from "../components/menu";
import { n, t } from "../i18n/viewer";
import { at } from "../lib/base";
import { ago, date, dateTime } from "../lib/format";
import { follow } from "../lib/route";
import type { ExternalAction } from "../lib/types";
import { openAction } from "./dialogs";
import { config, recording, recordingId, status, title, view } from "./model";

/** Info is what is said of the stream, below the video. */
export function Info() {
  return (
    <div class="info">
      <div class="info-text">{recordingId.value ? <RecordingInfo /> : <StreamInfo />}</div>
      <ExternalActions />
    </div>
  );
}

function StreamInfo() {
  const { state } = view.value;
  const now = status.value;
  const since = state === "offline" ? now?.lastDisconnectTime : now?.lastConnectTime;
  const when = since ? ago(new Date(since)) : "";
  const parts = [];
  if (now?.viewerCount && state !== "offline") parts.push(n("viewers", now.viewerCount));
  if (when) parts.push(state === "offline" ? t("lastLive", { ago: when }) : t("liveSince", { ago: when }));
  return (
    <>
      <h2 id="title" hidden={title.value === ""}>
        {title.value}
      </h2>
      <p id="meta">{parts.join(" · ")}</p>
    </>
  );
}

function RecordingInfo() {
  const one = recording.value;
  return (
    <>
      <h2 id="title">{one ? one.title || date(new Date(one.startedAt)) : one === null ? t("recordingMissing") : ""}</h2>
      <p id="meta">{one ? dateTime(new Date(one.startedAt)) : one === null ? t("recordingMissingText") : ""}</p>
      <a class="button small" href={at("")} onClick={follow}>
        {t("backToLive")}
      </a>
    </>
  );
}

// A few are buttons; more are in a menu.
const mostButtons = 3;

function ExternalActions() {
  const actions = (config.value?.externalActions ?? []).map((action, index) => ({ action, index })).filter(({ action }) => action.url || action.html);
  if (actions.length === 0) return null;
  const [shown, hidden] = [actions.slice(0, mostButtons), actions.slice(mostButtons)];
  return (
    <div class="external-actions">
      {shown.map(({ action, index }) => (
        <ActionButton key={index} action={action} index={index} />
      ))}
      {hidden.length > 0 && (
        <MenuButton label={t("moreActions")} icon={icons.More} groups={[{ items: hidden.map(({ action, index }) => ({ label: label(action), select: () => openAction(action, index) })) }]} />
      )}
    </div>
  );
}

const label = (action: ExternalAction) => action.title || action.url || "…";

function ActionButton({ action, index }: { action: ExternalAction; index: number }) {
  const color = action.color && CSS.supports("color", action.color) ? action.color : "";
  const icon = ownIcon(action.icon);
  return (
    <Button class={color ? "colored" : ""} style={color ? { "--own": color } : {}} title={action.description || undefined} onClick={() => openAction(action, index)}>
      {icon && <img class="action-icon" src={icon} alt="" width="20" height="20" />}
      {label(action)}
    </Button>
  );
}

// Pictures come from this server alone, which the policy of the page sees to.
function ownIcon(icon: string | undefined): string {
  if (!icon) return "";
  const url = new URL(icon, at(""));
  return url.origin === location.origin ? url.href : "";
}
