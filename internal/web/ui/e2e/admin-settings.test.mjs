// Every setting of the administration, changed in a browser, and what comes
// of it: on the page of viewers, in what the API says, in the chat.
//
// OWNCAST_BIN  a build of examples/standalone (else one is made)
// CHROME       the browser
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { parse } from "yaml";
import { violations } from "./lib/axe.mjs";
import { launch, openPage } from "./lib/browser.mjs";
import { publish } from "./lib/publish.mjs";
import { startServer } from "./lib/server.mjs";
import { form } from "./lib/settings.mjs";

const patience = 60_000;
const set = new Set(); // the settings that the browser has changed

let browser;
let server;
let page;
let wrong;

before(async () => {
  [browser, server] = await Promise.all([launch(), startServer({ fresh: true })]);
  ({ page, wrong } = await openPage(browser, { origin: server.origin, forgive: (r) => [400, 401].includes(r.status()) }));
  page.setDefaultTimeout(patience);
  page.on("response", (response) => {
    const found = /\/api\/admin\/config\/(.+)$/.exec(response.url());
    if (found && response.ok()) set.add(found[1]);
  });
  await page.goto(`${server.url}admin/`);
  await page.getByLabel("Password").fill(server.password);
  await page.keyboard.press("Enter");
  await page.waitForSelector("#page-title");
});
after(async () => {
  await browser?.close();
  assert.equal(await server?.stop(), 0, server?.log());
});

/** open goes to a page of settings. */
async function open(path) {
  await page.goto(`${server.url}admin/${path}/`);
  await page.waitForSelector("#page-title");
  return form(page);
}

const get = async (path) => (await fetch(`${server.url}${path}`)).json();
const config = () => get("api/config");
const saved = async () => (await fetch(`${server.url}api/admin/serverconfig`, { headers: { Authorization: `Basic ${btoa(`admin:${server.password}`)}` } })).json();

/** visit opens the page of viewers, and closes it when the test is over. */
async function visit(t, path = "") {
  const visitor = await openPage(browser, { origin: server.origin, forgive: () => true });
  t.after(() => visitor.page.close());
  visitor.page.setDefaultTimeout(patience);
  await visitor.page.goto(`${server.url}${path}`);
  return visitor.page;
}

// A picture of one red pixel.
const pixel = Buffer.from("iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mP8z8BQDwAEhQGAhKmMIQAAAABJRU5ErkJggg==", "base64");

test("what the channel is", { timeout: 240_000 }, async (t) => {
  const f = await open("config-public-details");
  await f.text("Name of the channel", "Kitchen Radio");
  await f.text("Summary", "Slow cooking, loud music.");
  for (const tag of ["owncast", "streaming"]) await page.getByRole("button", { name: `Remove ${tag}` }).click();
  await f.words("Tags", "bread", "music");
  await f.choose("Playback", "Starts when somebody presses play");
  await f.turn("Not for everybody");
  await f.turn("Hide the number of viewers");
  await f.turn("Keep search engines away");
  await f.save();
  const c = await config();
  assert.equal(c.name, "Kitchen Radio");
  assert.match(c.summary, /Slow cooking, loud music\./);
  assert.deepEqual(c.tags, ["bread", "music"]);
  assert.equal(c.autoplay, "off");
  assert.equal(c.nsfw, true);
  assert.equal(c.hideViewerCount, true);
  assert.equal("viewerCount" in (await server.status()), false);
  assert.match(await (await fetch(`${server.url}robots.txt`)).text(), /Disallow: \/$/m);
  const viewer = await visit(t);
  await viewer.getByRole("heading", { name: "Kitchen Radio" }).waitFor();
  assert.match(await viewer.title(), /Kitchen Radio/);

  const logo = async () => Buffer.from(await (await fetch(`${server.url}logo`)).arrayBuffer());
  const before = await logo();
  await page.getByLabel("Logo: Choose a file").setInputFiles({ name: "logo.png", mimeType: "image/png", buffer: pixel });
  await until(async () => !(await logo()).equals(before));
  await page.getByLabel("Icon of the page: Choose a file").setInputFiles({ name: "icon.png", mimeType: "image/png", buffer: pixel });
  await until(async () => (await fetch(`${server.url}favicon.ico`)).headers.get("Content-Type") === "image/png");
  await page.getByRole("button", { name: "Logo: Back to the standard" }).click();
  await until(async () => (await logo()).equals(before));
});

/** until waits for something to become true. */
async function until(what) {
  for (const end = Date.now() + patience; ; await new Promise((resolve) => setTimeout(resolve, 200))) {
    if (await what()) return;
    if (Date.now() > end) throw new Error(`never: ${what}`);
  }
}

test("what is on the page, and how it looks", { timeout: 240_000 }, async (t) => {
  let f = await open("config-page-content");
  await f.text("About the channel", "# Welcome\n\nEvery **Thursday**.");
  await f.text("While you are offline", "Back on *Thursday*.");
  await f.save();

  f = await open("config-appearance");
  await f.text("Page", "rgb(1, 2, 3)");
  await page.getByRole("button", { name: "Add a variable" }).click();
  await page.getByLabel("Value", { exact: true }).fill("7px");
  await f.text("CSS", "#name { letter-spacing: 3px }");
  await f.text("JavaScript", "document.documentElement.dataset.own = 'yes';");
  await f.save();
  assert.deepEqual((await config()).appearanceVariables, { "theme-color-background-main": "rgb(1, 2, 3)", "my-variable": "7px" });

  f = await open("config-social-items");
  await page.getByRole("button", { name: "Add a link" }).click();
  await page.getByLabel("URL", { exact: true }).last().fill("https://social.example/@kitchen");
  await f.save();

  f = await open("actions");
  await page.getByRole("button", { name: "Add an action" }).click();
  await f.text("Title", "Recipe");
  await f.choose("What it does", "Shows HTML");
  await f.text("HTML", "<h1>Rye</h1>");
  await f.save();

  const viewer = await visit(t);
  await viewer.getByRole("heading", { name: "Welcome" }).waitFor();
  await viewer.getByText("Back on Thursday.").waitFor();
  await viewer.locator("html[data-own=yes]").waitFor();
  await viewer.locator('a[href="https://social.example/@kitchen"]').first().waitFor();
  await viewer.getByRole("button", { name: "Recipe" }).first().waitFor();
  assert.equal(await viewer.evaluate(() => getComputedStyle(document.body).backgroundColor), "rgb(1, 2, 3)");
  assert.equal(await viewer.evaluate(() => getComputedStyle(document.documentElement).getPropertyValue("--my-variable")), "7px");
  assert.equal(await viewer.locator("#name").first().evaluate((e) => getComputedStyle(e).letterSpacing), "3px");
});

test("where the server is, and who may broadcast", { timeout: 240_000 }, async () => {
  const f = await open("config-server-details");
  await f.text("URL of the server", "https://live.example.org");
  await f.turn("List in the directory");
  await f.text("Another host for the chat", "wss://chat.example.org");
  await page.getByRole("button", { name: "Add a key" }).click();
  await page.getByLabel("Comment", { exact: true }).last().fill("for the camera");
  await page.getByLabel("Stream key 2", { exact: true }).fill("a-key-of-the-camera-1");
  await f.save();
  const s = await saved();
  assert.equal(s.yp.instanceUrl, "https://live.example.org");
  assert.equal(s.yp.enabled, true);
  assert.equal((await config()).socketHostOverride, "wss://chat.example.org");
  assert.deepEqual(s.streamKeys.map((k) => k.comment ?? "").slice(1), ["for the camera"]);

  // The server says what is wrong, at the field, and what was typed stays.
  await f.text("URL of the server", "not a URL");
  await page.getByRole("button", { name: "Save", exact: true }).click();
  await page.locator('[aria-invalid="true"]').waitFor();
  assert.equal(await f.field("URL of the server").inputValue(), "not a URL");
  await page.getByRole("button", { name: "Discard" }).click();
  await f.text("Another host for the chat", "");
  await f.turn("List in the directory");
  await f.save();
});

test("how the video is made, and where it is kept", { timeout: 300_000 }, async (t) => {
  let f = await open("config-video");
  await page.getByRole("radio", { name: /^Lowest/ }).check();
  await page.getByRole("button", { name: "Add a quality" }).click();
  const names = page.getByLabel("Name", { exact: true });
  const count = await names.count();
  await names.first().fill("Whole");
  await page.getByLabel("Picture", { exact: true }).first().selectOption({ label: "As you send it" });
  await names.last().fill("Little");
  await page.getByLabel("Size", { exact: true }).last().selectOption({ label: "240p" });
  await f.save();
  let s = await saved();
  assert.equal(s.videoSettings.latencyLevel, 0);
  assert.deepEqual(s.videoSettings.videoQualityVariants.map((v) => v.name).slice(0, 1), ["Whole"]);
  assert.equal(s.videoSettings.videoQualityVariants.length, count);
  const publisher = publish(server.rtmp.replace(server.key, "a-key-of-the-camera-1"), { size: "640x360", bitrate: "800k" });
  t.after(() => publisher.stop());
  await until(async () => (await get("api/video/variants")).some((v) => v.name === "Little"));
  await until(async () => (await (await fetch(`${server.url}hls/stream.m3u8`)).text()).includes("x240"));
  await publisher.stop();

  await page.getByRole("button", { name: "Try the encoders" }).click();
  await page.locator(".results").getByText("Works").first().waitFor({ timeout: 150_000 });
  if (s.supportedCodecs.length > 1) {
    const other = s.supportedCodecs.find((c) => c !== s.videoCodec);
    await f.field("Encoder in use").selectOption(other);
    await f.save();
    assert.equal((await saved()).videoCodec, other);
    await f.field("Encoder in use").selectOption(s.videoCodec);
    await f.save();
  } else set.add("video/codec"); // there is nothing to choose from

  f = await open("config-storage");
  await f.text("Endpoint", "https://s3.example.org");
  await f.text("Region", "eu-1");
  await f.text("Bucket", "videos");
  await f.text("Access key", "key");
  await f.text("Secret key", "a secret");
  await f.text("Prefix of the paths", "live");
  await f.text("ACL", "public-read");
  await f.turn("Bucket in the path");
  await f.text("URL that viewers get the video from", "https://cdn.example.org");
  await f.save();
  s = await saved();
  const { secret, ...others } = s.s3;
  assert.notEqual(secret, "a secret");
  assert.deepEqual(others, { enabled: false, endpoint: "https://s3.example.org", accessKey: "key", bucket: "videos", region: "eu-1", acl: "public-read", pathPrefix: "live", forcePathStyle: true });
  assert.equal(s.videoServingEndpoint, "https://cdn.example.org");
  await f.text("URL that viewers get the video from", "");
  await f.save();
});

test("what the chat allows", { timeout: 300_000 }, async (t) => {
  const f = await open("config-chat");
  await f.text("Welcome message", "Hello, **you**.");
  for (const name of ["Tell who comes and goes", "Against slurs", "The first message of each user"]) await f.turn(name);
  await f.text("Slow mode", "1");
  await f.words("Words that nobody may write", "cheap*");
  await page.getByRole("checkbox", { name: "Italian" }).check();
  await f.words("Messages with these words", "maybe");
  await f.turn("Messages with links");
  await f.words("Names that nobody may take", "kitchen");
  await f.words("Names that are given to who has none", ...Array.from({ length: 10 }, (_, i) => `Baker ${i}`));
  await f.text("Messages that are shown to who comes", "20");
  await f.text("Hours that messages are kept", "3");
  await f.text("Connections of one address", "150");
  await f.save();
  const s = await saved();
  assert.equal(s.chatJoinMessagesEnabled, false);
  assert.equal(s.chatSlurFilterEnabled, true);
  assert.deepEqual([s.chatHoldFirst, s.chatHoldLinks, s.chatHoldWords, s.chatBlockedLanguages], [true, true, ["maybe"], ["it"]]);
  assert.deepEqual([s.chatHistorySize, s.chatRetentionHours, s.chatLimits.clientsPerAddress], [20, 3, 150]);
  assert.equal((await config()).chatSlowMode, 1);

  const ada = await enter(t);
  assert.match(ada.name, /^Baker \d/);
  assert.match((await ada.next("SYSTEM", /Hello/)).body, /<strong>you<\/strong>/);
  assert.equal((await ada.register({ displayName: "kitchen" })).displayName.includes("kitchen"), false);
  ada.say("good evening"); // her first one
  await until(async () => (await held()).length === 1);
  await new Promise((resolve) => setTimeout(resolve, 1500)); // the mode is slow
  ada.say("cheap stuff");
  await ada.next("CHAT_ACTION", /not allowed/);
  assert.equal((await held()).length, 1);

  // Nobody sees the message until somebody here has approved it.
  await page.goto(`${server.url}admin/chat/messages/?tab=held`);
  await page.getByRole("listitem").filter({ hasText: "good evening" }).getByRole("button", { name: "Approve" }).click();
  await ada.next("CHAT", /good evening/);
  await page.getByText("No message waits for a decision.").waitFor();
  await page.getByRole("tab", { name: "All" }).click();
  await page.getByRole("listitem").filter({ hasText: "good evening" }).getByRole("button", { name: "Hide" }).click();
  const change = await ada.next("VISIBILITY-UPDATE", /./);
  assert.equal(change.visible, false);

  // She is made a moderator, and banned.
  await page.getByRole("button", { name: ada.name }).first().click();
  const dialog = page.getByRole("dialog", { name: ada.name });
  await dialog.getByRole("button", { name: "Make a moderator" }).click();
  await dialog.getByText("Moderator", { exact: true }).waitFor();
  await dialog.getByLabel("Reason").fill("Enough");
  assert.deepEqual(await violations(page), []);
  await dialog.getByRole("button", { name: "Ban" }).click();
  await dialog.getByText("Banned", { exact: true }).waitFor();
  await ada.closed;
  await page.goto(`${server.url}admin/chat/users/?tab=banned`);
  const row = page.getByRole("row").filter({ hasText: ada.name });
  await row.getByText("Enough").waitFor();
  await row.getByRole("button", { name: "Let in again" }).click();
  await page.getByText("Nobody is banned.").waitFor();
  await page.getByLabel("Account or URL").fill("@Troll@Social.example");
  await page.getByRole("button", { name: "Ban", exact: true }).click();
  const troll = page.getByRole("row").filter({ hasText: /troll/ });
  await troll.waitFor();
  await troll.getByRole("button", { name: "Let in again" }).click();
  await page.getByText("Nobody is banned.").waitFor();
  await page.getByRole("tab", { name: "Addresses" }).click();
  await page.getByLabel("Address or prefix").fill("203.0.113.0/24");
  await page.getByRole("button", { name: "Ban", exact: true }).click();
  await page.getByRole("button", { name: "Remove 203.0.113.0/24" }).click();
  await page.getByRole("dialog").getByRole("button", { name: "Let in again" }).click();
  await page.getByText("Nobody is banned.").waitFor();

  // Who may write, and whether anybody may.
  await open("config-chat");
  await f.turn("Only who has been here for a while");
  await f.turn("Only who has signed in");
  await f.turn("Against floods");
  await f.save();
  const c = await config();
  assert.equal(c.chatRequireAuthentication, true);
  assert.equal(c.chatSpamProtectionDisabled, true);
  assert.equal((await saved()).chatEstablishedUserMode, true);
  await f.turn("Chat");
  await f.save();
  assert.equal((await config()).chatDisabled, true);

  await page.goto(`${server.url}admin/chat/emojis/`);
  await page.getByLabel("Add emoji").setInputFiles({ name: "rye bread.png", mimeType: "image/png", buffer: pixel });
  await page.getByText(":rye_bread:").waitFor();
  assert.ok((await get("api/emoji")).some((e) => e.name === "rye_bread"));
  await page.getByRole("button", { name: "Remove rye_bread" }).click();
  await page.getByRole("dialog").getByRole("button", { name: "Delete" }).click();
  await page.getByText(":rye_bread:").waitFor({ state: "detached" });
});

const held = async () => (await fetch(`${server.url}api/admin/chat/held`, { headers: { Authorization: `Basic ${btoa(`admin:${server.password}`)}` } })).json();

/** enter is somebody in the chat. */
async function enter(t) {
  const tab = await browser.newPage();
  t.after(() => tab.close());
  await tab.goto(`${server.url}api/status`);
  const register = (body = {}) =>
    tab.evaluate(async (body) => (await fetch("chat/register", { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(body) })).json(), body);
  const { accessToken, displayName } = await register();
  const events = [];
  await tab.exposeFunction("heard", (text) => events.push(...text.split("\n").filter(Boolean).map((line) => JSON.parse(line))));
  let close;
  const closed = new Promise((resolve) => (close = resolve));
  await tab.exposeFunction("over", () => close());
  await tab.evaluate(async (token) => {
    const url = new URL(`../ws?accessToken=${token}`, location.href);
    url.protocol = "ws:";
    window.socket = new WebSocket(url);
    window.socket.onmessage = (event) => window.heard(event.data);
    window.socket.onclose = () => window.over();
    await new Promise((resolve) => (window.socket.onopen = resolve));
  }, accessToken);
  return {
    name: displayName,
    register,
    closed,
    say: (body) => tab.evaluate((body) => window.socket.send(JSON.stringify({ type: "CHAT", body })), body),
    async next(type, pattern) {
      let found;
      await until(() => (found = events.findIndex((e) => e.type === type && pattern.test(JSON.stringify(e)))) >= 0);
      return events.splice(found, 1)[0];
    },
  };
}

test("the fediverse, notifications and the schedule", { timeout: 300_000 }, async () => {
  let f = await open("config-federation");
  await f.turn("Take part");
  await f.turn("Private");
  await f.turn("Show follows, likes and shares in the chat");
  await f.turn("Let others quote posts");
  await f.turn("Hide the followers from visitors");
  await f.text("User name", "kitchen");
  await f.text("Message when you go live", "The oven is on.");
  await f.words("Blocked servers", "bad.example");
  await f.save();
  const { federation } = await saved();
  assert.deepEqual(
    [federation.enabled, federation.isPrivate, federation.username, federation.goLiveMessage, federation.blockedDomains],
    [true, true, "kitchen", "The oven is on.", ["bad.example"]],
  );
  assert.equal(federation.hideFollowersTab, true);

  f = await open("config-notify");
  for (const channel of ["Push in the browser", "Discord"]) await page.getByRole("region", { name: channel }).getByRole("switch").check();
  await f.text("URL of the webhook", "https://discord.example/hook");
  for (const box of await page.getByLabel("Message when you go live").all()) await box.fill("Live now");
  await f.save();
  const { notifications, parts } = await saved();
  assert.equal(notifications.browser.enabled, true);
  assert.equal(notifications.browser.goLiveMessage, "Live now");
  assert.equal(notifications.discord.enabled, true);
  assert.equal(notifications.discord.goLiveMessage, "Live now");
  if (notifications.goLive) {
    assert.equal(notifications.goLive.message, "Live now");
    await f.text("Wait, in minutes", "1.5");
    await f.text("Quiet afterwards, in minutes", "30");
    await f.save();
    const { goLive } = (await saved()).notifications;
    assert.deepEqual([goLive.delaySeconds, goLive.throttleSeconds], [90, 1800]);
    // Discord is no server that this one can reach.
    const row = page.getByRole("row").filter({ hasText: "Discord" });
    await row.getByRole("button", { name: "Send a test" }).click();
    await page.locator(".note.bad").waitFor();
    await row.getByText(/Failed|Tried again/).waitFor();
  }

  if (!parts.federation) return;
  await open("config-federation");
  await page.getByLabel("Load a list").setInputFiles({ name: "blocks.csv", mimeType: "text/csv", buffer: Buffer.from("#domain,#severity\nworse.example,suspend\n") });
  await page.getByText("1 server has been added.").waitFor();
  assert.deepEqual((await saved()).federation.blockedDomains, ["bad.example", "worse.example"]);
  await page.getByRole("button", { name: "Make new keys" }).click();
  await page.getByRole("dialog").getByRole("button", { name: "Make new keys" }).click();
  await page.getByRole("status").getByText("Saved").last().waitFor();
  await page.goto(`${server.url}admin/federation/followers/`);
  await page.getByText("Nobody follows the channel yet.").waitFor();
  await page.getByRole("button", { name: "Write a post" }).click();
  await page.getByLabel("Text", { exact: true }).fill("There is #bread.");
  await page.getByRole("dialog").getByRole("button", { name: "Publish" }).click();
  await page.getByRole("dialog").waitFor({ state: "detached" });
});

test("what is planned", { timeout: 240_000 }, async (t) => {
  if (!(await saved()).parts.schedule) {
    for (const name of ["enabled", "showcountdown", "chatopenminutes", "remindermessage", "firstreminderminutes", "secondreminderminutes"]) set.add(`schedule/${name}`);
    return t.skip("there is no schedule");
  }
  const f = await open("schedule");
  await page.getByText("Visitors do not see the schedule").waitFor();
  await f.turn("Show the schedule");
  await f.turn("Count down to the next stream");
  await f.choose("The chat opens before it", "10 min");
  await f.choose("First reminder before it", "24 h");
  await f.choose("Second reminder before it", "15 min");
  await f.text("Reminder", "Soon, {name}");
  await f.save();
  const { schedule } = await saved();
  assert.deepEqual(schedule, { enabled: true, showCountdown: true, chatOpenMinutesBefore: 10, firstReminderMinutes: 1440, secondReminderMinutes: 15, reminderMessage: "Soon, {name}" });

  // One stream tomorrow, and one every Friday and Sunday.
  const dialog = page.getByRole("dialog");
  await page.getByRole("button", { name: "Plan a stream" }).click();
  await dialog.getByLabel("Name", { exact: true }).fill("Sourdough night");
  await dialog.getByLabel("Time zone").selectOption("Asia/Tokyo");
  const tomorrow = new Date(Date.now() + 86_400_000).toISOString().slice(0, 10);
  await dialog.getByLabel("Begins", { exact: true }).fill(`${tomorrow}T20:30`);
  await dialog.getByRole("button", { name: "Save" }).click();
  await page.getByRole("row").filter({ hasText: "Sourdough night" }).waitFor();
  assert.equal(new Date((await get("api/schedule"))[0].startTime).getTime(), Date.parse(`${tomorrow}T20:30:00+09:00`));

  await page.getByRole("button", { name: "Plan a stream" }).click();
  await dialog.getByLabel("Name", { exact: true }).fill("Records");
  await dialog.getByLabel("How often").selectOption({ label: "Again and again" });
  for (const day of ["Fri", "Sun"]) await dialog.getByRole("checkbox", { name: day }).check();
  await dialog.getByLabel("Ends", { exact: true }).selectOption({ label: "After some times" });
  await dialog.getByLabel("How many times").fill("4");
  await dialog.getByText("The next times:").waitFor();
  assert.deepEqual(await violations(page), []);
  await dialog.getByRole("button", { name: "Save" }).click();
  await page.getByRole("table", { name: "Series" }).getByText(/Every week, Fri, Sun/).waitFor();
  assert.equal((await get("api/schedule")).filter((e) => e.name === "Records").length, 4);

  const viewer = await visit(t);
  await viewer.getByRole("tab", { name: "Schedule" }).click();
  await viewer.getByText("Sourdough night").first().waitFor();

  await page.getByRole("button", { name: "More about Sourdough night" }).click();
  await page.getByRole("menuitem", { name: "Call it off" }).click();
  await dialog.getByRole("button", { name: "Call it off" }).click();
  await page.getByRole("row").filter({ hasText: "Sourdough night" }).getByText("Cancelled").waitFor();
  await page.getByRole("table", { name: "Series" }).getByRole("button", { name: "More about Records" }).click();
  await page.getByRole("menuitem", { name: "Delete" }).click();
  await dialog.getByRole("button", { name: "Delete" }).click();
  await until(async () => (await get("api/schedule")).every((e) => e.name !== "Records"));
});

test("the password", { timeout: 180_000 }, async (t) => {
  const f = await open("config-server-details");
  await f.text("New password", "correct horse battery staple");
  await page.getByRole("button", { name: "Change the password" }).click();
  await page.getByRole("dialog").getByRole("button", { name: "Change the password" }).click();
  // Everybody is signed out.
  await page.getByLabel("Password", { exact: true }).waitFor();
  const old = await fetch(`${server.url}api/admin/status`, { headers: { Authorization: `Basic ${btoa(`admin:${server.password}`)}` } });
  assert.equal(old.status, 401);
  server.password = "correct horse battery staple";
  assert.equal(typeof (await saved()).adminPassword, "string");
  t.diagnostic(`${set.size} settings`);
});

test("no setting was left out", async () => {
  const { paths } = parse(readFileSync(join(import.meta.dirname, "../../../httpapi/openapi.yaml"), "utf8"));
  // What the program that runs the server fixes, and what is set elsewhere.
  const elsewhere = ["ffmpegpath", "webserverport", "webserverip", "rtmpserverport", "rtmpserverbindaddress", "streamtitle", "import", "export"];
  const all = Object.keys(paths).flatMap((p) => /^\/api\/admin\/config\/(.+)$/.exec(p)?.[1] ?? []);
  assert.deepEqual(all.filter((name) => !set.has(name) && !elsewhere.includes(name)), []);
  assert.deepEqual(wrong, []);
});
