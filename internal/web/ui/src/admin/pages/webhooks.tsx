import { useSignal } from "@preact/signals";
import { Button } from "../../components/button";
import { CopyField } from "../../components/copy";
import { Dialog } from "../../components/dialog";
import { Check, TextField } from "../../components/form";
import { Hook, List, More, Plus, Send, Trash } from "../../components/icons";
import { MenuButton } from "../../components/menu";
import { toast } from "../../components/toast";
import { common } from "../../i18n/common";
import { ago, dateTime, number } from "../../lib/format";
import { ask, read, send } from "../api";
import { t } from "../i18n";
import { act, useLoad } from "../poll";
import { problem } from "../problem";
import type { Delivery, Webhook } from "../types";
import { confirm } from "../ui/confirm";
import { Card, Empty, Facts, Load, Note, Page, Tag, type Tone } from "../ui/page";
import { Table } from "../ui/table";

const events = () =>
  ({
    STREAM_STARTED: t("eventStarted"),
    STREAM_STOPPED: t("eventStopped"),
    STREAM_TITLE_UPDATED: t("eventTitle"),
    CHAT: t("eventChat"),
    USER_JOINED: t("eventJoined"),
    USER_PARTED: t("eventParted"),
    NAME_CHANGE: t("eventName"),
    "VISIBILITY-UPDATE": t("eventVisibility"),
    FEDIVERSE_ENGAGEMENT_FOLLOW: t("eventFollow"),
    SCHEDULED_EVENTS: t("eventScheduled"),
  }) as Record<string, string>;

export default function WebhooksPage() {
  const webhooks = useLoad(() => read<Webhook[]>("api/admin/webhooks"), { every: 15_000 });
  const making = useSignal(false);
  const log = useSignal<Webhook | null>(null);

  const remove = async (w: Webhook) => {
    const yes = await confirm({ title: t("deleteWebhook"), text: t("deleteWebhookText", { url: w.url }), action: t("delete"), danger: true });
    if (yes && (await act(() => send("api/admin/webhooks/delete", { id: w.id }), t("deleted")))) void webhooks.reload();
  };
  const test = async (w: Webhook) => {
    await act(async () => {
      const d = await send<Delivery>(`api/admin/webhooks/${w.id}/test`, undefined, { timeout: 30_000 });
      if (d.state === "delivered") toast(t("webhookAnswered", { status: d.status }));
      else toast(t("webhookFailed", { error: d.error || String(d.status) }), "error");
    });
    void webhooks.reload();
  };
  return (
    <Page
      title={t("webhooks")}
      text={t("webhooksText")}
      wide
      actions={
        <Button kind="primary" icon={Plus} onClick={() => (making.value = true)}>
          {t("newWebhook")}
        </Button>
      }
    >
      <Card>
        <Load from={webhooks}>
          {(list) =>
            list.length === 0 ? (
              <Empty icon={Hook}>{t("noWebhooks")}</Empty>
            ) : (
              <Table
                label={t("webhooks")}
                rows={list}
                id={(w) => w.id}
                columns={[
                  { head: t("url"), cell: (w) => w.url },
                  { head: t("events"), cell: (w) => <span class="tags">{w.events.map((e) => <Tag key={e}>{events()[e] ?? e}</Tag>)}</span> },
                  { head: t("state"), cell: (w) => <State webhook={w} /> },
                  { head: t("lastUsed"), cell: (w) => (w.lastUsed ? ago(new Date(w.lastUsed)) : t("never")) },
                  { head: t("waiting"), number: true, cell: (w) => number(w.waiting) },
                ]}
                actionsLabel={common.t("more")}
                actions={(w) => (
                  <MenuButton
                    label={t("moreAbout", { name: w.url })}
                    icon={More}
                    groups={[
                      {
                        items: [
                          { label: t("sendTest"), icon: Send, select: () => void test(w) },
                          { label: t("deliveries"), icon: List, select: () => (log.value = w) },
                          { label: t("delete"), icon: Trash, danger: true, select: () => void remove(w) },
                        ],
                      },
                    ]}
                  />
                )}
              />
            )
          }
        </Load>
      </Card>
      {making.value && (
        <NewWebhook
          onClose={() => {
            making.value = false;
            void webhooks.reload();
          }}
        />
      )}
      {log.value && <Deliveries webhook={log.value} onClose={() => (log.value = null)} />}
    </Page>
  );
}

function State({ webhook: w }: { webhook: Webhook }) {
  if (!w.lastUsed) return <Tag>{t("unused")}</Tag>;
  if (w.failingSince) {
    return (
      <>
        <Tag tone="bad">{t("failing")}</Tag> <span class="soft">{w.lastError || w.lastStatus}</span>
      </>
    );
  }
  return <Tag tone="good">{t("works")}</Tag>;
}

function NewWebhook({ onClose }: { onClose: () => void }) {
  const url = useSignal("https://");
  const chosen = useSignal<string[]>([]);
  const made = useSignal<Webhook | null>(null);
  const error = useSignal("");
  const busy = useSignal(false);
  const submit = async (event: Event) => {
    event.preventDefault();
    busy.value = true;
    try {
      made.value = await send<Webhook>("api/admin/webhooks/create", { url: url.value, events: chosen.value });
    } catch (err) {
      error.value = problem(err);
    }
    busy.value = false;
  };
  if (made.value) {
    return (
      <Dialog title={t("webhookMade")} onClose={onClose} actions={<Button kind="primary" onClick={onClose}>{common.t("close")}</Button>}>
        <Note tone="warn">{t("secretOnce")}</Note>
        <CopyField label={t("webhookSecret")} value={made.value.secret ?? ""} />
        <p class="soft">{t("webhookSecretText")}</p>
      </Dialog>
    );
  }
  return (
    <Dialog title={t("newWebhook")} onClose={onClose}>
      <form class="settings-fields" onSubmit={submit}>
        <TextField type="url" label={t("url")} hint={t("webhookURLHint")} required value={url.value} error={error.value} onValue={(v) => (url.value = v)} />
        <fieldset class="checks">
          <legend>{t("events")}</legend>
          {Object.entries(events()).map(([event, label]) => (
            <Check
              key={event}
              label={label}
              checked={chosen.value.includes(event)}
              onChange={(on) => (chosen.value = on ? [...chosen.value, event] : chosen.value.filter((x) => x !== event))}
            />
          ))}
        </fieldset>
        <div>
          <Button submit kind="primary" busy={busy.value} disabled={chosen.value.length === 0}>
            {t("create")}
          </Button>
        </div>
      </form>
    </Dialog>
  );
}

const tones: Record<Delivery["state"], Tone> = { delivered: "good", retrying: "warn", failed: "bad" };

function Deliveries({ webhook, onClose }: { webhook: Webhook; onClose: () => void }) {
  const path = `api/admin/webhooks/${webhook.id}/deliveries`;
  const list = useLoad(() => read<Delivery[]>(path, { limit: 100 }), { every: 5000 });
  const shown = useSignal<Delivery | null>(null);
  const states = { delivered: t("delivered"), retrying: t("retrying"), failed: t("failed") };
  const open = (id: string) => act(async () => (shown.value = await read<Delivery>(`${path}/${encodeURIComponent(id)}`)));
  const replay = async (d: Delivery) => {
    if (await act(() => ask("POST", `${path}/${encodeURIComponent(d.id)}/replay`), t("sentAgain"))) {
      shown.value = null;
      void list.reload();
    }
  };
  if (shown.value) {
    const d = shown.value;
    return (
      <Dialog
        title={d.event}
        size="large"
        onClose={() => (shown.value = null)}
        actions={
          <>
            <Button onClick={() => (shown.value = null)}>{t("back")}</Button>
            <Button kind="primary" icon={Send} onClick={() => void replay(d)}>
              {t("sendAgain")}
            </Button>
          </>
        }
      >
        <Facts
          list={[
            [t("state"), <Tag tone={tones[d.state]}>{states[d.state]}</Tag>],
            [t("tries"), number(d.attempts)],
            [t("lastTry"), dateTime(new Date(d.lastAttempt))],
            [t("status"), d.status || ""],
            [t("error"), d.error],
            [t("took"), `${number(d.durationMs)} ms`],
          ]}
        />
        <h3>{t("payload")}</h3>
        <pre class="code-block" tabIndex={0}>{JSON.stringify(d.payload, null, 2)}</pre>
        {d.answer && (
          <>
            <h3>{t("answer")}</h3>
            <pre class="code-block" tabIndex={0}>{d.answer}</pre>
          </>
        )}
      </Dialog>
    );
  }
  return (
    <Dialog title={t("deliveries")} size="large" onClose={onClose}>
      <p class="soft wrap">{webhook.url}</p>
      <Load from={list}>
        {(rows) =>
          rows.length === 0 ? (
            <Empty>{t("noDeliveries")}</Empty>
          ) : (
            <Table
              label={t("deliveries")}
              rows={rows}
              id={(d) => d.id}
              columns={[
                { head: t("event"), cell: (d) => events()[d.event] ?? d.event },
                { head: t("time"), cell: (d) => dateTime(new Date(d.createdAt)) },
                { head: t("state"), cell: (d) => <Tag tone={tones[d.state]}>{states[d.state]}</Tag> },
                { head: t("answer"), cell: (d) => d.error || d.status || "–" },
                { head: t("tries"), number: true, cell: (d) => number(d.attempts) },
              ]}
              actionsLabel={t("details")}
              actions={(d) => (
                <Button small onClick={() => void open(d.id)}>
                  {t("details")}
                </Button>
              )}
            />
          )
        }
      </Load>
    </Dialog>
  );
}
