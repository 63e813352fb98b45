// finish.mjs completes a build: it lays gzip and brotli copies beside the
// files that get smaller by them, and writes down of which sources dist is
// made. A Go test computes the same hash and fails when dist is out of date.
import { createHash } from "node:crypto";
import { readFileSync, readdirSync, writeFileSync } from "node:fs";
import { dirname, join, relative, sep } from "node:path";
import { fileURLToPath } from "node:url";
import { brotliCompressSync, constants, gzipSync } from "node:zlib";

const ui = join(dirname(fileURLToPath(import.meta.url)), "..");
const dist = join(ui, "..", "dist");

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

function compress(path) {
  const plain = readFileSync(path);
  const copies = {
    ".gz": gzipSync(plain, { level: 9 }),
    ".br": brotliCompressSync(plain, { params: { [constants.BROTLI_PARAM_QUALITY]: 11, [constants.BROTLI_PARAM_SIZE_HINT]: plain.length } }),
  };
  for (const [suffix, copy] of Object.entries(copies)) {
    if (copy.length < 0.9 * plain.length) writeFileSync(path + suffix, copy);
  }
  return [relative(dist, path), plain.length, copies[".gz"].length, copies[".br"].length];
}

const report = [...files(dist)].filter((path) => /\.(html|js|css|svg|txt)$/.test(path)).map(compress);
writeFileSync(join(dist, ".source-hash"), sourceHash() + "\n");
for (const [name, plain, gz, br] of report) console.log(`${name.padEnd(36)} ${plain} B, gzip ${gz} B, brotli ${br} B`);
