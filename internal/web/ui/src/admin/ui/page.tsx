import type { ComponentChildren } from "preact";
import { useEffect } from "preact/hooks";
import { Button } from "../../components/button";
import { Info, Refresh, Warning, type IconType } from "../../components/icons";
import { common } from "../../i18n/common";
import { config } from "../config";
import { t } from "../i18n";
import type { Loaded } from "../poll";

interface PageProps {
  title: string;
  /** What the page is for, in a sentence or two. */
  text?: ComponentChildren;
  actions?: ComponentChildren;
  /** As wide as the window rather than as a text is. */
  wide?: boolean;
  children: ComponentChildren;
}

/** Page is a page of the administration. Its heading gets the focus when the page is shown. */
export function Page({ title, text, actions, wide, children }: PageProps) {
  const channel = config.value?.instanceDetails.name;
  useEffect(() => {
    document.title = [title, channel].filter(Boolean).join(" – ");
  }, [title, channel]);
  return (
    <div class={`page ${wide ? "wide" : ""}`}>
      <header class="page-head">
        <div class="page-title">
          <h1 id="page-title" tabIndex={-1}>
            {title}
          </h1>
          {text && <p class="soft">{text}</p>}
        </div>
        {actions && <div class="page-actions">{actions}</div>}
      </header>
      {children}
    </div>
  );
}

interface CardProps {
  title?: string;
  text?: ComponentChildren;
  actions?: ComponentChildren;
  class?: string;
  id?: string;
  children: ComponentChildren;
}

/** Card is a part of a page. */
export function Card({ title, text, actions, class: extra = "", id, children }: CardProps) {
  return (
    <section class={`card part ${extra}`} id={id} aria-label={title}>
      {(title || actions) && (
        <header class="part-head">
          <div>
            {title && <h2>{title}</h2>}
            {text && <p class="soft">{text}</p>}
          </div>
          {actions && <div class="part-actions">{actions}</div>}
        </header>
      )}
      {children}
    </section>
  );
}

/** Facts are names with values. Values that are empty are left out. */
export function Facts({ list }: { list: [name: string, value: ComponentChildren][] }) {
  return (
    <dl class="facts">
      {list
        .filter(([, value]) => value !== "" && value !== null && value !== undefined)
        .map(([name, value]) => (
          <div key={name}>
            <dt>{name}</dt>
            <dd>{value}</dd>
          </div>
        ))}
    </dl>
  );
}

/** Tiles are the few numbers that matter most. */
export function Tiles({ list }: { list: { label: string; value: ComponentChildren; note?: ComponentChildren }[] }) {
  return (
    <dl class="tiles">
      {list.map(({ label, value, note }) => (
        <div class="tile" key={label}>
          <dt>{label}</dt>
          <dd>
            <span class="tile-value">{value}</span>
            {note && <span class="tile-note">{note}</span>}
          </dd>
        </div>
      ))}
    </dl>
  );
}

export type Tone = "live" | "good" | "warn" | "bad" | "plain";

/** Tag is a short word in a color that says how good it is. */
export function Tag({ tone = "plain", children }: { tone?: Tone; children: ComponentChildren }) {
  return <span class={`tag ${tone}`}>{children}</span>;
}

/** Empty says that there is nothing, and what to do about it. */
export function Empty({ icon: Icon = Info, children }: { icon?: IconType; children: ComponentChildren }) {
  return (
    <div class="empty">
      <Icon />
      <p>{children}</p>
    </div>
  );
}

/** Note is something to know, in a box. */
export function Note({ tone = "plain", children, actions }: { tone?: Tone; children: ComponentChildren; actions?: ComponentChildren }) {
  return (
    <div class={`note ${tone}`}>
      {tone === "plain" || tone === "good" ? <Info /> : <Warning />}
      <div class="note-text">{children}</div>
      {actions}
    </div>
  );
}

/** Load shows what was loaded; while there is nothing, that it is coming or why not. */
export function Load<T>({ from, children }: { from: Loaded<T>; children: (data: T) => ComponentChildren }) {
  const data = from.data.value;
  const error = from.error.value;
  const failure = error && (
    <Note
      tone="bad"
      actions={
        <Button small icon={Refresh} onClick={() => void from.reload()}>
          {common.t("tryAgain")}
        </Button>
      }
    >
      {data === undefined ? error : `${t("outdated")} ${error}`}
    </Note>
  );
  if (data === undefined) return failure || <p class="loading soft">{common.t("loading")}</p>;
  return (
    <>
      {failure}
      {children(data)}
    </>
  );
}
