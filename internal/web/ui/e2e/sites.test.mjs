// Signing in, and notifications, between servers that have names: a channel,
// somebody's own site, a server of the fediverse, services that push, and a
// site with users of its own. Nothing between them is made up.
//
// SITES_BIN  the tests of the root package, as go test -c builds them (else that is done)
// CHROME     the browser
import assert from "node:assert/strict";
import { createDecipheriv, createECDH, hkdfSync, randomBytes } from "node:crypto";
import { after, before, test } from "node:test";
import { violations } from "./lib/axe.mjs";
import { openPage } from "./lib/browser.mjs";
import { notification, pushService } from "./lib/push.mjs";
import { startSites } from "./lib/sites.mjs";

const wait = { timeout: 60_000 };

let sites;
before(async () => (sites = await startSites()));
after(async () => {
  if (sites) assert.equal(await sites.stop(), 0, sites.log());
});

/** visitor is a browser of somebody's own, with a page at a URL. */
async function visitor(t, url, options = {}) {
  const context = await sites.browser.newContext({ viewport: { width: 1280, height: 800 }, ...options });
  context.setDefaultTimeout(wait.timeout);
  t.after(() => context.close());
  const opened = await openPage({ newPage: () => context.newPage() }, { origin: new URL(url).origin, forgive: (r) => [401, 403].includes(r.status()), ...options });
  await opened.page.goto(url);
  return { context, ...opened };
}

async function say(page, text) {
  await page.fill(".composer-field", text);
  await page.click("#send-message"); // when there is a connection to send it on
}

const message = (page, text) => page.locator(".message", { hasText: text });
const proven = (page, text) => message(page, text).getByText("Has proved who they are").waitFor({ state: "attached", ...wait });

test("somebody proves in the browser that a site is theirs", { timeout: 240_000 }, async (t) => {
  const { page } = await visitor(t, `${sites.home}admin/`);
  await page.getByLabel("Password").fill("home-password");
  await page.keyboard.press("Enter");
  await page.waitForSelector("#page-title");

  await page.goto(sites.channel);
  await page.click("#chat-profile");
  const dialog = page.getByRole("dialog");
  await dialog.getByText("Your name is then yours alone").waitFor();
  await dialog.getByLabel("Your own site").fill("home.test");
  await dialog.getByRole("button", { name: "Sign in there" }).click();
  await page.waitForURL(`${sites.home}api/auth/provider/indieauth?**`);
  await page.getByRole("heading", { name: "Sign in to channel.test" }).waitFor();
  assert.deepEqual(await violations(page), []);
  await page.getByRole("button", { name: "Sign in" }).click();
  await page.waitForURL(sites.channel);
  await page.click("#chat-profile");
  await dialog.getByText("You have proved who you are.").waitFor();
  await page.keyboard.press("Escape");
  await say(page, "it is me, of home.test");
  await proven(page, "it is me, of home.test");

  // Who says no comes back as they were.
  const other = await visitor(t, `${sites.home}admin/`);
  await other.page.getByLabel("Password").fill("home-password");
  await other.page.keyboard.press("Enter");
  await other.page.waitForSelector("#page-title");
  await other.page.goto(sites.channel);
  await other.page.click("#chat-profile");
  await other.page.getByLabel("Your own site").fill("home.test");
  await other.page.getByRole("button", { name: "Sign in there" }).click();
  await other.page.getByRole("button", { name: "Cancel" }).click();
  await other.page.waitForURL(`${sites.channel}**`);
  await other.page.goto(sites.channel);
  await other.page.click("#chat-profile");
  await other.page.getByText("Your name is then yours alone").waitFor();
});

test("a code that came to an account of the fediverse proves whose it is", { timeout: 240_000 }, async (t) => {
  const { page, wrong } = await visitor(t, sites.channel);
  await page.click("#chat-profile");
  const dialog = page.getByRole("dialog");
  await dialog.getByLabel("Your account").fill("nobody@fedi.test");
  await dialog.getByRole("button", { name: "Send me a code" }).click();
  await dialog.locator(".field-error").waitFor();
  await dialog.getByLabel("Your account").fill(sites.fediverse.account);
  await dialog.getByRole("button", { name: "Send me a code" }).click();
  const { text } = await sites.told("mentioned");
  const [code] = /\b\d{6}\b/.exec(text);
  const field = dialog.getByLabel("Code", { exact: true });
  await field.fill(code === "000000" ? "000001" : "000000");
  await dialog.getByRole("button", { name: "Check the code" }).click();
  await dialog.getByText("That is not the code").waitFor();
  assert.deepEqual(await violations(page), []);
  await page.keyboard.press("Escape"); // by mistake
  await page.click("#chat-profile");
  await field.fill(code);
  await dialog.getByRole("button", { name: "Check the code" }).click();
  await dialog.waitFor({ state: "detached" });
  await say(page, "it is me, of fedi.test");
  await proven(page, "it is me, of fedi.test");
  assert.deepEqual(
    wrong.filter((what) => !what.includes("api/auth/fediverse")),
    [],
  );
});

// decrypt reads what a push service was given for a browser (RFC 8291, section
// 3.4, and RFC 8188, section 2).
function decrypt(body, keys, auth) {
  const salt = body.subarray(0, 16);
  const sender = body.subarray(21, 21 + body[20]);
  const record = body.subarray(21 + body[20]);
  const info = (text) => Buffer.from(`${text}\0`);
  const ikm = hkdfSync("sha256", keys.computeSecret(sender), auth, Buffer.concat([info("WebPush: info"), keys.getPublicKey(), sender]), 32);
  const key = hkdfSync("sha256", ikm, salt, info("Content-Encoding: aes128gcm"), 16);
  const nonce = hkdfSync("sha256", ikm, salt, info("Content-Encoding: nonce"), 12);
  const decipher = createDecipheriv("aes-128-gcm", Buffer.from(key), Buffer.from(nonce));
  decipher.setAuthTag(record.subarray(-16));
  const plain = Buffer.concat([decipher.update(record.subarray(0, -16)), decipher.final()]).toString();
  return plain.slice(0, plain.lastIndexOf("\x02"));
}

test("the bell is pressed, and what an administrator tries out arrives, here and where the program sends it", { timeout: 240_000 }, async (t) => {
  const admin = await visitor(t, `${sites.channel}admin/config-notify/`);
  await admin.page.getByLabel("Password").fill("test-password");
  await admin.page.keyboard.press("Enter");
  await admin.page.getByRole("heading", { name: "Notifications", level: 1 }).waitFor();
  const push = admin.page.getByRole("region", { name: "Push in the browser" });
  assert.equal(await push.getByRole("switch", { name: "Switched on" }).isChecked(), true); // it is, at first

  const keys = createECDH("prime256v1");
  const auth = randomBytes(16);
  const { page, context, wrong } = await visitor(t, "about:blank", { permissions: ["notifications"], origin: new URL(sites.channel).origin });
  // The push service that Chromium knows is out of reach: it has one that
  // speaks the same protocol, and the keys are here.
  await context.addInitScript((subscription) => {
    PushManager.prototype.subscribe = async () => ({ toJSON: () => subscription });
  }, { endpoint: "https://push.test/send/1", expirationTime: null, keys: { p256dh: keys.generateKeys("base64url"), auth: auth.toString("base64url") } });
  await page.goto(sites.channel);
  await page.click("#notify");
  await page.getByRole("dialog").getByRole("button", { name: "Turn on notifications" }).click();
  await page.getByText("You will be notified.").waitFor();

  const row = (name) => admin.page.getByRole("row").filter({ hasText: name });
  await row("Push in the browser").getByRole("button", { name: "Send a test" }).click();
  const pushed = await sites.told("pushed");
  assert.equal(pushed.path, "/send/1");
  const text = decrypt(Buffer.from(pushed.body, "base64"), keys, auth);
  await row("Push in the browser").getByText("Delivered").waitFor();

  const deliver = await pushService(context, page);
  await deliver(text);
  const { title, body, url } = await notification(page);
  assert.equal(title, JSON.parse(text).title);
  assert.equal(body, JSON.parse(text).body);
  assert.equal(url, sites.channel);

  // What the program has set up is listed, can be tried out, and says how it went.
  await row("ntfy").getByText("Set up by the program").waitFor();
  await row("ntfy").getByRole("button", { name: "Send a test" }).click();
  const note = await sites.told("pushed");
  assert.equal(JSON.parse(Buffer.from(note.body, "base64")).topic, "kitchen");
  await row("ntfy").getByText("Delivered").waitFor();
  assert.deepEqual(await violations(admin.page), []);
  assert.deepEqual([...admin.wrong, ...wrong], []);
});

/** signIn fills in the form of the site. */
async function signIn(page, user) {
  await page.getByLabel("Name").fill(user);
  await page.getByLabel("Password").fill("site-password");
  await page.getByRole("button", { name: "Sign in" }).click();
}

test("users of a site chat under their names, and its moderators moderate", { timeout: 240_000 }, async (t) => {
  const login = new URL("/login", sites.site).href;
  const enter = async (user) => {
    const opened = await visitor(t, login);
    await signIn(opened.page, user);
    await opened.page.waitForURL(sites.site);
    await opened.page.locator("#chat-profile bdi", { hasText: user }).waitFor();
    return opened;
  };
  const mo = await enter("mo");
  const vic = await enter("vic");
  const guest = await visitor(t, sites.site);
  await guest.page.waitForSelector("#chat-profile");
  await say(vic.page, "as I said on the site");
  await proven(guest.page, "as I said on the site");
  await vic.page.click("#chat-profile");
  await vic.page.getByText("You are signed in to the site").waitFor();
  assert.equal(await vic.page.getByLabel("Name", { exact: true }).isEditable(), false);
  assert.deepEqual(await violations(vic.page), []);
  await vic.page.keyboard.press("Escape");

  assert.equal(await vic.page.locator(".message-menu").count(), 0);
  const rude = message(mo.page, "as I said on the site");
  await rude.hover();
  await rude.locator(".message-menu button").first().click();
  assert.deepEqual(await mo.page.getByRole("menuitem").allTextContents(), [
    "Hide this message",
    "About this user",
    "Silence for 1 minute",
    "Silence for 10 minutes",
    "Silence for 1 hour",
    "Ban from the chat",
  ]);
  assert.deepEqual(await violations(mo.page), []);
  await mo.page.getByRole("menuitem", { name: "Hide this message" }).click();
  await message(guest.page, "as I said on the site").waitFor({ state: "detached" });

  // Of the administration a moderator sees what is theirs.
  await mo.page.goto(`${sites.site}admin/`);
  await mo.page.getByRole("heading", { level: 1 }).first().waitFor();
  assert.deepEqual(await mo.page.locator(".admin-nav a").allTextContents(), ["Messages", "Users"]);
  assert.deepEqual(await violations(mo.page), []);

  // Who signs out is a guest, and comes back as they were.
  await vic.page.goto(new URL("/logout", sites.site).href);
  await vic.page.waitForSelector("#chat-profile");
  assert.notEqual(await vic.page.textContent("#chat-profile bdi"), "vic");
  await vic.page.goto(login);
  await signIn(vic.page, "vic");
  await vic.page.locator("#chat-profile bdi", { hasText: "vic" }).waitFor();
  assert.deepEqual([...mo.wrong, ...vic.wrong, ...guest.wrong], []);
});

test("a site that knows its administrators asks them itself, and again when its session is over", { timeout: 240_000 }, async (t) => {
  const { page, context, wrong } = await visitor(t, `${sites.site}admin/config-public-details/`);
  assert.equal(new URL(page.url()).pathname, "/login");
  await signIn(page, "alice");
  await page.waitForURL(`${sites.site}admin/config-public-details/`);
  const name = page.getByLabel("Name of the channel");
  await name.fill("Kitchen Radio");
  await context.clearCookies();
  await page.getByRole("button", { name: "Save", exact: true }).click();
  const dialog = page.getByRole("dialog", { name: "The session is over" });
  await dialog.getByText("This server has a sign-in of its own").waitFor();
  assert.deepEqual(await violations(page), []);
  const [popup] = await Promise.all([context.waitForEvent("page"), dialog.getByRole("link", { name: "Open the sign-in" }).click()]);
  await signIn(popup, "alice");
  await popup.waitForURL(`${sites.site}admin/`);
  await popup.close();
  await page.bringToFront();
  // The page looks again when it is seen again; who is faster presses the button.
  await dialog.getByRole("button", { name: "Try again" }).click({ timeout: 5000 }).catch(() => {});
  await page.locator(".save-bar").waitFor({ state: "detached" });
  assert.equal(await page.evaluate(async (url) => (await (await fetch(url)).json()).name, `${sites.site}api/config`), "Kitchen Radio");

  // Who is signed in and may not, is told so.
  const vic = await visitor(t, `${sites.site}admin/`);
  await signIn(vic.page, "vic");
  await vic.page.getByText("may not administer").waitFor();
  assert.deepEqual(await violations(vic.page), []);
  assert.deepEqual(wrong, []);
});
