import { has } from "../config";
import { Form, Setting } from "../form";
import { t } from "../i18n";
import { Card, Note, Page } from "../ui/page";
import { AreaSetting, ListSetting, SettingsForm, SwitchSetting } from "../ui/settings";

const disabled = new Setting<boolean>("chatDisabled", "chat/disable", false);
const joins = new Setting<boolean>("chatJoinMessagesEnabled", "chat/joinmessagesenabled", true);
const welcome = new Setting<string>("instanceDetails.welcomeMessage", "welcomemessage", "");
const established = new Setting<boolean>("chatEstablishedUserMode", "chat/establishedusermode", false);
const authenticated = new Setting<boolean>("chatRequireAuthentication", "chat/requireauthentication", false);
const spam = new Setting<boolean>("chatSpamProtectionEnabled", "chat/spamprotectionenabled", true);
const slurs = new Setting<boolean>("chatSlurFilterEnabled", "chat/slurfilterenabled", false);
const forbidden = new Setting<string[]>("forbiddenUsernames", "chat/forbiddenusernames", []);
const suggested = new Setting<string[]>("suggestedUsernames", "chat/suggestedusernames", []);
const form = new Form([disabled, joins, welcome, established, authenticated, spam, slurs, forbidden, suggested]);

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
        </Card>
        <Card title={t("filters")}>
          <SwitchSetting setting={spam} label={t("spamProtection")} hint={t("spamProtectionHint")} />
          <SwitchSetting setting={slurs} label={t("slurFilter")} hint={t("slurFilterHint")} />
        </Card>
        <Card title={t("names")}>
          <ListSetting setting={forbidden} label={t("forbiddenNames")} hint={t("forbiddenNamesHint")} />
          <ListSetting setting={suggested} label={t("suggestedNames")} hint={t("suggestedNamesHint")} />
        </Card>
      </SettingsForm>
    </Page>
  );
}
