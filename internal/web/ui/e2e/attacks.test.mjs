// What people, programs and other servers might send to do harm, in the chat of
// the real page: nothing of it runs, loads anything, or breaks the page.
//
// OWNCAST_BIN  a build of examples/standalone (else one is made)
// CHROME       the browser
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { after, before, test } from "node:test";
import { admin } from "./lib/admin.mjs";
import { launch, openPage } from "./lib/browser.mjs";
import { enter } from "./lib/chat.mjs";
import { startServer } from "./lib/server.mjs";

const wait = { timeout: 60_000 };
const attacks = JSON.parse(readFileSync(new URL("../../../markup/testdata/attacks.json", import.meta.url), "utf8"));
assert.ok(attacks.length >= 300);

let browser, server;
before(async () => {
  server = await startServer({ path: "/a/live", args: ["-ffmpeg", "off", "-no-limits"] });
  browser = await launch();
});
after(async () => {
  await browser?.close();
  if (server) assert.equal(await server.stop(), 0, server.log());
});

/** enterPage opens the page, so tall that all rows of a batch are in sight. */
async function enterPage(t, { bypassCSP = false, wire = null, path = "" } = {}) {
  const context = await browser.newContext({ viewport: { width: 1280, height: 16_000 }, bypassCSP });
  t.after(() => context.close());
  const forgive = (response) => /\/img\/emoji\//.test(response.url());
  const opened = await openPage({ newPage: () => context.newPage() }, { ...server, forgive });
  const { page, wrong } = opened;
  await page.exposeFunction("reportRun", (what) => wrong.push(`it ran: ${what}`));
  await page.addInitScript(() => {
    for (const name of ["alert", "confirm", "prompt", "open", "print"]) window[name] = () => window.reportRun(name);
  });
  page.on("popup", () => wrong.push("a window was opened"));
  page.on("framenavigated", (frame) => frame.url().startsWith(server.url) || frame.url() === "about:blank" || wrong.push(`it went to ${frame.url()}`));
  if (wire) {
    await page.routeWebSocket(/\/ws\?/, (socket) => {
      const up = socket.connectToServer();
      socket.onMessage((m) => up.send(m));
      up.onMessage((m) => socket.send(m));
      wire.send = (m) => socket.send(m);
    });
  }
  await page.goto(`${server.url}${path}`);
  await page.waitForSelector("#chat-profile", wait);
  return opened;
}

/**
 * look waits until rows with the ids are shown, and says what is wrong with
 * them and the page around them.
 */
async function look(page, ids) {
  await page.waitForFunction((ids) => ids.every((id) => document.querySelector(`[data-row="${CSS.escape(id)}"]`)), ids, wait);
  return page.evaluate(async (ids) => {
    await new Promise((resolve) => requestAnimationFrame(() => setTimeout(resolve)));
    const found = [];
    const elements = "a br strong em code p pre img del blockquote ul ol li".split(" ");
    const attributes = { a: ["href", "title", "rel", "target"], img: ["src", "alt", "title", "class", "loading", "decoding"] };
    const list = document.querySelector(".chat-list").getBoundingClientRect();
    let before = -Infinity;
    for (const id of ids) {
      const row = document.querySelector(`[data-row="${CSS.escape(id)}"]`);
      const wrong = (what) => found.push(`${what}: ${row.innerHTML.slice(0, 300)}`);
      const box = row.getBoundingClientRect();
      if (box.left < list.left - 1 || box.right > list.right + 1) wrong("a row is not in the list");
      if (box.top < before - 1) wrong("rows are on each other");
      before = box.bottom;
      for (const element of row.querySelectorAll(".message-body *")) {
        if (!elements.includes(element.localName) || element.namespaceURI !== "http://www.w3.org/1999/xhtml") wrong(`<${element.localName}>`);
        for (const { name, value } of element.attributes) {
          if (!attributes[element.localName]?.includes(name)) wrong(`${name} of <${element.localName}>`);
          if (name === "href" && !/^(https?|mailto|xmpp|matrix|tel):/.test(value)) wrong(`a link to ${value}`);
          if (name === "class" && value !== "emoji") wrong(`the class ${value}`);
        }
      }
      for (const element of row.querySelectorAll("*")) {
        const at = element.getBoundingClientRect();
        if (at.width && (at.right > list.right + 1 || at.left < list.left - 1) && !element.closest("pre")) wrong(`<${element.localName}> is not in the list`);
        if (["fixed", "sticky"].includes(getComputedStyle(element).position)) wrong(`<${element.localName}> is not in its place`);
      }
    }
    const root = document.documentElement;
    if (root.scrollWidth > innerWidth) found.push(`the page is ${root.scrollWidth} wide`);
    for (const part of ["header", "#chat-profile", ".composer-field", "#send-message"]) {
      const box = document.querySelector(part)?.getBoundingClientRect();
      if (!box?.width || box.right > innerWidth) found.push(`${part} is not there`);
    }
    return found;
  }, ids);
}

/** place is where the parts of the page are. */
const place = (page) =>
  page.evaluate(() =>
    JSON.stringify([
      document.title,
      document.body.children.length,
      ...["header", ".chat", ".composer", "#chat-profile"].map((part) => {
        const { x, y, width, height } = document.querySelector(part).getBoundingClientRect();
        return [part, x, y, width, height].map((n) => (typeof n === "number" ? Math.round(n) : n));
      }),
    ]),
  );

/** batches looks at what send gives the ids of, a few things at a time. */
async function batches({ page, wrong }, things, send) {
  const found = [];
  const at = await place(page);
  let shown = 0;
  for (let i = 0; i < things.length; i += 12) {
    const ids = await send(things.slice(i, i + 12));
    shown += ids.length;
    for (const what of await look(page, ids)) found.push(what);
    if (found.length > 20) break;
  }
  assert.deepEqual(found, []);
  assert.equal(await place(page), at);
  assert.deepEqual(wrong, []);
  return shown;
}

/** caught makes sure that what would be seen of an attack is seen. */
async function caught({ page, wrong }) {
  await page.evaluate(() => document.querySelector(".chat-list").insertAdjacentHTML("beforeend", "<img src=x:x onerror=alert(1)>"));
  for (const end = Date.now() + 30_000; wrong.length === 0; await page.waitForTimeout(50)) assert.ok(Date.now() < end, "an attack would not be seen");
}

/** program returns a function that says something as a program, and returns the ids of what was shown. */
async function program() {
  const { accessToken } = await admin(server, "POST", "api/admin/accesstokens/create", { name: "program", scopes: ["CAN_SEND_MESSAGES", "CAN_SEND_SYSTEM_MESSAGES"] });
  const listener = await enter(server, "listener");
  const ask = async (path, body) => {
    const response = await fetch(`${server.url}api/integrations/chat/${path}`, {
      method: "POST",
      headers: { Authorization: `Bearer ${accessToken}` },
      body: JSON.stringify({ body }),
    });
    const answer = await response.text();
    assert.ok(response.status === 200 || response.status === 400, `${response.status} ${answer}`);
    return response.status === 200;
  };
  const send = async (things) => {
    for (const [path, body] of things) await ask(path, body);
    await ask("send", "the end of these");
    const ids = [];
    for (;;) {
      const document = await listener.any();
      ids.push(document.id);
      if (document.body === "<p>the end of these</p>") return ids;
    }
  };
  return { send, close: () => listener.close() };
}

test("what is said: as it is, as a link, as code, as an emoji, by the server", { timeout: 900_000 }, async (t) => {
  const opened = await enterPage(t);
  const { send, close } = await program();
  t.after(close);
  const things = attacks.flatMap((a) => [
    ["send", a],
    ["send", `see [this](${a}) and [${a}](https://example.org/)`],
    ["send", `\`${a}\` and\n\`\`\`\n${a}\n\`\`\``],
    ["send", `:${a}:`],
    ["system", a],
    ["action", a],
  ]);
  const shown = await batches(opened, things, send);
  t.diagnostic(`${attacks.length} attacks, ${things.length} messages, ${shown} shown`);
  assert.ok(shown > things.length * 0.9, `only ${shown} of ${things.length} were shown`);
  await caught(opened);
});

test("names", { timeout: 600_000 }, async (t) => {
  const opened = await enterPage(t);
  const a = await enter(server, "Ann");
  t.after(() => a.close());
  let n = 0;
  await batches(opened, attacks, async (names) => {
    for (const newName of names) {
      a.send({ type: "NAME_CHANGE", newName });
      a.say("me");
    }
    a.say(`end ${++n}`);
    const ids = [];
    for (;;) {
      const document = await a.any();
      if (document.type === "CHAT" || document.type === "NAME_CHANGE") ids.push(document.id);
      if (document.body === `<p>end ${n}</p>`) return ids;
    }
  });
  await caught(opened);
});

// The page does not trust the server either: this is what one that has been
// broken into, or one before it, would send. Not even the policy helps.
test("a server that has gone bad", { timeout: 900_000 }, async (t) => {
  const wire = {};
  const opened = await enterPage(t, { wire, bypassCSP: true });
  let n = 0;
  const documents = attacks.flatMap((a) => {
    const common = () => ({ id: `bad-${++n}`, timestamp: new Date(Date.now() + n).toISOString() });
    const user = (displayName) => ({ id: `u${n}`, displayName, displayColor: a, createdAt: a, previousNames: [a], scopes: [a], isBot: true, authenticated: true });
    return [
      { type: "CHAT", ...common(), body: a, user: user(a), visible: true },
      { type: "CHAT", ...common(), body: `<p>${a}</p><img class="emoji" src="/a/live/img/emoji/${a}.png" alt="${a}" title="${a}"><a href="${a}">x</a>`, user: user("x"), visible: true },
      { type: "SYSTEM", ...common(), body: a, user: { displayName: a } },
      { type: "CHAT_ACTION", ...common(), body: a },
      { type: "NAME_CHANGE", ...common(), oldName: a, user: user(a) },
      { type: "FEDIVERSE_ENGAGEMENT_FOLLOW", ...common(), body: a, title: a, link: a, image: a, user: { displayName: a } },
      { type: "FEDIVERSE_ENGAGEMENT_LIKE", ...common(), body: `<p>${a}</p>`, title: a, link: `https://x.example/${a}`, image: `https://x.example/${a}`, user: { displayName: a } },
    ];
  });
  const shown = await batches(opened, documents, async (batch) => {
    wire.send(batch.map((d) => JSON.stringify(d)).join("\n"));
    return batch.map((d) => d.id);
  });
  t.diagnostic(`${shown} documents`);
  await caught(opened);
});

test("names and pictures of emoji", { timeout: 180_000 }, async (t) => {
  for (const name of attacks) {
    const response = await fetch(`${server.url}api/admin/emoji/upload`, {
      method: "POST",
      headers: { Authorization: `Basic ${btoa("admin:test-password")}`, "Content-Type": "application/json" },
      body: JSON.stringify({ name, data: `data:image/svg+xml;base64,${btoa('<svg xmlns="http://www.w3.org/2000/svg" onload="alert(1)"><script>alert(1)</script></svg>')}` }),
    });
    await response.body?.cancel();
    assert.ok(response.status < 500, `${response.status} for ${name}`);
  }
  for (const { name, url } of await (await fetch(`${server.url}api/emoji`)).json()) {
    assert.match(name, /^[\w-]+$/);
    assert.match(url, /^[\w/.-]+$/);
  }
  const context = await browser.newContext({ viewport: { width: 1280, height: 900 } });
  t.after(() => context.close());
  const opened = await openPage({ newPage: () => context.newPage() }, { ...server, forgive: (r) => /emoji/.test(r.url()) });
  const { page, wrong } = opened;
  await page.exposeFunction("reportRun", (what) => wrong.push(`it ran: ${what}`));
  await page.addInitScript(() => (window.alert = () => window.reportRun("alert")));
  await page.route(/\/api\/emoji$/, (route) => route.fulfill({ json: attacks.map((a) => ({ name: a, url: `/img/emoji/${a}` })) }));
  await page.goto(server.url);
  await page.waitForSelector("#chat-profile", wait);
  await page.getByRole("button", { name: "Emoji" }).click();
  await page.waitForFunction((n) => document.querySelectorAll(".emoji-grid button").length >= n, attacks.length, wait);
  const box = await page.evaluate(() => {
    const picker = document.querySelector(".emoji-picker");
    return { odd: picker.querySelectorAll("script, style, iframe, svg script, [onerror], [onload]").length, wide: picker.scrollWidth - picker.clientWidth };
  });
  assert.deepEqual(box, { odd: 0, wide: 0 });
  assert.deepEqual(wrong, []);
});
