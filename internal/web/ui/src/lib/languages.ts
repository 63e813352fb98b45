/** The languages there are catalogues for. The first is the one others fall back to. */
export const languages = ["en", "de", "fr", "es", "ja"] as const;
export type Language = (typeof languages)[number];
