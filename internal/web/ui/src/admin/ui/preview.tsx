import { signal } from "@preact/signals";
import { useEffect, useRef, useState } from "preact/hooks";
import { Select } from "../../components/form";
import { at } from "../../lib/base";
import { number } from "../../lib/format";
import { config } from "../config";
import { contrast, hex, paint, type RGB } from "../contrast";
import { t } from "../i18n";
import { Card, Tag } from "./page";

/** What the colors of the page are now, set or not, by the names of their variables. */
export const resolved = signal<Record<string, string>>({});

// The variables of the page that those of administrators end up in.
const uses: Record<string, string> = {
  "theme-color-background-main": "--bg",
  "theme-color-components-content-background": "--surface",
  "theme-color-background-header": "--header",
  "theme-color-components-text-on-light": "--text",
  "theme-color-action": "--accent",
  "theme-text-link": "--link",
  "theme-color-components-primary-button-background": "--fill",
  "theme-color-components-primary-button-background-hover": "--fill-hover",
  "theme-color-components-primary-button-text": "--on-fill",
  "theme-color-components-video-live-indicator": "--live",
  "theme-color-components-chat-background": "--chat-bg",
  "theme-color-components-chat-text": "--chat-text",
  ...Object.fromEntries(Array.from({ length: 8 }, (_, i) => [`theme-color-users-${i}`, `--user-${i}`])),
};

const fallback: Record<string, string> = { "--header": "--surface", "--link": "--accent", "--chat-bg": "--surface", "--chat-text": "--text" };

type Scheme = "light" | "dark";

interface Pair {
  label: string;
  scheme: Scheme;
  ratio: number;
}

/** Preview is the page as it would be, with a check of its contrasts. */
export function Preview({ variables }: { variables: Record<string, string> }) {
  const frame = useRef<HTMLIFrameElement>(null);
  const sheet = useRef<CSSStyleSheet | null>(null);
  const [scheme, setScheme] = useState<Scheme>(matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light");
  const [pairs, setPairs] = useState<Pair[]>([]);
  const [ready, setReady] = useState(0);

  const loaded = () => {
    const doc = frame.current?.contentDocument;
    const view = frame.current?.contentWindow as (Window & typeof globalThis) | null;
    if (!doc || !view) return;
    sheet.current = new view.CSSStyleSheet();
    doc.adoptedStyleSheets = [...doc.adoptedStyleSheets, sheet.current];
    setReady((n) => n + 1);
  };

  useEffect(() => {
    const doc = frame.current?.contentDocument;
    if (!doc?.body || !sheet.current) return;
    const root = doc.documentElement;
    // The page has what is saved; twice the root outdoes that, and "initial" undoes it.
    const saved = Object.keys(config.value?.instanceDetails.appearanceVariables ?? {}).map((name) => name.replace(/^-+/, ""));
    sheet.current.replaceSync(":root:root {}");
    const rule = sheet.current.cssRules[0] as CSSStyleRule;
    for (const name of [...saved, ...Object.keys(variables)]) {
      if (/^[a-zA-Z][\w-]*$/.test(name)) rule.style.setProperty(`--${name}`, variables[name] || "initial");
    }
    const probe = doc.createElement("span");
    doc.body.append(probe);
    // own is the color that a variable is now: its own, or what stands for it.
    const own = (name: string, s: Scheme): RGB => {
      const variable = uses[name] ?? "";
      root.dataset["theme"] = s;
      probe.style.color = "";
      probe.style.color = variables[name] ? `var(--${name})` : `var(${variable}, var(${fallback[variable] ?? variable}))`;
      return paint(doc.defaultView!.getComputedStyle(probe).color);
    };
    resolved.value = Object.fromEntries(Object.keys(uses).map((name) => [name, hex(own(name, scheme))]));
    setPairs(
      (["light", "dark"] as const).flatMap((s) => {
        const c = (name: string) => own(name, s);
        const pair = (label: string, front: string, back: string) => ({ label, scheme: s, ratio: contrast(c(front), c(back)) });
        return [
          pair(t("pairText"), "theme-color-components-text-on-light", "theme-color-background-main"),
          pair(t("pairSurface"), "theme-color-components-text-on-light", "theme-color-components-content-background"),
          pair(t("pairAccent"), "theme-color-action", "theme-color-components-content-background"),
          pair(t("pairLink"), "theme-text-link", "theme-color-components-content-background"),
          pair(t("pairButton"), "theme-color-components-primary-button-text", "theme-color-components-primary-button-background"),
          pair(t("pairLive"), "theme-color-components-video-live-indicator", "theme-color-background-main"),
          pair(t("pairChat"), "theme-color-components-chat-text", "theme-color-components-chat-background"),
        ];
      }),
    );
    root.dataset["theme"] = scheme;
    probe.remove();
  }, [variables, scheme, ready]);

  const low = pairs.filter((p) => p.ratio < 4.5);
  const schemes = { light: t("appearanceLight"), dark: t("appearanceDark") };
  return (
    <div class="preview-column">
      <Card
        title={t("preview")}
        actions={
          <Select
            label={t("colors")}
            value={scheme}
            choices={(["light", "dark"] as const).map((value) => ({ value, label: schemes[value] }))}
            onValue={setScheme}
          />
        }
      >
        <div class="page-preview">
          <iframe ref={frame} src={at("")} title={t("preview")} onLoad={loaded} />
        </div>
        <h3>{t("contrast")}</h3>
        <ul class="results" role="list" aria-live="polite">
          {low.length === 0 && pairs.length > 0 && (
            <li>
              <Tag tone="good">{t("contrastGood")}</Tag>
            </li>
          )}
          {low.map((p) => (
            <li key={p.label + p.scheme}>
              <Tag tone="warn">{number(p.ratio, { maximumFractionDigits: 1 })}</Tag> {`${p.label} (${schemes[p.scheme]})`}
            </li>
          ))}
        </ul>
        {low.length > 0 && <p class="field-hint">{t("contrastHint")}</p>}
      </Card>
    </div>
  );
}
