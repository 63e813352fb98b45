import { at } from "../../lib/base";
import { Form, Setting } from "../form";
import { t } from "../i18n";
import { Card, Page } from "../ui/page";
import { AreaSetting, SettingsForm } from "../ui/settings";

const page = new Setting<string>("instanceDetails.extraPageContent", "pagecontent", "");
const offline = new Setting<string>("instanceDetails.offlineMessage", "offlinemessage", "");
const form = new Form([page, offline]);

export default function ContentPage() {
  return (
    <Page title={t("content")} text={t("contentText")}>
      <SettingsForm form={form}>
        <Card>
          <AreaSetting
            setting={page}
            label={t("pageContent")}
            rows={16}
            hint={
              <>
                {t("pageContentHint")} <a href={at("")} target="_blank">{t("toStream")}</a>
              </>
            }
          />
        </Card>
        <Card>
          <AreaSetting setting={offline} label={t("offlineMessage")} hint={t("offlineMessageHint")} rows={4} />
        </Card>
      </SettingsForm>
    </Page>
  );
}
