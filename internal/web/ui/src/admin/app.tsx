import { useSignal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import { Button } from "../components/button";
import { TextField } from "../components/form";
import { Toasts, toast } from "../components/toast";
import { common } from "../i18n/common";
import { ApiError, get } from "../lib/api";
import { at } from "../lib/base";
import { follow, path } from "../lib/route";
import type { Status } from "../lib/types";
import { n, t } from "./i18n";
import { access, check, signIn, signOut } from "./session";

/** App is the administration. */
export function App() {
  useEffect(() => void check(), []);
  const now = access.value;
  return (
    <>
      {now.state === "in" ? <Shell name={now.session.displayName} /> : now.state !== "unknown" && <SignIn forbidden={now.state === "forbidden"} />}
      <Toasts />
    </>
  );
}

function SignIn({ forbidden }: { forbidden: boolean }) {
  const password = useSignal("");
  const error = useSignal("");
  const busy = useSignal(false);
  const submit = async (event: Event) => {
    event.preventDefault();
    busy.value = true;
    error.value = "";
    try {
      await signIn(password.value);
    } catch (err) {
      const status = err instanceof ApiError ? err.status : 0;
      error.value = status === 401 ? t("wrongPassword") : err instanceof ApiError && status ? err.message : common.t("noAnswer");
    } finally {
      busy.value = false;
    }
  };
  return (
    <main class="sign-in">
      <form class="card" onSubmit={submit}>
        <h1>{t("title")}</h1>
        <p>{forbidden ? t("forbidden") : t("signInText")}</p>
        <input type="text" name="username" autocomplete="username" value="admin" hidden readOnly />
        <TextField label={t("password")} type="password" autocomplete="current-password" required value={password.value} error={error.value} onValue={(v) => (password.value = v)} />
        <Button submit kind="primary" busy={busy.value}>
          {t("signIn")}
        </Button>
      </form>
    </main>
  );
}

function Shell({ name }: { name: string }) {
  return (
    <div class="admin">
      <header class="admin-head">
        <a class="admin-home" href={at("admin/")} onClick={follow}>
          {t("title")}
        </a>
        <span class="gap" />
        <span class="soft">{t("signedInAs", { name })}</span>
        <a class="button quiet" href={at("")}>
          {t("toStream")}
        </a>
        <Button kind="quiet" onClick={() => signOut().catch((err: Error) => toast(err.message, "error"))}>
          {t("signOut")}
        </Button>
      </header>
      <div class="admin-body">
        <nav class="admin-nav" aria-label={t("navigation")}>
          <a href={at("admin/")} onClick={follow} aria-current={path.value === "admin/" ? "page" : undefined}>
            {t("overview")}
          </a>
        </nav>
        <main class="admin-main">{path.value === "admin/" ? <Overview /> : <h1>{t("notFound")}</h1>}</main>
      </div>
    </div>
  );
}

function Overview() {
  const status = useSignal<Status | null>(null);
  useEffect(() => {
    const ask = () => get<Status>("api/status").then((s) => (status.value = s)).catch(() => {});
    void ask();
    const timer = setInterval(ask, 5000);
    return () => clearInterval(timer);
  }, []);
  const now = status.value;
  return (
    <>
      <h1>{t("overview")}</h1>
      {now && (
        <div class="card">
          <p>
            {now.online ? t("live") : t("offline")}
            {now.online && ` · ${n("viewers", now.viewerCount ?? 0)}`}
          </p>
          <p>{now.streamTitle}</p>
        </div>
      )}
    </>
  );
}
