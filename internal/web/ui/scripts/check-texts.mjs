// check-texts.mjs finds texts of a catalogue that several of its files have,
// of which only the last would be seen, and texts that nothing uses. That
// every language has all of them is checked by the types.
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

const source = join(import.meta.dirname, "../src");
const files = (dir) => readdirSync(join(source, dir), { recursive: true }).filter((f) => /\.tsx?$/.test(f)).map((f) => join(dir, f));
const read = (file) => readFileSync(join(source, file), "utf8");
const keysOf = (text) => [...text.matchAll(/^ {2}(?:"([\w.]+)"|(\w+)):/gm)].map(([, quoted, plain]) => quoted ?? plain);

const wrong = [];
const where = new Map();
for (const file of files("admin/i18n/en")) {
  for (const key of keysOf(read(file))) {
    if (where.has(key)) wrong.push(`${key}: in ${where.get(key)} and in ${file}`);
    where.set(key, file);
  }
}
const code = files("admin").filter((f) => !f.includes("i18n")).map(read).join("\n");
for (const key of where.keys()) {
  if (!code.includes(`"${key.replace(/\.(one|other)$/, "")}"`)) wrong.push(`${key}: nothing uses it`);
}
if (wrong.length) {
  console.error(wrong.join("\n"));
  process.exit(1);
}
console.log(`${where.size} texts of administrators, each once and in use`);
