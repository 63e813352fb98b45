import { useSignal } from "@preact/signals";
import { Button, IconButton } from "../../components/button";
import { TextField } from "../../components/form";
import { Broadcast, Plus, Trash } from "../../components/icons";
import { ago } from "../../lib/format";
import type { Follower } from "../../lib/types";
import { ask, read, send } from "../api";
import { t } from "../i18n";
import { act, useLoad } from "../poll";
import { problem } from "../problem";
import type { FederatedServer } from "../types";
import { confirm } from "../ui/confirm";
import { Card, Empty, Load, Page, Tag, type Tone } from "../ui/page";
import { Table } from "../ui/table";
import { People } from "./followers";

export default function FeaturedPage() {
  const servers = useLoad(() => read<{ servers: FederatedServer[] }>("api/admin/federation/servers"), { every: 30_000 });
  const requests = useLoad(() => read<{ requests: Follower[] }>("api/admin/federation/feature-requests"), { every: 30_000 });
  const directories = useLoad(() => read<Follower[]>("api/admin/followers/directory"));
  const changed = () => void Promise.all([requests.reload(), directories.reload()]);
  const remove = async (s: FederatedServer) => {
    const yes = await confirm({ title: t("removeServer"), text: t("removeServerText", { name: s.name || s.url }), action: t("delete"), danger: true });
    if (yes && (await act(() => ask("DELETE", `api/admin/federation/servers/${s.id}`), t("deleted")))) void servers.reload();
  };
  const states: Record<string, [string, Tone]> = { accepted: [t("serverAccepted"), "good"], pending: [t("serverPending"), "warn"], rejected: [t("serverRejected"), "bad"] };
  return (
    <Page title={t("featured")} text={t("featuredText")} wide>
      <Card title={t("featuredHere")}>
        <Add added={() => void servers.reload()} />
        <Load from={servers}>
          {({ servers: list }) =>
            list.length === 0 ? (
              <Empty icon={Broadcast}>{t("noServers")}</Empty>
            ) : (
              <Table
                label={t("featuredHere")}
                rows={list}
                id={(s) => s.id}
                columns={[
                  { head: t("name"), cell: (s) => <a href={s.url || s.iri} target="_blank" rel="noopener noreferrer">{s.name || s.url || s.iri}</a> },
                  { head: t("state"), cell: (s) => <Tag tone={states[s.status]?.[1] ?? "plain"}>{states[s.status]?.[0] ?? s.status}</Tag> },
                  { head: t("stream"), cell: (s) => (s.isOnline ? <><Tag tone="live">{t("live")}</Tag> {s.streamTitle}</> : t("offline")) },
                  { head: t("lastLive"), cell: (s) => (s.lastSeenOnline ? ago(new Date(s.lastSeenOnline)) : t("never")) },
                ]}
                actionsLabel={t("delete")}
                actions={(s) => <IconButton label={t("removeWord", { word: s.name || s.url })} icon={Trash} onClick={() => void remove(s)} />}
              />
            )
          }
        </Load>
      </Card>
      <Card title={t("featureRequests")} text={t("featureRequestsText")}>
        <Load from={requests}>{({ requests: list }) => <People list={list} none={t("noPending")} acts={["approve", "block"]} changed={changed} />}</Load>
      </Card>
      <Card title={t("listedBy")} text={t("listedByText")}>
        <Load from={directories}>{(list) => <People list={list} none={t("nobodyLists")} acts={["remove", "block"]} changed={changed} />}</Load>
      </Card>
    </Page>
  );
}

function Add({ added }: { added: () => void }) {
  const url = useSignal("");
  const error = useSignal("");
  const busy = useSignal(false);
  const submit = async (event: Event) => {
    event.preventDefault();
    busy.value = true;
    error.value = "";
    try {
      await send("api/admin/federation/servers", { url: url.value.trim() }, { timeout: 60_000 });
      url.value = "";
      added();
    } catch (err) {
      error.value = problem(err);
    }
    busy.value = false;
  };
  return (
    <form class="inline-form" onSubmit={submit}>
      <TextField type="url" label={t("serverToAdd")} placeholder="https://live.example.org" value={url.value} error={error.value} onValue={(v) => (url.value = v)} />
      <Button submit icon={Plus} busy={busy.value} disabled={!url.value.trim()}>
        {t("add")}
      </Button>
    </form>
  );
}
