// shots-admin.mjs takes pictures of every page of the administration at every
// size, in both color schemes, for people to look at: npm run shots:admin
// [-- WORD...]. Words choose among the names; the pictures, of whole pages, go
// to ARTIFACTS/shots-admin. What axe finds on a
// phone and a desktop is printed.
//
// OWNCAST_BIN  a build of examples/standalone (else one is made)
// CHROME       the browser
// OFFLINE=1    nobody broadcasts
// LANGUAGE     the language of the pages, such as ja; English if not given
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { admin, channel, configure } from "./lib/admin.mjs";
import { violations } from "./lib/axe.mjs";
import { artifacts, launch } from "./lib/browser.mjs";
import { converse } from "./lib/chat.mjs";
import { publish } from "./lib/publish.mjs";
import { startServer } from "./lib/server.mjs";

const words = process.argv.slice(2);
const wanted = (name) => words.length === 0 || words.some((w) => name.includes(w));
const dir = join(process.env.ARTIFACTS ? artifacts : join(import.meta.dirname, "../../../../.cache/artifacts"), "shots-admin");
mkdirSync(dir, { recursive: true });

const sizes = [
  ["phone", { width: 360, height: 640 }],
  ["landscape", { width: 640, height: 360 }],
  ["keyboard", { width: 360, height: 340 }],
  ["tablet", { width: 820, height: 1180 }],
  ["desktop", { width: 1440, height: 900 }],
  ["wide", { width: 2560, height: 1080 }],
];

const server = await startServer({ args: ["-dvr", "1h", "-record", "1h"] });
await configure(server, channel);
await configure(server, {
  "video/streamoutputvariants": [
    { name: "Source", videoPassthrough: true, audioPassthrough: true, videoBitrate: 0, audioBitrate: 0, framerate: 0, cpuUsageLevel: 0 },
    { name: "480p", videoPassthrough: false, audioPassthrough: true, videoBitrate: 1200, audioBitrate: 0, framerate: 24, scaledHeight: 480, cpuUsageLevel: 1 },
  ],
  "chat/holdwords": ["deal"],
  "chat/blockedwords": ["cheap*"],
});
await admin(server, "POST", "api/admin/webhooks/create", { url: "https://hooks.example.org/stream", events: ["STREAM_STARTED", "CHAT"] });
await admin(server, "POST", "api/admin/accesstokens/create", { name: "Bread bot", scopes: ["CAN_SEND_MESSAGES", "CAN_SEND_SYSTEM_MESSAGES"] });
await admin(server, "PUT", "api/admin/restream", { outputs: [{ id: "one", name: "Elsewhere", url: "rtmp://192.0.2.1/live", streamKey: "key", enabled: true }] });
const { parts } = await admin(server, "GET", "api/admin/serverconfig");
if (parts.schedule) {
  const start = new Date(Date.now() + 2 * 86_400_000).toISOString().slice(0, 13);
  await configure(server, { "schedule/enabled": true });
  await admin(server, "POST", "api/admin/schedule/event", { name: "Market tour", description: "If it does not rain.", durationMinutes: 90, start: `${start}:00:00Z`, timezone: "Europe/Berlin" });
  const recurrence = `DTSTART;TZID=Europe/Berlin:${start.replaceAll("-", "")}0000\nRRULE:FREQ=WEEKLY;BYDAY=TH;COUNT=5`;
  await admin(server, "POST", "api/admin/schedule/event", { name: "Sourdough night", durationMinutes: 120, recurrence, timezone: "Europe/Berlin" });
}

const browser = await launch();
const locale = process.env.LANGUAGE || "en-US";

// Some talk, and stay while the pictures are taken.
const talk = await browser.newPage();
await converse(talk, server, [
  ["Ada", "Good evening! Is the rye already in the oven?"],
  ["bread fan", "it smells through the **screen**"],
  ["Grace", "What flour is that? The one from [the mill](https://example.org)? A longer message, to see how lines break when somebody has a lot to say about bread, ovens and patience."],
  ["Kimiko", "Good evening from Japan"],
  ["visitor", "a very good deal, only today"],
]); // prettier-ignore

const people = (names, day) =>
  names.map((name, i) => ({ link: `https://social${i}.example/users/${i}`, name, username: `user${i}@social${i}.example`, image: "", timestamp: new Date(Date.now() - (day + i) * 86_400_000).toISOString(), disabledAt: null }));
// Nobody follows a server that was started a moment ago.
const mocks = {
  followers: { total: 1234, results: people(["Ada Lovelace", "bread fan", "Grace H.", "Kimiko", "Old Mill Bakery", "zoé", "Øystein"], 1) },
  "followers/pending": people(["quiet reader"], 0),
};

const publisher = process.env.OFFLINE ? null : publish(server.rtmp, { size: "1280x720", bitrate: "2500k" });
if (publisher) while (!(await server.status()).online) await new Promise((resolve) => setTimeout(resolve, 300));

/** signedIn returns a page of an administrator. */
async function signedIn(options) {
  const page = await browser.newPage({ deviceScaleFactor: 1, locale, ...options });
  await page.goto(`${server.url}admin/`);
  await page.locator("input[type=password]").fill(server.password);
  await page.keyboard.press("Enter");
  await page.waitForSelector("#page-title");
  for (const [path, json] of Object.entries(mocks)) await page.route(new RegExp(`/api/admin/${path}(\\?|$)`), (route) => route.fulfill({ json }));
  return page;
}

// What is to be seen beside the pages that the navigation has.
const click = (selector) => async (page) => {
  await page.locator(selector).first().click();
  await page.waitForSelector("dialog[open]");
};
const more = [
  ["chat-held", "admin/chat/messages/?tab=held"],
  ["chat-all-users", "admin/chat/users/?tab=users"],
  ["chat-addresses", "admin/chat/users/?tab=addresses"],
  ["dialog-user", "admin/chat/users/", click("button.link")],
  ["dialog-webhook", "admin/webhooks/", click(".page-actions button")],
  ["dialog-typed", "admin/webhooks/", async (page) => {
    await click(".page-actions button")(page);
    await page.locator("dialog input[type=url]").fill("https://example.org/hook");
    await page.keyboard.press("Escape");
    await page.waitForSelector(".dialog-question");
  }],
  ["dialog-over", "admin/config-public-details/", async (page) => {
    const cookies = await page.context().cookies();
    await page.locator(".card input[type=text]").first().fill("Another name");
    await page.context().clearCookies();
    await page.locator(".save-bar button").last().click();
    await page.waitForSelector("dialog[open]");
    await page.context().addCookies(cookies);
  }],
  ["dialog-restream", "admin/restream/", click(".page-actions button")],
  ...(parts.schedule ? [["dialog-event", "admin/schedule/", click(".page-actions button")]] : []),
  ...(parts.federation ? [["dialog-post", "admin/federation/followers/", click(".page-actions button")]] : []),
  ["no-such-page", "admin/nothing/"],
];

for (const scheme of ["light", "dark"]) {
  const page = await signedIn({ colorScheme: scheme, viewport: sizes[4][1] });
  const links = await page.locator(".admin-nav a").evaluateAll((all) => all.map((a) => new URL(a.href).pathname));
  const pages = links.map((path) => [path.split("/").slice(2).filter(Boolean).join("-") || "status", path.slice(1)]);
  for (const [name, path, prepare] of [...pages, ...more]) {
    const chosen = sizes.filter(([size]) => wanted(`${name}-${size}-${scheme}`));
    if (!chosen.length) continue;
    await page.goto(`${server.url}${path}`);
    await page.waitForSelector("#page-title");
    await page.waitForSelector(".loading", { state: "detached" });
    await prepare?.(page);
    for (const [size, viewport] of chosen) {
      await page.setViewportSize(viewport);
      const typing = size === "keyboard"; // somebody types, and half of the phone is gone
      if (typing) await page.locator("dialog[open], #page").last().locator("input:visible, textarea:visible, select:visible").first().focus({ timeout: 1000 }).catch(() => {});
      else if (!prepare) await page.evaluate(() => (document.activeElement?.blur(), scrollTo(0, 0)));
      await page.waitForTimeout(400);
      await page.screenshot({ path: join(dir, `${name}-${size}-${scheme}.png`), fullPage: !prepare && !typing });
      if (!["phone", "desktop"].includes(size)) continue;
      for (const violation of await violations(page)) console.log(`${name}-${size}-${scheme}: ${violation}`), (process.exitCode = 1);
    }
  }
  await page.close();
}
await publisher?.stop();
await browser.close();
await server.stop();
