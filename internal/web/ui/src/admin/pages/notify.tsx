import { useSignal } from "@preact/signals";
import { Button } from "../../components/button";
import { Switch, TextArea, TextField } from "../../components/form";
import { Send } from "../../components/icons";
import { ago } from "../../lib/format";
import { read, send } from "../api";
import { config, has } from "../config";
import { Form, Setting } from "../form";
import { t } from "../i18n";
import { useLoad, type Loaded } from "../poll";
import { problem } from "../problem";
import type { BrowserPush, Channels, Discord, GoLive, Told } from "../types";
import { Card, Note, Page, Tag } from "../ui/page";
import { SettingsForm } from "../ui/settings";
import { Table } from "../ui/table";

const discord = new Setting<Discord>("notifications.discord", "notifications/discord", { enabled: false, webhook: "", goLiveMessage: "" });
const push = new Setting<BrowserPush>("notifications.browser", "notifications/browser", { enabled: false, goLiveMessage: "" });
const goLive = new Setting<GoLive>("notifications.goLive", "notifications/golive", { message: "", delaySeconds: 120, throttleSeconds: 600 });
const form = new Form([push, discord, goLive]);

export default function NotifyPage() {
  const told = config.value!.notifications.goLive !== undefined; // else the server has no such part
  const channels = useLoad(async () => (told ? read<Channels>("api/admin/notifications") : null), { every: 10_000 });
  const d = discord.value;
  const p = push.value;
  return (
    <Page title={t("notifications")} text={t("notificationsText")}>
      <SettingsForm form={form}>
        {told && <Timing />}
        <Card title={t("push")} text={t("pushText")}>
          {!has("push") && <Note>{t("noPush")}</Note>}
          <Switch label={t("enabled")} checked={p.enabled} onChange={(enabled) => (push.value = { ...p, enabled })} />
          <TextArea label={t("goLiveMessage")} rows={2} value={p.goLiveMessage ?? ""} error={push.error.value} onValue={(goLiveMessage) => (push.value = { ...p, goLiveMessage })} />
        </Card>
        <Card title="Discord" text={t("discordText")}>
          <Switch label={t("enabled")} checked={d.enabled} onChange={(enabled) => (discord.value = { ...d, enabled })} />
          <TextField
            type="password"
            autocomplete="off"
            label={t("discordWebhook")}
            hint={t("discordWebhookHint")}
            value={d.webhook ?? ""}
            error={discord.errorOf("webhook")}
            onValue={(webhook) => (discord.value = { ...d, webhook })}
          />
          <TextArea
            label={t("goLiveMessage")}
            rows={2}
            value={d.goLiveMessage ?? ""}
            error={discord.wrong.value === "webhook" ? "" : discord.error.value}
            onValue={(goLiveMessage) => (discord.value = { ...d, goLiveMessage })}
          />
        </Card>
      </SettingsForm>
      {channels.data.value && <ChannelList channels={channels.data.value} reload={channels} />}
    </Page>
  );
}

function Timing() {
  const v = goLive.value;
  const minutes = (text: string) => Math.max(0, Math.round((Number(text) || 0) * 60));
  return (
    <Card title={t("goLive")} text={t("goLiveText")}>
      <TextArea label={t("goLiveMessage")} hint={t("goLiveCommonHint")} rows={2} value={v.message} error={goLive.errorOf("message")} onValue={(message) => (goLive.value = { ...v, message })} />
      <div class="field-row">
        <TextField type="number" min={0} max={60} step="any" label={t("goLiveDelay")} hint={t("goLiveDelayHint")} value={String(v.delaySeconds / 60)} error={goLive.errorOf("delaySeconds")} onValue={(x) => (goLive.value = { ...v, delaySeconds: minutes(x) })} />
        <TextField type="number" min={0} max={1440} step="any" label={t("goLiveThrottle")} hint={t("goLiveThrottleHint")} value={String(v.throttleSeconds / 60)} error={goLive.errorOf("throttleSeconds")} onValue={(x) => (goLive.value = { ...v, throttleSeconds: minutes(x) })} />
      </div>
      {goLive.error.value && !goLive.wrong.value && <p class="field-error" role="alert">{goLive.error.value}</p>}
    </Card>
  );
}

/** channelName is how people know a channel. */
function channelName(name: string): string {
  const names: Record<string, string> = { browser: t("push"), discord: "Discord", fediverse: t("theFediverse"), email: t("email"), matrix: "Matrix", ntfy: "ntfy", slack: "Slack", telegram: "Telegram" };
  return names[name] ?? name;
}

function ChannelList({ channels, reload }: { channels: Channels; reload: Loaded<Channels | null> }) {
  const busy = useSignal("");
  const outcome = useSignal<{ good: boolean; text: string } | null>(null);
  const test = async (name: string) => {
    busy.value = name;
    outcome.value = null;
    try {
      const told = await send<Told>(`api/admin/notifications/${encodeURIComponent(name)}/test`, undefined, { timeout: 60_000 });
      outcome.value = told.success ? { good: true, text: t("testSent", { name: channelName(name) }) } : { good: false, text: told.error };
    } catch (err) {
      outcome.value = { good: false, text: problem(err) };
    }
    busy.value = "";
    void reload.reload();
  };
  const states = { none: "", waiting: t("announceWaiting"), interrupted: t("announceInterrupted"), announced: t("announced"), throttled: t("announceThrottled") };
  const state = states[channels.stream.state];
  return (
    <Card title={t("channelsTitle")} text={t("channelsText")}>
      {state && <Note>{channels.stream.at ? `${state} (${ago(new Date(channels.stream.at))})` : state}</Note>}
      {channels.channels.length === 0 ? (
        <p class="soft">{t("noChannels")}</p>
      ) : (
        <Table
          label={t("channelsTitle")}
          rows={channels.channels}
          id={(c) => c.name}
          columns={[
            { head: t("name"), cell: (c) => <Name of={c.name} /> },
            { head: t("state"), cell: (c) => (c.enabled ? <Tag tone="good">{t("enabled")}</Tag> : <Tag>{t("off")}</Tag>) },
            { head: t("lastTime"), cell: (c) => (c.last ? <Last told={c.last} /> : t("never")) },
          ]}
          actionsLabel={t("sendTest")}
          actions={(c) => (
            <Button small icon={Send} busy={busy.value === c.name} disabled={!c.enabled || busy.value !== ""} onClick={() => void test(c.name)}>
              {t("sendTest")}
            </Button>
          )}
        />
      )}
      <div role="status">{outcome.value && <Note tone={outcome.value.good ? "good" : "bad"}>{outcome.value.text}</Note>}</div>
    </Card>
  );
}

// Those that have settings here, or on the page of the fediverse.
const settable = ["browser", "discord", "fediverse"];

function Name({ of }: { of: string }) {
  return (
    <>
      {channelName(of)}
      {!settable.includes(of) && <p class="soft">{t("setByProgram")}</p>}
    </>
  );
}

function Last({ told }: { told: Told }) {
  return (
    <>
      <Tag tone={told.success ? "good" : told.retrying ? "warn" : "bad"}>{told.success ? t("delivered") : told.retrying ? t("retrying") : t("failed")}</Tag> {ago(new Date(told.at))}
      {told.error && <p class="soft">{told.error}</p>}
    </>
  );
}
