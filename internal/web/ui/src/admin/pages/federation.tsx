import { config, has } from "../config";
import { Form, Setting } from "../form";
import { t } from "../i18n";
import { host } from "../obs";
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
        </Card>
      </SettingsForm>
    </Page>
  );
}
