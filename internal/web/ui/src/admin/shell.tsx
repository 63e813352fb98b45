import { useSignal } from "@preact/signals";
import { Component as Base, type ComponentChildren, type ComponentType } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";
import { Button, IconButton } from "../components/button";
import { Dialog } from "../components/dialog";
import * as icons from "../components/icons";
import { MenuButton, type MenuGroup } from "../components/menu";
import { common } from "../i18n/common";
import { at } from "../lib/base";
import { choose, language, languageNames, languages } from "../lib/i18n";
import { reveal } from "../lib/reveal";
import { follow, go, guard, path } from "../lib/route";
import { chooseScheme, scheme } from "../lib/theme";
import { config, loadConfig } from "./config";
import { unsaved } from "./form";
import { t } from "./i18n";
import { live, watchLive } from "./live";
import { pageAt, visible, type PageEntry } from "./nav";
import { act } from "./poll";
import { expired, reachable, signOut } from "./session";
import { SignInAgain } from "./sign-in";
import type { Session } from "./types";
import { Confirmations } from "./ui/confirm";
import { Note, Page } from "./ui/page";

/** Shell is what is around every page. */
export function Shell({ session }: { session: Session }) {
  const menu = useSignal(false);
  const leaving = useSignal<URL | null>(null);
  const ready = session.role !== "admin" || config.value !== null;

  useEffect(() => {
    if (session.role !== "admin") return;
    void loadConfig().catch(() => {});
    return watchLive();
  }, [session.role]);

  useEffect(() => {
    guard((to) => {
      if (unsaved().length === 0) return true;
      leaving.value = to;
      return false;
    });
    return () => guard(() => true);
  }, []);

  // Another page: the menu closes, and the heading gets the focus.
  const shown = path.value;
  const first = useRef(true);
  useEffect(() => {
    menu.value = false;
    if (first.current) {
      first.current = false;
      return;
    }
    scrollTo(0, 0);
  }, [shown]);

  // The menu beside the page shows where one is, however long it is.
  const nav = useRef<HTMLElement>(null);
  useEffect(() => {
    const measure = new ResizeObserver(() => {
      const here = nav.current?.querySelector("[aria-current]");
      if (here) reveal(here, nav.current!);
    });
    measure.observe(nav.current!);
    return () => measure.disconnect();
  }, [shown, ready]);

  return (
    <div class="admin">
      <a class="skip-link" href="#page" onClick={toPage}>
        {t("skipToPage")}
      </a>
      <Header session={session} openMenu={() => (menu.value = true)} />
      {!reachable.value && <p class="admin-alert" role="alert">{common.t("noAnswer")}</p>}
      <div class="admin-body">
        <nav ref={nav} class="admin-nav" aria-label={t("navigation")}>
          <Links session={session} />
        </nav>
        <main class="admin-main" id="page" tabIndex={-1}>
          {ready && <Shown entry={pageAt(session, shown)} />}
        </main>
      </div>
      {menu.value && (
        <Dialog title={t("navigation")} class="drawer" onClose={() => (menu.value = false)}>
          <nav class="admin-nav" aria-label={t("navigation")}>
            <Links session={session} />
          </nav>
        </Dialog>
      )}
      {leaving.value && <Leaving to={leaving.value} done={() => (leaving.value = null)} />}
      <Confirmations />
      {expired.value && <SignInAgain />}
    </div>
  );
}

function toPage(event: Event): void {
  event.preventDefault();
  document.getElementById("page")?.focus();
}

function Header({ session, openMenu }: { session: Session; openMenu: () => void }) {
  const now = live.value;
  const words = { live: t("live"), offline: t("offline"), reconnecting: t("reconnecting") };
  return (
    <header class="admin-head">
      <IconButton class="admin-menu" label={t("navigation")} icon={icons.Menu} onClick={openMenu} />
      <a class="admin-home" href={at("admin/")} onClick={follow}>
        <img src={at("logo")} alt="" width="32" height="32" />
        <span>{config.value?.instanceDetails.name ?? t("title")}</span>
      </a>
      {now && (
        <span class={`badge ${now.phase}`} id="phase">
          <span class="dot" aria-hidden="true" />
          {words[now.phase]}
        </span>
      )}
      <span class="gap" />
      <a class="button quiet small" href={at("")} aria-label={t("toStream")} title={t("toStream")}>
        <icons.External />
        <span class="button-text">{t("toStream")}</span>
      </a>
      <MenuButton id="account" label={t("account")} icon={icons.User} groups={() => account(session)} />
    </header>
  );
}

function account(session: Session): MenuGroup[] {
  const schemes = [
    ["system", t("appearanceSystem")],
    ["light", t("appearanceLight")],
    ["dark", t("appearanceDark")],
  ] as const;
  return [
    { label: t("colors"), items: schemes.map(([id, label]) => ({ label, checked: scheme.value === id, select: () => chooseScheme(id) })) },
    { label: t("language"), items: languages.map((l) => ({ label: languageNames[l], checked: language.value === l, select: () => void choose(l) })) },
    { label: t("signedInAs", { name: session.displayName || session.id }), items: [{ label: t("signOut"), icon: icons.SignOut, select: leave }] },
  ];
}

function leave(): void {
  void act(signOut);
}

function Links({ session }: { session: Session }) {
  const here = pageAt(session, path.value);
  return (
    <>
      {visible(session).map((group) => (
        <div class="nav-group" key={group.label()}>
          <h2>{group.label()}</h2>
          <ul role="list">
            {group.pages.map((p) => (
              <li key={p.path}>
                <a href={at(p.path)} onClick={follow} aria-current={p === here ? "page" : undefined}>
                  <p.icon />
                  <span>{p.label()}</span>
                </a>
              </li>
            ))}
          </ul>
        </div>
      ))}
    </>
  );
}

const loaded = new Map<string, ComponentType>();

// Shown is the page itself, whose script comes when it is wanted.
function Shown({ entry }: { entry: PageEntry | undefined }) {
  const [, redraw] = useState(0);
  const [failed, setFailed] = useState(false);
  const key = entry?.path ?? "";
  const first = useRef(true);

  const load = () => {
    setFailed(false);
    if (!entry || loaded.has(key)) return;
    entry.load().then(
      (component) => {
        loaded.set(key, component);
        redraw((n) => n + 1);
      },
      () => setFailed(true),
    );
  };
  useEffect(load, [key]);

  const Component = loaded.get(key);
  useEffect(() => {
    if (!first.current && Component) document.getElementById("page-title")?.focus({ preventScroll: true });
    if (Component) first.current = false;
  }, [key, Component]);

  if (!entry) {
    return (
      <Page title={t("notFound")}>
        <p>
          <a href={at("admin/")} onClick={follow}>
            {t("status")}
          </a>
        </p>
      </Page>
    );
  }
  if (failed) {
    return (
      <Note tone="bad" actions={<Button small onClick={load}>{common.t("tryAgain")}</Button>}>
        {common.t("noAnswer")}
      </Note>
    );
  }
  return Component ? (
    <Boundary key={key}>
      <Component />
    </Boundary>
  ) : (
    <p class="loading soft">{common.t("loading")}</p>
  );
}

// Boundary keeps what is wrong with a page from taking the way to the others.
class Boundary extends Base<{ children: ComponentChildren }, { failed: boolean }> {
  override state = { failed: false };

  override componentDidCatch(err: unknown): void {
    console.error(err);
    this.setState({ failed: true });
  }

  override render() {
    if (!this.state.failed) return this.props.children;
    return (
      <Note tone="bad" actions={<Button small onClick={() => location.reload()}>{common.t("tryAgain")}</Button>}>
        {t("crashed")}
      </Note>
    );
  }
}

function Leaving({ to, done }: { to: URL; done: () => void }) {
  const busy = useSignal(false);
  const onward = () => {
    done();
    go(to.href);
  };
  const save = async () => {
    busy.value = true;
    const results = await Promise.all(unsaved().map((form) => form.save()));
    busy.value = false;
    if (results.every(Boolean)) onward();
    else done();
  };
  return (
    <Dialog
      title={t("leaveTitle")}
      size="small"
      onClose={done}
      actions={
        <>
          <Button
            kind="danger"
            disabled={busy.value}
            onClick={() => {
              for (const form of unsaved()) form.discard();
              onward();
            }}
          >
            {t("discard")}
          </Button>
          <Button kind="primary" busy={busy.value} onClick={() => void save()}>
            {t("saveAndGo")}
          </Button>
        </>
      }
    >
      <p>{t("leaveText")}</p>
    </Dialog>
  );
}
