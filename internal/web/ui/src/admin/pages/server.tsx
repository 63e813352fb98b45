import { useSignal } from "@preact/signals";
import { Button } from "../../components/button";
import { CopyField } from "../../components/copy";
import { TextField } from "../../components/form";
import { config, has, isFixed } from "../config";
import { send } from "../api";
import { Form, Setting } from "../form";
import { t } from "../i18n";
import { ingest } from "../obs";
import { act } from "../poll";
import { secret } from "../secret";
import type { StreamKey } from "../types";
import { confirm } from "../ui/confirm";
import { Card, Facts, Note, Page } from "../ui/page";
import { Rows } from "../ui/rows";
import { SecretField } from "../ui/secret-field";
import { SettingsForm, SwitchSetting, TextSetting } from "../ui/settings";

const keys = new Setting<StreamKey[]>("streamKeys", "streamkeys", [], {
  read: (c) => c.streamKeys.map(({ key, comment }) => ({ key, comment: comment ?? "" })),
  check: (list) => (list.some((k) => !k.key) ? t("keyEmpty") : new Set(list.map((k) => k.key)).size < list.length ? t("keyTwice") : undefined),
});
const serverURL = new Setting<string>("yp.instanceUrl", "serverurl", "");
const directory = new Setting<boolean>("yp.enabled", "directoryenabled", false);
const socketHost = new Setting<string>("socketHostOverride", "sockethostoverride", "");
const form = new Form([keys, serverURL, directory, socketHost]);

export default function ServerPage() {
  const c = config.value!;
  return (
    <Page title={t("server")} text={t("serverText")}>
      <SettingsForm form={form}>
        <Card title={t("streamKeys")} text={t("streamKeysText")}>
          <CopyField label={t("ingestURL")} value={ingest()} />
          <Rows
            label={t("streamKeys")}
            rows={keys.value}
            onRows={(rows) => (keys.value = rows)}
            make={() => ({ key: secret(), comment: "" })}
            add={t("addKey")}
            name={(k, i) => k.comment || t("keyNumber", { n: i + 1 })}
            disabled={keys.fixed}
          >
            {(row, change, i) => (
              <div class="field-row">
                <SecretField label={t("keyNumber", { n: i + 1 })} value={row.key} disabled={keys.fixed} {...(!keys.fixed && { onValue: (key: string) => change({ ...row, key }) })} />
                <TextField label={t("comment")} value={row.comment ?? ""} disabled={keys.fixed} onValue={(comment) => change({ ...row, comment })} />
              </div>
            )}
          </Rows>
          {keys.fixed && <p class="field-hint fixed">{t("fixedByProgram")}</p>}
          {keys.error.value && (
            <p class="field-error" role="alert">
              {keys.error.value}
            </p>
          )}
        </Card>
        <Card title={t("address")}>
          <TextSetting setting={serverURL} type="url" label={t("serverURL")} hint={t("serverURLHint")} placeholder="https://live.example.org" />
          <SwitchSetting setting={directory} label={t("directory")} hint={t("directoryHint")} />
          {c.yp.enabled && <ResetDirectory />}
          <TextSetting setting={socketHost} label={t("socketHost")} hint={t("socketHostHint")} placeholder="wss://chat.example.org" />
        </Card>
      </SettingsForm>
      {has("password") && <Password />}
      <Card title={t("theProgram")} text={t("programText")}>
        <Facts
          list={[
            [t("webAddress"), c.webServerPort ? `${c.webServerIP}:${c.webServerPort}` : ""],
            [t("rtmpAddress"), c.rtmpServerPort ? `${c.rtmpServerAddress}:${c.rtmpServerPort}` : t("none")],
            ["ffmpeg", c.ffmpegPath || (has("transcoder") ? t("available") : t("none"))],
          ]}
        />
      </Card>
    </Page>
  );
}

function ResetDirectory() {
  return (
    <div>
      <Button small onClick={() => void act(() => send("api/admin/yp/reset"), t("saved"))}>
        {t("directoryReset")}
      </Button>
    </div>
  );
}

// Password is saved by itself: it ends all sessions, this one too.
function Password() {
  const fresh = useSignal("");
  const busy = useSignal(false);
  if (isFixed("adminPassword")) {
    return (
      <Card title={t("adminPassword")}>
        <Note>{t("fixedByProgram")}</Note>
      </Card>
    );
  }
  const submit = async (event: Event) => {
    event.preventDefault();
    const yes = await confirm({ title: t("changePassword"), text: t("changePasswordText"), action: t("changePassword") });
    if (!yes) return;
    busy.value = true;
    if (await act(() => send("api/admin/config/adminpass", { value: fresh.value }), t("saved"))) fresh.value = "";
    busy.value = false;
  };
  return (
    <Card title={t("adminPassword")}>
      <form class="settings-fields" onSubmit={submit}>
        <input type="text" name="username" autocomplete="username" value="admin" hidden readOnly />
        <TextField type="password" name="new-password" autocomplete="new-password" label={t("newPassword")} hint={t("newPasswordHint")} required value={fresh.value} onValue={(v) => (fresh.value = v)} />
        <div>
          <Button submit busy={busy.value} disabled={!fresh.value}>
            {t("changePassword")}
          </Button>
        </div>
      </form>
    </Card>
  );
}
