import { useSignal } from "@preact/signals";
import { Button } from "../components/button";
import { Dialog } from "../components/dialog";
import { TextField } from "../components/form";
import { toast } from "../components/toast";
import { common } from "../i18n/common";
import { t } from "../i18n/viewer";
import { ApiError, post } from "../lib/api";
import type { WebConfig } from "../lib/types";
import type { Room } from "./room";
import { asUser } from "./user";

const mostName = 30;

/** Profile is the dialog for one's name and color, and for proving who one is. */
export function Profile({ room, config, close }: { room: Room; config: WebConfig; close: () => void }) {
  const self = room.self.value;
  const name = useSignal(self?.displayName ?? "");
  const color = useSignal(self?.displayColor ?? 0);
  const save = (event: Event) => {
    event.preventDefault();
    const wanted = name.value.trim();
    const sent = [
      wanted === "" || wanted === self?.displayName || room.send({ type: "NAME_CHANGE", newName: wanted }),
      color.value === self?.displayColor || room.send({ type: "COLOR_CHANGE", newColor: color.value }),
    ];
    if (sent.includes(false)) return toast(common.t("noAnswer"), "error");
    close();
  };
  const federated = config.federation.enabled;
  const indieAuth = config.authentication.indieAuthEnabled;
  return (
    <Dialog title={t("profile")} onClose={close} size="small">
      <form class="stack" onSubmit={save}>
        <TextField label={t("displayName")} value={name.value} onValue={(v) => (name.value = v)} maxLength={mostName} required autocomplete="nickname" spellcheck={false} />
        <fieldset class="colors">
          <legend>{t("nameColor")}</legend>
          {Array.from({ length: 8 }, (_, i) => (
            <label key={i} class={`swatch color-${i}`}>
              <input type="radio" name="color" value={i} checked={color.value === i} onChange={() => (color.value = i)} aria-label={t("colorN", { n: i + 1 })} />
            </label>
          ))}
        </fieldset>
        <Button submit kind="primary">
          {common.t("save")}
        </Button>
      </form>
      {(federated || indieAuth) && (
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
  const account = useSignal("");
  const code = useSignal("");
  const asked = useSignal(false);
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
    </form>
  );
}

function IndieAuth() {
  const host = useSignal("");
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
