import { useSignal } from "@preact/signals";
import { Button, IconButton } from "../../components/button";
import { Dialog } from "../../components/dialog";
import { Switch, TextField } from "../../components/form";
import { Broadcast, Edit, Plus, Trash } from "../../components/icons";
import { ago, bytes, number } from "../../lib/format";
import { ask, read } from "../api";
import { isFixed } from "../config";
import { t } from "../i18n";
import { act, useLoad, type Loaded } from "../poll";
import { problem } from "../problem";
import type { Output, OutputStatus } from "../types";
import { confirm } from "../ui/confirm";
import { Card, Empty, Load, Note, Page, Tag, type Tone } from "../ui/page";
import { Table } from "../ui/table";

interface Outputs {
  outputs: OutputStatus[];
}

const tones: Record<OutputStatus["state"], Tone> = { disabled: "plain", idle: "plain", connecting: "warn", live: "good", waiting: "bad" };

// What is sent back is without the keys: the server keeps those it has.
const plain = ({ id, name, url, enabled }: OutputStatus): Output => ({ id, name, url, enabled });

export default function RestreamPage() {
  const list = useLoad(() => read<Outputs>("api/admin/restream"), { every: 5000 });
  const edited = useSignal<Output | null>(null);
  const fixed = isFixed("restream");
  const put = (outputs: Output[]) => ask("PUT", "api/admin/restream", { body: { outputs } });
  const remove = async (o: OutputStatus) => {
    const yes = await confirm({ title: t("deleteOutput"), text: t("deleteOutputText", { name: o.name || o.url }), action: t("delete"), danger: true });
    if (yes && (await act(() => put(list.data.value!.outputs.filter((x) => x.id !== o.id).map(plain)), t("deleted")))) void list.reload();
  };
  const states = { disabled: t("off"), idle: t("outputIdle"), connecting: t("connecting"), live: t("sending"), waiting: t("waiting") };
  return (
    <Page
      title={t("restream")}
      text={t("restreamText")}
      wide
      actions={
        !fixed && (
          <Button kind="primary" icon={Plus} disabled={!list.data.value} onClick={() => (edited.value = { id: "", name: "", url: "rtmp://", streamKey: "", enabled: true })}>
            {t("newOutput")}
          </Button>
        )
      }
    >
      {fixed && <Note>{t("fixedByProgram")}</Note>}
      <Card>
        <Load from={list}>
          {({ outputs }) =>
            outputs.length === 0 ? (
              <Empty icon={Broadcast}>{t("noOutputs")}</Empty>
            ) : (
              <Table
                label={t("restream")}
                rows={outputs}
                id={(o) => o.id}
                columns={[
                  { head: t("name"), cell: (o) => o.name || o.id },
                  { head: t("url"), cell: (o) => o.url },
                  {
                    head: t("state"),
                    cell: (o) => (
                      <>
                        <Tag tone={tones[o.state]}>{states[o.state]}</Tag> <span class="soft">{ago(new Date(o.since))}</span>
                        {o.error && <p class="soft">{o.error}</p>}
                      </>
                    ),
                  },
                  { head: t("traffic"), number: true, cell: (o) => bytes(o.bytes) },
                  { head: t("dropped"), number: true, cell: (o) => number(o.dropped) },
                ]}
                actionsLabel={t("actionsLabel")}
                {...(!fixed && {
                  actions: (o: OutputStatus) => (
                    <>
                      <IconButton label={t("change", { name: o.name || o.url })} icon={Edit} onClick={() => (edited.value = plain(o))} />
                      <IconButton label={t("removeWord", { word: o.name || o.url })} icon={Trash} onClick={() => void remove(o)} />
                    </>
                  ),
                })}
              />
            )
          }
        </Load>
      </Card>
      {edited.value && <Editor output={edited.value} list={list} put={put} onClose={() => (edited.value = null)} />}
    </Page>
  );
}

interface EditorProps {
  output: Output;
  list: Loaded<Outputs>;
  put: (outputs: Output[]) => Promise<unknown>;
  onClose: () => void;
}

function Editor({ output, list, put, onClose }: EditorProps) {
  const o = useSignal<Output>(output);
  const error = useSignal("");
  const busy = useSignal(false);
  const fresh = output.id === "";
  const set = (change: Partial<Output>) => (o.value = { ...o.value, ...change });
  const submit = async (event: Event) => {
    event.preventDefault();
    busy.value = true;
    error.value = "";
    const others = (list.data.value?.outputs ?? []).map(plain);
    const { streamKey, ...rest } = o.value;
    const changed = { ...rest, ...(streamKey && { streamKey }), id: rest.id || freeId(others) };
    try {
      await put(fresh ? [...others, changed] : others.map((x) => (x.id === changed.id ? changed : x)));
      void list.reload();
      onClose();
    } catch (err) {
      error.value = problem(err);
    }
    busy.value = false;
  };
  return (
    <Dialog title={fresh ? t("newOutput") : o.value.name || o.value.url} onClose={onClose}>
      <form class="settings-fields" onSubmit={submit}>
        <TextField label={t("name")} value={o.value.name} maxLength={100} onValue={(name) => set({ name })} />
        <TextField label={t("url")} hint={t("outputURLHint")} required value={o.value.url} error={error.value} onValue={(url) => set({ url })} />
        <TextField
          type="password"
          autocomplete="off"
          label={t("streamKey")}
          hint={fresh ? undefined : t("secretKept")}
          value={o.value.streamKey ?? ""}
          onValue={(streamKey) => set({ streamKey })}
        />
        <Switch label={t("enabled")} checked={o.value.enabled} onChange={(enabled) => set({ enabled })} />
        <div>
          <Button submit kind="primary" busy={busy.value}>
            {t("saveChanges")}
          </Button>
        </div>
      </form>
    </Dialog>
  );
}

function freeId(outputs: Output[]): string {
  for (let i = 1; ; i++) if (!outputs.some((o) => o.id === `output-${i}`)) return `output-${i}`;
}
