import { useSignal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import { Button } from "../components/button";
import { Dialog } from "../components/dialog";
import { toast } from "../components/toast";
import { common } from "../i18n/common";
import { n, t } from "../i18n/viewer";
import { ApiError, get, post } from "../lib/api";
import { ago, dateTime } from "../lib/format";
import type { ChatUser, HeldMessage } from "../lib/types";
import { heldMessages } from "./held";
import { plain } from "./row";
import type { Room } from "./room";
import { asUser } from "./user";

interface Details {
  user: ChatUser & { disabledAt?: string | null; disabledReason?: string };
  connectedClients: { connectedAt: string; userAgent: string; geo: string; id: number; messageCount: number }[];
  messages: { timestamp: string; id: string; body: string; hiddenAt?: string | null }[];
}

const failed = (err: unknown) => toast(err instanceof ApiError && err.status ? err.message : common.t("noAnswer"), "error");

/** UserDetails is what a moderator may know of somebody. */
export function UserDetails({ room, userId, close }: { room: Room; userId: string; close: () => void }) {
  const details = useSignal<Details | null>(null);
  const load = () => asUser((accessToken) => get<Details>(`api/moderation/chat/user/${encodeURIComponent(userId)}`, { accessToken })).then((d) => (details.value = d), (err) => (failed(err), close()));
  useEffect(() => void load(), [userId]);
  const now = details.value;
  if (!now) return null;
  const disabled = Boolean(now.user.disabledAt);
  const setEnabled = (enabled: boolean) => void room.setEnabled(userId, enabled).then(load, failed);
  const earlier = now.user.previousNames.filter((name) => name !== now.user.displayName);
  return (
    <Dialog
      title={now.user.displayName}
      onClose={close}
      actions={
        <>
          {now.messages.some((m) => !m.hiddenAt) && (
            <Button onClick={() => void room.setVisible(now.messages.map((m) => m.id), false).then(load, failed)}>{t("hideAll")}</Button>
          )}
          {disabled ? (
            <Button onClick={() => setEnabled(true)}>{t("unban")}</Button>
          ) : (
            <Button kind="danger" onClick={() => setEnabled(false)}>
              {t("ban")}
            </Button>
          )}
        </>
      }
    >
      <dl class="facts">
        <dt>{t("firstSeen")}</dt>
        <dd>{dateTime(new Date(now.user.createdAt))}</dd>
        {earlier.length > 0 && (
          <>
            <dt>{t("earlierNames")}</dt>
            <dd>{earlier.join(", ")}</dd>
          </>
        )}
        {disabled && (
          <>
            <dt>{t("banned")}</dt>
            <dd>
              {ago(new Date(now.user.disabledAt!))} {now.user.disabledReason}
            </dd>
          </>
        )}
        {now.connectedClients.map((client) => (
          <>
            <dt>{t("connected")}</dt>
            <dd>
              {ago(new Date(client.connectedAt))} · {n("messages", client.messageCount)}
              {client.geo && ` · ${client.geo}`}
              <br />
              <span class="soft">{client.userAgent}</span>
            </dd>
          </>
        ))}
      </dl>
      <ol class="said" role="list" aria-label={t("recentMessages")}>
        {now.messages.map((message) => (
          <li key={message.id} class={message.hiddenAt ? "hidden-message" : ""}>
            <time class="soft" dateTime={message.timestamp}>
              {ago(new Date(message.timestamp))}
            </time>{" "}
            {plain(message.body)}
          </li>
        ))}
      </ol>
    </Dialog>
  );
}

/** HeldMessages are those that wait for a moderator. */
export function HeldMessages({ changed, close }: { changed: (list: HeldMessage[]) => void; close: () => void }) {
  const list = useSignal<HeldMessage[] | null>(null);
  const load = () => heldMessages().then((l) => changed((list.value = l)), (err) => (failed(err), close()));
  useEffect(() => void load(), []);
  const decide = (id: string, what: "approve" | "reject") => {
    void asUser((accessToken) => post(`api/moderation/chat/held/${what}`, { id }, { query: { accessToken } })).then(load, failed);
  };
  if (!list.value) return null;
  return (
    <Dialog title={t("held")} onClose={close}>
      {list.value.length === 0 && <p class="soft">{t("heldNone")}</p>}
      <ol class="held" role="list">
        {list.value.map((message) => (
          <li key={message.id}>
            <p>
              <strong>{message.user.displayName}</strong> <span class="soft">{ago(new Date(message.timestamp))}</span>
            </p>
            <p dir="auto">{message.body}</p>
            {message.reason && <p class="soft">{message.reason}</p>}
            <div class="held-actions">
              <Button small kind="primary" onClick={() => decide(message.id, "approve")}>
                {t("approve")}
              </Button>
              <Button small onClick={() => decide(message.id, "reject")}>
                {t("reject")}
              </Button>
            </div>
          </li>
        ))}
      </ol>
    </Dialog>
  );
}
