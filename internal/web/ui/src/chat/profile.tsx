import { signal, useSignal } from "@preact/signals";
import { Button } from "../components/button";
import { Dialog } from "../components/dialog";
import { TextField } from "../components/form";
import { toast } from "../components/toast";
import { common } from "../i18n/common";
import { t } from "../i18n/viewer";
import { ApiError, post } from "../lib/api";
import type { WebConfig } from "../lib/types";
import type { Room } from "./room";
import { asUser, ofSite } from "./user";

const mostName = 30;

// What was typed and not sent, for when the dialog is opened again: a code of
// the fediverse is read elsewhere.
const draft = {
  name: signal<string | null>(null),
  color: signal<number | null>(null),
  account: signal(""),
  code: signal(""),
  asked: signal(false),
  site: signal(""),
};

/** Profile is the dialog for one's name and color, and for proving who one is. */
export function Profile({ room, config, close }: { room: Room; config: WebConfig; close: () => void }) {
  const self = room.self.value;
  const name = draft.name.value ?? self?.displayName ?? "";
  const color = draft.color.value ?? self?.displayColor ?? 0;
  const save = (event: Event) => {
    event.preventDefault();
    const wanted = name.trim();
    const sent = [
      wanted === "" || wanted === self?.displayName || room.send({ type: "NAME_CHANGE", newName: wanted }),
      color === self?.displayColor || room.send({ type: "COLOR_CHANGE", newColor: color }),
    ];
    if (sent.includes(false)) return toast(common.t("noAnswer"), "error");
    draft.name.value = draft.color.value = null;
    close();
  };
  const federated = config.federation.enabled;
  const indieAuth = config.authentication.indieAuthEnabled;
  return (
    <Dialog title={t("profile")} onClose={close} size="small" keeps>
      <form class="stack" onSubmit={save}>
        <TextField label={t("displayName")} value={name} onValue={(v) => (draft.name.value = v)} readOnly={ofSite()} hint={ofSite() && t("siteName")} maxLength={mostName} required autocomplete="nickname" spellcheck={false} />
        <fieldset class="colors">
          <legend>{t("nameColor")}</legend>
          {Array.from({ length: 8 }, (_, i) => (
            <label key={i} class={`swatch color-${i}`}>
              <input type="radio" name="color" value={i} checked={color === i} onChange={() => (draft.color.value = i)} aria-label={t("colorN", { n: i + 1 })} />
            </label>
          ))}
        </fieldset>
        <Button submit kind="primary">
          {common.t("save")}
        </Button>
      </form>
      {(federated || indieAuth) && !ofSite() && (
        <section class="prove">
          <h3>{t("prove")}</h3>
          <p class="soft">{self?.authenticated ? t("proved") : t("proveText")}</p>
          {federated && <Fediverse close={close} />}
          {indieAuth && <IndieAuth />}
        </section>
      )}
    </Dialog>
  );
}

function problem(err: unknown): string {
  return err instanceof ApiError && err.status ? err.message : common.t("noAnswer");
}

function Fediverse({ close }: { close: () => void }) {
  const { account, code, asked } = draft;
  const error = useSignal("");
  const busy = useSignal(false);
  const submit = async (event: Event) => {
    event.preventDefault();
    busy.value = true;
    error.value = "";
    try {
      if (!asked.value) {
        await asUser((accessToken) => post("api/auth/fediverse", { account: account.value.trim().replace(/^@/, "") }, { query: { accessToken } }));
        asked.value = true;
      } else {
        await asUser((accessToken) => post("api/auth/fediverse/verify", { code: code.value.trim() }, { query: { accessToken } }));
        account.value = code.value = "";
        asked.value = false;
        toast(t("proved"));
        close();
      }
    } catch (err) {
      error.value = asked.value && err instanceof ApiError && err.status === 403 ? t("wrongCode") : problem(err);
    } finally {
      busy.value = false;
    }
  };
  return (
    <form class="stack" onSubmit={submit}>
      {asked.value ? (
        <TextField label={t("code")} hint={t("codeHint", { account: account.value })} value={code.value} onValue={(v) => (code.value = v)} inputMode="numeric" autocomplete="one-time-code" required error={error.value} />
      ) : (
        <TextField label={t("followAccount")} hint={t("fediverseHint")} value={account.value} onValue={(v) => (account.value = v)} placeholder={t("followPlaceholder")} inputMode="email" spellcheck={false} required error={error.value} />
      )}
      <Button submit busy={busy.value}>
        {asked.value ? t("checkCode") : t("sendCode")}
      </Button>
      {asked.value && (
        <Button
          kind="quiet"
          onClick={() => {
            asked.value = false;
            code.value = error.value = "";
          }}
        >
          {t("otherAccount")}
        </Button>
      )}
    </form>
  );
}

function IndieAuth() {
  const host = draft.site;
  const error = useSignal("");
  const busy = useSignal(false);
  const submit = async (event: Event) => {
    event.preventDefault();
    busy.value = true;
    error.value = "";
    try {
      const site = host.value.trim();
      const authHost = /^https?:\/\//.test(site) ? site : `https://${site}`;
      const { redirect } = await asUser((accessToken) => post<{ redirect: string }>("api/auth/indieauth", { authHost }, { query: { accessToken } }));
      const target = new URL(redirect);
      if (target.protocol !== "https:" && target.protocol !== "http:") throw new ApiError(400, t("followBadURL"));
      location.assign(target.href);
    } catch (err) {
      error.value = problem(err);
    } finally {
      busy.value = false;
    }
  };
  return (
    <form class="stack" onSubmit={submit}>
      <TextField label={t("ownSite")} hint={t("ownSiteHint")} value={host.value} onValue={(v) => (host.value = v)} placeholder="example.org" inputMode="url" spellcheck={false} required error={error.value} />
      <Button submit busy={busy.value}>
        {t("signInThere")}
      </Button>
    </form>
  );
}
