// A server of the fediverse built on Fedify, which shares no code with ours:
// one person, whose followers, likes and posts are controlled by lines of JSON
// on standard input. What comes in, and how it was signed, is told on standard
// output, one JSON object in each line.
//
//   node peer.mjs HOST PORT CERTIFICATE KEY FIRST_KNOCK
//
// Names that end in .test are at 127.0.0.1.
import dns from "node:dns";
import { readFileSync } from "node:fs";
import { createServer } from "node:https";
import { createInterface } from "node:readline";

const lookup = dns.lookup;
dns.lookup = (name, options, done) => {
  if (typeof options === "function") [options, done] = [{}, options];
  if (!name.endsWith(".test")) return lookup(name, options, done);
  if (options?.all) return done(null, [{ address: "127.0.0.1", family: 4 }]);
  done(null, "127.0.0.1", 4);
};

const { createFederation, generateCryptoKeyPair, MemoryKvStore } = await import("@fedify/fedify");
const vocab = await import("@fedify/vocab");
const { Temporal } = await import("@js-temporal/polyfill");

const [host, port, certificate, key, firstKnock] = process.argv.slice(2);
const origin = `https://${host}`;
const user = "carol";
const tell = (o) => process.stdout.write(JSON.stringify(o) + "\n");

const federation = createFederation({
  kv: new MemoryKvStore(),
  allowPrivateAddress: true,
  firstKnock,
  signatureTimeWindow: { hours: 1 },
});
const context = () => federation.createContext(new URL(origin), undefined);
const me = () => context().getActorUri(user);
const fresh = (kind) => new URL(`/users/${user}#${kind}-${crypto.randomUUID()}`, origin);

const keys = [await generateCryptoKeyPair("RSASSA-PKCS1-v1_5"), await generateCryptoKeyPair("Ed25519")];
const followers = new Map();
const notes = new Map();
const done = new Map(); // activities that may be undone

federation
  .setActorDispatcher("/users/{identifier}", async (ctx, identifier) => {
    if (identifier !== user) return null;
    const pairs = await ctx.getActorKeyPairs(identifier);
    return new vocab.Person({
      id: ctx.getActorUri(identifier),
      preferredUsername: identifier,
      name: "Carol of Fedify",
      summary: "A test.",
      url: ctx.getActorUri(identifier),
      inbox: ctx.getInboxUri(identifier),
      outbox: ctx.getOutboxUri(identifier),
      followers: ctx.getFollowersUri(identifier),
      endpoints: new vocab.Endpoints({ sharedInbox: ctx.getInboxUri() }),
      publicKey: pairs[0].cryptographicKey,
      assertionMethods: pairs.map((p) => p.multikey),
    });
  })
  .setKeyPairsDispatcher(async (_ctx, identifier) => (identifier === user ? keys : []));
federation.setOutboxDispatcher("/users/{identifier}/outbox", async () => ({ items: [] }));
federation.setFollowersDispatcher("/users/{identifier}/followers", async () => ({ items: [...followers.values()] }));
federation.setObjectDispatcher(vocab.Note, "/users/{identifier}/notes/{id}", async (_ctx, { id }) => notes.get(id) ?? null);

const inbox = federation.setInboxListeners("/users/{identifier}/inbox", "/inbox");
const seen = async (ctx, activity) =>
  tell({
    received: activity.constructor.name,
    json: await activity.toJsonLd({ format: "compact", contextLoader: ctx.contextLoader }),
  });
inbox.on(vocab.Follow, async (ctx, follow) => {
  await seen(ctx, follow);
  const who = await follow.getActor(ctx);
  if (!who?.id) return;
  followers.set(who.id.href, { id: who.id, inboxId: who.inboxId, endpoints: who.endpoints });
  await ctx.sendActivity({ identifier: user }, who, new vocab.Accept({ id: fresh("accept"), actor: me(), object: follow }));
});
for (const kind of ["Accept", "Reject", "Create", "Update", "Delete", "Like", "Announce", "Undo", "Move", "Offer", "Leave"]) {
  inbox.on(vocab[kind], seen);
}
inbox.onError(async (_ctx, error) => tell({ error: String(error) }));
inbox.setSharedKeyDispatcher(async () => ({ identifier: user }));

// resolve fetches with a signature, as servers want it that are careful.
async function resolve(target) {
  const ctx = context();
  const object = await ctx.lookupObject(target, { documentLoader: await ctx.getDocumentLoader({ identifier: user }) });
  if (!object) throw new Error(`nothing is to be found at ${target}`);
  return object;
}

async function owner(object) {
  return object.attributionId ? await resolve(object.attributionId) : object;
}

async function send(to, activity) {
  await context().sendActivity({ identifier: user }, to, activity, { immediate: true });
  if (activity.id) done.set(activity.id.href, activity);
  return { id: activity.id?.href };
}

async function note(target, text) {
  const ctx = context();
  const object = await resolve(target);
  const who = await owner(object);
  const id = crypto.randomUUID();
  const post = new vocab.Note({
    id: ctx.getObjectUri(vocab.Note, { identifier: user, id }),
    attribution: me(),
    content: text,
    to: vocab.PUBLIC_COLLECTION,
    ccs: [ctx.getFollowersUri(user), who.id],
    replyTarget: object.inboxId ? undefined : object.id,
    published: Temporal.Now.instant(),
    tags: [new vocab.Mention({ href: who.id, name: "@x" })],
  });
  notes.set(id, post);
  await send(who, new vocab.Create({ id: fresh("create"), actor: me(), object: post, to: post.toId, ccs: post.ccIds }));
  return { id: post.id.href };
}

const verbs = {
  async lookup({ target }) {
    const object = await resolve(target);
    return { type: object.constructor.name, json: await object.toJsonLd({ format: "compact", contextLoader: context().contextLoader }) };
  },
  async follow({ target }) {
    const who = await resolve(target);
    return send(who, new vocab.Follow({ id: fresh("follow"), actor: me(), object: who.id, to: who.id }));
  },
  async like({ target }) {
    const object = await resolve(target);
    return send(await owner(object), new vocab.Like({ id: fresh("like"), actor: me(), object: object.id }));
  },
  async announce({ target }) {
    const object = await resolve(target);
    const who = await owner(object);
    return send(who, new vocab.Announce({ id: fresh("announce"), actor: me(), object: object.id, to: vocab.PUBLIC_COLLECTION, cc: who.id }));
  },
  async undo({ target, id }) {
    return send(await resolve(target), new vocab.Undo({ id: fresh("undo"), actor: me(), object: done.get(id) }));
  },
  async note({ target, text }) {
    return note(target, text);
  },
  async delete({ target }) {
    return send(await resolve(target), new vocab.Delete({ id: fresh("delete"), actor: me(), object: me(), to: vocab.PUBLIC_COLLECTION }));
  },
};

// How a request was signed.
function signature(headers) {
  if (headers["signature-input"]) return "rfc9421";
  return headers.signature ? "draft-cavage" : "none";
}

createServer({ cert: readFileSync(certificate), key: readFileSync(key) }, async (q, s) => {
  const chunks = [];
  for await (const c of q) chunks.push(c);
  const body = Buffer.concat(chunks);
  try {
    const request = new Request(origin + q.url, {
      method: q.method,
      headers: Object.entries(q.headers).flatMap(([k, v]) => (Array.isArray(v) ? v.map((x) => [k, x]) : [[k, v]])),
      body: ["GET", "HEAD"].includes(q.method) ? undefined : body,
    });
    const answer = await federation.fetch(request, { contextData: undefined });
    const text = Buffer.from(await answer.arrayBuffer());
    tell({
      request: `${q.method} ${q.url}`,
      status: answer.status,
      signature: signature(q.headers),
      answer: answer.status >= 400 ? text.toString().slice(0, 300) : undefined,
    });
    s.writeHead(answer.status, Object.fromEntries(answer.headers));
    s.end(text);
  } catch (e) {
    tell({ error: String(e.stack) });
    s.writeHead(500);
    s.end();
  }
}).listen(Number(port), "127.0.0.1", () => tell({ ready: me().href }));

createInterface({ input: process.stdin })
  .on("line", async (line) => {
    const ask = JSON.parse(line);
    try {
      tell({ done: ask.n, result: await verbs[ask.verb](ask) });
    } catch (e) {
      tell({ done: ask.n, failed: `${e} ${e.cause ?? ""}` });
    }
  })
  .on("close", () => process.exit(0));
