import { Select, TextField } from "../../components/form";
import { at } from "../../lib/base";
import type { SocialHandle } from "../../lib/types";
import { read } from "../api";
import { Form, Setting } from "../form";
import { t } from "../i18n";
import { useLoad } from "../poll";
import { Card, Load, Page } from "../ui/page";
import { Rows } from "../ui/rows";
import { hintOf, SettingsForm } from "../ui/settings";

type Platforms = Record<string, { platform: string; icon: string }>;

const handles = new Setting<SocialHandle[]>("instanceDetails.socialHandles", "socialhandles", [], {
  read: (c) => c.instanceDetails.socialHandles.map(({ platform, url }) => ({ platform, url })),
  check: (list) => (list.some((h) => !h.platform || !h.url) ? t("handleIncomplete") : undefined),
});
const form = new Form([handles]);

export default function SocialPage() {
  const platforms = useLoad(() => read<Platforms>("api/socialplatforms"));
  return (
    <Page title={t("social")} text={t("socialText")}>
      <SettingsForm form={form}>
        <Card>
          <Load from={platforms}>{(known) => <Handles known={known} />}</Load>
        </Card>
      </SettingsForm>
    </Page>
  );
}

const custom = "\0";

function Handles({ known }: { known: Platforms }) {
  const choices = Object.entries(known)
    .map(([value, { platform }]) => ({ value, label: platform }))
    .sort((a, b) => a.label.localeCompare(b.label));
  return (
    <>
      <Rows
        label={t("social")}
        rows={handles.value}
        onRows={(rows) => (handles.value = rows)}
        make={() => ({ platform: "mastodon", url: "https://" })}
        add={t("addHandle")}
        name={(h) => known[h.platform]?.platform ?? h.platform}
        most={100}
        disabled={handles.fixed}
        ordered
      >
        {(row, change) => (
          <div class="handle">
            <img src={known[row.platform] ? at(`img/platformlogos/${row.platform}.svg`) : at("icon.svg")} alt="" width="32" height="32" />
            <Select
              label={t("platform")}
              value={known[row.platform] ? row.platform : custom}
              choices={[...choices, { value: custom, label: t("otherPlatform") }]}
              onValue={(v) => change({ ...row, platform: v === custom ? "" : v })}
            />
            {!known[row.platform] && <TextField label={t("platformName")} value={row.platform} maxLength={100} onValue={(platform) => change({ ...row, platform })} />}
            <TextField label={t("url")} type="url" value={row.url} onValue={(url) => change({ ...row, url })} />
          </div>
        )}
      </Rows>
      {handles.fixed && <p class="field-hint">{hintOf(handles)}</p>}
      {handles.error.value && (
        <p class="field-error" role="alert">
          {handles.error.value}
        </p>
      )}
    </>
  );
}
