// notices writes down which packages end up in the application and under which
// licenses: in NOTICES.md, and in licenses.txt of the application itself. A
// package with a license that is not known here fails the build.
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Plugin } from "vite";

interface Notice {
  name: string;
  link: string;
  version: string;
  license: string;
  text: string;
}

const here = import.meta.dirname;
const document = join(here, "../../../../NOTICES.md");
const read = (path: string) => readFileSync(path, "utf8").replaceAll("\r\n", "\n").trim();

const allowed = new Set(["MIT", "Apache-2.0"]);

function packages(modules: Iterable<string>): string[] {
  const roots = new Set<string>();
  for (const id of modules) {
    const match = /^(.*\/node_modules\/(?:@[^/]+\/)?[^/]+)\//.exec(id.replaceAll("\\", "/"));
    if (match) roots.add(match[1]!);
  }
  return [...roots].sort();
}

// Who has the rights, in place of another copy of the text of the Apache License.
function own(text: string): string {
  if (!text.includes("TERMS AND CONDITIONS FOR USE")) return text;
  const holders = text.match(/^ *Copyright (?!\[).*$/gm) ?? [];
  return [...holders.map((line) => line.trim()), "Licensed under the Apache License, Version 2.0."].join("\n");
}

function notice(root: string): Notice {
  const { name, version, license, repository } = JSON.parse(read(join(root, "package.json"))) as {
    name: string;
    version: string;
    license: string;
    repository?: { url?: string } | string;
  };
  if (!allowed.has(license)) throw new Error(`${name} has the license ${license}, which nobody has looked at`);
  const file = ["LICENSE", "LICENSE.md", "license"].map((f) => join(root, f)).find((f) => existsSync(f));
  if (!file) throw new Error(`${name} has no text of its license`);
  const link = (typeof repository === "string" ? repository : (repository?.url ?? "")).replace(/^git\+/, "").replace(/\.git$/, "");
  return { name, version, license, link, text: own(read(file)) };
}

function table(notices: Notice[]): string {
  const rows = notices.map(({ name, version, license, link }) => {
    const label = link.startsWith("https://") ? `[${name}](${link})` : name;
    return `| ${label} | ${version} | ${license} |`;
  });
  return ["| package | version | license |", "|---|---|---|", ...rows].join("\n");
}

function replace(text: string, marker: string, content: string): string {
  const [begin, end] = [`<!-- ${marker} -->`, `<!-- /${marker} -->`];
  const [from, to] = [text.indexOf(begin), text.indexOf(end)];
  if (from < 0 || to < from) throw new Error(`NOTICES.md has no ${begin}`);
  return `${text.slice(0, from + begin.length)}\n${content}\n${text.slice(to)}`;
}

/** notices is a plugin of the build. */
export function notices(): Plugin {
  return {
    name: "owncast-notices",
    generateBundle(_, bundle) {
      const modules = Object.values(bundle).flatMap((chunk) => (chunk.type === "chunk" ? Object.keys(chunk.modules) : []));
      const list = packages(modules).map(notice);
      const line = "=".repeat(80);
      const apache = read(join(here, "apache-2.0.txt"));
      const sections = [...list.map((n) => [n.name, n.text] as const), ["The Apache License", apache] as const];
      this.emitFile({
        type: "asset",
        fileName: "licenses.txt",
        source: `This application has the license of owncast (MIT) and contains the packages\nbelow.\n\n${sections.map(([name, text]) => `${line}\n${name}\n${line}\n\n${text}\n`).join("\n")}`,
      });
      let doc = readFileSync(document, "utf8");
      doc = replace(doc, "bundled", table(list));
      doc = replace(doc, "bundled texts", list.map((n) => `### ${n.name}\n\n\`\`\`text\n${n.text}\n\`\`\``).join("\n\n"));
      if (doc !== readFileSync(document, "utf8")) writeFileSync(document, doc);
    },
  };
}
