// What the page has to do with other sites: followers and streams of the
// fediverse, following from there, and signing in with a site of one's own.
//
// OWNCAST_BIN  a build of examples/standalone (else one is made)
// CHROME       the browser
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { configure } from "./lib/admin.mjs";
import { violations } from "./lib/axe.mjs";
import { launch, openPage, state } from "./lib/browser.mjs";
import { startServer } from "./lib/server.mjs";

const wait = { timeout: 60_000 };

let browser, server;
before(async () => {
  server = await startServer({ args: ["-ffmpeg", "off", "-base-url", "https://kitchen.example"] });
  await configure(server, { "federation/username": "kitchen", "federation/enable": true });
  browser = await launch();
});
after(async () => {
  await browser?.close();
  if (server) assert.equal(await server.stop(), 0, server.log());
});

async function open(t, options = {}) {
  const opened = await openPage(browser, { origin: server.origin, forgive: (response) => response.status() === 400, ...options });
  t.after(() => opened.page.close());
  return opened;
}

test("the fediverse sees a channel that can be followed", { timeout: 180_000 }, async (t) => {
  const found = [];
  for (const colorScheme of ["light", "dark"]) {
    const { page, wrong } = await open(t, { colorScheme });
    await page.goto(server.url);
    await state(page, "offline", wait);
    await page.getByRole("tab", { name: "Followers" }).click(wait);
    await page.getByText("Nobody follows so far.").waitFor(wait);
    found.push(...(await violations(page)).map((v) => `followers, ${colorScheme}: ${v}`));

    // What the server has to say of an account it cannot ask about is shown.
    await page.click("#follow");
    const dialog = page.getByRole("dialog");
    assert.match(await dialog.locator("input[readonly]").inputValue(), /^@kitchen@kitchen\.example$/);
    await dialog.getByLabel("Your account").fill("nobody");
    await page.keyboard.press("Escape"); // by mistake: it is there again
    await dialog.waitFor({ state: "detached", ...wait });
    await page.click("#follow");
    assert.equal(await dialog.getByLabel("Your account").inputValue(), "nobody");
    await dialog.getByRole("button", { name: "Go to your server" }).click();
    await dialog.locator("[role=alert], .field-error").first().waitFor(wait);
    found.push(...(await violations(page)).map((v) => `to follow, ${colorScheme}: ${v}`));

    // What it says of one that it can, leads there, and nowhere that is no site.
    let redirectUrl = "javascript:alert(1)";
    await page.route("**/api/remotefollow", (route) => route.fulfill({ json: { redirectUrl } }));
    await dialog.getByRole("button", { name: "Go to your server" }).click();
    await dialog.getByText("gave an address that cannot be opened").waitFor(wait);
    redirectUrl = "https://social.example/authorize_interaction?uri=x";
    await page.context().route("https://social.example/**", (route) => route.fulfill({ body: "yes?", contentType: "text/plain" }));
    const popup = page.context().waitForEvent("page");
    await dialog.getByRole("button", { name: "Go to your server" }).click();
    const other = await popup;
    await other.waitForURL(redirectUrl, wait);
    await other.close();
    assert.deepEqual(wrong.filter((what) => !what.includes("social.example")), []);
  }
  assert.deepEqual(found, []);
});

test("followers and streams elsewhere are listed, with nothing of theirs that runs", { timeout: 180_000 }, async (t) => {
  const { page, wrong } = await open(t);
  const followers = [
    { link: "https://social.example/users/ada", name: "Ada <b>L.</b>", username: "ada@social.example", image: "https://social.example/ada.png", timestamp: new Date().toISOString(), disabledAt: null },
    { link: "javascript:alert(1)", name: "", username: "odd@social.example", image: "", timestamp: new Date().toISOString(), disabledAt: null },
  ];
  const servers = [
    { iri: "https://a.example/federation/user/a", url: "https://a.example/", name: "Quiet one", isOnline: false, streamTitle: "" },
    { iri: "https://b.example/federation/user/b", url: "https://b.example/", name: "Loud one", isOnline: true, streamTitle: "Drums" },
    { iri: "https://c.example/federation/user/c", url: "javascript:alert(1)", name: "Bad one", isOnline: true, streamTitle: "" },
  ];
  await page.route("**/api/followers*", (route) => route.fulfill({ json: { total: 2, results: followers } }));
  await page.route("**/api/federation/servers", (route) => route.fulfill({ json: { servers } }));
  await page.goto(server.url);
  await page.getByRole("tab", { name: "Followers" }).click(wait);
  await page.locator(".follower", { hasText: "Ada <b>L.</b>" }).waitFor(wait);
  assert.deepEqual(await page.locator(".follower").evaluateAll((list) => list.map((a) => a.href)), ["https://social.example/users/ada", server.url]);
  await page.getByRole("tab", { name: "Other streams" }).click(wait);
  await page.locator(".follower", { hasText: "Live · Drums" }).waitFor(wait);
  assert.deepEqual(await page.locator(".follower").evaluateAll((list) => list.map((a) => a.href)), ["https://b.example/", "https://a.example/"]);
  assert.deepEqual(await violations(page), []);
  assert.deepEqual(wrong, []);
});

test("somebody signs in to the chat with a site of their own", { timeout: 180_000 }, async (t) => {
  const { page, wrong } = await open(t);
  await page.goto(server.url);
  await page.waitForSelector("#chat-profile", wait);
  await page.click("#chat-profile");
  const dialog = page.getByRole("dialog");
  const site = dialog.getByLabel("Your own site");
  const go = dialog.getByRole("button", { name: "Sign in there" });
  assert.deepEqual(await violations(page), []);
  // The server visits no private network for anybody, and says so.
  await site.fill("127.0.0.1");
  await go.click();
  await dialog.locator(".field-error").waitFor(wait);
  // It leads to the site that it has found.
  let redirect = "javascript:alert(1)";
  await page.route("**/api/auth/indieauth*", (route) => route.fulfill({ json: { redirect } }));
  await go.click();
  await dialog.getByText("gave an address that cannot be opened").waitFor(wait);
  redirect = "https://me.example/auth?state=x";
  await page.route("https://me.example/**", (route) => route.fulfill({ body: "Is it you?", contentType: "text/plain" }));
  await go.click();
  await page.waitForURL(redirect, wait);
  assert.deepEqual(wrong.filter((what) => !what.includes("me.example")), []);

  // Who comes back with what the server does not know, is told so.
  await page.unrouteAll();
  await page.goto(`${server.url}api/auth/indieauth/callback?state=unknown&code=x`);
  await page.getByRole("link").first().click();
  await page.waitForSelector("#chat-profile", wait);
});
