import { defineConfig, type Plugin } from "vite";
import { strings } from "./src/strings.ts";

// catalogue fills the {{name}} places of index.html from the strings, so that
// the page reads well before, and without, its script.
function catalogue(): Plugin {
  return {
    name: "owncast-strings",
    transformIndexHtml: {
      order: "pre",
      handler: (html) =>
        html.replace(/\{\{(\w+)\}\}/g, (_, key: string) => {
          const text = (strings as Record<string, unknown>)[key];
          if (typeof text !== "string") throw new Error(`index.html: no string "${key}"`);
          return text.replace(/&/g, "&amp;").replace(/</g, "&lt;").replace(/"/g, "&quot;");
        }),
    },
  };
}

export default defineConfig({
  base: "./", // the page works below any path
  plugins: [catalogue()],
  build: {
    outDir: "../dist",
    emptyOutDir: true,
    target: "es2022",
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    reportCompressedSize: false,
    chunkSizeWarningLimit: 600,
  },
});
