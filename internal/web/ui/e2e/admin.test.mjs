// The administration in a browser, against one server that nobody has set up.
//
// OWNCAST_BIN  a build of examples/standalone (else one is made)
// CHROME       the browser
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { violations } from "./lib/axe.mjs";
import { launch, openPage, resize } from "./lib/browser.mjs";
import { publish } from "./lib/publish.mjs";
import { startServer } from "./lib/server.mjs";

const patience = 60_000;

let browser;
let server;
let session; // of the administrator, as pages begin with

before(async () => {
  [browser, server] = await Promise.all([launch(), startServer({ fresh: true })]);
});
after(async () => {
  await browser?.close();
  assert.equal(await server?.stop(), 0, server?.log());
});

const asked = (response) => response.status() === 401; // before anybody has signed in

/** open returns a page of somebody who is signed in. */
async function open(t, path = "admin/", options = {}) {
  const opened = await openPage(browser, { origin: server.origin, storageState: session, ...options });
  t.after(() => opened.page.close());
  opened.page.setDefaultTimeout(patience);
  await opened.page.goto(`${server.url}${path}`);
  await opened.page.waitForSelector("#page-title");
  return opened;
}

/** signIn does that on the page where it is asked for. */
async function signIn(page, password = server.password) {
  await page.getByLabel("Password").fill(password);
  await page.getByRole("button", { name: "Sign in" }).click();
}

test("who knows the password is signed in, and is where the address says", { timeout: 180_000 }, async (t) => {
  const { page, wrong } = await openPage(browser, { origin: server.origin, forgive: asked });
  t.after(() => page.close());
  await page.goto(`${server.url}admin/logs/`);
  await signIn(page, "wrong");
  await page.getByRole("alert").getByText("That is not the password.").waitFor();
  assert.deepEqual(await violations(page), []);
  await signIn(page);
  await page.getByRole("heading", { name: "Logs", level: 1 }).waitFor();
  session = await page.context().storageState();

  await page.getByRole("button", { name: "Account and appearance" }).click();
  await page.getByRole("menuitem", { name: "Sign out" }).click();
  await page.getByLabel("Password").waitFor();
  assert.equal(await page.evaluate(async () => (await fetch("../../api/admin/status")).status), 401);
  await signIn(page);
  await page.getByRole("heading", { name: "Logs", level: 1 }).waitFor();
  session = await page.context().storageState();
  assert.deepEqual(wrong, []);
});

test("a browser that sends the password by itself is signed in", { timeout: 180_000 }, async (t) => {
  const { page, wrong } = await openPage(browser, { origin: server.origin, extraHTTPHeaders: { Authorization: `Basic ${btoa(`admin:${server.password}`)}` } });
  t.after(() => page.close());
  await page.goto(`${server.url}admin/`);
  await page.getByRole("heading", { name: "Status", level: 1 }).waitFor();
  assert.deepEqual(wrong, []);
});

test("a broadcast is seen, and ended", { timeout: 240_000 }, async (t) => {
  const { page, wrong } = await open(t);
  await page.getByText("Nobody is sending a stream.").waitFor();
  const publisher = publish(server.rtmp, { size: "640x360", bitrate: "800k" });
  t.after(() => publisher.stop());
  await page.locator("#phase", { hasText: "Live" }).waitFor();
  await page.getByText("H.264, Constrained Baseline, 640 × 360").waitFor();

  // Somebody watches.
  const watcher = await openPage(browser, { origin: server.origin });
  t.after(() => watcher.page.close());
  await watcher.page.goto(server.url);
  await page.getByRole("link", { name: "Viewers" }).click();
  await page.getByRole("table", { name: "Players" }).getByText("Playing").waitFor();
  await page.getByRole("table", { name: "Viewers now" }).getByText(/Chrome \d+, Linux/).waitFor();
  await watcher.page.close();

  await page.getByRole("link", { name: "Status" }).click();
  await page.getByRole("button", { name: "End the stream" }).click();
  await page.getByRole("dialog").getByRole("button", { name: "End the stream" }).click();
  await page.locator("#phase", { hasText: "Offline" }).waitFor();
  assert.deepEqual(wrong, []);
});

test("nothing that was typed is lost when the session ends, or somebody leaves", { timeout: 180_000 }, async (t) => {
  const { page } = await open(t, "admin/", { forgive: asked });
  const title = page.getByLabel("Title of the stream");
  await title.fill("A long evening");
  await page.context().clearCookies();
  await page.getByRole("button", { name: "Save" }).click();
  const dialog = page.getByRole("dialog", { name: "The session is over" });
  await dialog.waitFor();
  assert.deepEqual(await violations(page), []);
  await signIn(dialog);
  await page.getByText("Saved", { exact: true }).waitFor();
  session = await page.context().storageState();
  assert.equal((await server.status()).streamTitle, "A long evening");

  await title.fill("Another");
  await page.getByRole("link", { name: "Logs", exact: true }).click();
  const leave = page.getByRole("dialog", { name: "Leave without saving?" });
  await leave.getByRole("button", { name: "Close" }).click();
  assert.equal(await title.inputValue(), "Another");
  await page.getByRole("link", { name: "Logs", exact: true }).click();
  await leave.getByRole("button", { name: "Save and go on" }).click();
  await page.getByRole("heading", { name: "Logs", level: 1 }).waitFor();
  assert.equal((await server.status()).streamTitle, "Another");
  await page.goBack();
  await title.fill("Never mind");
  await page.goForward();
  await leave.getByRole("button", { name: "Discard" }).click();
  await page.getByRole("heading", { name: "Logs", level: 1 }).waitFor();
  assert.equal((await server.status()).streamTitle, "Another");
});

test("every page can be used by everybody, on every screen", { timeout: 300_000 }, async (t) => {
  const { page, wrong } = await open(t);
  const places = await page.locator(".admin-nav a").evaluateAll((links) => links.map((a) => a.href));
  assert.ok(places.length >= 5);
  for (const colorScheme of ["light", "dark"]) {
    await page.emulateMedia({ colorScheme });
    for (const place of places) {
      await page.goto(place);
      await page.waitForSelector("#page-title");
      await page.waitForSelector(".loading", { state: "detached" });
      assert.deepEqual(await violations(page), [], `${place} in ${colorScheme}`);
      for (const width of [320, 820]) {
        await resize(page, { width, height: 640 });
        const wide = await page.evaluate(() => document.documentElement.scrollWidth);
        assert.ok(wide <= width, `${place}: ${wide} pixels of ${width}`);
        if (width === 320) assert.deepEqual(await violations(page), [], `${place} in ${colorScheme} on a phone`);
      }
      await resize(page, { width: 1280, height: 800 });
    }
  }
  assert.deepEqual(wrong, []);
});
