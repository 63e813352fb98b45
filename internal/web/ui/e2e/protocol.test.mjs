// The protocol of the chat, as a client in JavaScript that is not ours sees it.
//
// OWNCAST_BIN  a build of examples/standalone (else one is made)
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { admin, configure } from "./lib/admin.mjs";
import { Client, enter } from "./lib/chat.mjs";
import { startServer } from "./lib/server.mjs";

let server;
before(async () => {
  server = await startServer({ path: "/a/live", args: ["-ffmpeg", "off", "-no-limits"] });
});
after(async () => {
  if (server) assert.equal(await server.stop(), 0, server.log());
});

const keys = (document) => Object.keys(document).sort().join(" ");
const options = { timeout: 120_000 };

/** bot returns a function that says things as a program. */
async function bot(path) {
  const token = await admin(server, "POST", "api/admin/accesstokens/create", { name: `bot ${path}`, scopes: ["CAN_SEND_MESSAGES", "CAN_SEND_SYSTEM_MESSAGES"] });
  return async (body) => {
    const response = await fetch(`${server.url}api/integrations/chat/${path}`, {
      method: "POST",
      headers: { Authorization: `Bearer ${token.accessToken}` },
      body: JSON.stringify({ body }),
    });
    assert.equal(response.status, 200, await response.text());
  };
}

test("somebody says something, takes a name and a color", options, async (t) => {
  const [a, b] = [await enter(server, "Ann"), await enter(server, "Ben")];
  t.after(() => [a, b].forEach((c) => c.close()));
  assert.equal(a.user.displayName, "Ann");
  a.say("hello **Ben**");
  for (const c of [a, b]) {
    const m = await c.next("CHAT");
    assert.equal(m.body, "<p>hello <strong>Ben</strong></p>");
    assert.equal(keys(m), "body id timestamp type user visible");
    assert.equal(m.user.id, a.user.id);
    assert.ok(!Number.isNaN(Date.parse(m.timestamp)) && /^[\w-]{7,}$/.test(m.id) && m.visible === true);
  }
  a.send({ type: "NAME_CHANGE", newName: " <b>Anna</b> " });
  assert.equal((await a.next("NAME_CHANGE")).oldName, "Ann");
  assert.equal((await a.next("CONNECTED_USER_INFO")).user.displayName, "Anna");
  const change = await b.next("NAME_CHANGE");
  assert.deepEqual([change.oldName, change.user.displayName, keys(change)], ["Ann", "Anna", "id oldName timestamp type user"]);
  a.send({ type: "COLOR_CHANGE", newColor: 5 });
  assert.equal((await a.next("CONNECTED_USER_INFO")).user.displayColor, 5);
  for (const nothing of ["nonsense", "[]", "7", "", { type: "PING" }, { type: "CHAT" }, { type: "SYSTEM", body: "x" }, { body: "x" }]) a.send(nothing);
  a.say("the end");
  for (const c of [a, b]) assert.equal((await c.next("CHAT")).body, "<p>the end</p>");
});

test("everybody sees the same, in the same order", options, async (t) => {
  const all = [];
  for (let i = 0; i < 5; i++) all.push(await enter(server, `person ${i}`));
  t.after(() => all.forEach((c) => c.close()));
  for (let i = 0; i < 40; i++) all.forEach((c, n) => c.say(`${n}.${i}`));
  const seen = [];
  for (const c of all) {
    const bodies = [];
    for (let i = 0; i < 200; i++) bodies.push((await c.next("CHAT")).body);
    seen.push(bodies);
  }
  for (const bodies of seen) assert.deepEqual(bodies, seen[0]);
  for (let n = 0; n < 5; n++) {
    const own = seen[0].filter((body) => body.startsWith(`<p>${n}.`));
    assert.deepEqual(own, Array.from({ length: 40 }, (_, i) => `<p>${n}.${i}</p>`));
  }
});

test("programs and moderators are heard", options, async (t) => {
  const a = await enter(server, "Ann");
  t.after(() => a.close());
  await (await bot("send"))("I am a `bot`");
  const m = await a.next("CHAT");
  assert.deepEqual([m.user.isBot, m.body], [true, "<p>I am a <code>bot</code></p>"]);
  await (await bot("system"))("from the *server*");
  const system = await a.next("SYSTEM");
  assert.deepEqual([system.body, keys(system)], ["<p>from the <em>server</em></p>", "body id timestamp type user"]);
  await (await bot("action"))("it happens");
  assert.equal(keys(await a.next("CHAT_ACTION")), "body id timestamp type");
  for (const visible of [false, true]) {
    await admin(server, "POST", "api/admin/chat/messagevisibility", { idArray: [m.id], visible });
    const update = await a.next("VISIBILITY-UPDATE");
    assert.deepEqual([update.ids, update.visible, keys(update)], [[m.id], visible, "id ids timestamp type visible"]);
  }
  await admin(server, "POST", "api/admin/chat/users/setmoderator", { userId: a.user.id, isModerator: true });
  assert.deepEqual((await a.next("CONNECTED_USER_INFO")).user.scopes, ["MODERATOR"]);
});

test("who is not let in, and who has to go", options, async (t) => {
  const stranger = new Client(server, "nobody has this");
  assert.deepEqual(await stranger.next("ERROR_NEEDS_REGISTRATION"), { type: "ERROR_NEEDS_REGISTRATION" });
  assert.equal((await stranger.ended()).code, 1008);

  const [a, witness] = [await enter(server, "Ann"), await enter(server, "Ben")];
  t.after(() => witness.close());
  await admin(server, "POST", "api/admin/chat/users/setenabled", { userId: a.user.id, enabled: false });
  assert.equal((await a.next("ERROR_USER_DISABLED")).user, null);
  await a.ended();
  assert.match((await witness.next("CHAT_ACTION")).body, /Ann.*has been removed from chat/);
  const again = new Client(server, a.token);
  assert.deepEqual(await again.next("ERROR_USER_DISABLED"), { type: "ERROR_USER_DISABLED" });
  assert.equal((await again.ended()).code, 1008);

  await configure(server, { "chat/disable": true });
  t.after(() => configure(server, { "chat/disable": false }));
  assert.equal((await new Client(server, witness.token).ended()).status, 403);
});

test("what is too long, and too much", options, async (t) => {
  const strict = await startServer({ args: ["-ffmpeg", "off"] });
  t.after(() => strict.stop());
  const a = await enter(strict, "Ann");
  a.say("x".repeat(2100));
  assert.match((await a.next("CHAT_ACTION")).body, /exceeded the maximum size/);
  a.say("x".repeat(5000));
  assert.equal((await a.ended()).code, 1009);
  const b = await enter(strict, "Ben");
  for (let i = 0; i < 5; i++) b.say(String(i));
  assert.equal((await b.next("CHAT")).body, "<p>0</p>");
  assert.match((await b.next("CHAT_ACTION")).body, /perceived flooding/);
  b.close();
  await b.ended();
  assert.deepEqual(b.documents, []);
});
