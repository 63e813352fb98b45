import { useSignal } from "@preact/signals";
import { Button } from "../../components/button";
import { Switch, TextField } from "../../components/form";
import { send } from "../api";
import { config, has } from "../config";
import { Form, Setting } from "../form";
import { t } from "../i18n";
import { problem } from "../problem";
import type { S3 } from "../types";
import { Card, Note, Page } from "../ui/page";
import { SettingsForm, TextSetting } from "../ui/settings";

const empty: Required<S3> = { enabled: false, endpoint: "", accessKey: "", secret: "", bucket: "", region: "", acl: "", pathPrefix: "", forcePathStyle: false };

const s3 = new Setting<Required<S3>>("s3", "s3", empty, { read: (c) => ({ ...empty, ...c.s3 }) });
const endpoint = new Setting<string>("videoServingEndpoint", "videoservingendpoint", "");
const form = new Form([s3, endpoint]);

export default function StoragePage() {
  return (
    <Page title={t("storage")} text={t("storageText")}>
      <SettingsForm form={form}>
        {has("s3") ? <Service /> : <Note>{t("noS3")}</Note>}
        <Card title={t("cdn")} text={t("cdnText")}>
          <TextSetting setting={endpoint} type="url" label={t("servingEndpoint")} hint={t("servingEndpointHint")} placeholder="https://cdn.example.org" />
        </Card>
      </SettingsForm>
    </Page>
  );
}

function Service() {
  const v = s3.value;
  const set = (change: Partial<S3>) => (s3.value = { ...v, ...change });
  const stored = config.value!.s3;
  const kept = Boolean(stored.accessKey && stored.endpoint === v.endpoint && stored.accessKey === v.accessKey);
  const text = (field: "endpoint" | "region" | "bucket" | "accessKey" | "pathPrefix" | "acl", label: string, hint?: string, placeholder?: string) => (
    <TextField
      label={label}
      value={v[field]}
      disabled={s3.fixed}
      error={s3.errorOf(field)}
      {...(hint !== undefined && { hint })}
      {...(placeholder !== undefined && { placeholder })}
      onValue={(value) => set({ [field]: value })}
    />
  );
  return (
    <Card title={t("s3")} text={t("s3Text")}>
      <Switch label={t("s3Enabled")} hint={t("nextStart")} checked={v.enabled} disabled={s3.fixed} onChange={(enabled) => set({ enabled })} />
      {text("endpoint", t("endpoint"), undefined, "https://s3.example.org")}
      <div class="field-row">
        {text("region", t("region"), undefined, "us-east-1")}
        {text("bucket", t("bucket"))}
      </div>
      <div class="field-row">
        {text("accessKey", t("accessKey"))}
        <TextField
          type="password"
          autocomplete="off"
          label={t("secretKey")}
          value={v.secret}
          disabled={s3.fixed}
          error={s3.errorOf("secret")}
          hint={kept ? t("secretKept") : undefined}
          onValue={(secret) => set({ secret })}
        />
      </div>
      <div class="field-row">
        {text("pathPrefix", t("pathPrefix"), t("pathPrefixHint"))}
        {text("acl", t("acl"), t("aclHint"))}
      </div>
      <Switch label={t("pathStyle")} hint={t("pathStyleHint")} checked={v.forcePathStyle} disabled={s3.fixed} onChange={(forcePathStyle) => set({ forcePathStyle })} />
      {s3.error.value && !["endpoint"].includes(s3.wrong.value) && (
        <p class="field-error" role="alert">
          {s3.error.value}
        </p>
      )}
      <Test />
    </Card>
  );
}

// Test tries what is typed, whether that is saved or not.
function Test() {
  const busy = useSignal(false);
  const outcome = useSignal<{ good: boolean; text: string } | null>(null);
  const test = async () => {
    busy.value = true;
    outcome.value = null;
    try {
      await send("api/admin/s3/test", { value: s3.value }, { timeout: 60_000 });
      outcome.value = { good: true, text: t("s3Works") };
    } catch (err) {
      outcome.value = { good: false, text: problem(err) };
    }
    busy.value = false;
  };
  return (
    <div class="stack">
      <div>
        <Button busy={busy.value} onClick={() => void test()}>
          {t("s3Test")}
        </Button>
      </div>
      <div role="status">{outcome.value && <Note tone={outcome.value.good ? "good" : "bad"}>{outcome.value.text}</Note>}</div>
    </div>
  );
}
