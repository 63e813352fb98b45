import { Switch, TextArea, TextField } from "../../components/form";
import { has } from "../config";
import { Form, Setting } from "../form";
import { t } from "../i18n";
import type { BrowserPush, Discord } from "../types";
import { Card, Note, Page } from "../ui/page";
import { SettingsForm } from "../ui/settings";

const discord = new Setting<Discord>("notifications.discord", "notifications/discord", { enabled: false, webhook: "", goLiveMessage: "" });
const push = new Setting<BrowserPush>("notifications.browser", "notifications/browser", { enabled: false, goLiveMessage: "" });
const form = new Form([push, discord]);

export default function NotifyPage() {
  const d = discord.value;
  const p = push.value;
  return (
    <Page title={t("notifications")} text={t("notificationsText")}>
      <SettingsForm form={form}>
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
    </Page>
  );
}
