import { useSignal } from "@preact/signals";
import { Button, IconButton } from "../../components/button";
import { CopyField } from "../../components/copy";
import { Dialog } from "../../components/dialog";
import { Check, TextField } from "../../components/form";
import { Key, Plus, Trash } from "../../components/icons";
import { common } from "../../i18n/common";
import { ago, date } from "../../lib/format";
import { read, send } from "../api";
import { t } from "../i18n";
import { act, useLoad } from "../poll";
import { problem } from "../problem";
import type { Scope, Token } from "../types";
import { confirm } from "../ui/confirm";
import { Card, Empty, Load, Note, Page, Tag } from "../ui/page";
import { Table } from "../ui/table";

const scopes: Scope[] = ["CAN_SEND_MESSAGES", "CAN_SEND_SYSTEM_MESSAGES", "HAS_ADMIN_ACCESS"];

function scopeName(scope: string): string {
  const names: Record<string, string> = {
    CAN_SEND_MESSAGES: t("scopeMessages"),
    CAN_SEND_SYSTEM_MESSAGES: t("scopeSystem"),
    HAS_ADMIN_ACCESS: t("scopeAdmin"),
  };
  return names[scope] ?? scope;
}

export default function TokensPage() {
  const tokens = useLoad(() => read<Token[]>("api/admin/accesstokens"));
  const making = useSignal(false);
  const remove = async (token: Token) => {
    const yes = await confirm({ title: t("deleteToken"), text: t("deleteTokenText", { name: token.displayName }), action: t("delete"), danger: true });
    if (yes && (await act(() => send("api/admin/accesstokens/delete", { token: token.id }), t("deleted")))) void tokens.reload();
  };
  return (
    <Page
      title={t("tokens")}
      text={t("tokensText")}
      wide
      actions={
        <Button kind="primary" icon={Plus} onClick={() => (making.value = true)}>
          {t("newToken")}
        </Button>
      }
    >
      <Card>
        <Load from={tokens}>
          {(list) =>
            list.length === 0 ? (
              <Empty icon={Key}>{t("noTokens")}</Empty>
            ) : (
              <Table
                label={t("tokens")}
                rows={list}
                id={(token) => token.id}
                columns={[
                  { head: t("name"), cell: (token) => token.displayName },
                  { head: t("mayDo"), cell: (token) => <span class="tags">{token.scopes.map((s) => <Tag key={s}>{scopeName(s)}</Tag>)}</span> },
                  { head: t("made"), cell: (token) => date(new Date(token.createdAt)) },
                  { head: t("lastUsed"), cell: (token) => (token.lastUsedAt ? ago(new Date(token.lastUsedAt)) : t("never")) },
                ]}
                actionsLabel={t("delete")}
                actions={(token) => <IconButton label={t("removeWord", { word: token.displayName })} icon={Trash} onClick={() => void remove(token)} />}
              />
            )
          }
        </Load>
      </Card>
      {making.value && (
        <NewToken
          onClose={() => {
            making.value = false;
            void tokens.reload();
          }}
        />
      )}
    </Page>
  );
}

function NewToken({ onClose }: { onClose: () => void }) {
  const name = useSignal("");
  const chosen = useSignal<Scope[]>([]);
  const made = useSignal<Token | null>(null);
  const error = useSignal("");
  const busy = useSignal(false);
  const submit = async (event: Event) => {
    event.preventDefault();
    busy.value = true;
    try {
      made.value = await send<Token>("api/admin/accesstokens/create", { name: name.value, scopes: chosen.value });
    } catch (err) {
      error.value = problem(err);
    }
    busy.value = false;
  };
  if (made.value) {
    return (
      <Dialog title={made.value.displayName} onClose={onClose} actions={<Button kind="primary" onClick={onClose}>{common.t("close")}</Button>}>
        <Note tone="warn">{t("secretOnce")}</Note>
        <CopyField label={t("token")} value={made.value.accessToken} />
      </Dialog>
    );
  }
  return (
    <Dialog title={t("newToken")} onClose={onClose}>
      <form class="settings-fields" onSubmit={submit}>
        <TextField label={t("name")} hint={t("tokenNameHint")} required maxLength={100} value={name.value} error={error.value} onValue={(v) => (name.value = v)} />
        <fieldset class="checks">
          <legend>{t("mayDo")}</legend>
          {scopes.map((s) => (
            <Check key={s} label={scopeName(s)} checked={chosen.value.includes(s)} onChange={(on) => (chosen.value = on ? [...chosen.value, s] : chosen.value.filter((x) => x !== s))} />
          ))}
        </fieldset>
        <div>
          <Button submit kind="primary" busy={busy.value} disabled={!name.value || chosen.value.length === 0}>
            {t("create")}
          </Button>
        </div>
      </form>
    </Dialog>
  );
}
