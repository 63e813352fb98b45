// chat.mjs is a client of the chat that is no browser.
import WebSocket from "ws";

const patience = 45_000;

/** register makes somebody, and returns their id, name and token. */
export async function register(server, displayName) {
  const response = await fetch(`${server.url}api/chat/register`, { method: "POST", body: JSON.stringify({ displayName }) });
  if (!response.ok) throw new Error(`register: ${response.status} ${await response.text()}`);
  return response.json();
}

/** Client is a connection, and what came over it. */
export class Client {
  documents = [];
  closed = null;
  #wake = () => {};

  constructor(server, token) {
    this.socket = new WebSocket(`${server.url.replace(/^http/, "ws")}ws?accessToken=${encodeURIComponent(token)}`);
    this.socket.on("message", (data, binary) => {
      if (binary) throw new Error("a binary message");
      for (const line of String(data).split("\n")) this.documents.push(JSON.parse(line));
      this.#wake();
    });
    this.socket.on("unexpected-response", (_, response) => this.#end({ status: response.statusCode }));
    this.socket.on("error", (error) => this.#end({ error }));
    this.socket.on("close", (code) => this.#end({ code }));
  }

  #end(how) {
    this.closed ??= how;
    this.#wake();
  }

  async #until(ready) {
    const end = Date.now() + patience;
    while (!ready()) {
      if (Date.now() > end) throw new Error(`nothing came; left are ${JSON.stringify(this.documents)}`);
      await new Promise((resolve) => {
        this.#wake = resolve;
        setTimeout(resolve, 1000);
      });
    }
  }

  /** any returns the next document. */
  async any() {
    await this.#until(() => this.documents.length > 0 || this.closed);
    const document = this.documents.shift();
    if (!document) throw new Error(`the connection is over: ${JSON.stringify(this.closed)}`);
    return document;
  }

  /** next returns the next document, which must be of the type. */
  async next(type) {
    const document = await this.any();
    if (document.type !== type) throw new Error(`got ${JSON.stringify(document)}, want a ${type}`);
    return document;
  }

  /** ended returns how the connection has ended: a status of HTTP, or a code of the WebSocket. */
  async ended() {
    await this.#until(() => this.closed);
    return this.closed;
  }

  send(message) {
    this.socket.send(typeof message === "string" ? message : JSON.stringify(message));
  }

  say(body) {
    this.send({ type: "CHAT", body });
  }

  close() {
    this.socket.close();
  }
}

/** enter makes somebody who is in the chat. */
export async function enter(server, displayName) {
  const user = await register(server, displayName);
  const client = new Client(server, user.accessToken);
  const info = await client.next("CONNECTED_USER_INFO");
  return Object.assign(client, { user: info.user, token: user.accessToken });
}

/** converse has people say lines, [name, body], and stay for as long as the page. */
export async function converse(page, server, lines) {
  await page.goto(`${server.url}api/status`);
  await page.evaluate(async (lines) => {
    const sockets = {};
    for (const [name, body] of lines) {
      if (!sockets[name]) {
        const answer = await fetch("chat/register", { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify({ displayName: name }) });
        const url = new URL(`../ws?accessToken=${(await answer.json()).accessToken}`, location.href);
        url.protocol = "ws:";
        sockets[name] = new WebSocket(url);
        await new Promise((resolve) => (sockets[name].onopen = resolve));
      }
      sockets[name].send(JSON.stringify({ type: "CHAT", body }));
      await new Promise((resolve) => setTimeout(resolve, 900)); // slower than a flood
    }
  }, lines);
}
