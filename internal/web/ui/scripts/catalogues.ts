// checkCatalogues compares the translations with the English texts: the same
// keys, and the same holes in each text.
import { languages } from "../src/lib/languages.ts";

type Texts = Record<string, string>;

const sets: Record<string, () => Promise<Texts[]>> = {
  common: async () => [
    (await import("../src/i18n/common.en.ts")).english,
    (await import("../src/i18n/common.de.ts")).default,
    (await import("../src/i18n/common.fr.ts")).default,
    (await import("../src/i18n/common.es.ts")).default,
    (await import("../src/i18n/common.ja.ts")).default,
  ],
  viewer: async () => [
    (await import("../src/i18n/en.ts")).english,
    (await import("../src/i18n/de.ts")).default,
    (await import("../src/i18n/fr.ts")).default,
    (await import("../src/i18n/es.ts")).default,
    (await import("../src/i18n/ja.ts")).default,
  ],
  admin: async () => [
    (await import("../src/admin/i18n/en.ts")).english,
    (await import("../src/admin/i18n/de.ts")).default,
    (await import("../src/admin/i18n/fr.ts")).default,
    (await import("../src/admin/i18n/es.ts")).default,
    (await import("../src/admin/i18n/ja.ts")).default,
  ],
};

const holes = (text: string) => [...text.matchAll(/\{(\w+)\}/g)].map((m) => m[1]).sort().join();

/** checkCatalogues returns what is wrong, a line each. */
export async function checkCatalogues(): Promise<string[]> {
  const wrong: string[] = [];
  for (const [set, load] of Object.entries(sets)) {
    const [english, ...translations] = await load();
    translations.forEach((texts, index) => {
      const language = `${set}.${languages[index + 1]}`;
      for (const [key, text] of Object.entries(english!)) {
        const translated = texts[key];
        if (!translated) wrong.push(`${language}: no "${key}"`);
        else if (holes(translated) !== holes(text)) wrong.push(`${language}: "${key}" has other holes than the English text`);
      }
      for (const key of Object.keys(texts)) if (!(key in english!)) wrong.push(`${language}: there is no "${key}" in English`);
    });
  }
  return wrong;
}
