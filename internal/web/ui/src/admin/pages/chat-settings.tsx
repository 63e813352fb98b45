import { Check, TextField } from "../../components/form";
import { locale } from "../../lib/i18n";
import { config, has } from "../config";
import { Form, Setting } from "../form";
import { t } from "../i18n";
import type { ChatLimits } from "../types";
import { Card, Note, Page } from "../ui/page";
import { AreaSetting, hintOf, ListSetting, NumberSetting, SettingsForm, SwitchSetting } from "../ui/settings";

const disabled = new Setting<boolean>("chatDisabled", "chat/disable", false);
const joins = new Setting<boolean>("chatJoinMessagesEnabled", "chat/joinmessagesenabled", true);
const welcome = new Setting<string>("instanceDetails.welcomeMessage", "welcomemessage", "");
const established = new Setting<boolean>("chatEstablishedUserMode", "chat/establishedusermode", false);
const authenticated = new Setting<boolean>("chatRequireAuthentication", "chat/requireauthentication", false);
const spam = new Setting<boolean>("chatSpamProtectionEnabled", "chat/spamprotectionenabled", true);
const slurs = new Setting<boolean>("chatSlurFilterEnabled", "chat/slurfilterenabled", false);
const slow = new Setting<number>("chatSlowMode", "chat/slowmode", 0);
const words = new Setting<string[]>("chatBlockedWords", "chat/blockedwords", []);
const wordLanguages = new Setting<string[]>("chatBlockedLanguages", "chat/blockedlanguages", []);
const holdWords = new Setting<string[]>("chatHoldWords", "chat/holdwords", []);
const holdLinks = new Setting<boolean>("chatHoldLinks", "chat/holdlinks", false);
const holdFirst = new Setting<boolean>("chatHoldFirst", "chat/holdfirst", false);
const history = new Setting<number>("chatHistorySize", "chat/historysize", 50);
const retention = new Setting<number>("chatRetentionHours", "chat/retentionhours", 2);
const limits = new Setting<ChatLimits>("chatLimits", "chat/limits", { clients: 0, clientsPerAddress: 0, registrationsPerAddress: 0, messagesPerMinute: 0, floodTimeout: 0, framesPerSecond: 0 });
const forbidden = new Setting<string[]>("forbiddenUsernames", "chat/forbiddenusernames", []);
const suggested = new Setting<string[]>("suggestedUsernames", "chat/suggestedusernames", []);
const form = new Form([
  disabled, joins, welcome, established, authenticated, spam, slurs, slow, words, wordLanguages, holdWords, holdLinks, holdFirst, history, retention, limits, forbidden, suggested,
]); // prettier-ignore

export default function ChatSettingsPage() {
  return (
    <Page title={t("chatSettings")}>
      {!has("chat") && <Note>{t("noChat")}</Note>}
      <SettingsForm form={form}>
        <Card>
          <SwitchSetting setting={disabled} inverted label={t("chatEnabled")} hint={t("chatEnabledHint")} />
          <SwitchSetting setting={joins} label={t("joinMessages")} hint={t("joinMessagesHint")} />
          <AreaSetting setting={welcome} label={t("welcomeMessage")} hint={t("welcomeMessageHint")} rows={3} />
        </Card>
        <Card title={t("whoMayWrite")}>
          <SwitchSetting setting={authenticated} label={t("requireAuthentication")} hint={t("requireAuthenticationHint")} />
          <SwitchSetting setting={established} label={t("establishedOnly")} hint={t("establishedOnlyHint")} />
          <NumberSetting setting={slow} label={t("slowMode")} hint={t("slowModeHint")} max={21_600} />
        </Card>
        <Card title={t("filters")}>
          <SwitchSetting setting={spam} label={t("spamProtection")} hint={t("spamProtectionHint")} />
          <SwitchSetting setting={slurs} label={t("slurFilter")} hint={t("slurFilterHint")} />
          <ListSetting setting={words} label={t("blockedWords")} hint={t("blockedWordsHint")} />
          <Languages />
        </Card>
        <Card title={t("holding")} text={t("holdingText")}>
          <SwitchSetting setting={holdFirst} label={t("holdFirst")} />
          <SwitchSetting setting={holdLinks} label={t("holdLinks")} />
          <ListSetting setting={holdWords} label={t("holdWords")} />
        </Card>
        <Card title={t("names")}>
          <ListSetting setting={forbidden} label={t("forbiddenNames")} hint={t("forbiddenNamesHint")} />
          <ListSetting setting={suggested} label={t("suggestedNames")} hint={t("suggestedNamesHint")} />
        </Card>
        <Card title={t("chatHistory")}>
          <div class="field-row">
            <NumberSetting setting={history} label={t("historySize")} hint={t("historySizeHint")} min={1} max={500} />
            <NumberSetting setting={retention} label={t("retentionHours")} hint={t("retentionHoursHint")} max={87_840} />
          </div>
        </Card>
        <Limits />
      </SettingsForm>
    </Page>
  );
}

function Languages() {
  const names = new Intl.DisplayNames(locale(), { type: "language" });
  const all = config.value?.chatAvailableLanguages ?? [];
  if (all.length === 0) return null;
  const chosen = wordLanguages.value;
  return (
    <fieldset class="checks">
      <legend>{t("blockedLanguages")}</legend>
      {all.map((code) => (
        <Check
          key={code}
          label={names.of(code) ?? code}
          checked={chosen.includes(code)}
          disabled={wordLanguages.fixed}
          onChange={(on) => (wordLanguages.value = on ? [...chosen, code] : chosen.filter((c) => c !== code))}
        />
      ))}
      {wordLanguages.error.value && <p class="field-error" role="alert">{wordLanguages.error.value}</p>}
    </fieldset>
  );
}

function Limits() {
  const v = limits.value;
  const field = (name: keyof ChatLimits, label: string) => (
    <TextField
      type="number"
      min={0}
      step={1}
      label={label}
      value={String(v[name])}
      disabled={limits.fixed}
      error={limits.errorOf(name)}
      onValue={(text) => (limits.value = { ...v, [name]: Math.max(0, Math.trunc(Number(text)) || 0) })}
    />
  );
  return (
    <Card title={t("limits")} text={t("limitsText")}>
      <div class="field-row">
        {field("clients", t("limitClients"))}
        {field("clientsPerAddress", t("limitClientsPerAddress"))}
        {field("registrationsPerAddress", t("limitRegistrations"))}
        {field("messagesPerMinute", t("limitMessages"))}
        {field("floodTimeout", t("limitTimeout"))}
        {field("framesPerSecond", t("limitFrames"))}
      </div>
      {limits.fixed && <p class="field-hint">{hintOf(limits)}</p>}
      {limits.error.value && !(limits.wrong.value in v) && <p class="field-error" role="alert">{limits.error.value}</p>}
    </Card>
  );
}
