// finish.mjs completes a build: it replaces files that get smaller by it with
// gzip copies, and those that viewers load at once with brotli copies, too; it
// adds up what a first visit loads, and writes down of which sources dist is
// made. A Go test computes the same hash and fails when dist is out of date.
import { createHash } from "node:crypto";
import { readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join, relative, sep } from "node:path";
import { fileURLToPath } from "node:url";
import { brotliCompressSync, constants, gzipSync } from "node:zlib";

const ui = join(dirname(fileURLToPath(import.meta.url)), "..");
const dist = join(ui, "..", "dist");

// Bytes by gzip that a first visit of a page may take.
const budgets = { "index.html": 200_000, "admin.html": 200_000 };
// Chunks that a page asks for by itself when it is live.
const wanted = { "index.html": [/^assets\/hls-engine-/] };
// Pages whose first load is worth a second copy in every program that has the
// application in it.
const forViewers = ["index.html", "video.html", "chat.html"];

// Not part of what dist is made of.
const apart = new Set(["node_modules", "e2e"]);
const dotfiles = new Set([".npmrc"]);

function* files(dir, skip = () => false) {
  for (const entry of readdirSync(dir, { withFileTypes: true })) {
    const path = join(dir, entry.name);
    if (skip(path, entry.name)) continue;
    if (entry.isDirectory()) yield* files(path, skip);
    else yield path;
  }
}

// sourceHash is the SHA-256 of "path NUL content NUL" of every source in
// order of the paths, with LF at the ends of lines whatever the checkout has.
function sourceHash() {
  const sources = [...files(ui, (path, name) => (relative(ui, path) === name && apart.has(name)) || (name.startsWith(".") && !dotfiles.has(name)))]
    .map((path) => [relative(ui, path).split(sep).join("/"), path])
    .sort(([a], [b]) => (a < b ? -1 : 1));
  const hash = createHash("sha256");
  for (const [name, path] of sources) {
    hash.update(name + "\0");
    hash.update(readFileSync(path, "latin1").replaceAll("\r\n", "\n"), "latin1");
    hash.update("\0");
  }
  return hash.digest("hex");
}

const sizes = new Map(); // by name: bytes as they are, by gzip, by brotli
const texts = new Map(); // of scripts and pages
const brotli = new Map(); // copies, by name

function measure(path) {
  const name = relative(dist, path).split(sep).join("/");
  const plain = readFileSync(path);
  const gz = gzipSync(plain, { level: 9 });
  const br = brotliCompressSync(plain, { params: { [constants.BROTLI_PARAM_QUALITY]: 11, [constants.BROTLI_PARAM_SIZE_HINT]: plain.length } });
  sizes.set(name, [plain.length, gz.length, br.length]);
  texts.set(name, plain.toString());
  // Pages get their head from the server, which compresses them itself.
  if (name.endsWith(".html") || gz.length > 0.9 * plain.length) return;
  writeFileSync(path + ".gz", gz);
  brotli.set(name, br);
  rmSync(path); // who takes neither gets what gzip unpacks to
}

// firstLoad is the names of a page, of all that its scripts import at once, and
// of what is wanted beyond that.
function firstLoad(page) {
  const seen = new Set([page]);
  const add = (name) => {
    if (seen.has(name) || !sizes.has(name)) return;
    seen.add(name);
    for (const [, ref] of texts.get(name).matchAll(/(?:from|import)\s*"\.\/([^"]+)"/g)) add(`assets/${ref}`);
  };
  for (const [, ref] of texts.get(page).matchAll(/(?:src|href)="\.\/([^"]+)"/g)) add(ref);
  for (const name of sizes.keys()) if (wanted[page]?.some((w) => w.test(name))) add(name);
  return [...seen];
}

for (const path of [...files(dist)].filter((path) => /\.(html|js|css|svg|txt|json|webmanifest)$/.test(path))) measure(path);
for (const name of new Set(forViewers.flatMap(firstLoad))) if (brotli.has(name)) writeFileSync(join(dist, name + ".br"), brotli.get(name));
writeFileSync(join(dist, ".source-hash"), sourceHash() + "\n");
for (const [name, [plain, gz, br]] of sizes) console.log(`${name.padEnd(44)} ${plain} B, gzip ${gz} B, brotli ${br} B`);
for (const [page, most] of Object.entries(budgets)) {
  const total = firstLoad(page).reduce((sum, name) => sum + sizes.get(name)[1], 0);
  console.log(`first load of ${page}: ${total} B by gzip, of ${most}`);
  if (total > most) process.exitCode = 1;
}
