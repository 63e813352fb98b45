// A passphrase before the stream, in a real browser: the form, the player
// with the cookie, and a player on another site with the token in the path.
//
// OWNCAST_BIN  a build of examples/standalone (else one is made)
// CHROME       the browser
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { createServer } from "node:http";
import { createRequire } from "node:module";
import { after, before, test } from "node:test";
import { advance, launch, openPage, state } from "./lib/browser.mjs";
import { publish } from "./lib/publish.mjs";
import { startServer } from "./lib/server.mjs";

const hlsjs = createRequire(import.meta.url).resolve("hls.js/dist/hls.min.js");

let browser;
before(async () => (browser = await launch()));
after(() => browser?.close());

test("who knows the passphrase watches, here and with a player elsewhere", { timeout: 180_000 }, async (t) => {
  const server = await startServer({ path: "/a/live", args: ["-viewer-passphrase", "open sesame", "-ffmpeg", "off"] });
  const publisher = publish(server.rtmp, { size: "640x360", bitrate: "800k" });
  t.after(async () => {
    await publisher.stop();
    assert.equal(await server.stop(), 0, server.log());
  });
  const asked = (response) => response.status() === 401;
  const { page, wrong } = await openPage(browser, { origin: server.origin, forgive: asked });
  t.after(() => page.close());

  assert.equal((await page.goto(server.url)).status(), 401);
  await page.fill("#passphrase", "wrong");
  await page.click("button");
  await page.waitForSelector("[role=alert]");
  await page.fill("#passphrase", "open sesame");
  await page.click("button");
  await page.waitForURL(server.url);
  await state(page, "live", { running: true, timeout: 60_000 });
  assert.ok((await advance(page, 5)) > 2, "the video stands still");
  assert.deepEqual(wrong, []);

  // Another site, in a browser without the cookie.
  const [{ value: token }] = (await page.context().cookies()).filter((c) => c.name === "owncast_viewer");
  const site = createServer((request, response) => {
    if (request.url === "/hls.js") return response.end(readFileSync(hlsjs));
    response.setHeader("Content-Type", "text/html");
    response.end("<!doctype html><video muted></video><script src=hls.js></script>");
  });
  await new Promise((resolve) => site.listen(0, "127.0.0.1", resolve));
  t.after(() => site.close());
  const other = await (await browser.newContext()).newPage();
  t.after(() => other.context().close());
  const media = [];
  other.on("response", (response) => {
    const url = new URL(response.url());
    if (url.origin === server.origin) media.push(`${response.status()} ${url.pathname}`);
  });
  await other.goto(`http://localhost:${site.address().port}/`);
  await other.evaluate(async (src) => {
    const hls = new window.Hls();
    hls.loadSource(src);
    hls.attachMedia(document.querySelector("video"));
    await new Promise((resolve) => hls.once(window.Hls.Events.MANIFEST_PARSED, resolve));
    await document.querySelector("video").play();
  }, `${server.url}hls/stream.m3u8?token=${token}`);
  await other.waitForFunction(() => document.querySelector("video").currentTime > 0, null, { timeout: 30_000 });
  assert.ok((await advance(other, 5)) > 2, "the video on the other site stands still");
  const path = `/a/live/t/${token}/hls/`;
  const strays = media.filter((m) => !m.startsWith("302 /a/live/hls/stream.m3u8") && !(m.startsWith("200 ") && m.includes(path)));
  assert.deepEqual(strays, []);
  assert.ok(media.some((m) => m.includes(path) && /\.m4s$/.test(m)), "no media came by the path of the token");

  // The player of the App itself in a frame of another site, by a link with the token.
  const framed = await (await browser.newContext()).newPage();
  t.after(() => framed.context().close());
  await framed.goto(`http://localhost:${site.address().port}/`);
  await framed.evaluate((src) => {
    document.body.innerHTML = `<iframe src="${src}" allow="autoplay" width="640" height="360"></iframe>`;
  }, `${server.url}embed/video?token=${token}`);
  await framed.frameLocator("iframe").locator("#player[data-running]").waitFor({ timeout: 60_000 });
});
