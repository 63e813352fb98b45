// sites.mjs runs the web of TestSitesForBrowsers (sites_test.go): several
// servers that have names, and HTTPS, for a browser of its own.
import { execFileSync, spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { launch } from "./browser.mjs";

const root = join(dirname(fileURLToPath(import.meta.url)), "../../../../..");
const patience = 120_000;

/** startSites returns the URLs of the sites, a browser that finds them, and what has happened at them. */
export async function startSites() {
  const dir = mkdtempSync(join(tmpdir(), "owncast-sites-"));
  let binary = process.env.SITES_BIN;
  if (!binary) {
    binary = join(dir, "sites");
    execFileSync("go", ["test", "-c", "-o", binary, "."], { cwd: root, stdio: "inherit" });
  }
  const child = spawn(binary, ["-test.run", "^TestSitesForBrowsers$", "-test.v", "-test.timeout", "1h"], {
    cwd: dir,
    env: { ...process.env, OWNCAST_TEST_SITES: "1" },
    stdio: ["pipe", "pipe", "pipe"],
  });
  let log = "";
  const keep = (text) => (log = (log + text).slice(-20_000));
  child.stderr.on("data", keep);
  const gone = new Promise((resolve) => child.once("close", resolve));
  const happened = [];
  let wake = () => {};
  createInterface({ input: child.stdout }).on("line", (line) => {
    keep(`${line}\n`);
    if (!line.startsWith("sites: ")) return;
    happened.push(JSON.parse(line.slice(7)));
    wake();
  });

  /** told waits for the next thing of a kind that has happened, and returns what is told of it. */
  async function told(what) {
    for (const end = Date.now() + patience; ; ) {
      const at = happened.findIndex((h) => h.what === what);
      if (at >= 0) return happened.splice(at, 1)[0].of;
      if (Date.now() > end || child.exitCode !== null) throw new Error(`nothing was ${what}: ${log}`);
      await new Promise((resolve) => {
        wake = resolve;
        setTimeout(resolve, 500);
      });
    }
  }

  const hosts = await told("listening");
  const port = (name) => hosts[`${name}:443`].split(":")[1];
  const rules = ["home.test", "site.test", "push.test"].map((name) => `MAP ${name}:443 127.0.0.1:${port(name)}`);
  const browser = await launch(`--host-resolver-rules=${rules.join(",")},MAP *.test 127.0.0.1`, "--ignore-certificate-errors");
  return {
    browser,
    told,
    log: () => log,
    channel: `https://channel.test:${port("channel.test")}/live/`,
    fediverse: { url: `https://fedi.test:${port("fedi.test")}/`, account: `streamer@fedi.test:${port("fedi.test")}` },
    home: "https://home.test/",
    site: "https://site.test/live/",
    async stop() {
      await browser.close();
      child.stdin.end();
      const late = setTimeout(() => child.kill("SIGKILL"), 60_000);
      const code = await gone;
      clearTimeout(late);
      rmSync(dir, { recursive: true, force: true });
      return code;
    },
  };
}
