import { TextField } from "../../components/form";
import { Form, Setting } from "../form";
import { t } from "../i18n";
import { ColorField } from "../ui/color-field";
import { Card, Page } from "../ui/page";
import { Preview, resolved } from "../ui/preview";
import { Rows } from "../ui/rows";
import { AreaSetting, SettingsForm } from "../ui/settings";

type Variables = Record<string, string>;

const variables = new Setting<Variables>("instanceDetails.appearanceVariables", "appearance", {});
const styles = new Setting<string>("instanceDetails.customStyles", "customstyles", "");
const script = new Setting<string>("instanceDetails.customJavascript", "customjavascript", "");
const form = new Form([variables, styles, script]);

const colors = (): [string, string][] => [
  ["theme-color-background-main", t("colorBackground")],
  ["theme-color-components-content-background", t("colorSurface")],
  ["theme-color-background-header", t("colorHeader")],
  ["theme-color-components-text-on-light", t("colorText")],
  ["theme-color-action", t("colorAccent")],
  ["theme-text-link", t("colorLink")],
  ["theme-color-components-primary-button-background", t("colorButton")],
  ["theme-color-components-primary-button-background-hover", t("colorButtonHover")],
  ["theme-color-components-primary-button-text", t("colorButtonText")],
  ["theme-color-components-video-live-indicator", t("colorLive")],
  ["theme-color-components-chat-background", t("colorChat")],
  ["theme-color-components-chat-text", t("colorChatText")],
  ...Array.from({ length: 8 }, (_, i) => [`theme-color-users-${i}`, t("colorUser", { n: i + 1 })] as [string, string]),
];

const texts = (): [string, string, string][] => [
  ["theme-text-body-font-family", t("fontBody"), "Georgia, serif"],
  ["theme-text-display-font-family", t("fontDisplay"), "Georgia, serif"],
  ["theme-rounded-corners", t("corners"), "12px"],
];

// Names are kept without the dashes that CSS has in front.
const bare = (name: string) => name.replace(/^-+/, "");

export default function AppearancePage() {
  const now = Object.fromEntries(Object.entries(variables.value).map(([k, v]) => [bare(k), v]));
  const set = (name: string, value: string) => {
    const { [name]: _, ...rest } = now;
    variables.value = value ? { ...rest, [name]: value } : rest;
  };
  const known = new Set([...colors(), ...texts()].map(([name]) => name));
  const others = Object.entries(now).filter(([name]) => !known.has(name));
  return (
    <Page title={t("appearance")} text={t("appearanceText")} wide>
      <div class="with-preview">
        <SettingsForm form={form}>
          <Card title={t("colors")} text={t("colorsText")}>
            <div class="color-grid">
              {colors().map(([name, label]) => (
                <ColorVariable key={name} name={name} label={label} value={now[name] ?? ""} onValue={(v) => set(name, v)} />
              ))}
            </div>
          </Card>
          <Card title={t("typeAndShape")}>
            {texts().map(([name, label, example]) => (
              <TextField key={name} label={label} value={now[name] ?? ""} placeholder={example} onValue={(v) => set(name, v)} />
            ))}
          </Card>
          <Card title={t("otherVariables")} text={t("otherVariablesText")}>
            <Rows
              label={t("otherVariables")}
              rows={others}
              onRows={(rows) => {
                const kept = Object.entries(now).filter(([name]) => known.has(name));
                variables.value = Object.fromEntries([...kept, ...rows]);
              }}
              make={() => ["my-variable", ""] as [string, string]}
              add={t("addVariable")}
              name={([name]) => name}
            >
              {([name, value], change) => (
                <div class="field-row">
                  <TextField label={t("name")} value={name} onValue={(v) => change([bare(v), value])} />
                  <TextField label={t("value")} value={value} onValue={(v) => change([name, v])} />
                </div>
              )}
            </Rows>
            {variables.error.value && (
              <p class="field-error" role="alert">
                {variables.error.value}
              </p>
            )}
          </Card>
          <Card title={t("customCode")} text={t("customCodeText")}>
            <AreaSetting setting={styles} label={t("customStyles")} rows={10} code />
            <AreaSetting setting={script} label={t("customScript")} hint={t("customScriptHint")} rows={10} code />
          </Card>
        </SettingsForm>
        <Preview variables={now} />
      </div>
    </Page>
  );
}

// The preview says what colors are, and draws itself anew with the page: only this may read it.
function ColorVariable({ name, ...rest }: { name: string; label: string; value: string; onValue: (value: string) => void }) {
  return <ColorField {...rest} picked={resolved.value[name] ?? "#888888"} placeholder={t("standard")} />;
}
