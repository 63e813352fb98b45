// check-api.mjs compares src/lib/types.ts with the OpenAPI document: what the
// application reads must be there, and must be said to be able to be missing
// where it is.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { parse } from "yaml";

const here = import.meta.dirname;
const { schemas } = parse(readFileSync(join(here, "../../../httpapi/openapi.yaml"), "utf8")).components;
const source = readFileSync(join(here, "../src/lib/types.ts"), "utf8");

// Types of which the document has no schema of its own.
// Those of parts that are to come are compared as soon as the document has them.
const inline = new Set(["Page", "UpcomingEvent", "Registration", "Follower", "ScheduledEvent", "ChatUser"]);

const wrong = [];
let compared = 0;
for (const [, name, body] of source.matchAll(/^export interface (\w+)(?:<\w+>)? \{\n(.*?)^\}/gms)) {
  const schema = schemas[name];
  if (!schema) {
    if (!inline.has(name)) wrong.push(`${name}: the document has no such schema`);
    continue;
  }
  compared++;
  const required = new Set(schema.required ?? []);
  let unknown = false;
  for (const line of body.split("\n")) {
    if (line.includes("not in the document yet")) unknown = true;
    const field = /^ {2}(\w+)(\??):/.exec(line);
    if (!field) continue;
    const [, key, optional] = field;
    const there = Object.hasOwn(schema.properties ?? {}, key);
    if (!there && !unknown) wrong.push(`${name}.${key}: not in the document`);
    if (there && unknown) wrong.push(`${name}.${key}: is in the document now`);
    if (there && !required.has(key) && !optional) wrong.push(`${name}.${key}: may be missing`);
    unknown = false;
  }
}
if (compared < 5) wrong.push(`only ${compared} types could be compared`);
if (wrong.length) {
  console.error(wrong.join("\n"));
  process.exit(1);
}
console.log(`${compared} types agree with the document of the API`);
