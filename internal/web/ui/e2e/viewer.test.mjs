// The page of a channel with everything on it: one server and one broadcast,
// that can be gone back in and is recorded, for all tests.
//
// OWNCAST_BIN  a build of examples/standalone (else one is made)
// CHROME       the browser
import assert from "node:assert/strict";
import { createECDH, randomBytes } from "node:crypto";
import { createServer } from "node:http";
import { after, before, test } from "node:test";
import { violations } from "./lib/axe.mjs";
import { publishCaptioned } from "./lib/captions.mjs";
import { admin, channel, configure } from "./lib/admin.mjs";
import { advance, launch, openPage, openSettings, resize, sizes, state } from "./lib/browser.mjs";
import { publish } from "./lib/publish.mjs";
import { notification, pushService } from "./lib/push.mjs";
import { startServer, until } from "./lib/server.mjs";

const wait = { timeout: 60_000 };

let browser, server, publisher;
before(async () => {
  server = await startServer({ path: "/a/live", args: ["-latency", "0", "-dvr", "1h", "-record", "1h", "-ffmpeg", "off"] });
  await configure(server, channel);
  publisher = publish(server.rtmp, { size: "640x360", fps: 15, bitrate: "600k" });
  browser = await launch();
});
after(async () => {
  await browser?.close();
  await publisher?.stop();
  if (server) assert.equal(await server.stop(), 0, server.log());
});

async function open(t, path = "", options = {}) {
  const opened = await openPage(browser, { origin: server.origin, ...options });
  t.after(() => opened.page.close());
  await opened.page.goto(`${server.url}${path}`);
  return opened;
}

/** recorded waits until the broadcast is in the list of recordings. */
const recorded = () => until(`${server.url}api/recordings`, (recordings) => recordings.total > 0);

test("a viewer goes back in the stream, forth, and to the live edge", { timeout: 240_000 }, async (t) => {
  const { page, wrong } = await open(t);
  await state(page, "live", { running: true, ...wait });
  // There is a bar as soon as there is a past worth one.
  await page.waitForSelector("#seek", { state: "attached", timeout: 120_000 });
  await page.hover("#player"); // the controls are not seen while nobody moves
  await page.waitForSelector("#seek", wait);
  const latest = await page.evaluate(() => video.currentTime);
  await page.focus("#seek");
  for (let i = 0; i < 4; i++) await page.keyboard.press("ArrowLeft");
  await page.waitForSelector("#player[data-behind]", { state: "attached", ...wait });
  const back = await page.evaluate(() => video.currentTime);
  assert.ok(back < latest - 8, `it went from ${latest} to ${back}`);
  assert.match(await page.getAttribute("#seek", "aria-valuetext"), /^0:\d\d behind live$/);
  await page.waitForSelector("body[data-running]", { state: "attached", ...wait });
  assert.ok((await advance(page, 3)) > 1, "the past stands still");
  // It stays where the viewer wants to be.
  assert.equal(await page.getAttribute("#player", "data-behind"), "");
  await page.click("#go-live");
  await page.waitForSelector("#player:not([data-behind])", { state: "attached", ...wait });
  assert.ok((await page.evaluate(() => video.currentTime)) > latest);
  assert.deepEqual(wrong, []);
});

test("a recording has an address, plays, and leads back to the live stream", { timeout: 240_000 }, async (t) => {
  await recorded();
  const { page, wrong } = await open(t);
  await state(page, "live", { running: true, ...wait });
  await page.getByRole("tab", { name: "Recordings" }).click();
  const card = page.locator(".recording-card").first();
  await card.waitFor(wait);
  await card.click();
  await page.waitForURL(/\/a\/live\/recordings\/[^/]+$/);
  await page.waitForFunction(() => !video.paused && video.currentTime > 0.5 && document.querySelector(".times"), null, wait);
  assert.match(await page.textContent("#title"), /Sourdough/);
  await page.reload();
  await page.waitForFunction(() => !video.paused && video.currentTime > 0.5, null, wait);
  await openSettings(page);
  await page.getByRole("menuitemradio", { name: "1.5×" }).click();
  assert.equal(await page.evaluate(() => video.playbackRate), 1.5);
  await page.getByRole("link", { name: "Back to the live stream" }).click();
  await page.waitForURL(server.url);
  await page.waitForSelector("#go-live", wait);
  await state(page, "live", { running: true, ...wait });
  assert.deepEqual(wrong, []);
  const missing = await page.request.get(`${server.url}recordings/none`, { headers: { accept: "text/html" } });
  assert.equal(missing.status(), 404);
  assert.match(await missing.text(), /<base href="..\/"/);
});

test("what an administrator has set is shown, and stays within the policy", { timeout: 180_000 }, async (t) => {
  await configure(server, {
    appearance: { "theme-color-action": "rgb(1, 2, 3)" },
    customstyles: "#title { letter-spacing: 7px; }",
    customjavascript: "document.documentElement.dataset.customized = document.querySelector('#name').textContent;",
  });
  t.after(() => configure(server, { appearance: {}, customstyles: "", customjavascript: "" }));
  const { page, wrong } = await open(t);
  await state(page, "live", wait);
  await page.waitForFunction(() => document.documentElement.dataset.customized === "Kitchen Radio", null, wait);
  const styles = await page.evaluate(() => [
    getComputedStyle(document.querySelector("#title")).letterSpacing,
    getComputedStyle(document.documentElement).getPropertyValue("--theme-color-action"),
  ]);
  assert.deepEqual(styles, ["7px", "rgb(1, 2, 3)"]);
  await page.getByRole("tab", { name: "About" }).click();
  assert.equal(await page.textContent(".prose h1"), "Welcome");
  assert.equal(await page.locator(".social a").count(), 3);
  assert.equal(await page.locator(".tags li").count(), 3);
  await page.getByRole("button", { name: "Recipe" }).click();
  const frame = page.frameLocator(".action-frame");
  assert.equal(await frame.locator("h1").textContent(), "Tonight's recipe");
  await page.keyboard.press("Escape");
  await page.waitForSelector("dialog", { state: "detached" });
  assert.deepEqual(wrong, []);
});

test("the player is worked from another page by messages", { timeout: 240_000 }, async (t) => {
  const site = createServer((request, response) => {
    response.setHeader("Content-Type", "text/html");
    response.end(`<!doctype html><title>A blog</title><iframe src="${server.url}embed/video" width="640" height="360" allow="autoplay; fullscreen"></iframe>
      <script>
        const frame = document.querySelector("iframe");
        window.states = [];
        addEventListener("message", (event) => states.push([event.origin, event.data]));
        window.send = (command, value) => frame.contentWindow.postMessage({ owncast: 1, command, value }, "${server.origin}");
      </script>`);
  });
  await new Promise((resolve) => site.listen(0, "127.0.0.1", resolve));
  t.after(() => site.close());
  const page = await browser.newPage();
  t.after(() => page.close());
  await page.goto(`http://localhost:${site.address().port}/`);
  const video = page.frameLocator("iframe").locator("video");
  await page.frameLocator("iframe").locator("#player[data-running]").waitFor(wait);
  assert.deepEqual(await page.evaluate(() => states), [], "the frame talks to who has not asked");
  await page.evaluate(() => send("subscribe"));
  const until = (check) => page.waitForFunction(check, null, wait);
  await until(() => states.at(-1)?.[1].state?.playing === true);
  const [origin, data] = await page.evaluate(() => states.at(-1));
  assert.equal(origin, server.origin);
  assert.equal(data.owncast, 1);
  assert.equal(data.state.name, "Kitchen Radio");
  assert.equal(data.state.phase, "live");
  await page.evaluate(() => send("pause"));
  await until(() => states.at(-1)[1].state.paused === true);
  await page.evaluate(() => send("volume", 0.25));
  await until(() => states.at(-1)[1].state.volume === 0.25 && states.at(-1)[1].state.muted === false);
  await page.evaluate(() => send("volume", "loud"));
  await page.evaluate(() => send("constructor"));
  await page.evaluate(() => send("mute"));
  await until(() => states.at(-1)[1].state.muted === true);
  await page.evaluate(() => send("play"));
  await until(() => states.at(-1)[1].state.playing === true);
  assert.equal(await video.evaluate((v) => v.paused), false);
});

test("captions of the broadcast are offered and shown", { timeout: 240_000 }, async (t) => {
  const other = await startServer({ args: ["-ffmpeg", "off", "-latency", "0"] });
  t.after(() => other.stop());
  const captioned = publishCaptioned(other.rtmp, "Bread is ready", { size: "640x360", bitrate: "500k" });
  t.after(() => captioned.stop());
  const { page, wrong } = await openPage(browser, { origin: other.origin });
  t.after(() => page.close());
  await page.goto(other.url);
  await state(page, "live", { running: true, ...wait });
  await page.waitForSelector("#captions", { state: "attached", ...wait });
  await page.hover("#player"); // the controls are not seen while nobody moves
  await page.waitForSelector("#captions", wait);
  await page.focus("#play");
  await page.keyboard.press("c");
  const shown = () =>
    [...video.textTracks].some((track) => track.mode === "showing" && [...(track.activeCues ?? [])].some((cue) => cue.text.includes("Bread is ready")));
  await page.waitForFunction(shown, null, wait);
  await page.keyboard.press("c");
  await page.waitForFunction(() => [...video.textTracks].every((track) => track.mode !== "showing"), null, wait);
  assert.deepEqual(wrong, []);
});

test("the bell asks the viewer and the browser, tells the server, and what is pushed is shown", { timeout: 240_000 }, async (t) => {
  await configure(server, { "notifications/browser": { enabled: true, goLiveMessage: "We are live!" } });
  const context = await browser.newContext({ permissions: ["notifications"] });
  t.after(() => context.close());
  // A browser that reaches no push service makes no subscription: this one is
  // what it would have made, with keys that are right. All else is real.
  const p256dh = createECDH("prime256v1").generateKeys("base64url");
  await context.addInitScript(
    ({ endpoint, p256dh, auth }) => {
      PushManager.prototype.subscribe = async function (options) {
        window.askedWith = { visible: options.userVisibleOnly, key: [...new Uint8Array(options.applicationServerKey)] };
        return { endpoint, toJSON: () => ({ endpoint, expirationTime: null, keys: { p256dh, auth } }) };
      };
    },
    { endpoint: "https://push.example/send/1", p256dh, auth: randomBytes(16).toString("base64url") },
  );
  const { page, wrong } = await openPage({ newPage: () => context.newPage() }, { origin: server.origin });
  await page.goto(server.url);
  await page.click("#notify", wait);
  const answered = page.waitForResponse((response) => response.url().includes("api/notifications/register"), wait);
  await page.getByRole("dialog").getByRole("button", { name: "Turn on notifications" }).click();
  await page.getByText("You will be notified.").waitFor(wait);
  const response = await answered;
  assert.equal(response.status(), 200);
  const { channel, destination } = response.request().postDataJSON();
  assert.equal(channel, "BROWSER_PUSH_NOTIFICATION");
  assert.equal(JSON.parse(destination).keys.p256dh, p256dh);
  // The browser was asked with the key of the server (RFC 8292, section 3.2).
  const { publicKey } = (await (await fetch(`${server.url}api/config`)).json()).notifications.browser;
  assert.deepEqual(await page.evaluate(() => window.askedWith), { visible: true, key: [...Buffer.from(publicKey, "base64url")] });
  assert.deepEqual(await violations(page), []);
  // The server knows the browser now: it tries to reach it.
  const { success, error } = await admin(server, "POST", "api/admin/notifications/browser/test");
  assert.equal(success, false);
  assert.match(error, /1 of 1 browsers/);
  const deliver = await pushService(context, page);
  await deliver(JSON.stringify({ title: "Kitchen Radio", body: "We are live!" }));
  const { title, body, url } = await notification(page);
  assert.deepEqual({ title, body, url }, { title: "Kitchen Radio", body: "We are live!", url: server.url });
  assert.deepEqual(wrong, []);
});

test("who says no to notifications, or cannot have them, is told so", { timeout: 240_000 }, async (t) => {
  await configure(server, { "notifications/browser": { enabled: true, goLiveMessage: "We are live!" } });
  for (const [permissions, said] of [
    [[], "does not allow"],
    [["notifications"], "did not work"], // the push service cannot be reached from here
  ]) {
    const context = await browser.newContext({ permissions });
    t.after(() => context.close());
    const page = await context.newPage();
    await page.goto(server.url);
    await page.click("#notify", wait);
    await page.getByRole("dialog").getByRole("button", { name: "Turn on notifications" }).click();
    await page.locator("dialog .bad", { hasText: said }).waitFor(wait);
    assert.deepEqual(await violations(page), []);
  }
});

test("a notification is shown by the service worker, within the path of the App", { timeout: 120_000 }, async (t) => {
  const context = await browser.newContext({ permissions: ["notifications"] });
  t.after(() => context.close());
  const page = await context.newPage();
  await page.goto(server.url);
  const scope = await page.evaluate(async () => (await navigator.serviceWorker.register("sw.js")).scope);
  assert.equal(scope, server.url);
  await page.evaluate(() => navigator.serviceWorker.ready.then(() => true));
  const deliver = await pushService(context, page);
  await deliver(JSON.stringify({ title: "Kitchen Radio", body: "I've gone live!", icon: "/logo/external", url: "https://evil.example/", tag: "live" }));
  assert.deepEqual(await notification(page), { title: "Kitchen Radio", body: "I've gone live!", icon: `${server.url}logo/external`, url: server.url, tag: "live" });
});

test("the page is in the language of the browser, and in the one that is chosen", { timeout: 180_000 }, async (t) => {
  const words = { de: "Zuletzt|Begonnen", fr: "Commencé", es: "Empezó", ja: "開始" };
  for (const [locale, word] of Object.entries(words)) {
    const context = await browser.newContext({ locale });
    const page = await context.newPage();
    await page.goto(server.url);
    await page.waitForFunction((w) => new RegExp(w).test(document.querySelector("#meta")?.textContent ?? ""), word, wait);
    assert.equal(await page.getAttribute("html", "lang"), locale);
    await context.close();
  }
  const { page, wrong } = await open(t, "", { locale: "pt-BR" });
  await page.waitForFunction(() => document.querySelector("#meta")?.textContent.includes("Started"), null, wait);
  await page.click("#preferences");
  await page.getByRole("menuitemradio", { name: "Deutsch" }).click();
  await page.waitForFunction(() => document.querySelector("#meta").textContent.includes("Begonnen"), null, wait);
  await page.reload();
  await page.waitForFunction(() => document.querySelector("#meta")?.textContent.includes("Begonnen"), null, wait);
  assert.deepEqual(wrong, []);
});

test("colors follow the device, or the viewer", { timeout: 120_000 }, async (t) => {
  const { page } = await open(t, "", { colorScheme: "light" });
  await page.waitForSelector("#preferences", wait);
  const dark = () => page.evaluate(() => getComputedStyle(document.body).backgroundColor);
  assert.equal(await dark(), "rgb(246, 246, 249)");
  await page.click("#preferences");
  await page.getByRole("menuitemradio", { name: "Dark" }).click();
  assert.equal(await dark(), "rgb(14, 15, 19)");
  await page.reload();
  await page.waitForSelector("#preferences", wait);
  assert.equal(await dark(), "rgb(14, 15, 19)");
});

test("axe finds nothing wrong with any page, light or dark", { timeout: 300_000 }, async (t) => {
  const recording = `recordings/${(await recorded()).results[0].id}`;
  const found = [];
  for (const colorScheme of ["light", "dark"]) {
    for (const [name, path, prepare] of [
      ["the page", "", async (page) => state(page, "live", { running: true, ...wait })],
      [
        "its recordings",
        "",
        async (page) => {
          await page.getByRole("tab", { name: "Recordings" }).click(wait);
          await page.locator(".recording-card").first().waitFor(wait);
        },
      ],
      [
        "what it says of itself",
        "",
        async (page) => page.getByRole("tab", { name: "About" }).click(wait),
      ],
      [
        "the menu of the player",
        "",
        async (page) => {
          await state(page, "live", { running: true, ...wait });
          await openSettings(page);
        },
      ],
      ["a menu", "", async (page) => page.click("#preferences", wait)],
      ["a dialog", "", async (page) => (await page.click("#share", wait), page.waitForSelector("dialog[open]", wait))],
      ["the keys", "", async (page) => (await page.waitForSelector("#share", wait), page.keyboard.press("?"), page.waitForSelector("dialog[open]", wait))],
      ["an action", "", async (page) => (await page.getByRole("button", { name: "Recipe" }).first().click(wait), page.waitForSelector("dialog[open] iframe", wait))],
      ["a recording", recording, async (page) => page.waitForSelector("#player[data-running]", wait)],
      ["the player for other pages", "embed/video", async (page) => page.waitForSelector("#player[data-running]", wait)],
      ["the chat for other pages", "embed/chat/readwrite", async (page) => page.waitForLoadState("networkidle")],
      ["the page of administrators", "admin/", async (page) => page.waitForSelector("form", wait)],
    ]) {
      const { page } = await open(t, path, { colorScheme, forgive: () => true });
      await prepare(page);
      await page.waitForTimeout(400); // what fades in has its color then
      found.push(...(await violations(page)).map((v) => `${name}, ${colorScheme}: ${v}`));
      await page.close();
    }
  }
  assert.deepEqual(found, []);
});

test("what is on the page stays where it is while the rest of it comes", { timeout: 180_000 }, async (t) => {
  const { page } = await openPage(browser, { origin: server.origin });
  t.after(() => page.close());
  await page.addInitScript(() => {
    window.shifts = [];
    new PerformanceObserver((list) => {
      for (const { value, sources } of list.getEntries()) window.shifts.push({ value, what: sources.map((s) => s.node?.id || s.node?.className) });
    }).observe({ type: "layout-shift", buffered: true });
  });
  await page.goto(server.url);
  await state(page, "live", { running: true, ...wait });
  await page.waitForSelector("#chat-profile", wait);
  const shifts = await page.evaluate(() => shifts);
  const sum = shifts.reduce((all, { value }) => all + value, 0);
  assert.ok(sum < 0.1, `${sum}: ${JSON.stringify(shifts)}`); // what Web Vitals call good
});

test("nothing is wider than the screen", { timeout: 180_000 }, async (t) => {
  const { page } = await open(t);
  await state(page, "live", wait);
  for (const size of sizes) {
    await resize(page, size);
    for (const name of await page.getByRole("tab").allTextContents()) {
      await page.getByRole("tab", { name }).click();
      const width = await page.evaluate(() => document.documentElement.scrollWidth);
      assert.ok(width <= size.width, `${name} is ${width} pixels wide, of ${size.width}`);
    }
  }
});
