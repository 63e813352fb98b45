import { defineConfig, type Plugin } from "vite";
import { checkCatalogues } from "./scripts/catalogues.ts";
import { notices } from "./scripts/notices.ts";

// Translations have what the English texts have, or nothing is built.
function catalogues(): Plugin {
  return {
    name: "owncast-catalogues",
    async buildStart() {
      const wrong = await checkCatalogues();
      if (wrong.length) this.error(wrong.join("\n"));
    },
  };
}

export default defineConfig({
  base: "./", // the pages work below any path
  plugins: [catalogues(), notices()],
  build: {
    outDir: "../dist",
    emptyOutDir: true,
    target: ["es2022", "chrome111", "firefox115", "safari16.4"],
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    reportCompressedSize: false,
    chunkSizeWarningLimit: 700,
    rolldownOptions: {
      input: ["index.html", "admin.html", "video.html", "chat.html"],
    },
  },
});
