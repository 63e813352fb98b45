// axe.mjs asks axe what is wrong with a page for people with disabilities.
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";

const source = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");

/** violations returns what axe finds against WCAG 2.2 AA, a line each. */
export async function violations(page) {
  // By the debugger, since the policy of the page lets nobody add scripts.
  await page.evaluate(source);
  const { violations } = await page.evaluate(() =>
    window.axe.run(document, { runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"], rules: { "video-caption": { enabled: false } } }),
  );
  return violations.flatMap((v) => v.nodes.map((node) => `${v.id}: ${node.target.join(" ")} ${node.any[0]?.message ?? v.help}`));
}
