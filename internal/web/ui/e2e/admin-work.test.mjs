// What administrators do beside settings, in a browser: the first stream,
// recordings, restreaming, webhooks, tokens, backups, moderators, and a server
// whose program has fixed settings.
//
// OWNCAST_BIN  a build of examples/standalone (else one is made)
// CHROME       the browser
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { createServer } from "node:http";
import { after, before, test } from "node:test";
import { violations } from "./lib/axe.mjs";
import { launch, openPage } from "./lib/browser.mjs";
import { publish } from "./lib/publish.mjs";
import { startServer } from "./lib/server.mjs";
import { form } from "./lib/settings.mjs";

const patience = 60_000;

let browser;
let server;
let page;
let wrong;

async function signedIn(server) {
  const opened = await openPage(browser, { origin: server.origin, forgive: (r) => r.status() === 401 || (r.status() === 400 && r.url().endsWith("/restream")) });
  opened.page.setDefaultTimeout(patience);
  await opened.page.goto(`${server.url}admin/`);
  await opened.page.getByLabel("Password").fill(server.password);
  await opened.page.keyboard.press("Enter");
  await opened.page.waitForSelector("#page-title");
  return opened;
}

before(async () => {
  [browser, server] = await Promise.all([launch(), startServer({ fresh: true, args: ["-record", "1h"] })]);
  ({ page, wrong } = await signedIn(server));
});
after(async () => {
  await browser?.close();
  assert.equal(await server?.stop(), 0, server?.log());
});

async function open(path) {
  await page.goto(`${server.url}admin/${path}/`);
  await page.waitForSelector("#page-title");
}

const dialog = () => page.getByRole("dialog");
const row = (text) => page.getByRole("row").filter({ hasText: text });

/** more chooses what to do with something that is listed. */
async function more(name, what) {
  await page.getByRole("button", { name: `More about ${name}` }).click();
  await page.getByRole("menuitem", { name: what }).click();
}

async function confirm(what) {
  await dialog().getByRole("button", { name: what, exact: true }).click();
  await dialog().waitFor({ state: "detached" });
}

test("from the first start to the first stream, which is recorded", { timeout: 300_000 }, async (t) => {
  await open("setup");
  const f = form(page);
  await f.text("Name of the channel", "Kitchen Radio");
  await f.text("Summary", "Slow cooking.");
  await f.save();
  assert.equal((await (await fetch(`${server.url}api/config`)).json()).name, "Kitchen Radio");
  const address = await page.getByLabel("Server", { exact: true }).inputValue();
  assert.match(address, /^rtmp:\/\/127\.0\.0\.1:\d+\/live$/);
  await page.getByRole("button", { name: "Show Stream key" }).click();
  const key = await page.getByLabel("Stream key", { exact: true }).inputValue();
  const publisher = publish(`${address}/${key}`, { size: "640x360", bitrate: "800k" });
  t.after(() => publisher.stop());
  await page.getByText("Your stream has arrived.").waitFor();

  await open("recordings");
  await page.getByText("Recording now").waitFor();
  await new Promise((resolve) => setTimeout(resolve, 5000)); // something to cut
  await page.goto(`${server.url}admin/`);
  await page.getByRole("button", { name: "End the stream" }).click();
  await confirm("End the stream");
  await publisher.stop();
  await open("recordings");
  await page.getByText("Recorded", { exact: true }).waitFor();
  await more("Untitled", "Rename");
  await dialog().getByLabel("Name").fill("The first one");
  await dialog().getByRole("button", { name: "Save" }).click();
  await row("The first one").waitFor();
  await more("The first one", "Keep, whatever is cleaned up");
  await row("The first one").getByText("Kept").waitFor();
  await more("The first one", "Make a clip");
  await dialog().getByLabel("End", { exact: true }).fill("0:02");
  await dialog().getByLabel("Name").fill("The best of it");
  assert.deepEqual(await violations(page), []);
  await dialog().getByRole("button", { name: "Make a clip" }).click();
  await row("The best of it").getByText("Clip").waitFor();
  await more("The best of it", "Delete");
  await confirm("Delete");
  await row("The best of it").waitFor({ state: "detached" });
});

test("a stream is passed on to another server", { timeout: 240_000 }, async (t) => {
  const other = await startServer();
  t.after(() => other.stop());
  await open("restream");
  await page.getByRole("button", { name: "Add a service" }).click();
  await dialog().getByLabel("Name").fill("The other");
  assert.deepEqual(await violations(page), []);
  await dialog().getByLabel("URL").fill("ftp://nowhere");
  await dialog().getByRole("button", { name: "Save" }).click();
  await dialog().getByRole("alert").waitFor();
  await dialog().getByLabel("URL").fill(other.rtmp.replace(/\/[^/]*$/, ""));
  await dialog().getByLabel("Stream key").fill("test-key");
  await dialog().getByRole("button", { name: "Save" }).click();
  await row("The other").getByText("Waits for a stream").waitFor();
  const publisher = publish(server.rtmp, { size: "640x360", bitrate: "800k" });
  t.after(() => publisher.stop());
  await row("The other").getByText("Sending").waitFor();
  for (const end = Date.now() + patience; !(await other.status()).online; await new Promise((resolve) => setTimeout(resolve, 300))) assert.ok(Date.now() < end, "it never arrived");
  await page.getByRole("button", { name: "Change The other" }).click();
  await dialog().getByRole("switch", { name: "Switched on" }).click();
  await dialog().getByRole("button", { name: "Save" }).click();
  await row("The other").getByText("Off").waitFor();
  await page.getByRole("button", { name: "Remove The other" }).click();
  await confirm("Delete");
  await page.getByText("Nothing is sent on.").waitFor();
  await publisher.stop();
});

test("a program elsewhere is told what happens, and has a token of its own", { timeout: 240_000 }, async (t) => {
  const got = [];
  const receiver = createServer((request, response) => {
    let body = "";
    request.on("data", (chunk) => (body += chunk));
    request.on("end", () => {
      got.push(JSON.parse(body));
      response.end("thank you");
    });
  });
  await new Promise((resolve) => receiver.listen(0, "127.0.0.1", resolve));
  t.after(() => receiver.close());
  const url = `http://127.0.0.1:${receiver.address().port}/hook`;
  await open("webhooks");
  await page.getByRole("button", { name: "Add a webhook" }).click();
  await dialog().getByLabel("URL").fill(url);
  // Closed by mistake, in any way and as often as you like, it keeps what was typed.
  const asked = dialog().getByText("Close and lose what you have typed?");
  await page.mouse.click(4, 4);
  await asked.waitFor();
  assert.deepEqual(await violations(page), []);
  await dialog().getByRole("button", { name: "Keep typing" }).click();
  assert.equal(await page.evaluate(() => document.activeElement.value), url);
  for (let i = 0; i < 7; i++) await page.keyboard.press("Escape"); // which browsers take for a wish to get out
  assert.equal(await dialog().getByLabel("URL").inputValue(), url);
  assert.equal(await page.locator("dialog").evaluate((d) => d.open), true);
  while (!(await asked.isVisible())) await page.keyboard.press("Escape");
  await dialog().getByRole("button", { name: "Discard" }).click();
  await dialog().waitFor({ state: "detached" });
  await page.getByRole("button", { name: "Add a webhook" }).click();
  await dialog().getByLabel("URL").waitFor();
  await page.keyboard.press("Escape"); // there is nothing to lose
  await dialog().waitFor({ state: "detached" });
  await page.getByRole("button", { name: "Add a webhook" }).click();
  await dialog().getByLabel("URL").fill(url);
  await dialog().getByRole("checkbox", { name: "The title changes" }).check();
  await dialog().getByRole("button", { name: "Create" }).click();
  assert.ok((await dialog().getByLabel("Secret").inputValue()).length > 20);
  await dialog().getByRole("button", { name: "Close" }).last().click();
  await more(url, "Send a test");
  await page.getByText("It has answered with 200.").waitFor();
  assert.equal(got.length, 1);

  await page.goto(`${server.url}admin/`);
  const f = form(page);
  await f.text("Title of the stream", "Sourdough");
  await f.save();
  await open("webhooks");
  await more(url, "Deliveries");
  const delivery = dialog().getByRole("row").filter({ hasText: "The title changes" });
  await delivery.getByText("Delivered").waitFor();
  await delivery.getByRole("button", { name: "Details" }).click();
  await dialog().getByText("thank you").waitFor();
  assert.deepEqual(await violations(page), []);
  const before = got.length;
  await dialog().getByRole("button", { name: "Send again" }).click();
  for (const end = Date.now() + patience; got.length === before; await new Promise((resolve) => setTimeout(resolve, 200))) assert.ok(Date.now() < end, "it was not sent again");
  assert.equal(got.at(-1).eventData.streamTitle ?? got.at(-1).eventData.title, "Sourdough");
  await page.getByRole("dialog", { name: "Deliveries" }).waitFor(); // back from the details
  await page.keyboard.press("Escape");
  await dialog().waitFor({ state: "detached" });
  await more(url, "Delete");
  await confirm("Delete");
  await page.getByText("No program is told of anything.").waitFor();

  await open("access-tokens");
  await page.getByRole("button", { name: "New token" }).click();
  await dialog().getByLabel("Name").fill("The bot");
  assert.deepEqual(await violations(page), []);
  await dialog().getByRole("checkbox", { name: "Write in the chat for the server" }).check();
  await dialog().getByRole("button", { name: "Create" }).click();
  const token = await dialog().getByLabel("Token").inputValue();
  await dialog().getByRole("button", { name: "Close" }).last().click();
  const say = () =>
    fetch(`${server.url}api/integrations/chat/system`, {
      method: "POST",
      headers: { Authorization: `Bearer ${token}`, "Content-Type": "application/json" },
      body: JSON.stringify({ body: "Beep" }),
    });
  assert.equal((await say()).status, 200);
  await page.getByRole("button", { name: "Remove The bot" }).click();
  await confirm("Delete");
  await page.getByText("No program has a token.").waitFor();
  assert.equal((await say()).status, 401);
});

test("settings and the database are saved, and settings come back", { timeout: 180_000 }, async () => {
  await open("backup");
  const download = async (name) => {
    const [file] = await Promise.all([page.waitForEvent("download"), page.getByRole("link", { name }).click()]);
    return readFileSync(await file.path());
  };
  const database = await download("Download the database");
  assert.ok(database.length > 10_000 && database.subarray(16, 20).equals(Buffer.from([0xed, 0xda, 0x0c, 0xed])), "that is no database");
  const settings = await download("Save the settings");
  assert.match(settings.toString(), /Kitchen Radio/);
  const changed = Buffer.from(settings.toString().replaceAll("Kitchen Radio", "Radio Kitchen"));
  await page.getByLabel("Load settings").setInputFiles({ name: "settings.json", mimeType: "application/json", buffer: changed });
  await confirm("Load settings");
  await page.getByText("The settings are loaded.").waitFor();
  assert.equal((await (await fetch(`${server.url}api/config`)).json()).name, "Radio Kitchen");
  await page.getByLabel("Load settings").setInputFiles({ name: "settings.json", mimeType: "application/json", buffer: Buffer.from("no JSON") });
  await confirm("Load settings");
  await page.getByText("That is not a file with settings.").waitFor();

  await open("audit");
  await page.getByRole("row").filter({ hasText: "admin" }).first().waitFor();
  assert.deepEqual(wrong, []);
});

test("what the program fixes cannot be changed, and that is said", { timeout: 180_000 }, async (t) => {
  const fixed = await startServer({ args: ["-latency", "1"] });
  t.after(() => fixed.stop());
  const { page, wrong } = await signedIn(fixed);
  t.after(() => page.close());
  await page.goto(`${fixed.url}admin/config-video/`);
  await page.getByText("The program that runs this server has fixed it.").waitFor();
  const level = page.getByRole("radio").nth(1);
  assert.deepEqual([await level.isChecked(), await level.isDisabled()], [true, true]);
  await page.goto(`${fixed.url}admin/config-server-details/`);
  assert.equal(await page.getByLabel("Stream key 1", { exact: true }).isEditable(), false);
  await page.getByRole("region", { name: "Administrator password" }).getByText("The program that runs this server has fixed it.").waitFor();
  assert.deepEqual(await violations(page), []);
  assert.deepEqual(wrong, []);
});
