import { useSignal } from "@preact/signals";
import { useId } from "preact/hooks";
import { Download, Upload } from "../../components/icons";
import { at } from "../../lib/base";
import { send } from "../api";
import { has, loadConfig } from "../config";
import { t } from "../i18n";
import { problem } from "../problem";
import { confirm } from "../ui/confirm";
import { Card, Note, Page } from "../ui/page";

export default function BackupPage() {
  return (
    <Page title={t("backup")} text={t("backupText")}>
      <Card title={t("backupSettings")} text={t("backupSettingsText")}>
        <div class="buttons">
          <a class="button" href={at("api/admin/settings/export")} download="owncast-settings.json">
            <Download />
            <span class="button-text">{t("exportSettings")}</span>
          </a>
        </div>
        <Import />
      </Card>
      <Card title={t("database")} text={t("databaseText")}>
        {has("backup") ? (
          <>
            <Note tone="warn">{t("databaseSecrets")}</Note>
            <div class="buttons">
              <a class="button" href={at("api/admin/backup")} download>
                <Download />
                <span class="button-text">{t("downloadDatabase")}</span>
              </a>
            </div>
            <p class="soft">{t("restoreText")}</p>
          </>
        ) : (
          <Note>{t("noBackup")}</Note>
        )}
      </Card>
    </Page>
  );
}

function Import() {
  const id = useId();
  const busy = useSignal(false);
  const outcome = useSignal<{ good: boolean; text: string } | null>(null);
  const choose = async (input: HTMLInputElement) => {
    const file = input.files?.[0];
    input.value = "";
    if (!file) return;
    const yes = await confirm({ title: t("importSettings"), text: t("importSettingsText", { name: file.name }), action: t("importSettings") });
    if (!yes) return;
    busy.value = true;
    outcome.value = null;
    try {
      await send("api/admin/settings/import", JSON.parse(await file.text()));
      await loadConfig();
      outcome.value = { good: true, text: t("imported") };
    } catch (err) {
      outcome.value = { good: false, text: err instanceof SyntaxError ? t("notSettings") : problem(err) };
    }
    busy.value = false;
  };
  return (
    <>
      <div class="buttons">
        <input id={id} type="file" class="hidden-text" accept="application/json,.json" aria-label={t("importSettings")} disabled={busy.value} onChange={(event) => void choose(event.currentTarget)} />
        <label class="button" for={id}>
          <Upload />
          <span class="button-text">{t("importSettings")}</span>
        </label>
      </div>
      <div role="status">{outcome.value && <Note tone={outcome.value.good ? "good" : "bad"}>{outcome.value.text}</Note>}</div>
    </>
  );
}
