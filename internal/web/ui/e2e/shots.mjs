// shots.mjs takes pictures of every page at every size, in both color schemes,
// live and offline, for people to look at: npm run shots [-- WORD...]
// Words choose among the names; the pictures go to ARTIFACTS/shots.
//
// OWNCAST_BIN  a build of examples/standalone (else one is made)
// CHROME       the browser
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { configure, channel } from "./lib/admin.mjs";
import { artifacts, launch, state } from "./lib/browser.mjs";
import { publish } from "./lib/publish.mjs";
import { startServer } from "./lib/server.mjs";

const words = process.argv.slice(2);
const wanted = (name) => words.length === 0 || words.some((w) => name.includes(w));
const dir = join(artifacts, "shots");
mkdirSync(dir, { recursive: true });

const sizes = [
  ["phone", { width: 360, height: 640 }],
  ["landscape", { width: 640, height: 360 }],
  ["keyboard", { width: 360, height: 340 }],
  ["tablet", { width: 820, height: 1180 }],
  ["desktop", { width: 1440, height: 900 }],
  ["wide", { width: 2560, height: 1080 }],
];

const server = await startServer({ args: ["-latency", "0"] });
await configure(server, channel);
const browser = await launch();

/** shoot takes the pictures of one page. prepare brings it to where it is to be seen. */
async function shoot(name, path, prepare = async () => {}) {
  for (const scheme of ["light", "dark"]) {
    const chosen = sizes.filter(([size]) => wanted(`${name}-${size}-${scheme}`));
    if (chosen.length === 0) continue;
    const page = await browser.newPage({ viewport: chosen[0][1], colorScheme: scheme, deviceScaleFactor: 1 });
    await page.goto(`${server.url}${path}`);
    for (const [size, viewport] of chosen) {
      await page.setViewportSize(viewport);
      await prepare(page, size);
      await page.mouse.move(viewport.width / 2, viewport.height / 4);
      await page.mouse.move(viewport.width / 2 + 3, viewport.height / 4);
      await page.waitForTimeout(500);
      await page.screenshot({ path: join(dir, `${name}-${size}-${scheme}.png`) });
    }
    await page.close();
  }
}

const settled = (wanted) => async (page) => state(page, wanted, { running: wanted === "live", timeout: 60_000 });

await shoot("offline", "", settled("offline"));
await shoot("admin", "admin/");
await shoot("embed-offline", "embed/video");

const publisher = publish(server.rtmp, { size: "1280x720", bitrate: "2500k" });
await shoot("live", "", settled("live"));
await shoot("live-about", "", async (page) => {
  await settled("live")(page);
  await page.getByRole("tab", { name: "About" }).click();
  await page.evaluate(() => document.querySelector(".sections").scrollIntoView());
});
await shoot("embed", "embed/video", (page) => page.waitForSelector("#player[data-running]", { timeout: 60_000 }));
for (const name of ["share", "shortcuts"]) {
  await shoot(`dialog-${name}`, "", async (page) => {
    await settled("live")(page);
    if (await page.$("dialog[open]")) return;
    if (name === "share") await page.click("#share");
    else await page.keyboard.press("?");
    await page.waitForSelector("dialog[open]");
  });
}
await shoot("menu-settings", "", async (page) => {
  await settled("live")(page);
  if (!(await page.$("[role=menu]"))) await page.click("#player-settings");
});
await shoot("menu-preferences", "", async (page) => {
  await settled("live")(page);
  if (!(await page.$("[role=menu]"))) await page.click("#preferences");
});

await publisher.stop();
await browser.close();
await server.stop();
