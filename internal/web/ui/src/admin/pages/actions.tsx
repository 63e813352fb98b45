import { Select, Switch, TextArea, TextField } from "../../components/form";
import type { ExternalAction } from "../../lib/types";
import { set } from "../config";
import { hex, paint } from "../contrast";
import { Form, Setting } from "../form";
import { t } from "../i18n";
import { ColorField } from "../ui/color-field";
import { Card, Page } from "../ui/page";
import { Rows } from "../ui/rows";
import { SettingsForm } from "../ui/settings";

// An action is a URL or HTML; which of them it is to be stays while both are
// empty.
type Action = Required<ExternalAction> & { kind: "url" | "html" };

const empty: Action = { kind: "url", url: "", html: "", title: "", description: "", icon: "", color: "", openExternally: false };

const actions = new Setting<Action[]>("externalActions", "externalactions", [], {
  read: (c) => c.externalActions.map((a) => ({ ...empty, ...a, kind: a.html ? "html" : "url" })),
  save: (list) => set("externalactions", list.map(({ kind: _, ...a }) => a)),
  check: (list) => (list.some((a) => !a.title || (!a.url && !a.html)) ? t("actionIncomplete") : undefined),
});
const form = new Form([actions]);

const example = "#6a5ae8";

export default function ActionsPage() {
  return (
    <Page title={t("actions")} text={t("actionsText")}>
      <SettingsForm form={form}>
        <Card>
          <Rows
            label={t("actions")}
            rows={actions.value}
            onRows={(rows) => (actions.value = rows)}
            make={() => ({ ...empty, url: "https://" })}
            add={t("addAction")}
            name={(a, i) => a.title || String(i + 1)}
            most={50}
            ordered
          >
            {(row, change) => <ActionFields row={row} change={change} />}
          </Rows>
          {actions.error.value && (
            <p class="field-error" role="alert">
              {actions.error.value}
            </p>
          )}
        </Card>
      </SettingsForm>
    </Page>
  );
}

function ActionFields({ row, change }: { row: Action; change: (row: Action) => void }) {
  const { kind } = row;
  return (
    <>
      <div class="field-row">
        <TextField label={t("actionTitle")} value={row.title} maxLength={100} required onValue={(title) => change({ ...row, title })} />
        <Select
          label={t("actionKind")}
          value={kind}
          choices={[
            { value: "url", label: t("actionURL") },
            { value: "html", label: t("actionHTML") },
          ]}
          onValue={(k) => change({ ...row, kind: k, url: k === "url" ? "https://" : "", html: "", openExternally: false })}
        />
      </div>
      {kind === "url" ? (
        <>
          <TextField label={t("url")} type="url" value={row.url} onValue={(url) => change({ ...row, url })} />
          <Switch label={t("openExternally")} hint={t("openExternallyHint")} checked={row.openExternally} onChange={(openExternally) => change({ ...row, openExternally })} />
        </>
      ) : (
        <TextArea label={t("html")} code rows={6} hint={t("htmlHint")} value={row.html} onValue={(html) => change({ ...row, html })} />
      )}
      <TextField label={t("description")} value={row.description} maxLength={2000} onValue={(description) => change({ ...row, description })} />
      <div class="field-row">
        <TextField label={t("iconURL")} hint={t("iconURLHint")} value={row.icon} onValue={(icon) => change({ ...row, icon })} />
        <ColorField label={t("color")} value={row.color} picked={hex(paint(CSS.supports("color", row.color) ? row.color : example))} placeholder={example} onValue={(color) => change({ ...row, color })} />
      </div>
    </>
  );
}
