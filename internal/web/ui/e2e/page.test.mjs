// What a visitor of the page sees of real broadcasts, in a real browser.
//
// OWNCAST_BIN   a build of examples/standalone (else one is made)
// OWNCAST_ARGS  flags for it beyond those of each test
// CHROME        the browser
// ARTIFACTS     where screenshots go
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { after, before, test } from "node:test";
import { advance, launch, openPage, resize, shoot, sizes, state } from "./lib/browser.mjs";
import { glassToGlass } from "./lib/clock.mjs";
import { publish } from "./lib/publish.mjs";
import { startServer } from "./lib/server.mjs";

const small = { size: "640x360", bitrate: "800k" };
const grace = 30_000; // that a publisher has to come back
const lowest = ["-latency", "0"];

let browser;
before(async () => (browser = await launch()));
after(() => browser?.close());

// setUp starts a server and ends it, and what the test published, afterwards.
async function setUp(t, options) {
  const server = await startServer(options);
  const publishers = [];
  t.after(async () => {
    await Promise.all(publishers.map((p) => p.stop()));
    assert.equal(await server.stop(), 0, server.log());
  });
  return {
    server,
    publish(options) {
      const p = publish(server.rtmp, options);
      publishers.push(p);
      return p;
    },
  };
}

// plays makes sure that the video moves. A machine that has to encode, package
// and decode at once may drop behind for a while; a video that plays moves.
async function plays(page, note = () => "") {
  const moved = await advance(page, 6);
  assert.ok(moved > 3.6, `the video moved ${moved.toFixed(2)} s in 6 s ${note()}`);
}

// delayBelow measures the delay from glass to glass until its median over ten
// seconds is below most, for a minute at most, and tells all it measured.
async function delayBelow(t, page, most, what) {
  let delay;
  for (let i = 0; i < 6; i++) {
    delay = await glassToGlass(page, 10);
    const shown = await page.textContent("#latency");
    t.diagnostic(
      `glass to glass, ${what}: median ${delay.median} ms, 5 % ${delay.p5} ms, 95 % ${delay.p95} ms, ` +
        `${delay.frames} frames, ${delay.unreadable} unreadable; the page says "${shown}"`,
    );
    assert.ok(delay.frames > 50, `only ${delay.frames} frames could be read, ${delay.unreadable} could not`);
    if (delay.median < most) return;
  }
  assert.fail(`the median delay is ${delay.median} ms`);
}

// watched is whether a page is still the one that was opened.
const mark = (page) => page.evaluate(() => void (window.watched = true));
const marked = (page) => page.evaluate(() => window.watched === true);

for (const [name, bframes] of [
  ["a 1080p broadcast", 0],
  ["a 1080p broadcast with B-frames", 2],
]) {
  test(`a visitor sees ${name} begin${bframes ? "" : ", live and end"} without a reload`, async (t) => {
    const { server, publish } = await setUp(t, { args: lowest });
    const { page, wrong } = await openPage(browser, server);
    t.after(() => page.close());
    await page.goto(server.url);
    await mark(page);
    await state(page, "offline");
    if (!bframes) await shoot(page, "offline");

    const publisher = publish({ size: "1920x1080", bitrate: "4500k", bframes });
    await state(page, "live", { running: true, timeout: 30_000 });
    const status = await server.status();
    assert.equal(status.online, true);
    assert.equal(await page.textContent("#name"), status.name || "Live stream");
    assert.equal(await page.textContent("#title"), status.streamTitle);
    assert.equal(await page.textContent("#badge-text"), "Live");
    assert.deepEqual(await page.evaluate(() => [video.videoWidth, video.videoHeight]), [1920, 1080]);

    await plays(page, publisher.errors);
    assert.ok((await page.evaluate(() => video.webkitAudioDecodedByteCount)) > 0, "there is no sound track");
    await delayBelow(t, page, 4000, name);
    if (!bframes) {
      await shoot(page, "live");
      await publisher.stop();
      await state(page, "offline", { timeout: grace + 20_000 });
    }
    assert.ok(await marked(page), "the page was loaded again");
    assert.deepEqual(wrong, []);
  });
}

test("a page below a path plays, and asks for nothing outside it", async (t) => {
  const { server, publish } = await setUp(t, { path: "/a/b" });
  const { page, wrong, requests } = await openPage(browser, server);
  t.after(() => page.close());
  publish(small);
  await page.goto(server.url);
  await state(page, "live", { running: true, timeout: 30_000 });
  await plays(page);
  // Its playlists, its media and its reports are those of one viewer.
  await page.waitForFunction(() => meta.textContent.startsWith("1 viewer · "));
  await page.waitForRequest((r) => r.url().endsWith("/a/b/api/metrics/cmcd") && r.postDataJSON().sta === "p", { timeout: 30_000 });
  assert.equal((await server.status()).viewerCount, 1);
  const outside = requests.filter((url) => url.protocol === "http:" && !url.pathname.startsWith("/a/b/"));
  assert.deepEqual(outside.map(String), []);
  assert.ok(requests.some((url) => url.pathname.startsWith("/a/b/hls/")));
  assert.deepEqual(wrong, []);
});

test("the publisher is lost and comes back, and the page plays on", async (t) => {
  const { server, publish } = await setUp(t, { args: lowest });
  // Waiting for a playlist may end without one.
  const forgive = (response) => response.status() === 503 && response.url().includes("_HLS_msn");
  const { page, wrong } = await openPage(browser, { ...server, forgive });
  t.after(() => page.close());
  const first = publish(small);
  await page.goto(server.url);
  await mark(page);
  await state(page, "live", { running: true, timeout: 30_000 });
  await page.waitForTimeout(3000);
  await first.stop("SIGKILL");
  await state(page, "reconnecting");
  await page.waitForSelector("body:not([data-running])", { state: "attached" });
  await shoot(page, "reconnecting");
  publish(small);
  await state(page, "live", { running: true });
  await plays(page);
  await delayBelow(t, page, 4000, "after a break");
  assert.ok(await marked(page), "the page was loaded again");
  assert.deepEqual(wrong, []);
});

test("a second broadcast plays in the page of the first", async (t) => {
  const { server, publish } = await setUp(t, { args: lowest });
  const { page, wrong } = await openPage(browser, server);
  t.after(() => page.close());
  const first = publish(small);
  await page.goto(server.url);
  await mark(page);
  await state(page, "live", { running: true, timeout: 30_000 });
  await first.stop();
  await state(page, "offline", { timeout: grace + 20_000 });
  await page.waitForFunction(() => meta.textContent.startsWith("Last live "));
  publish({ ...small, size: "480x640" }); // upright, too
  await state(page, "live", { running: true, timeout: 30_000 });
  await plays(page);
  const shape = await page.evaluate(() => [video.videoWidth / video.videoHeight, video.clientWidth / video.clientHeight]);
  assert.ok(Math.abs(shape[0] - 0.75) < 0.01 && Math.abs(shape[1] - 0.75) < 0.03, `the shapes are ${shape}`);
  assert.ok(await marked(page), "the page was loaded again");
  assert.deepEqual(wrong, []);
});

test("a broadcast of sound alone says so", async (t) => {
  const { server, publish } = await setUp(t);
  const { page, wrong } = await openPage(browser, server);
  t.after(() => page.close());
  publish({ video: false });
  await page.goto(server.url);
  await state(page, "live", { running: true, timeout: 30_000 });
  await page.waitForSelector("body[data-sound-only]", { state: "attached" });
  await plays(page);
  await shoot(page, "sound");
  assert.deepEqual(wrong, []);
});

test("the server goes away and comes back, and the page notices both", async (t) => {
  const server = await startServer();
  const { page } = await openPage(browser, server);
  t.after(() => page.close());
  await page.goto(server.url);
  await state(page, "offline");
  await server.stop();
  await state(page, "error", { timeout: 30_000 });
  await shoot(page, "error");
  const again = await startServer({ port: server.port });
  t.after(() => again.stop());
  await page.click("#retry");
  await state(page, "offline");
});

test("the server goes away in the middle of a stream and comes back, and the page plays on", { timeout: 240_000 }, async (t) => {
  const server = await startServer({ args: lowest });
  const { page } = await openPage(browser, server);
  t.after(() => page.close());
  const first = publish(server.rtmp, small);
  t.after(() => first.stop());
  await page.goto(server.url);
  await mark(page);
  await state(page, "live", { running: true, timeout: 60_000 });
  await server.stop();
  await state(page, "error", { timeout: 90_000 });
  await first.stop();
  const again = await startServer({ port: server.port, args: lowest });
  t.after(() => again.stop());
  const second = publish(again.rtmp, small);
  t.after(() => second.stop());
  await state(page, "live", { running: true, timeout: 90_000 });
  await plays(page);
  assert.ok(await marked(page), "the page was loaded again");
});

test("what the server says of the stream is shown, as text", async (t) => {
  const { server } = await setUp(t);
  const { page, wrong } = await openPage(browser, server);
  t.after(() => page.close());
  const name = "Ünï & <b>name</b>";
  const title = "<img src=x onerror=alert(1)> \u202e {{title}} '\"";
  await page.route("**/api/status", async (route) => {
    const response = await route.fetch();
    await route.fulfill({ response, json: { ...(await response.json()), name, streamTitle: title } });
  });
  await page.goto(server.url);
  await state(page, "offline");
  assert.equal(await page.textContent("#name"), name);
  assert.equal(await page.textContent("#title"), title);
  assert.equal(await page.title(), `${title} – ${name}`);
  assert.equal(await page.evaluate(() => document.querySelectorAll("#name *, #title *, #meta *").length), 0);
  assert.deepEqual(wrong, []);
});

test("nothing is wider than the screen, whatever it says", async (t) => {
  const { server } = await setUp(t);
  const { page } = await openPage(browser, server);
  t.after(() => page.close());
  const long = { name: "x".repeat(300), streamTitle: "y".repeat(300) };
  await page.route("**/api/status", async (route) => {
    const response = await route.fetch();
    await route.fulfill({ response, json: { ...(await response.json()), ...long } });
  });
  await page.goto(server.url);
  await state(page, "offline");
  for (const size of sizes) {
    await resize(page, size);
    const wide = await page.evaluate(() => document.documentElement.scrollWidth);
    assert.ok(wide <= size.width, `${wide} pixels of ${size.width}`);
  }
});

test("hls.js without low latency plays the same URL", async (t) => {
  const { server, publish } = await setUp(t);
  const { page, wrong } = await openPage(browser, server);
  t.after(() => page.close());
  const library = createRequire(import.meta.url).resolve("hls.js/dist/hls.min.js");
  await page.route("**/plain.html", (route) =>
    route.fulfill({
      contentType: "text/html",
      body: '<!doctype html><link rel="icon" href="data:,"><video id="video" muted playsinline></video><script src="plain.js"></script>',
    }),
  );
  await page.route("**/plain.js", (route) =>
    route.fulfill({
      contentType: "text/javascript",
      body: `${readFileSync(library, "utf8")}
        const hls = new Hls({ lowLatencyMode: false });
        window.failures = [];
        hls.on(Hls.Events.ERROR, (_, data) => data.fatal && failures.push(data.details));
        hls.loadSource("hls/stream.m3u8");
        hls.attachMedia(video);
        video.play();`,
    }),
  );
  publish(small);
  const { page: waiting } = await openPage(browser, server);
  await waiting.goto(server.url);
  await state(waiting, "live", { timeout: 30_000 });
  await waiting.close();
  await page.goto(`${server.url}plain.html`);
  await page.waitForFunction(() => video.readyState >= 3 && video.currentTime > 0, null, { timeout: 30_000 });
  await plays(page);
  assert.deepEqual(await page.evaluate(() => failures), []);
  assert.deepEqual(wrong, []);
});

test("the keyboard and the buttons work the player", async (t) => {
  const { server, publish } = await setUp(t, { args: lowest });
  const { page, wrong } = await openPage(browser, server);
  t.after(() => page.close());
  publish(small);
  await page.goto(server.url);
  await state(page, "live", { running: true, timeout: 30_000 });
  const now = () => page.evaluate(() => ({ paused: video.paused, muted: video.muted, volume: video.volume }));
  assert.deepEqual(await now(), { paused: false, muted: true, volume: 1 });
  await page.click("#unmute");
  assert.equal((await now()).muted, false);
  await page.waitForSelector("#unmute", { state: "hidden" });
  await page.keyboard.press("m");
  assert.equal((await now()).muted, true);
  await page.focus("#volume");
  await page.keyboard.press("ArrowRight");
  await page.keyboard.press("ArrowRight");
  assert.deepEqual(await now(), { paused: false, muted: false, volume: 0.1 });
  await page.keyboard.press("k");
  assert.equal((await now()).paused, true);
  await page.waitForTimeout(6000);
  await page.keyboard.press("k");
  await page.waitForSelector("#player[data-behind] #go-live:not([disabled])");
  await shoot(page, "behind");
  await page.click("#go-live");
  await page.waitForSelector("#player:not([data-behind])");
  assert.deepEqual(wrong, []);
});

test("every control has a name and can be reached with the keyboard", async (t) => {
  const { server, publish } = await setUp(t);
  const { page } = await openPage(browser, server);
  t.after(() => page.close());
  publish(small);
  await page.goto(server.url);
  await state(page, "live", { running: true, timeout: 30_000 });
  const reached = [];
  for (let i = 0; i < 20; i++) {
    await page.keyboard.press("Tab");
    const id = await page.evaluate(() => document.activeElement?.id || document.activeElement?.textContent);
    if (reached.includes(id)) break;
    reached.push(id);
  }
  for (const id of ["unmute", "play", "mute", "volume", "fullscreen"]) assert.ok(reached.includes(id), `${id} was not reached: ${reached}`);
  const nameless = await page.evaluate(() =>
    [...document.querySelectorAll("button, input, a, video")]
      .filter((e) => !e.getAttribute("aria-label") && !e.textContent.trim())
      .map((e) => e.outerHTML),
  );
  assert.deepEqual(nameless, []);
  assert.equal(await page.textContent("#announcer"), "The stream is live.");
});

test("without script the page still says where the stream is", async (t) => {
  const { server } = await setUp(t);
  const context = await browser.newContext({ javaScriptEnabled: false });
  t.after(() => context.close());
  const page = await context.newPage();
  await page.goto(server.url);
  assert.equal(await page.getAttribute("noscript a, .noscript a", "href"), "hls/stream.m3u8");
});
