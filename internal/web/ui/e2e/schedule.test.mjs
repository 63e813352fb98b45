// The schedule between a real server and a browser: announced, counted down
// to, in the calendar, cancelled.
//
// OWNCAST_BIN  a build of examples/standalone (else one is made)
// CHROME       the browser
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { admin, configure } from "./lib/admin.mjs";
import { violations } from "./lib/axe.mjs";
import { launch, openPage, state } from "./lib/browser.mjs";
import { startServer, until } from "./lib/server.mjs";

const wait = { timeout: 60_000 };

let browser, server;
before(async () => {
  server = await startServer({ path: "/a/live", args: ["-ffmpeg", "off"] });
  browser = await launch();
});
after(async () => {
  await browser?.close();
  if (server) assert.equal(await server.stop(), 0, server.log());
});

const inHours = (hours) => new Date(Date.now() + hours * 3_600_000).toISOString();

test("what is announced is counted down to, listed, and has a page", { timeout: 240_000 }, async (t) => {
  await configure(server, { "schedule/enabled": true, "schedule/showcountdown": true });
  await admin(server, "POST", "api/admin/schedule/event", { name: "Sourdough night", start: inHours(50), durationMinutes: 90, description: "Three <b>flours</b>, one oven." });
  const { events } = await admin(server, "POST", "api/admin/schedule/event", { name: "Market tour", start: inHours(300), durationMinutes: 60 });
  const tour = events.find((e) => e.name === "Market tour");

  const found = [];
  for (const colorScheme of ["light", "dark"]) {
    const { page, wrong } = await openPage(browser, { origin: server.origin, colorScheme });
    t.after(() => page.close());
    await page.goto(server.url);
    await state(page, "offline", wait);
    await page.locator(".countdown", { hasText: "Sourdough night" }).waitFor(wait);
    assert.match((await page.textContent(".countdown-parts")).replaceAll(/\s/g, ""), /^02days0[12]hours\d\dminutes\d\dseconds$/);
    await page.getByRole("tab", { name: "Schedule" }).click();
    await page.locator(".event", { hasText: "90 minutes" }).waitFor(wait);
    assert.match(await page.textContent(".event-description"), /Three <b>flours<\/b>/);
    found.push(...(await violations(page)).map((v) => `${colorScheme}: ${v}`));

    // The address of an event shows the schedule, and where in it.
    await page.goto(`${server.url}schedule/${tour.id}`);
    await page.locator(".event.named", { hasText: "Market tour" }).waitFor(wait);
    const calendar = await page.getByRole("link", { name: "Add to my calendar" }).getAttribute("href");
    assert.equal(calendar, `${server.url}api/schedule.ics`);
    assert.deepEqual(wrong, []);
  }
  assert.deepEqual(found, []);
  assert.match(await (await fetch(`${server.url}schedule/${tour.id}`)).text(), /<meta property="og:title" content="Market tour – /);
  const feed = await (await fetch(`${server.url}api/schedule.ics`)).text();
  assert.match(feed, /^BEGIN:VCALENDAR\r\n/);
  assert.match(feed, /SUMMARY:Sourdough night\r\n/);

  await admin(server, "POST", "api/admin/schedule/event/delete", { id: tour.id, cancel: true });
  const { page } = await openPage(browser, { origin: server.origin });
  t.after(() => page.close());
  await page.goto(`${server.url}schedule/${tour.id}`);
  await page.locator(".event.cancelled", { hasText: "Cancelled" }).waitFor(wait);
});

test("the chat opens before a broadcast that is announced", { timeout: 240_000 }, async (t) => {
  await configure(server, { "schedule/enabled": true, "schedule/chatopenminutes": 30 });
  await admin(server, "POST", "api/admin/schedule/event", { name: "In a moment", start: inHours(0.2), durationMinutes: 30 });
  const { page } = await openPage(browser, { origin: server.origin });
  t.after(() => page.close());
  await page.goto(server.url);
  await page.locator(".countdown", { hasText: "In a moment" }).waitFor(wait);
  await until(`${server.url}api/status`, (status) => status.scheduledEvent?.chatOpen === true);
  await page.waitForSelector("#chat-profile", wait);
  await page.fill(".composer-field", "good evening");
  await page.keyboard.press("Enter");
  await page.locator(".message-body", { hasText: "good evening" }).waitFor(wait);
});
