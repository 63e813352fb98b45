import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
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

const hls = fileURLToPath(new URL("node_modules/hls.js/", import.meta.url));
const { version } = JSON.parse(readFileSync(`${hls}package.json`, "utf8")) as { version: string };

// hls.js from its sources, with what streams of this server can have: captions,
// and no DRM, advertisements, sound apart from the picture, or MPEG-TS of rare codecs.
const parts = {
  __VERSION__: JSON.stringify(version),
  __USE_SUBTITLES__: "true",
  ...Object.fromEntries(
    ["ALT_AUDIO", "CMCD", "CONTENT_STEERING", "EME_DRM", "IFRAMES", "INTERSTITIALS", "M2TS_ADVANCED_CODECS", "MEDIA_CAPABILITIES", "VARIABLE_SUBSTITUTION"].map((part) => [`__USE_${part}__`, "false"]),
  ),
};

// What is otherwise here than in hls.js: a file, what is in it, what is to be, and how often.
const changes: [file: string, from: RegExp, to: string, times: number][] = [
  // Streams of this server are MP4: what takes other containers apart is left out.
  ["demux/transmuxer.ts", /^ *\{\s*demux: (TS|AAC|MP3)Demuxer, remux: MP4Remuxer\s*\},?$/gm, "", 3],
  // Parts that follow one another must not make it forget the captions that it is reading,
  ["controller/timeline-controller.ts", /sn !== lastSn \+ 1 \|\|\s*\(sn === lastSn && partIndex !== this\.lastPartIndex \+ 1\)/g, "(sn !== lastSn + 1 && (sn !== lastSn || partIndex !== this.lastPartIndex + 1))", 1],
  // and picture and sound may be in one buffer.
  ["controller/timeline-controller.ts", /type === 'video' && timeRanges/g, "(type === 'video' || type === 'audiovideo') && timeRanges", 1],
  ["controller/timeline-controller.ts", /!type \|\| type === 'video'/g, "!type || type === 'video' || type === 'audiovideo'", 1],
];

function ownHls(): Plugin {
  return {
    name: "owncast-hls",
    enforce: "pre",
    transform(code, id) {
      const [, file] = id.replaceAll("\\", "/").split("/hls.js/src/");
      let changed = code;
      for (const [, from, to, times] of changes.filter(([name]) => name === file)) {
        if (changed.match(from)?.length !== times) this.error(`hls.js has changed, and ${from} does not fit ${file} any more`);
        changed = changed.replace(from, to);
      }
      return changed === code ? undefined : { code: changed, map: null };
    },
  };
}

export default defineConfig({
  define: parts,
  resolve: { alias: [{ find: /^hls\.js$/, replacement: `${hls}src/hls.ts` }] },
  base: "./", // the pages work below any path
  plugins: [catalogues(), ownHls(), notices()],
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
