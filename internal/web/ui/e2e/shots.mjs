// shots.mjs takes pictures of every page at every size, in both color schemes,
// live and offline, for people to look at: npm run shots [-- WORD...]
// Words choose among the names; the pictures go to ARTIFACTS/shots. What axe
// finds on a phone and a desktop is printed.
//
// OWNCAST_BIN  a build of examples/standalone (else one is made)
// CHROME       the browser
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { admin, configure, channel } from "./lib/admin.mjs";
import { violations } from "./lib/axe.mjs";
import { artifacts, launch, openSettings, state } from "./lib/browser.mjs";
import { converse } from "./lib/chat.mjs";
import { publish } from "./lib/publish.mjs";
import { startServer, until } from "./lib/server.mjs";

const words = process.argv.slice(2);
const wanted = (name) => words.length === 0 || words.some((w) => name.includes(w));
const dir = join(process.env.ARTIFACTS ? artifacts : join(import.meta.dirname, "../../../../.cache/artifacts"), "shots");
mkdirSync(dir, { recursive: true });

const sizes = [
  ["phone", { width: 360, height: 640 }],
  ["landscape", { width: 640, height: 360 }],
  ["keyboard", { width: 360, height: 340 }],
  ["tablet", { width: 820, height: 1180 }],
  ["desktop", { width: 1440, height: 900 }],
  ["wide", { width: 2560, height: 1080 }],
];

const server = await startServer({ args: ["-latency", "0", "-dvr", "1h", "-record", "1h"] });
await configure(server, { ...channel, autoplay: "always" });
const browser = await launch();

/** shoot takes the pictures of one page. prepare brings it to where it is to be seen. */
async function shoot(name, path, prepare = async () => {}, mock = null) {
  for (const scheme of ["light", "dark"]) {
    const chosen = sizes.filter(([size]) => wanted(`${name}-${size}-${scheme}`));
    if (chosen.length === 0) continue;
    const page = await browser.newPage({ viewport: chosen[0][1], colorScheme: scheme, deviceScaleFactor: 1 });
    if (mock) await answers(page, mock);
    await page.goto(`${server.url}${path}`);
    for (const [size, viewport] of chosen) {
      await page.setViewportSize(viewport);
      await prepare(page, size);
      await page.mouse.move(viewport.width / 2, viewport.height / 4);
      await page.mouse.move(viewport.width / 2 + 3, viewport.height / 4);
      await page.waitForTimeout(500);
      await page.screenshot({ path: join(dir, `${name}-${size}-${scheme}.png`) });
      if (!["phone", "desktop"].includes(size)) continue;
      for (const violation of await violations(page)) console.log(`${name}-${size}-${scheme}: ${violation}`), (process.exitCode = 1);
    }
    await page.close();
  }
}

/** answers makes the API say what a part would that this server does not have. */
async function answers(page, { config = {}, status = {}, ...others }) {
  const change = (path, fields) =>
    page.route(`**/api/${path}`, async (route) => {
      try {
        const response = await route.fetch();
        await route.fulfill({ response, json: { ...(await response.json()), ...fields } });
      } catch {
        // The page was closed meanwhile.
      }
    });
  await change("config", config);
  await change("status", status);
  for (const [path, json] of Object.entries(others)) await page.route(`**/api/${path}*`, (route) => route.fulfill({ json }));
}

const day = 86_400_000;
const at = (days, hour) => new Date(new Date(Date.now() + days * day).setHours(hour, 0, 0, 0)).toISOString();
const event = (id, name, days, hour, more = {}) => ({
  id, name, description: "", startTime: at(days, hour), durationMinutes: 90, timezone: "UTC", status: "scheduled", ...more,
}); // prettier-ignore
const planned = {
  config: { schedule: { enabled: true, showCountdown: true, chatOpenMinutesBefore: 10 } },
  schedule: [
    event("a", "Sourdough night", 2, 19, { description: "Three flours, one oven, and questions from the chat." }),
    event("b", "Records and focaccia", 9, 19),
    event("c", "Market tour, if it does not rain", 12, 9, { status: "cancelled" }),
  ],
};
const followed = {
  config: { federation: { enabled: true, account: "kitchen@example.org", followerCount: 1234, hideFollowersTab: false } },
  followers: {
    total: 1234,
    results: ["Ada Lovelace", "bread fan", "Grace H.", "Kimiko", "Old Mill Bakery", "zoé", "quiet reader", "Øystein"].map((name, i) => ({
      link: `https://social${i}.example/users/${i}`, name, username: `user${i}@social${i}.example`, image: "", timestamp: at(-i, 12), disabledAt: null,
    })), // prettier-ignore
  },
};

// Some have talked already, if there is a chat.
const { chatDisabled } = await (await fetch(`${server.url}api/config`)).json();
if (!chatDisabled) {
  const lines = [
    ["Ada", "Good evening! Is the rye already in the oven?"],
    ["bread fan", "it smells through the **screen**"],
    ["Grace", "What flour is that? The one from [the mill](https://example.org)?"],
    ["Ada", "@Grace yes, type `1150`"],
    ["Kimiko", "こんばんは、日本から見ています！"],
    ["Grace", "Thanks! A longer message to see how lines break when somebody has a lot to say about bread, ovens and patience."],
    ["bread fan", "🔥🔥🔥"],
  ];
  const page = await browser.newPage();
  await converse(page, server, lines);
  await page.close();
}

const settled = (wanted) => async (page) => state(page, wanted, { running: wanted === "live", timeout: 60_000 });

await shoot("offline", "", settled("offline"));
await shoot("admin", "admin/", (page) => page.waitForSelector("form", { timeout: 60_000 }));
await shoot("schedule", "schedule/b", async (page) => {
  await settled("offline")(page);
  await page.waitForSelector(".event.named");
}, planned); // prettier-ignore
await shoot("countdown", "", settled("offline"), {
  ...planned,
  status: { scheduledEvent: { id: "a", name: "Sourdough night", startTime: at(2, 19), chatOpen: false, description: "", durationMinutes: 90 } },
});
await shoot("followers", "", async (page) => {
  await settled("offline")(page);
  await page.getByRole("tab", { name: /Followers/ }).click();
  await page.waitForSelector(".follower");
}, followed); // prettier-ignore
await shoot("dialog-follow", "", async (page) => {
  await settled("offline")(page);
  if (!(await page.$("dialog[open]"))) await page.click("#follow");
  await page.waitForSelector("dialog[open]");
}, followed); // prettier-ignore
await shoot("featured", "", async (page) => {
  await settled("offline")(page);
  await page.getByRole("tab", { name: /Other streams/ }).click();
  await page.waitForSelector(".follower");
}, {
  ...followed,
  "federation/servers": {
    servers: ["Night radio", "The loom", "Allotment"].map((name, i) => ({
      iri: `https://stream${i}.example/federation/user/a`, url: `https://stream${i}.example/`, name, isOnline: i < 1, streamTitle: i < 1 ? "Slow jazz until dawn" : "",
    })), // prettier-ignore
  },
});
await shoot("embed-offline", "embed/video");

const publisher = publish(server.rtmp, { size: "1280x720", bitrate: "2500k" });
await shoot("live", "", settled("live"));
await shoot("live-about", "", async (page) => {
  await settled("live")(page);
  await page.getByRole("tab", { name: "About" }).click();
  await page.evaluate(() => document.querySelector(".sections").scrollIntoView());
});
await shoot("consent", "", (page) => page.waitForSelector(".consent"), { config: { nsfw: true } });
await shoot("recordings", "", async (page) => {
  await until(`${server.url}api/recordings`, (recordings) => recordings.total > 0);
  await settled("live")(page);
  await page.getByRole("tab", { name: "Recordings" }).click();
  await page.waitForSelector(".recording-card");
});
const { results } = await (await fetch(`${server.url}api/recordings`)).json();
if (results.length) await shoot("recording", `recordings/${results[0].id}`, (page) => page.waitForSelector("#player[data-running]", { timeout: 60_000 }));
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
  if (!(await page.$("[role=menu]"))) await openSettings(page);
});
await shoot("menu-preferences", "", async (page) => {
  await settled("live")(page);
  if (!(await page.$("[role=menu]"))) await page.click("#preferences");
});

if (!chatDisabled) {
  await shoot("embed-chat", "embed/chat/readwrite", (page) => page.waitForSelector("#chat-profile", { timeout: 60_000 }));
  const chat = async (page) => {
    await settled("live")(page);
    await page.waitForSelector("#chat-profile", { timeout: 60_000 });
  };
  await shoot("chat-profile", "", async (page) => {
    await chat(page);
    if (!(await page.$("dialog[open]"))) await page.click("#chat-profile");
    await page.waitForSelector("dialog[open]");
  });
  await shoot("chat-sign-in", "", async (page) => {
    await chat(page);
    if (!(await page.$("dialog[open]"))) await page.click("#chat-profile");
    await page.waitForSelector(".prove");
  }, { config: { ...followed.config, authentication: { indieAuthEnabled: true } } }); // prettier-ignore
  const moderated = async (page) => {
    await chat(page);
    const id = await page.evaluate(() => JSON.parse(Object.entries(localStorage).find(([k]) => k.endsWith(":chat-user"))[1]).id);
    await admin(server, "POST", "api/admin/chat/users/setmoderator", { userId: id, isModerator: true });
    await page.waitForSelector(".waiting-count", { timeout: 60_000 });
    return page.locator(".message", { hasText: "longer message" }).locator(".message-menu button");
  };
  await configure(server, { "chat/holdlinks": true });
  const writer = await browser.newPage();
  await writer.goto(`${server.url}embed/chat/readwrite`);
  await writer.waitForSelector("#chat-profile", { timeout: 60_000 });
  await writer.fill(".composer-field", "All recipes in one place: https://example.org/recipes");
  await writer.keyboard.press("Enter");
  await writer.locator(".notice", { hasText: "approved" }).waitFor();
  await writer.close();
  await shoot("chat-moderator", "", async (page) => {
    const menu = await moderated(page);
    if (!(await page.$("[role=menu]"))) await menu.click({ force: true });
    await page.waitForSelector("[role=menu]");
  });
  await shoot("chat-user", "", async (page) => {
    if (await page.$("dialog[open]")) return;
    await (await moderated(page)).click({ force: true });
    await page.getByRole("menuitem", { name: "About this user" }).click();
    await page.waitForSelector("dialog[open]");
  });
  await shoot("chat-held", "", async (page) => {
    await moderated(page);
    if (!(await page.$("dialog[open]"))) await page.locator(".waiting button").click();
    await page.waitForSelector("dialog[open] .held li");
  });
  await shoot("chat-emoji", "", async (page) => {
    await chat(page);
    if (!(await page.$(".emoji-picker"))) await page.getByRole("button", { name: "Emoji" }).click();
    await page.waitForSelector(".emoji-picker");
  });
}
await publisher.stop();
await browser.close();
await server.stop();
