import { effect, signal } from "@preact/signals";
import { recall, remember } from "./store";

export const schemes = ["system", "light", "dark"] as const;
export type Scheme = (typeof schemes)[number];

function kept(): Scheme {
  const scheme = recall("scheme");
  return schemes.find((s) => s === scheme) ?? "system";
}

/** The color scheme that the visitor has chosen. */
export const scheme = signal<Scheme>(kept());

/** chooseScheme changes the color scheme and remembers it. */
export function chooseScheme(next: Scheme): void {
  scheme.value = next;
  remember("scheme", next === "system" ? null : next);
}

effect(() => {
  const { dataset } = document.documentElement;
  if (scheme.value === "system") delete dataset["theme"];
  else dataset["theme"] = scheme.value;
});

const appearance = new CSSStyleSheet();
const custom = new CSSStyleSheet();
let adopted = false;

/**
 * dress applies what the administrator has set: values of CSS variables and
 * styles. They are sheets made by script, which the page's policy lets be
 * while it forbids styles in the document.
 */
export function dress(variables: Record<string, string>, styles: string): void {
  const declared = Object.entries(variables)
    .filter(([name]) => /^-{0,2}[a-zA-Z][\w-]*$/.test(name))
    .map(([name, value]) => [name.startsWith("--") ? name : `--${name}`, value]);
  appearance.replaceSync(":root {}");
  const rule = appearance.cssRules[0];
  if (rule instanceof CSSStyleRule) for (const [name, value] of declared) rule.style.setProperty(name!, value!);
  custom.replaceSync(styles);
  if (adopted) return;
  adopted = true;
  document.adoptedStyleSheets = [...document.adoptedStyleSheets, appearance, custom];
}
