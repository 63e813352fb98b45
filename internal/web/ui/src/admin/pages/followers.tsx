import { useSignal } from "@preact/signals";
import { Button } from "../../components/button";
import { Avatar } from "../../components/avatar";
import { Dialog } from "../../components/dialog";
import { TextArea } from "../../components/form";
import { Edit, Heart, More } from "../../components/icons";
import { MenuButton, type MenuItem } from "../../components/menu";
import { Tabs } from "../../components/tabs";
import { date, number } from "../../lib/format";
import { go, query } from "../../lib/route";
import type { Follower, Page as PageOf } from "../../lib/types";
import { read, send } from "../api";
import { t } from "../i18n";
import { act, useLoad, type Loaded } from "../poll";
import { problem } from "../problem";
import { confirm } from "../ui/confirm";
import { Card, Empty, Load, Page } from "../ui/page";
import { Pager } from "../ui/pager";
import { Table } from "../ui/table";

const pageSize = 50;

export default function FollowersPage() {
  const offset = useSignal(0);
  const writing = useSignal(false);
  const approved = useLoad(() => read<PageOf<Follower>>("api/admin/followers", { offset: offset.value, limit: pageSize }), { keys: [offset.value], every: 30_000 });
  const pending = useLoad(() => read<Follower[]>("api/admin/followers/pending"), { every: 30_000 });
  const blocked = useLoad(() => read<Follower[]>("api/admin/followers/blocked"));
  const changed = () => void Promise.all([approved.reload(), pending.reload(), blocked.reload()]);
  const count = (n: number | undefined) => (n ? number(n) : undefined);
  return (
    <Page
      title={t("followers")}
      text={t("followersText")}
      wide
      actions={
        <Button kind="primary" icon={Edit} onClick={() => (writing.value = true)}>
          {t("post")}
        </Button>
      }
    >
      <Tabs
        label={t("followers")}
        current={query.value.get("tab") ?? "approved"}
        choose={(tab) => go(`admin/federation/followers/${tab === "approved" ? "" : `?tab=${tab}`}`, true)}
        tabs={[
          {
            id: "approved",
            label: t("followers"),
            count: count(approved.data.value?.total),
            content: () => (
              <Card>
                <Load from={approved}>
                  {({ total, results }) => (
                    <>
                      <People list={results} none={t("noFollowers")} acts={["remove", "block"]} changed={changed} />
                      <Pager total={total} offset={offset.value} size={pageSize} go={(o) => (offset.value = o)} />
                    </>
                  )}
                </Load>
              </Card>
            ),
          },
          { id: "pending", label: t("pending"), count: count(pending.data.value?.length), content: () => <List from={pending} none={t("noPending")} acts={["approve", "block"]} changed={changed} /> },
          { id: "blocked", label: t("blocked"), count: count(blocked.data.value?.length), content: () => <List from={blocked} none={t("noBlocked")} acts={["approve", "remove"]} changed={changed} /> },
        ]}
      />
      {writing.value && <Compose onClose={() => (writing.value = false)} />}
    </Page>
  );
}

type Act = "approve" | "block" | "remove";

function List({ from, none, acts, changed }: { from: Loaded<Follower[]>; none: string; acts: Act[]; changed: () => void }) {
  return (
    <Card>
      <Load from={from}>{(list) => <People list={list} none={none} acts={acts} changed={changed} />}</Load>
    </Card>
  );
}

/** People is a list of accounts, and what can be done about each. */
export function People({ list, none, acts, changed }: { list: Follower[]; none: string; acts: Act[]; changed: () => void }) {
  if (list.length === 0) return <Empty icon={Heart}>{none}</Empty>;
  const run = async (what: () => Promise<unknown>) => {
    if (await act(what, t("saved"))) changed();
  };
  const item = (f: Follower, a: Act): MenuItem => {
    switch (a) {
      case "approve":
        return { label: t("approve"), select: () => void run(() => send("api/admin/followers/approve", { actorIRI: f.link, approved: true })) };
      case "block":
        return { label: t("block"), danger: true, select: () => void run(() => send("api/admin/followers/approve", { actorIRI: f.link, approved: false })) };
      case "remove":
        return {
          label: t("removeFollower"),
          select: () =>
            void confirm({ title: t("removeFollower"), text: t("removeFollowerText", { name: f.username || f.link }), action: t("removeFollower") }).then(
              (yes) => (yes ? run(() => send("api/admin/followers/remove", { actorIRI: f.link })) : undefined),
            ),
        };
    }
  };
  return (
    <Table
      label={t("followers")}
      rows={list}
      id={(f) => f.link}
      columns={[
        {
          head: t("name"),
          cell: (f) => (
            <a class="person" href={f.link} target="_blank" rel="noopener noreferrer nofollow">
              <Avatar name={f.name || f.username || "?"} of={f.link} />
              <span>{f.name || f.username || f.link}</span>
            </a>
          ),
        },
        { head: t("fediverseAccount"), cell: (f) => f.username || "–" },
        { head: t("followsSince"), cell: (f) => date(new Date(f.timestamp)) },
      ]}
      actionsLabel={t("actionsLabel")}
      actions={(f) => <MenuButton label={t("moreAbout", { name: f.username || f.link })} icon={More} groups={[{ items: acts.map((a) => item(f, a)) }]} />}
    />
  );
}

function Compose({ onClose }: { onClose: () => void }) {
  const text = useSignal("");
  const error = useSignal("");
  const busy = useSignal(false);
  const submit = async (event: Event) => {
    event.preventDefault();
    busy.value = true;
    error.value = "";
    try {
      await send("api/admin/federation/send", { value: text.value });
      onClose();
    } catch (err) {
      error.value = problem(err);
    }
    busy.value = false;
  };
  return (
    <Dialog title={t("post")} onClose={onClose}>
      <form class="settings-fields" onSubmit={submit}>
        <TextArea label={t("postText")} hint={t("postHint")} rows={6} maxLength={20_000} value={text.value} error={error.value} onValue={(v) => (text.value = v)} />
        <div>
          <Button submit kind="primary" busy={busy.value} disabled={!text.value.trim()}>
            {t("publish")}
          </Button>
        </div>
      </form>
    </Dialog>
  );
}
