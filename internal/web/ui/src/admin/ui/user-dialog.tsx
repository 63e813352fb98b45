import { useSignal } from "@preact/signals";
import { Button } from "../../components/button";
import { Dialog } from "../../components/dialog";
import { Select, TextField } from "../../components/form";
import { dateTime, number } from "../../lib/format";
import { read, send } from "../api";
import { agent } from "../agent";
import { country } from "../country";
import { t } from "../i18n";
import { act, useLoad } from "../poll";
import type { UserDetails } from "../types";
import { ChatBody } from "./chat-body";
import { confirm } from "./confirm";
import { Facts, Load, Note, Tag } from "./page";

interface UserDialogProps {
  id: string;
  /** Whether moderators are made and users are deleted here. */
  admin: boolean;
  onClose: () => void;
  /** Something about the user is another now. */
  changed: () => void;
}

const isModerator = (d: UserDetails) => d.user.scopes?.includes("MODERATOR") ?? false;

/** UserDialog is what is known of a user of the chat, and what can be done. */
export function UserDialog({ id, admin, onClose, changed }: UserDialogProps) {
  const details = useLoad(() => read<UserDetails>(`api/admin/moderation/chat/user/${encodeURIComponent(id)}`), { keys: [id] });
  const done = async (what: () => Promise<unknown>) => {
    if (!(await act(what, t("saved")))) return;
    changed();
    void details.reload();
  };
  const user = details.data.value?.user;
  return (
    <Dialog title={user?.displayName ?? t("user")} size="large" onClose={onClose}>
      <Load from={details}>
        {(d) => (
          <>
            <span class="tags">
              {d.user.disabledAt && <Tag tone="bad">{t("banned")}</Tag>}
              {isModerator(d) && <Tag tone="good">{t("moderator")}</Tag>}
              {d.user.isBot && <Tag>{t("bot")}</Tag>}
              {d.user.authenticated && <Tag tone="good">{t("authenticated")}</Tag>}
            </span>
            {d.user.disabledReason && <Note tone="warn">{d.user.disabledReason}</Note>}
            <Facts
              list={[
                [t("id"), <code>{d.user.id}</code>],
                [t("firstSeen"), dateTime(new Date(d.user.createdAt))],
                [t("earlierNames"), d.user.previousNames.filter((name) => name !== d.user.displayName).join(", ")],
                [t("signedInWith"), d.user.authProviders?.join(", ") ?? ""],
                [
                  t("connections"),
                  d.connectedClients.length > 0 && (
                    <ul class="plain-list">
                      {d.connectedClients.map((c) => (
                        <li key={c.id}>{[agent(c.userAgent), c.geo && country(c.geo), dateTime(new Date(c.connectedAt))].filter(Boolean).join(" · ")}</li>
                      ))}
                    </ul>
                  ),
                ],
              ]}
            />
            <Act details={d} admin={admin} done={done} onClose={onClose} changed={changed} />
            <h3>{t("messages")}</h3>
            {d.messages.length === 0 ? (
              <p class="soft">{t("noMessages")}</p>
            ) : (
              <ul class="message-list" role="list">
                {d.messages.map((m) => (
                  <li key={m.id} class={m.hiddenAt ? "is-hidden" : ""}>
                    <time class="soft" dateTime={m.timestamp}>{dateTime(new Date(m.timestamp))}</time> {m.hiddenAt && <Tag>{t("hidden")}</Tag>} <ChatBody html={m.body} />
                  </li>
                ))}
              </ul>
            )}
          </>
        )}
      </Load>
    </Dialog>
  );
}

interface ActProps {
  details: UserDetails;
  admin: boolean;
  done: (what: () => Promise<unknown>) => Promise<void>;
  onClose: () => void;
  changed: () => void;
}

function Act({ details: d, admin, done, onClose, changed }: ActProps) {
  const reason = useSignal("");
  const pause = useSignal(600);
  const userId = d.user.id;
  const visible = d.messages.filter((m) => !m.hiddenAt).map((m) => m.id);
  const remove = async () => {
    const yes = await confirm({ title: t("deleteUser"), text: t("deleteUserText", { name: d.user.displayName }), action: t("delete"), danger: true });
    if (!yes || !(await act(() => send("api/admin/users/delete", { userId }), t("deleted")))) return;
    changed();
    onClose();
  };
  return (
    <div class="acts">
      {!d.user.disabledAt && (
        <div class="field-row">
          <TextField label={t("reason")} hint={t("reasonHint")} maxLength={300} value={reason.value} onValue={(v) => (reason.value = v)} />
          <Select
            label={t("timeOutFor")}
            value={pause.value}
            choices={[60, 300, 600, 3600, 86_400].map((value) => ({
              value,
              label: value < 3600 ? t("minutes", { minutes: number(value / 60) }) : t("hours", { hours: number(value / 3600) }),
            }))}
            onValue={(v) => (pause.value = v)}
          />
        </div>
      )}
      <div class="buttons">
        {d.user.disabledAt ? (
          <Button onClick={() => void done(() => send("api/admin/chat/users/setenabled", { userId, enabled: true }))}>{t("unban")}</Button>
        ) : (
          <>
            <Button kind="danger" onClick={() => void done(() => send("api/admin/chat/users/setenabled", { userId, enabled: false, reason: reason.value }))}>
              {t("ban")}
            </Button>
            <Button onClick={() => void done(() => send("api/admin/chat/users/timeout", { userId, seconds: pause.value, reason: reason.value }))}>{t("timeOut")}</Button>
          </>
        )}
        {visible.length > 0 && <Button onClick={() => void done(() => send("api/admin/chat/messagevisibility", { idArray: visible.slice(0, 1000), visible: false }))}>{t("hideAll")}</Button>}
        {admin && !d.user.isBot && (
          <Button onClick={() => void done(() => send("api/admin/chat/users/setmoderator", { userId, isModerator: !isModerator(d) }))}>
            {isModerator(d) ? t("moderatorNoMore") : t("makeModerator")}
          </Button>
        )}
        {admin && (
          <Button kind="danger" onClick={() => void remove()}>
            {t("deleteUserAction")}
          </Button>
        )}
      </div>
    </div>
  );
}
