import { useSignal } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";
import { Button } from "../components/button";
import { Dialog } from "../components/dialog";
import { TextField } from "../components/form";
import { External, Refresh } from "../components/icons";
import { common } from "../i18n/common";
import { ApiError } from "../lib/api";
import { at } from "../lib/base";
import { config, has } from "./config";
import { t } from "./i18n";
import { check, giveUp, signIn, type Access } from "./session";

/** SignIn is the page of who is not signed in. */
export function SignIn({ access }: { access: Access }) {
  return (
    <main class="sign-in">
      <div class="card">
        <img class="sign-in-logo" src={at("logo")} alt="" width="48" height="48" />
        <h1>{t("title")}</h1>
        {access.state === "out" && <Form />}
        {access.state === "forbidden" && <p>{t("forbidden")}</p>}
        {access.state === "absent" && <p>{t("noAdministrators")}</p>}
        {access.state === "unreachable" && <p>{common.t("noAnswer")}</p>}
        {access.state !== "out" && (
          <Button icon={Refresh} onClick={() => void check()}>
            {common.t("tryAgain")}
          </Button>
        )}
        <a href={at("")}>{t("toStream")}</a>
      </div>
    </main>
  );
}

/** SignInAgain is shown over the page when the session has ended. Nothing in the page is lost. */
export function SignInAgain() {
  return (
    <Dialog title={t("sessionOver")} size="small" onClose={giveUp}>
      <p>{t("signInAgainText")}</p>
      <Form />
    </Dialog>
  );
}

function Form() {
  const password = useSignal("");
  const error = useSignal("");
  const busy = useSignal(false);
  const elsewhere = useSignal(config.value !== null && !has("password")); // the host knows who people are
  const form = useRef<HTMLFormElement>(null);

  useEffect(() => {
    form.current?.querySelector<HTMLInputElement>("input:not([hidden])")?.focus();
    // Somebody may sign in on another page.
    const back = () => document.hidden || void check();
    document.addEventListener("visibilitychange", back);
    return () => document.removeEventListener("visibilitychange", back);
  }, []);

  const submit = async (event: Event) => {
    event.preventDefault();
    busy.value = true;
    error.value = "";
    try {
      await signIn(password.value);
    } catch (err) {
      error.value = failure(err);
      elsewhere.value = err instanceof ApiError && err.status === 404;
    } finally {
      busy.value = false;
    }
  };

  if (elsewhere.value) {
    return (
      <>
        <p>{t("signInElsewhere")}</p>
        <a class="button primary" href={at("admin/")} target="_blank" rel="noopener">
          <External />
          {t("openSignIn")}
        </a>
        <Button icon={Refresh} onClick={() => void check()}>
          {common.t("tryAgain")}
        </Button>
      </>
    );
  }
  return (
    <form ref={form} class="sign-in-form" onSubmit={submit}>
      <input type="text" name="username" autocomplete="username" value="admin" hidden readOnly />
      <TextField label={t("password")} type="password" name="password" autocomplete="current-password" required value={password.value} error={error.value} onValue={(v) => (password.value = v)} />
      <Button submit kind="primary" busy={busy.value}>
        {t("signIn")}
      </Button>
    </form>
  );
}

function failure(err: unknown): string {
  if (!(err instanceof ApiError)) return String(err);
  if (err.status === 401) return t("wrongPassword");
  if (err.status === 429) return t("tooOften", { seconds: err.retryAfter || 60 });
  return err.status ? err.message : common.t("noAnswer");
}
