// server.mjs runs examples/standalone for a test.
import { execFileSync, spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";

const root = join(dirname(fileURLToPath(import.meta.url)), "../../../../..");

let built = "";

/** binary is OWNCAST_BIN, or a fresh build of examples/standalone. */
export function binary() {
  if (process.env.OWNCAST_BIN) return process.env.OWNCAST_BIN;
  if (!built) {
    const dir = mkdtempSync(join(tmpdir(), "owncast-bin-"));
    process.once("exit", () => rmSync(dir, { recursive: true, force: true }));
    built = join(dir, "owncast");
    execFileSync("go", ["build", "-o", built, "./examples/standalone"], { cwd: root, stdio: "inherit" });
  }
  return built;
}

/** freePort finds a port of the loopback that nobody listens on. */
export async function freePort() {
  const server = createServer();
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address();
  await new Promise((resolve) => server.close(resolve));
  return port;
}

/** until asks again and again until check likes what url answers, and returns that. */
export async function until(url, check) {
  for (const end = Date.now() + 60_000; ; await new Promise((resolve) => setTimeout(resolve, 250))) {
    const answer = await (await fetch(url)).json();
    if (check(answer)) return answer;
    if (Date.now() > end) throw new Error(`${url} still says ${JSON.stringify(answer)}`);
  }
}

/**
 * startServer starts a server below path, with the flags in OWNCAST_ARGS and
 * args, on port if there is one, and resolves when it listens. url has a slash
 * at the end. One that is fresh is as at its first start by somebody who knows
 * no flag: it makes its secrets itself, and nothing is fixed.
 */
export async function startServer({ path = "", args = [], port = 0, fresh = false } = {}) {
  const data = mkdtempSync(join(tmpdir(), "owncast-data-"));
  port ||= await freePort();
  const base = `http://127.0.0.1:${port}${path}`;
  let [key, password] = ["test-key", "test-password"];
  const flags = [
    ...["-http", `127.0.0.1:${port}`, "-rtmp", "127.0.0.1:0", "-data", data, "-log-level", "warn"],
    ...(fresh ? [] : ["-base-url", base, "-admin-password", password, "-stream-key", key]),
    ...(process.env.OWNCAST_ARGS ?? "").split(" ").filter(Boolean),
    ...args,
  ];
  const child = spawn(binary(), flags, { stdio: ["ignore", "pipe", "pipe"] });
  let log = "";
  child.stderr.on("data", (chunk) => (log = (log + chunk).slice(-20_000)));
  const gone = new Promise((resolve) => child.once("close", resolve));
  const ready = new Promise((resolve) => {
    createInterface({ input: child.stdout }).on("line", (line) => {
      password = /^admin password: (\S+)/.exec(line)?.[1] ?? password;
      key = /^stream key: (\S+)/.exec(line)?.[1] ?? key;
      const match = /^listening http=(\S+) rtmp=(\S+)/.exec(line);
      if (match) resolve(match);
    });
  });
  const line = await Promise.race([ready, gone.then(() => null)]);
  if (!line) throw new Error(`the server did not start: ${log}`);
  return {
    url: `${base}/`,
    port,
    origin: `http://127.0.0.1:${port}`,
    rtmp: `rtmp://${line[2]}/live/${key}`,
    key,
    password,
    log: () => log,
    async status() {
      return (await fetch(`${base}/api/status`)).json();
    },
    async stop() {
      child.kill("SIGINT");
      const late = setTimeout(() => child.kill("SIGKILL"), 20_000);
      const code = await gone;
      clearTimeout(late);
      rmSync(data, { recursive: true, force: true });
      return code;
    },
  };
}
