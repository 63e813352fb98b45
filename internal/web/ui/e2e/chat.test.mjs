// The chat between real browsers and a real server.
//
// OWNCAST_BIN  a build of examples/standalone (else one is made)
// CHROME       the browser
import assert from "node:assert/strict";
import { createServer } from "node:http";
import { after, before, test as nodeTest } from "node:test";
import { admin, configure } from "./lib/admin.mjs";
import { violations } from "./lib/axe.mjs";
import { launch, openPage, resize } from "./lib/browser.mjs";
import { startServer } from "./lib/server.mjs";

const wait = { timeout: 45_000 };

let browser, server, closed;
before(async () => {
  server = await startServer({ path: "/a/live", args: ["-ffmpeg", "off"] });
  closed = (await (await fetch(`${server.url}api/config`)).json()).chatDisabled;
  browser = await launch();
});
after(async () => {
  await browser?.close();
  if (server) assert.equal(await server.stop(), 0, server.log());
});

/** test is node's, for servers that have a chat. */
const test = (name, options, fn) => nodeTest(name, options, (t) => (closed ? t.skip("this server has no chat") : fn(t)));

/** enter opens the page in a browser of its own, with somebody in the chat. */
async function enter(t, options = {}) {
  const context = await browser.newContext({ viewport: { width: 1280, height: 800 }, ...options });
  t.after(() => context.close());
  const opened = await openPage({ newPage: () => context.newPage() }, server);
  await opened.page.goto(`${server.url}${options.path ?? ""}`);
  await opened.page.waitForSelector("#chat-profile, .chat-list", wait);
  await opened.page.waitForSelector("#chat-profile", wait);
  return { ...opened, name: await opened.page.textContent("#chat-profile bdi") };
}

async function say(page, text) {
  await page.fill(".composer-field", text);
  await page.keyboard.press("Enter");
}

/** heard waits until a message with this text is shown. */
const heard = (page, text) => page.locator(".message-body", { hasText: text }).first().waitFor(wait);

/** promote makes a moderator of who is in a page. */
async function promote(page) {
  const id = await page.evaluate(() => JSON.parse(Object.entries(localStorage).find(([k]) => k.endsWith(":chat-user"))[1]).id);
  await admin(server, "POST", "api/admin/chat/users/setmoderator", { userId: id, isModerator: true });
}

/** choose picks something from the menu of the message with this text. */
async function choose(page, text, item) {
  const message = page.locator(".message", { hasText: text });
  await message.locator(".message-menu button").first().waitFor({ state: "attached", ...wait });
  await message.hover();
  await message.locator(".message-menu button").first().click();
  await page.getByRole("menuitem", { name: item }).click();
}

test("two people talk, are mentioned, and one takes another name and color", { timeout: 240_000 }, async (t) => {
  const a = await enter(t);
  const b = await enter(t);
  assert.notEqual(a.name, b.name);
  await say(a.page, "Hello **there**, see https://example.org/x?y=1");
  await heard(b.page, "Hello there");
  assert.equal(await b.page.locator(".message-body strong").first().textContent(), "there");
  const link = b.page.locator(".message-body a").first();
  assert.equal(await link.getAttribute("href"), "https://example.org/x?y=1");
  assert.match(await link.getAttribute("rel"), /noopener/);

  // "@" and the beginning of a name offers the name.
  await b.page.click(".composer-field");
  await b.page.keyboard.type(`@${a.name.slice(0, 3)}`);
  await b.page.waitForSelector("[role=option]", wait);
  await b.page.keyboard.press("Enter");
  assert.equal(await b.page.inputValue(".composer-field"), `@${a.name} `);
  await b.page.keyboard.type("hi");
  await b.page.waitForTimeout(1500); // not to be taken for a flood
  await b.page.keyboard.press("Enter");
  await heard(a.page, "hi");
  await a.page.waitForSelector(".message.named", wait);

  await b.page.click("#chat-profile");
  await b.page.fill("dialog input.input >> nth=0", "Ada L.");
  await b.page.click("dialog .swatch.color-5 input");
  await b.page.waitForTimeout(1500);
  await b.page.click("dialog button[type=submit] >> nth=0");
  await a.page.locator(".notice.quiet", { hasText: "is now Ada L." }).waitFor(wait);
  await b.page.locator("#chat-profile bdi", { hasText: "Ada L." }).waitFor(wait);

  // Markup in a name or a message stays text.
  await a.page.waitForTimeout(1500);
  await say(a.page, '<img src=x onerror="alert(1)"> <b>not bold</b>');
  await heard(b.page, "not bold");
  assert.equal(await b.page.locator(".message-body img, .message-body b").count(), 0);
  assert.deepEqual([...a.wrong, ...b.wrong], []);
});

test("who comes later, or comes back, reads what was said", { timeout: 180_000 }, async (t) => {
  const a = await enter(t);
  await say(a.page, "said before");
  await heard(a.page, "said before");
  const b = await enter(t);
  await heard(b.page, "said before");
  await b.page.reload();
  await heard(b.page, "said before");
  assert.equal(await b.page.textContent("#chat-profile bdi"), b.name, "a reload made somebody else of them");
  assert.deepEqual([...a.wrong, ...b.wrong], []);
});

test("a moderator hides a message, and bans", { timeout: 240_000 }, async (t) => {
  const a = await enter(t);
  const b = await enter(t);
  await say(a.page, "something rude");
  await heard(b.page, "something rude");
  assert.equal(await b.page.locator(".message-menu").count(), 0);
  await promote(b.page);
  await choose(b.page, "something rude", "Hide this message");
  await a.page.locator(".message", { hasText: "something rude" }).waitFor({ state: "detached", ...wait });
  await b.page.locator(".hidden-message", { hasText: "something rude" }).waitFor(wait);

  await choose(b.page, "something rude", "Ban from the chat");
  await a.page.locator(".composer-note", { hasText: "You have been removed" }).waitFor(wait);
  assert.equal(await a.page.isDisabled(".composer-field"), true);
});

test("a moderator silences somebody, looks at who they are, and lets them in again", { timeout: 240_000 }, async (t) => {
  const a = await enter(t);
  const b = await enter(t);
  await promote(b.page);
  await say(a.page, "an unkind remark");
  await choose(b.page, "an unkind remark", "Silence for 10 minutes");
  await a.page.locator(".notice", { hasText: "You have been timed out" }).first().waitFor(wait);
  await a.page.waitForTimeout(1500); // not to be taken for a flood
  await say(a.page, "may I?");
  await a.page.locator(".notice", { hasText: "timed out" }).nth(1).waitFor(wait);
  assert.equal(await b.page.locator(".message", { hasText: "may I?" }).count(), 0);

  await choose(b.page, "an unkind remark", "About this user");
  const dialog = b.page.getByRole("dialog", { name: a.name });
  await dialog.locator(".said", { hasText: "an unkind remark" }).waitFor(wait);
  await dialog.locator("dd", { hasText: "1 message" }).waitFor(wait);
  assert.deepEqual(await violations(b.page), []);
  await dialog.getByRole("button", { name: "Hide all messages" }).click();
  await a.page.locator(".message", { hasText: "an unkind remark" }).waitFor({ state: "detached", ...wait });
  await dialog.getByRole("button", { name: "Ban from the chat" }).click();
  await a.page.locator(".composer-note", { hasText: "You have been removed" }).waitFor(wait);
  await dialog.getByRole("button", { name: "Let in again" }).click();
  await dialog.getByRole("button", { name: "Ban from the chat" }).waitFor(wait);
  await a.page.reload();
  await a.page.waitForSelector("#chat-profile", wait);
  assert.equal(await a.page.textContent("#chat-profile bdi"), a.name);
});

test("on a phone the whole menu of a moderator is in sight", { timeout: 240_000 }, async (t) => {
  const a = await enter(t);
  await say(a.page, "seen on a phone");
  const b = await enter(t, { viewport: { width: 360, height: 340 } });
  await promote(b.page);
  const menu = b.page.locator(".message", { hasText: "seen on a phone" }).locator(".message-menu button").first();
  await menu.waitFor({ state: "attached", ...wait });
  await menu.click({ force: true });
  for (const name of ["Hide this message", "Ban from the chat"]) {
    const box = await b.page.getByRole("menuitem", { name }).boundingBox();
    assert.ok(box.y >= 0 && box.y + box.height <= 340 && box.x >= 0 && box.x + box.width <= 360, `${name} is at ${JSON.stringify(box)}`);
  }
  await b.page.getByRole("menuitem", { name: "Hide this message" }).click();
  await a.page.locator(".message", { hasText: "seen on a phone" }).waitFor({ state: "detached", ...wait });
});

test("messages that have to wait are shown when a moderator has seen them", { timeout: 240_000 }, async (t) => {
  await configure(server, { "chat/holdlinks": true });
  t.after(() => configure(server, { "chat/holdlinks": false }));
  const a = await enter(t);
  await say(a.page, "good: https://example.org/bread");
  await a.page.locator(".notice", { hasText: "when a moderator has approved it" }).waitFor(wait);
  await a.page.waitForTimeout(1500); // not to be taken for a flood
  await say(a.page, "bad: https://example.org/spam");
  await a.page.locator(".notice", { hasText: "when a moderator has approved it" }).nth(1).waitFor(wait);
  const b = await enter(t);
  await promote(b.page);
  await b.page.getByRole("button", { name: "2 messages wait for a moderator" }).click(wait);
  const dialog = b.page.getByRole("dialog", { name: "Waiting for a moderator" });
  await dialog.locator("li", { hasText: "It has a link." }).first().waitFor(wait);
  assert.deepEqual(await violations(b.page), []);
  await dialog.locator("li", { hasText: "spam" }).getByRole("button", { name: "Discard" }).click();
  await dialog.locator("li", { hasText: "spam" }).waitFor({ state: "detached", ...wait });
  await dialog.locator("li", { hasText: "bread" }).getByRole("button", { name: "Show to all" }).click();
  await heard(a.page, "good: https://example.org/bread");
  await dialog.getByText("No message waits.").waitFor(wait);
  await b.page.keyboard.press("Escape");
  await b.page.getByRole("button", { name: "Waiting for a moderator", exact: true }).waitFor(wait);
  assert.equal(await a.page.locator(".message", { hasText: "spam" }).count(), 0);
});

test("what is typed outlives the dialog and the panel that it was typed in", { timeout: 180_000 }, async (t) => {
  await configure(server, { "federation/username": "kitchen", "federation/enable": true });
  t.after(() => configure(server, { "federation/enable": false }));
  const a = await enter(t);
  const dialog = a.page.getByRole("dialog");
  const beside = () => a.page.mouse.click(4, 4);
  await a.page.click("#chat-profile");
  await dialog.getByLabel("Name", { exact: true }).fill("A name with care");
  await a.page.keyboard.press("Escape");
  await dialog.waitFor({ state: "detached", ...wait });
  await a.page.click("#chat-profile");
  assert.equal(await dialog.getByLabel("Name", { exact: true }).inputValue(), "A name with care");
  // A code is read elsewhere: the dialog is closed meanwhile.
  await a.page.route("**/api/auth/fediverse?*", (route) => route.fulfill({ json: { success: true, message: "" } }));
  await dialog.getByLabel("Your account").fill("ada@social.example");
  await dialog.getByRole("button", { name: "Send me a code" }).click();
  await dialog.getByLabel("Code", { exact: true }).fill("123");
  await beside();
  await dialog.waitFor({ state: "detached", ...wait });
  assert.equal(await a.page.textContent("#chat-profile bdi"), a.name);
  await a.page.click("#chat-profile");
  assert.equal(await dialog.getByLabel("Code", { exact: true }).inputValue(), "123");
  await dialog.getByText("ada@social.example").waitFor(wait);
  await dialog.getByRole("button", { name: "Use another account" }).click();
  assert.equal(await dialog.getByLabel("Your account").inputValue(), "ada@social.example");
  await a.page.keyboard.press("Escape");
  await dialog.waitFor({ state: "detached", ...wait });

  await a.page.fill(".composer-field", "half a sentence");
  await resize(a.page, { width: 360, height: 640 }); // the chat is a tab there
  await a.page.getByRole("tab", { name: "About" }).click(wait);
  await a.page.waitForSelector(".composer-field", { state: "detached", ...wait });
  await a.page.getByRole("tab", { name: "Chat" }).click();
  assert.equal(await a.page.inputValue(".composer-field", wait), "half a sentence");
  assert.deepEqual(a.wrong, []);
});

test("a name that is not allowed is refused, and the one before stays", { timeout: 120_000 }, async (t) => {
  const a = await enter(t);
  await a.page.click("#chat-profile");
  await a.page.fill("dialog input.input >> nth=0", "The Owncast admin");
  await a.page.click("dialog button[type=submit] >> nth=0");
  await a.page.locator(".notice", { hasText: "You cannot change your name" }).waitFor(wait);
  assert.equal(await a.page.textContent("#chat-profile bdi"), a.name);
});

test("a chat of ten thousand lines shows few, keeps its place, and follows at the end", { timeout: 240_000 }, async (t) => {
  const context = await browser.newContext({ viewport: { width: 1280, height: 800 } });
  t.after(() => context.close());
  const page = await context.newPage();
  // The server would not take so many: they are put on the wire behind it.
  let wire;
  await page.routeWebSocket(/\/ws\?/, (socket) => {
    const up = socket.connectToServer();
    socket.onMessage((m) => up.send(m));
    up.onMessage((m) => socket.send(m));
    wire = socket;
  });
  await page.goto(server.url);
  await page.waitForSelector("#chat-profile", wait);
  let sent = 0;
  const flood = (count) => {
    const documents = [];
    for (let i = 0; i < count; i++) {
      const n = ++sent;
      const body = `<p>line ${n} ${"and some more words ".repeat(n % 9)}</p>`;
      const user = { id: `u${n % 50}`, displayName: `person ${n % 50}`, displayColor: n % 8, previousNames: [], isBot: false, authenticated: false, createdAt: new Date().toISOString() };
      documents.push(JSON.stringify({ type: "CHAT", id: `flood-${n}`, timestamp: new Date(Date.now() + n).toISOString(), body, user, visible: true }));
    }
    wire.send(documents.join("\n"));
  };
  for (let i = 0; i < 20; i++) flood(500);
  await heard(page, "line 10000");
  const look = () =>
    page.evaluate(() => {
      const list = document.querySelector(".chat-list");
      const top = list.getBoundingClientRect().top;
      const first = [...list.querySelectorAll("[data-row]")].find((row) => row.getBoundingClientRect().bottom > top + 4);
      return { rows: list.querySelectorAll("[data-row]").length, left: list.scrollHeight - list.scrollTop - list.clientHeight, first: first?.dataset.row, at: Math.round(first?.getBoundingClientRect().top - top) };
    });
  const end = await look();
  assert.ok(end.rows < 150, `${end.rows} rows are in the page`);
  assert.ok(end.left < 2, `it is ${end.left} pixels from the end`);
  assert.equal(await page.locator(".to-end").count(), 0);

  // A reader goes up; what comes meanwhile moves nothing.
  await page.hover(".chat-list");
  await page.mouse.wheel(0, -3000);
  await page.locator(".to-end").waitFor(wait);
  await page.waitForTimeout(500);
  const before = await look();
  for (let i = 0; i < 20; i++) {
    flood(1);
    await page.waitForTimeout(50);
  }
  await page.locator(".to-end", { hasText: "20 new messages" }).waitFor(wait);
  const after = await look();
  assert.equal(after.first, before.first);
  assert.ok(Math.abs(after.at - before.at) <= 2, `the line moved from ${before.at} to ${after.at}`);
  assert.ok(after.rows < 150, `${after.rows} rows are in the page`);

  await page.click(".to-end");
  await heard(page, `line ${sent}`);
  flood(3);
  await heard(page, `line ${sent}`);
  assert.ok((await look()).left < 2);

  // With the keyboard: one stop for all, arrows from line to line.
  await page.focus("[data-row][tabindex='0']");
  assert.equal(await page.locator("[data-row][tabindex='0']").count(), 1);
  await page.keyboard.press("ArrowUp");
  await page.waitForFunction((id) => document.activeElement.dataset.row === id, `flood-${sent - 1}`, wait);
  await page.keyboard.press("Home");
  await page.waitForFunction(() => document.activeElement.dataset.row && document.querySelector(".chat-list").scrollTop < 200, null, wait);
});

test("axe finds nothing wrong with the chat, light or dark", { timeout: 240_000 }, async (t) => {
  const found = [];
  for (const colorScheme of ["light", "dark"]) {
    const a = await enter(t, { colorScheme });
    await promote(a.page);
    await say(a.page, "a message with a [link](https://example.org) and `code`");
    await heard(a.page, "a message with");
    const look = async (what) => found.push(...(await violations(a.page)).map((v) => `${what}, ${colorScheme}: ${v}`));
    await look("the chat");
    await a.page.click("#chat-profile");
    await a.page.waitForSelector("dialog[open]");
    await look("the profile");
    await a.page.keyboard.press("Escape");
    await a.page.getByRole("button", { name: "Emoji" }).click();
    await a.page.waitForSelector(".emoji-picker");
    await look("the emoji");
  }
  assert.deepEqual(found, []);
});

test("in slow mode the page says how long to wait", { timeout: 120_000 }, async (t) => {
  await configure(server, { "chat/slowmode": 20 });
  t.after(() => configure(server, { "chat/slowmode": 0 }));
  const a = await enter(t);
  await say(a.page, "the first");
  await heard(a.page, "the first");
  await a.page.locator(".composer-note", { hasText: "Slow mode" }).waitFor(wait);
  await a.page.fill(".composer-field", "the second");
  assert.equal(await a.page.isDisabled("#send-message"), true);
  assert.deepEqual(a.wrong, []);
});

test("the chat for other pages: reading alone, and taking part", { timeout: 180_000 }, async (t) => {
  const a = await enter(t);
  const context = await browser.newContext();
  t.after(() => context.close());
  const reader = await context.newPage();
  await reader.goto(`${server.url}embed/chat`);
  assert.equal(new URL(reader.url()).pathname, "/a/live/embed/chat/readonly");
  await reader.waitForSelector(".chat-list", wait);
  await say(a.page, "to other pages");
  await heard(reader, "to other pages");
  assert.equal(await reader.locator(".composer").count(), 0);
  const writer = await context.newPage();
  await writer.goto(`${server.url}embed/chat/readwrite`);
  await writer.waitForSelector("#chat-profile", wait);
  await say(writer, "from another page");
  await heard(a.page, "from another page");
});

test("the chat is in a frame of another site, where somebody takes part", { timeout: 180_000 }, async (t) => {
  const site = createServer((request, response) => {
    response.setHeader("Content-Type", "text/html");
    response.end(`<!doctype html><title>A blog</title><iframe src="${server.url}embed/chat/readwrite" width="400" height="600"></iframe>
      <iframe src="${server.url}embed/chat/readonly" width="400" height="600"></iframe>`);
  });
  await new Promise((resolve) => site.listen(0, "127.0.0.1", resolve));
  t.after(() => site.close());
  const a = await enter(t);
  const context = await browser.newContext();
  t.after(() => context.close());
  const page = await context.newPage();
  await page.goto(`http://localhost:${site.address().port}/`);
  const [writing, reading] = [0, 1].map((n) => page.frameLocator("iframe").nth(n));
  await writing.locator("#chat-profile").waitFor(wait);
  await writing.locator(".composer-field").fill("from a frame elsewhere");
  await writing.locator("#send-message").click(wait);
  await heard(a.page, "from a frame elsewhere");
  await reading.locator(".message-body", { hasText: "from a frame elsewhere" }).waitFor(wait);
  assert.equal(await reading.locator(".composer").count(), 0);
  // Other pages are in no frame.
  await page.evaluate((src) => (document.body.innerHTML = `<iframe src="${src}"></iframe>`), server.url);
  await page.waitForFunction(() => frames.length === 1, null, wait);
  await page.waitForTimeout(2000);
  assert.equal(await page.frames()[1].locator("#chat-profile, #player").count(), 0);
});

test("the server goes away and comes back, and the chat goes on", { timeout: 240_000 }, async (t) => {
  const other = await startServer({ args: ["-ffmpeg", "off"] });
  const context = await browser.newContext({ viewport: { width: 1280, height: 800 } });
  t.after(() => context.close());
  const page = await context.newPage();
  await page.goto(other.url);
  await page.waitForSelector("#chat-profile", wait);
  await other.stop();
  await page.locator(".composer-note", { hasText: "Connecting" }).waitFor(wait);
  const again = await startServer({ port: other.port, args: ["-ffmpeg", "off"] });
  t.after(() => again.stop());
  // Another data directory: nobody is known there, so somebody new is registered.
  await page.waitForFunction(() => !document.querySelector(".composer-note").textContent.includes("Connecting"), null, { timeout: 90_000 });
  await say(page, "still here");
  await heard(page, "still here");
});

test("a closed chat is not shown, and opens without a reload", { timeout: 180_000 }, async (t) => {
  const a = await enter(t);
  await configure(server, { "chat/disable": true });
  await a.page.reload();
  await a.page.waitForSelector("body:not([data-state=loading])", { state: "attached", ...wait });
  assert.equal(await a.page.locator(".chat").count(), 0);
  await configure(server, { "chat/disable": false });
  await a.page.evaluate(() => document.dispatchEvent(new Event("visibilitychange"))); // who comes back to the page sees it
  await a.page.waitForSelector("#chat-profile", wait);
});
