import { useSignal } from "@preact/signals";
import { useId } from "preact/hooks";
import { Button } from "../../components/button";
import { Upload } from "../../components/icons";
import { at } from "../../lib/base";
import { bytes } from "../../lib/format";
import type { Autoplay } from "../../lib/types";
import { ask, send } from "../api";
import { dataURL } from "../file";
import { Form, Setting } from "../form";
import { t } from "../i18n";
import { act } from "../poll";
import { Card, Page } from "../ui/page";
import { AreaSetting, ListSetting, SelectSetting, SettingsForm, SwitchSetting, TextSetting } from "../ui/settings";

const name = new Setting<string>("instanceDetails.name", "name", "");
const summary = new Setting<string>("instanceDetails.summary", "serversummary", "");
const tags = new Setting<string[]>("instanceDetails.tags", "tags", []);
const nsfw = new Setting<boolean>("instanceDetails.nsfw", "nsfw", false);
const autoplay = new Setting<Autoplay>("instanceDetails.autoplay", "autoplay", "always");
const hideViewerCount = new Setting<boolean>("hideViewerCount", "hideviewercount", false);
const noIndex = new Setting<boolean>("disableSearchIndexing", "disablesearchindexing", false);
const form = new Form([name, summary, tags, nsfw, autoplay, hideViewerCount, noIndex]);

export default function GeneralPage() {
  return (
    <Page title={t("general")} text={t("generalText")}>
      <SettingsForm form={form}>
        <Card title={t("channel")}>
          <TextSetting setting={name} label={t("channelName")} maxLength={100} />
          <AreaSetting setting={summary} label={t("summary")} hint={t("summaryHint")} rows={3} maxLength={2000} />
          <ListSetting setting={tags} label={t("tags")} hint={t("tagsHint")} />
        </Card>
        <Pictures />
        <Card title={t("watching")}>
          <SelectSetting
            setting={autoplay}
            label={t("autoplay")}
            hint={t("autoplayHint")}
            choices={[
              { value: "always", label: t("autoplayAlways") },
              { value: "sound-only", label: t("autoplaySound") },
              { value: "off", label: t("autoplayOff") },
            ]}
          />
          <SwitchSetting setting={nsfw} label={t("nsfw")} hint={t("nsfwHint")} />
          <SwitchSetting setting={hideViewerCount} label={t("hideViewerCount")} hint={t("hideViewerCountHint")} />
          <SwitchSetting setting={noIndex} label={t("noIndex")} hint={t("noIndexHint")} />
        </Card>
      </SettingsForm>
    </Page>
  );
}

/** Pictures are saved as soon as they are chosen. */
function Pictures() {
  return (
    <Card title={t("pictures")} text={t("picturesText")}>
      <Picture
        label={t("logo")}
        hint={t("logoHint")}
        path="logo"
        accept="image/png,image/jpeg,image/gif,image/webp,image/svg+xml"
        most={4 << 20}
        save={(url) => send("api/admin/config/logo", { value: url })}
        reset={() => ask("DELETE", "api/admin/config/logo")}
      />
      <Picture
        label={t("favicon")}
        hint={t("faviconHint")}
        path="favicon.ico"
        accept="image/png,image/x-icon,image/vnd.microsoft.icon,.ico"
        most={200 << 10}
        save={(url) => send("api/admin/config/favicon", { value: url })}
        reset={() => ask("DELETE", "api/admin/config/favicon")}
      />
    </Card>
  );
}

interface PictureProps {
  label: string;
  hint: string;
  path: string;
  accept: string;
  most: number;
  save: (dataURL: string) => Promise<unknown>;
  reset: () => Promise<unknown>;
}

function Picture({ label, hint, path, accept, most, save, reset }: PictureProps) {
  const version = useSignal(0);
  const busy = useSignal(false);
  const error = useSignal("");
  const id = useId();
  const run = async (what: () => Promise<unknown>) => {
    busy.value = true;
    if (await act(what, t("saved"))) version.value = Date.now();
    busy.value = false;
  };
  const choose = (input: HTMLInputElement) => {
    const file = input.files?.[0];
    input.value = "";
    if (!file) return;
    error.value = file.size > most ? t("fileTooLarge", { most: bytes(most) }) : "";
    if (!error.value) void run(async () => save(await dataURL(file)));
  };
  return (
    <div class="picture">
      <img src={at(`${path}?${version.value}`)} alt="" width="64" height="64" />
      <div class="picture-text">
        <strong>{label}</strong>
        <p class="field-hint">{hint}</p>
        {error.value && (
          <p class="field-error" role="alert">
            {error.value}
          </p>
        )}
        <div class="picture-actions">
          <input id={id} type="file" class="hidden-text" accept={accept} disabled={busy.value} aria-label={`${label}: ${t("chooseFile")}`} onChange={(event) => choose(event.currentTarget)} />
          <label class="button small" for={id}>
            <Upload />
            <span class="button-text">{t("chooseFile")}</span>
          </label>
          <Button small kind="quiet" busy={busy.value} aria-label={`${label}: ${t("resetPicture")}`} onClick={() => void run(reset)}>
            {t("resetPicture")}
          </Button>
        </div>
      </div>
    </div>
  );
}
