import type { ComponentChildren } from "preact";
import { CopyField } from "../../components/copy";
import { at } from "../../lib/base";
import { follow } from "../../lib/route";
import { config, has, isFixed } from "../config";
import { Form, Setting } from "../form";
import { t } from "../i18n";
import { live } from "../live";
import { ingest } from "../obs";
import { Card, Note, Page, Tag } from "../ui/page";
import { SecretField } from "../ui/secret-field";
import { AreaSetting, SettingsForm, TextSetting } from "../ui/settings";
import { warningText } from "./status";

const name = new Setting<string>("instanceDetails.name", "name", "");
const summary = new Setting<string>("instanceDetails.summary", "serversummary", "");
const url = new Setting<string>("yp.instanceUrl", "serverurl", "");
const form = new Form([name, summary, url]);

/** SetupPage leads through what is to be done before the first stream. */
export default function SetupPage() {
  const c = config.value!;
  const now = live.value;
  const online = now !== null && now.phase !== "offline";
  return (
    <Page title={t("setup")} text={t("setupText")}>
      <SettingsForm form={form}>
        <Step n={1} title={t("setupChannel")} done={c.configured}>
          <TextSetting setting={name} label={t("channelName")} maxLength={100} />
          <AreaSetting setting={summary} label={t("summary")} hint={t("summaryHint")} rows={4} maxLength={2000} />
          <TextSetting setting={url} type="url" label={t("serverURL")} hint={t("serverURLHint")} placeholder={location.origin} />
        </Step>
      </SettingsForm>
      <Step n={2} title={t("setupBroadcaster")} done={c.streamKeys.length > 0 || isFixed("streamKeys")}>
        <p>{t("setupOBS")}</p>
        <ol class="steps">
          <li>{t("setupOBS1")}</li>
          <li>
            {t("setupOBS2")}
            <CopyField label={t("obsServer")} value={ingest()} />
            {c.streamKeys[0] ? (
              <SecretField label={t("obsKey")} value={c.streamKeys[0].key} />
            ) : (
              <Note tone="warn">
                {t("noKeys")}{" "}
                <a href={at("admin/config-server-details/")} onClick={follow}>
                  {t("server")}
                </a>
              </Note>
            )}
          </li>
          <li>{t("setupOBS3")}</li>
        </ol>
        {c.rtmpServerPort === 0 && <Note tone="warn">{t("noRTMP")}</Note>}
      </Step>
      <Step n={3} title={t("setupQualities")} done={has("transcoder") && c.videoSettings.videoQualityVariants.length > 0}>
        <p>{has("transcoder") ? t("setupTranscoder") : t("noTranscoder")}</p>
        <p>
          <a href={at("admin/config-video/")} onClick={follow}>
            {t("videoSettings")}
          </a>
        </p>
      </Step>
      <Step n={4} title={t("setupTest")} done={online}>
        <div role="status" class="arrival">
          {online ? (
            <>
              <Note tone="good">{t("setupArrived")}</Note>
              {now.ingest?.warnings.map((w) => (
                <Note key={w.code} tone="warn">
                  {warningText(w.code, w.detail)}
                </Note>
              ))}
              <div class="preview">
                <iframe src={at("embed/video?autoplay=1&muted=1")} title={t("preview")} allow="autoplay; fullscreen" />
              </div>
            </>
          ) : (
            <p class="soft">{t("setupWaiting")}</p>
          )}
        </div>
      </Step>
      {has("password") && !isFixed("adminPassword") && (
        <Step n={5} title={t("setupPassword")}>
          <p>
            {t("setupPasswordText")}{" "}
            <a href={at("admin/config-server-details/")} onClick={follow}>
              {t("adminPassword")}
            </a>
          </p>
        </Step>
      )}
    </Page>
  );
}

function Step({ n, title, done, children }: { n: number; title: string; done?: boolean; children: ComponentChildren }) {
  return (
    <Card title={`${n}. ${title}`} actions={done && <Tag tone="good">{t("done")}</Tag>}>
      {children}
    </Card>
  );
}
