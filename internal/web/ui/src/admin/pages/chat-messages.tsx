import { useSignal } from "@preact/signals";
import { Button } from "../../components/button";
import { Select, TextField } from "../../components/form";
import { Chat, Eye, EyeOff } from "../../components/icons";
import { Tabs } from "../../components/tabs";
import { dateTime, number } from "../../lib/format";
import { go, query } from "../../lib/route";
import { read, send } from "../api";
import { n, t } from "../i18n";
import { act, useLoad } from "../poll";
import { access } from "../session";
import type { ChatMessage, HeldMessage } from "../types";
import { ChatBody, plain } from "../ui/chat-body";
import { Card, Empty, Load, Page, Tag } from "../ui/page";
import { Pager } from "../ui/pager";
import { UserDialog } from "../ui/user-dialog";

const pageSize = 50;

/** isAdmin tells whether an administrator is signed in, and not a moderator. */
export const isAdmin = () => access.value.state === "in" && access.value.session.role === "admin";

export default function ChatMessagesPage() {
  const held = useLoad(() => read<HeldMessage[]>("api/admin/chat/held"), { every: 5000 });
  const user = useSignal("");
  const waiting = held.data.value?.length ?? 0;
  return (
    <Page title={t("messages")} text={t("messagesText")} wide>
      <Tabs
        label={t("messages")}
        current={query.value.get("tab") ?? "all"}
        choose={(tab) => go(`admin/chat/messages/${tab === "all" ? "" : `?tab=${tab}`}`, true)}
        tabs={[
          { id: "all", label: t("allMessages"), content: () => <Messages open={(id) => (user.value = id)} /> },
          { id: "held", label: t("heldMessages"), count: waiting ? number(waiting) : undefined, content: () => <Held held={held} open={(id) => (user.value = id)} /> },
        ]}
      />
      {user.value && <UserDialog id={user.value} admin={isAdmin()} changed={() => {}} onClose={() => (user.value = "")} />}
    </Page>
  );
}

function Messages({ open }: { open: (userId: string) => void }) {
  const list = useLoad(() => read<ChatMessage[]>("api/admin/chat/messages"), { every: 5000 });
  const words = useSignal("");
  const which = useSignal<"all" | "visible" | "hidden">("all");
  const offset = useSignal(0);
  const chosen = useSignal<string[]>([]);

  const set = async (ids: string[], visible: boolean) => {
    if (!(await act(() => send("api/admin/chat/messagevisibility", { idArray: ids, visible }), t("saved")))) return;
    chosen.value = chosen.value.filter((id) => !ids.includes(id));
    void list.reload();
  };
  const find = (all: ChatMessage[]) => {
    const wanted = words.value.trim().toLowerCase();
    return all.filter(
      (m) =>
        (which.value === "all" || (which.value === "hidden") === Boolean(m.hiddenAt)) &&
        (!wanted || m.user.displayName.toLowerCase().includes(wanted) || plain(m.body).toLowerCase().includes(wanted)),
    );
  };
  const choose = (id: string, on: boolean) => (chosen.value = on ? [...chosen.value, id] : chosen.value.filter((x) => x !== id));

  return (
    <div class="stack">
      <Card class="filters">
        <Select
          label={t("show")}
          value={which.value}
          choices={[
            { value: "all", label: t("showAll") },
            { value: "visible", label: t("showVisible") },
            { value: "hidden", label: t("showHidden") },
          ]}
          onValue={(v) => {
            which.value = v;
            offset.value = 0;
          }}
        />
        <TextField
          label={t("search")}
          type="search"
          value={words.value}
          onValue={(v) => {
            words.value = v;
            offset.value = 0;
          }}
        />
        <Button icon={EyeOff} disabled={chosen.value.length === 0} onClick={() => void set(chosen.value, false)}>
          {chosen.value.length ? n("hideMany", chosen.value.length) : t("hideMessage")}
        </Button>
        <Button icon={Eye} disabled={chosen.value.length === 0} onClick={() => void set(chosen.value, true)}>
          {chosen.value.length ? n("showMany", chosen.value.length) : t("showMessage")}
        </Button>
      </Card>
      <Load from={list}>
        {(all) => {
          const found = find(all);
          const shown = found.slice(offset.value, offset.value + pageSize);
          if (found.length === 0) return <Empty icon={Chat}>{t("noMessages")}</Empty>;
          return (
            <>
              <ul class="message-list card" role="list">
                {shown.map((m) => (
                  <li key={m.id} class={m.hiddenAt ? "is-hidden" : ""}>
                    <input
                      type="checkbox"
                      aria-label={t("chooseMessage", { name: m.user.displayName, text: plain(m.body).slice(0, 80) })}
                      checked={chosen.value.includes(m.id)}
                      onChange={(event) => choose(m.id, event.currentTarget.checked)}
                    />
                    <div class="message-text">
                      <button type="button" class="link" onClick={() => open(m.user.id)}>
                        {m.user.displayName}
                      </button>{" "}
                      <time class="soft" dateTime={m.timestamp}>{dateTime(new Date(m.timestamp))}</time> {m.hiddenAt && <Tag>{t("hidden")}</Tag>}
                      <ChatBody html={m.body} />
                    </div>
                    <Button small icon={m.hiddenAt ? Eye : EyeOff} onClick={() => void set([m.id], Boolean(m.hiddenAt))}>
                      {m.hiddenAt ? t("showMessage") : t("hideMessage")}
                    </Button>
                  </li>
                ))}
              </ul>
              <Pager total={found.length} offset={offset.value} size={pageSize} go={(o) => (offset.value = o)} />
            </>
          );
        }}
      </Load>
    </div>
  );
}

function Held({ held, open }: { held: ReturnType<typeof useLoad<HeldMessage[]>>; open: (userId: string) => void }) {
  const decide = async (id: string, what: "approve" | "reject") => {
    if (await act(() => send(`api/admin/chat/held/${what}`, { id }), what === "approve" ? t("approved") : t("rejected"))) void held.reload();
  };
  return (
    <Load from={held}>
      {(list) =>
        list.length === 0 ? (
          <Empty icon={Chat}>{t("noHeld")}</Empty>
        ) : (
          <ul class="message-list card" role="list">
            {list.map((m) => (
              <li key={m.id}>
                <div class="message-text">
                  <button type="button" class="link" onClick={() => open(m.user.id)}>
                    {m.user.displayName}
                  </button>{" "}
                  <time class="soft" dateTime={m.timestamp}>{dateTime(new Date(m.timestamp))}</time> {m.reason && <Tag tone="warn">{m.reason}</Tag>}
                  <span class="chat-body" dir="auto">{m.body}</span>
                </div>
                <div class="buttons">
                  <Button small kind="primary" onClick={() => void decide(m.id, "approve")}>
                    {t("approve")}
                  </Button>
                  <Button small onClick={() => void decide(m.id, "reject")}>
                    {t("reject")}
                  </Button>
                </div>
              </li>
            ))}
          </ul>
        )
      }
    </Load>
  );
}
