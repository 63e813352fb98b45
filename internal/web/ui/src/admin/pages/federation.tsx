import { useSignal } from "@preact/signals";
import { useId } from "preact/hooks";
import { Button } from "../../components/button";
import { Download, Upload } from "../../components/icons";
import { at } from "../../lib/base";
import { send } from "../api";
import { config, has, loadConfig } from "../config";
import { Form, Setting } from "../form";
import { n, t } from "../i18n";
import { host } from "../obs";
import { act } from "../poll";
import { problem } from "../problem";
import { confirm } from "../ui/confirm";
import { Card, Note, Page } from "../ui/page";
import { AreaSetting, ListSetting, SettingsForm, SwitchSetting, TextSetting } from "../ui/settings";

const enabled = new Setting<boolean>("federation.enabled", "federation/enable", false);
const username = new Setting<string>("federation.username", "federation/username", "");
const isPrivate = new Setting<boolean>("federation.isPrivate", "federation/private", false);
const message = new Setting<string>("federation.goLiveMessage", "federation/livemessage", "");
const engagement = new Setting<boolean>("federation.showEngagement", "federation/showengagement", true);
const quotes = new Setting<boolean>("federation.enableQuotes", "federation/enablequotes", false);
const hideFollowers = new Setting<boolean>("federation.hideFollowersTab", "federation/hidefollowers", false);
const blocked = new Setting<string[]>("federation.blockedDomains", "federation/blockdomains", []);
const form = new Form([username, isPrivate, message, engagement, quotes, hideFollowers, blocked, enabled]);

export default function FederationPage() {
  const noURL = !config.value?.yp.instanceUrl;
  return (
    <Page title={t("fediverse")} text={t("fediverseText")}>
      {!has("federation") && <Note>{t("noFederation")}</Note>}
      {noURL && <Note tone="warn">{t("fediverseNoURL")}</Note>}
      <SettingsForm form={form}>
        <Card>
          <SwitchSetting setting={enabled} label={t("fediverseEnabled")} hint={t("fediverseEnabledHint")} />
          <TextSetting setting={username} label={t("username")} hint={t("usernameHint", { account: `@${username.value || "…"}@${host()}` })} maxLength={64} />
          <AreaSetting setting={message} label={t("goLiveMessage")} hint={t("goLiveMessageHint")} rows={3} />
          <SwitchSetting setting={isPrivate} label={t("fediversePrivate")} hint={t("fediversePrivateHint")} />
          <SwitchSetting setting={engagement} label={t("showEngagement")} hint={t("showEngagementHint")} />
          <SwitchSetting setting={quotes} label={t("allowQuotes")} hint={t("allowQuotesHint")} />
          <SwitchSetting setting={hideFollowers} label={t("hideFollowers")} />
        </Card>
        <Card title={t("blockedDomains")} text={t("blockedDomainsText")}>
          <ListSetting setting={blocked} label={t("blockedDomains")} placeholder="example.org" />
          {has("federation") && <Domains />}
        </Card>
      </SettingsForm>
      {has("federation") && <Keys />}
    </Page>
  );
}

interface Imported {
  added: number;
  total: number;
  skipped: { domain: string; reason: string }[];
}

// Domains come from a file, such as one of Mastodon's, and go to one.
function Domains() {
  const id = useId();
  const outcome = useSignal<{ good: boolean; text: string } | null>(null);
  const choose = async (input: HTMLInputElement) => {
    const file = input.files?.[0];
    input.value = "";
    if (!file) return;
    try {
      const done = await send<Imported>("api/admin/federation/blockdomains/import", { value: await file.text() });
      await loadConfig();
      const skipped = done.skipped.length ? ` ${n("domainsSkipped", done.skipped.length)}` : "";
      outcome.value = { good: true, text: n("domainsAdded", done.added) + skipped };
    } catch (err) {
      outcome.value = { good: false, text: problem(err) };
    }
  };
  return (
    <>
      <div class="buttons">
        <input id={id} type="file" class="hidden-text" accept="text/csv,.csv,text/plain" aria-label={t("importDomains")} onChange={(event) => void choose(event.currentTarget)} />
        <label class="button small" for={id}>
          <Upload />
          <span class="button-text">{t("importDomains")}</span>
        </label>
        <a class="button small" href={at("api/admin/federation/blockdomains/export")} download="blocked-domains.csv">
          <Download />
          <span class="button-text">{t("exportDomains")}</span>
        </a>
      </div>
      <div role="status">{outcome.value && <Note tone={outcome.value.good ? "good" : "bad"}>{outcome.value.text}</Note>}</div>
    </>
  );
}

function Keys() {
  const rotate = async () => {
    const yes = await confirm({ title: t("rotateKeys"), text: t("rotateKeysText"), action: t("rotateKeys") });
    if (yes) await act(() => send("api/admin/federation/keys/rotate"), t("saved"));
  };
  return (
    <Card title={t("federationKeys")} text={t("federationKeysText")}>
      <div>
        <Button onClick={() => void rotate()}>{t("rotateKeys")}</Button>
      </div>
    </Card>
  );
}
