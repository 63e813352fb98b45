import { useSignal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import { Button, IconButton } from "../../components/button";
import { Select, TextField } from "../../components/form";
import { Ban as BanIcon, Trash, Users } from "../../components/icons";
import { Tabs } from "../../components/tabs";
import { ago, date, dateTime, number } from "../../lib/format";
import { go, query } from "../../lib/route";
import type { Page as PageOf } from "../../lib/types";
import { agent } from "../agent";
import { read, send } from "../api";
import { place } from "../country";
import { t } from "../i18n";
import { act, useLoad } from "../poll";
import { problem } from "../problem";
import type { Ban, ChatClient, Point, User } from "../types";
import { Chart } from "../ui/chart";
import { confirm } from "../ui/confirm";
import { Card, Empty, Load, Page, Tag } from "../ui/page";
import { Pager } from "../ui/pager";
import { Table } from "../ui/table";
import { UserDialog } from "../ui/user-dialog";
import { isAdmin } from "./chat-messages";

const pageSize = 50;

export default function ChatUsersPage() {
  const user = useSignal("");
  const turn = useSignal(0); // another one when something has changed
  const open = (id: string) => (user.value = id);
  const admin = isAdmin();
  const tabs = [
    { id: "connected", label: t("connected"), content: () => <Connected open={open} /> },
    ...(admin ? [{ id: "users", label: t("users"), content: () => <UserList open={open} turn={turn.value} /> }] : []),
    { id: "banned", label: t("banned"), content: () => <Banned open={open} turn={turn.value} /> },
    ...(admin ? [{ id: "addresses", label: t("addresses"), content: () => <Addresses /> }] : []),
  ];
  return (
    <Page title={t("users")} text={t("usersText")} wide>
      <Tabs
        label={t("users")}
        current={query.value.get("tab") ?? "connected"}
        choose={(tab) => go(`admin/chat/users/${tab === "connected" ? "" : `?tab=${tab}`}`, true)}
        tabs={tabs}
      />
      {user.value && <UserDialog id={user.value} admin={admin} changed={() => turn.value++} onClose={() => (user.value = "")} />}
    </Page>
  );
}

function Name({ user, open }: { user: User; open: (id: string) => void }) {
  return (
    <span class="tags">
      <button type="button" class="link" onClick={() => open(user.id)}>
        {user.displayName}
      </button>
      {user.scopes?.includes("MODERATOR") && <Tag tone="good">{t("moderator")}</Tag>}
      {user.isBot && <Tag>{t("bot")}</Tag>}
      {user.disabledAt && <Tag tone="bad">{t("banned")}</Tag>}
    </span>
  );
}

function Connected({ open }: { open: (id: string) => void }) {
  const clients = useLoad(() => read<ChatClient[]>("api/admin/chat/clients"), { every: 5000 });
  const history = useLoad(() => read<Point[]>("api/admin/chat/clientsOverTime", { windowStart: Math.floor(Date.now() / 1000) - 86_400 }), { every: 60_000 });
  return (
    <div class="stack">
      <Card title={t("connectedOverTime")}>
        <Load from={history}>{(points) => <Chart label={t("connectedOverTime")} series={[{ name: t("connections"), points, area: true }]} />}</Load>
      </Card>
      <Card>
        <Load from={clients}>
          {(list) =>
            list.length === 0 ? (
              <Empty icon={Users}>{t("nobodyInChat")}</Empty>
            ) : (
              <Table
                label={t("connected")}
                rows={list}
                id={(c) => c.id}
                columns={[
                  { head: t("name"), cell: (c) => <Name user={c.user} open={open} /> },
                  { head: t("messages"), number: true, cell: (c) => number(c.messageCount) },
                  { head: t("came"), cell: (c) => ago(new Date(c.connectedAt)) },
                  { head: t("place"), cell: (c) => place(c.geo) },
                  { head: t("address"), cell: (c) => c.ipAddress },
                  { head: t("program"), cell: (c) => <span title={c.userAgent}>{agent(c.userAgent) || "–"}</span> },
                ]}
              />
            )
          }
        </Load>
      </Card>
    </div>
  );
}

function UserList({ open, turn }: { open: (id: string) => void; turn: number }) {
  const words = useSignal("");
  const search = useSignal("");
  const status = useSignal("all");
  const offset = useSignal(0);
  useEffect(() => {
    const timer = setTimeout(() => {
      if (search.value === words.value.trim()) return;
      search.value = words.value.trim();
      offset.value = 0;
    }, 300);
    return () => clearTimeout(timer);
  }, [words.value]);
  const list = useLoad(() => read<PageOf<User>>("api/admin/users", { search: search.value || undefined, status: status.value, offset: offset.value, limit: pageSize }), {
    keys: [search.value, status.value, offset.value, turn],
  });
  return (
    <div class="stack">
      <Card class="filters">
        <Select
          label={t("show")}
          value={status.value}
          choices={[
            { value: "all", label: t("showAll") },
            { value: "active", label: t("usersActive") },
            { value: "moderators", label: t("moderators") },
            { value: "banned", label: t("banned") },
            { value: "bots", label: t("bots") },
          ]}
          onValue={(v) => {
            status.value = v;
            offset.value = 0;
          }}
        />
        <TextField label={t("search")} type="search" value={words.value} onValue={(v) => (words.value = v)} />
      </Card>
      <Card>
        <Load from={list}>
          {({ total, results }) =>
            results.length === 0 ? (
              <Empty icon={Users}>{t("noUsers")}</Empty>
            ) : (
              <>
                <Table
                  label={t("users")}
                  rows={results}
                  id={(u) => u.id}
                  columns={[
                    { head: t("name"), cell: (u) => <Name user={u} open={open} /> },
                    { head: t("firstSeen"), cell: (u) => dateTime(new Date(u.createdAt)) },
                    { head: t("earlierNames"), cell: (u) => u.previousNames.filter((name) => name !== u.displayName).join(", ") || "–" },
                    { head: t("signedInWith"), cell: (u) => u.authProviders?.join(", ") || (u.authenticated ? t("authenticated") : "–") },
                  ]}
                />
                <Pager total={total} offset={offset.value} size={pageSize} go={(o) => (offset.value = o)} />
              </>
            )
          }
        </Load>
      </Card>
    </div>
  );
}

function Banned({ open, turn }: { open: (id: string) => void; turn: number }) {
  const list = useLoad(() => read<User[]>("api/admin/chat/users/disabled"), { keys: [turn] });
  const unban = async (u: User) => {
    if (await act(() => send("api/admin/chat/users/setenabled", { userId: u.id, enabled: true }), t("saved"))) void list.reload();
  };
  return (
    <div class="stack">
      <Card>
      <Load from={list}>
        {(users) =>
          users.length === 0 ? (
            <Empty icon={BanIcon}>{t("nobodyBanned")}</Empty>
          ) : (
            <Table
              label={t("banned")}
              rows={users}
              id={(u) => u.id}
              columns={[
                { head: t("name"), cell: (u) => <Name user={u} open={open} /> },
                { head: t("bannedSince"), cell: (u) => (u.disabledAt ? dateTime(new Date(u.disabledAt)) : "–") },
                { head: t("reason"), cell: (u) => u.disabledReason || "–" },
              ]}
              actionsLabel={t("unban")}
              actions={(u) => (
                <Button small onClick={() => void unban(u)}>
                  {t("unban")}
                </Button>
              )}
            />
          )
        }
      </Load>
    </Card>
    <BanAccount banned={() => void list.reload()} />
    </div>
  );
}

/** normal is an account or the URL of a site as it is known by when it is proved. */
function normal(kind: string, text: string): string {
  const trimmed = text.trim();
  if (kind === "fediverse") return trimmed.replace(/^@/, "").toLowerCase();
  const url = /^https?:/i.test(trimmed) ? trimmed : `https://${trimmed}`;
  return URL.canParse(url) ? new URL(url).href : trimmed;
}

// BanAccount keeps somebody out who has not been here yet, or has left.
function BanAccount({ banned }: { banned: () => void }) {
  const kind = useSignal("fediverse");
  const subject = useSignal("");
  const reason = useSignal("");
  const error = useSignal("");
  const submit = async (event: Event) => {
    event.preventDefault();
    error.value = "";
    try {
      await send("api/admin/chat/users/identitybans/create", { kind: kind.value, subject: normal(kind.value, subject.value), reason: reason.value });
      subject.value = reason.value = "";
      banned();
    } catch (err) {
      error.value = problem(err);
    }
  };
  return (
    <Card title={t("banAccount")} text={t("banAccountText")}>
      <form class="inline-form" onSubmit={submit}>
        <Select
          label={t("accountKind")}
          value={kind.value}
          choices={[
            { value: "fediverse", label: t("kindFediverseAccount") },
            { value: "indieauth", label: t("kindSite") },
          ]}
          onValue={(v) => (kind.value = v)}
        />
        <TextField
          label={t("accountName")}
          placeholder={kind.value === "fediverse" ? "somebody@social.example" : "https://somebody.example"}
          required
          value={subject.value}
          error={error.value}
          onValue={(v) => (subject.value = v)}
        />
        <TextField label={t("reason")} maxLength={300} value={reason.value} onValue={(v) => (reason.value = v)} />
        <Button submit icon={BanIcon} disabled={!subject.value.trim()}>
          {t("ban")}
        </Button>
      </form>
    </Card>
  );
}

function Addresses() {
  const list = useLoad(() => read<Ban[]>("api/admin/chat/users/ipbans"));
  const address = useSignal("");
  const error = useSignal("");
  const add = async (event: Event) => {
    event.preventDefault();
    error.value = "";
    try {
      await send("api/admin/chat/users/ipbans/create", { value: address.value.trim() });
      address.value = "";
    } catch (err) {
      error.value = problem(err);
    }
    void list.reload();
  };
  const remove = async (b: Ban) => {
    const yes = await confirm({ title: t("unbanAddress"), text: t("unbanAddressText", { address: b.ipAddress }), action: t("unban") });
    if (yes && (await act(() => send("api/admin/chat/users/ipbans/remove", { value: b.ipAddress }), t("saved")))) void list.reload();
  };
  return (
    <Card title={t("addresses")} text={t("addressesText")}>
      <form class="inline-form" onSubmit={add}>
        <TextField label={t("addressOrPrefix")} placeholder="192.0.2.0/24" required value={address.value} error={error.value} onValue={(v) => (address.value = v)} />
        <Button submit icon={BanIcon} disabled={!address.value.trim()}>
          {t("ban")}
        </Button>
      </form>
      <Load from={list}>
        {(bans) =>
          bans.length === 0 ? (
            <Empty icon={BanIcon}>{t("nobodyBanned")}</Empty>
          ) : (
            <Table
              label={t("addresses")}
              rows={bans}
              id={(b) => b.ipAddress}
              columns={[
                { head: t("address"), cell: (b) => <code>{b.ipAddress}</code> },
                { head: t("bannedSince"), cell: (b) => date(new Date(b.createdAt)) },
                { head: t("reason"), cell: (b) => b.notes || "–" },
              ]}
              actionsLabel={t("unban")}
              actions={(b) => <IconButton label={t("removeWord", { word: b.ipAddress })} icon={Trash} onClick={() => void remove(b)} />}
            />
          )
        }
      </Load>
    </Card>
  );
}
