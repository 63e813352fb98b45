import { at } from "../../lib/base";
import { follow } from "../../lib/route";
import { has } from "../config";
import { t } from "../i18n";
import { live } from "../live";
import { Card, Facts, Page } from "../ui/page";

export default function HelpPage() {
  return (
    <Page title={t("help")}>
      <Card title={t("helpStart")}>
        <p>
          <a href={at("admin/setup/")} onClick={follow}>
            {t("setup")}
          </a>
        </p>
        <p>{t("helpStream")}</p>
        <p>{t("helpQuality")}</p>
        <p>{t("helpProblems")}</p>
      </Card>
      <Card title={t("forPrograms")}>
        <ul class="links">
          <li>
            <a href={at("api/openapi.yaml")} target="_blank">{t("apiDocument")}</a>
          </li>
          {has("prometheus") && (
            <li>
              <a href={at("api/admin/prometheus")} target="_blank">{t("metrics")}</a>
            </li>
          )}
          <li>
            <a href={at("hls/stream.m3u8")}>{t("playlist")}</a>
          </li>
          <li>
            <a href={at("embed/video")} target="_blank">{t("embedPlayer")}</a>
          </li>
        </ul>
      </Card>
      <Card title={t("aboutServer")}>
        <Facts list={[[t("version"), live.value?.versionNumber ?? ""]]} />
        <p>
          <a href={at("licenses.txt")} target="_blank">{t("licenses")}</a>
        </p>
      </Card>
    </Page>
  );
}
