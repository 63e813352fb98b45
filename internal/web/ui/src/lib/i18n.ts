import { signal } from "@preact/signals";
import { languages, type Language } from "./languages";
import { recall, remember } from "./store";

export { languages, type Language };

/** How each language calls itself. */
export const languageNames: Record<Language, string> = {
  en: "English",
  de: "Deutsch",
  fr: "Français",
  es: "Español",
  ja: "日本語",
};

const rightToLeft = new Set(["ar", "fa", "he", "ps", "ur", "yi"]);

type Placeholder<S> = S extends `${string}{${infer P}}${infer Rest}` ? P | Placeholder<Rest> : never;
type Values<S> = [Placeholder<S>] extends [never] ? [] : [values: Record<Placeholder<S>, string | number>];
type PluralKey<M> = keyof M extends infer K ? (K extends `${infer Stem}.other` ? Stem : never) : never;

/** The type of a translation: every key of the English catalogue has a text. */
export type Translation<M> = { readonly [K in keyof M]: string };

function negotiate(): Language {
  const kept = recall("language");
  const wanted = [...(typeof kept === "string" ? [kept] : []), ...navigator.languages];
  for (const tag of wanted) {
    const language = tag.toLowerCase().split("-")[0];
    const found = languages.find((l) => l === language);
    if (found) return found;
  }
  return languages[0];
}

/** The language in use. */
export const language = signal<Language>(negotiate());

/** locale is the tag for numbers and dates: the browser's own variety of the language in use, if it has one. */
export function locale(): string {
  const current = language.value;
  return navigator.languages.find((tag) => tag.toLowerCase().split("-")[0] === current) ?? current;
}

const catalogues: { load(language: Language): Promise<void> }[] = [];

/** choose changes the language and remembers it. */
export async function choose(next: Language): Promise<void> {
  remember("language", next);
  await load(next);
}

async function load(next: Language): Promise<void> {
  await Promise.all(catalogues.map((c) => c.load(next)));
  language.value = next;
  document.documentElement.lang = next;
  document.documentElement.dir = rightToLeft.has(next) ? "rtl" : "ltr";
}

/** ready resolves when the texts of all catalogues made so far are there. */
export async function ready(): Promise<void> {
  await load(language.value);
}

function fill(text: string, values?: Record<string, string | number>): string {
  if (!values) return text;
  return text.replace(/\{(\w+)\}/g, (hole, name: string) => {
    const value = values[name];
    if (value === undefined) return hole;
    return typeof value === "number" ? value.toLocaleString(locale()) : value;
  });
}

/**
 * catalogue makes the functions that say texts: t one text, n the form of a
 * text for a number, from the keys "<key>.one", "<key>.other" and so on.
 * English comes with the page; other languages are loaded when they are
 * needed, and English stands in for one that does not load.
 */
export function catalogue<const M extends Record<string, string>>(
  english: M,
  loaders: Record<Exclude<Language, "en">, () => Promise<{ default: Translation<M> }>>,
) {
  const texts = signal<Translation<M>>(english);
  const own = {
    async load(next: Language) {
      try {
        texts.value = next === "en" ? english : (await loaders[next]()).default;
      } catch {
        texts.value = english;
      }
    },
  };
  catalogues.push(own);
  return {
    /** t is the text of a key, with its holes filled. */
    t<K extends keyof M>(key: K, ...values: Values<M[K]>): string {
      return fill(texts.value[key], values[0]);
    },
    /** n is the text of a key for a number, which is also its value "n". */
    n<K extends PluralKey<M>>(key: K, n: number, values: Record<string, string | number> = {}): string {
      const form = new Intl.PluralRules(language.value).select(n);
      const all = texts.value as Record<string, string>;
      return fill(all[`${key}.${form}`] ?? all[`${key}.other`] ?? "", { n, ...values });
    },
    /** load is for a catalogue that is made after the page is ready. */
    load: () => own.load(language.value),
  };
}
