// The server sends HTML that it has made safe. Nothing of it goes into the page
// as it is all the same: it is read in a document that loads and runs nothing,
// and what is on a list is made anew.
import { base } from "./base";

type Rules = Record<string, readonly string[]>;

const inline: Rules = { a: ["href", "title"], br: [], b: [], strong: [], em: [], i: [], del: [], s: [], code: [], sub: [], sup: [], kbd: [] };
const blocks: Rules = {
  p: ["align"], pre: [], blockquote: [], hr: [], ul: [], ol: ["start"], li: [],
  h1: ["id", "align"], h2: ["id", "align"], h3: ["id", "align"], h4: ["id", "align"], h5: ["id", "align"], h6: ["id", "align"],
  table: [], thead: [], tbody: [], tr: [], th: ["align", "colspan", "rowspan"], td: ["align", "colspan", "rowspan"],
  div: ["align"], center: [], span: [], details: ["open"], summary: [], dl: [], dt: [], dd: [], figure: [], figcaption: [], ins: [], mark: [], small: [], u: [],
}; // prettier-ignore
const media: Rules = {
  img: ["src", "alt", "title", "width", "height"],
  video: ["src", "poster", "controls", "loop", "muted", "width", "height", "preload"],
  audio: ["src", "controls", "loop", "muted", "preload"],
  source: ["src", "type"],
};

/** What the text about a channel may have. */
export const pageRules: Rules = { ...inline, ...blocks, ...media };
/** What a chat message may have. */
export const chatRules: Rules = {
  ...pick(inline, "a", "br", "strong", "em", "del", "code"), ...pick(blocks, "p", "pre", "blockquote", "ul", "ol", "li"),
  p: [], ol: [], img: ["src", "alt", "title", "class"],
}; // prettier-ignore

function pick(rules: Rules, ...names: string[]): Rules {
  return Object.fromEntries(names.map((name) => [name, rules[name] ?? []]));
}

const schemes = new Set(["http:", "https:", "mailto:", "xmpp:", "matrix:", "tel:"]);
const gone = new Set(["script", "style", "template", "iframe", "object", "embed", "noscript", "title", "textarea", "select", "svg", "math"]);

function safeURL(value: string, schemes: ReadonlySet<string>): string | null {
  try {
    const url = new URL(value, base);
    return schemes.has(url.protocol) ? url.href : null;
  } catch {
    return null;
  }
}

const fetched = new Set(["http:", "https:"]);
const emoji = new URL("img/emoji/", base).href;

function attribute(element: Element, name: string, value: string): void {
  if (name === "href" || name === "src" || name === "poster") {
    const url = safeURL(value, name === "href" ? schemes : fetched);
    if (url === null) return;
    element.setAttribute(name, url);
    if (name === "href" && !url.startsWith(base.href)) {
      element.setAttribute("target", "_blank");
      element.setAttribute("rel", "nofollow noopener noreferrer ugc");
    }
    return;
  }
  if (name === "class" && value !== "emoji") return;
  // An id must not be one of the page's own.
  element.setAttribute(name, name === "id" ? `content-${value}` : value);
}

function copy(from: Node, to: Node, rules: Rules, depth: number): void {
  if (depth > 100) return;
  for (const child of from.childNodes) {
    if (child.nodeType === Node.TEXT_NODE) {
      to.appendChild(document.createTextNode(child.nodeValue ?? ""));
      continue;
    }
    if (!(child instanceof Element)) continue;
    const name = child.localName;
    if (gone.has(name)) continue;
    const attributes = Object.hasOwn(rules, name) ? rules[name] : undefined;
    if (!attributes) {
      copy(child, to, rules, depth + 1); // its text stays
      continue;
    }
    // The only pictures of a message are emoji. One that has its src is loaded,
    // in the page or not.
    if (rules === chatRules && name === "img" && !safeURL(child.getAttribute("src") ?? "", fetched)?.startsWith(emoji)) continue;
    const element = document.createElement(name);
    for (const attr of attributes) {
      const value = child.getAttribute(attr);
      if (value !== null) attribute(element, attr, value);
    }
    if (element instanceof HTMLImageElement) {
      element.loading = "lazy";
      element.decoding = "async";
      if (!element.alt) element.alt = "";
    }
    copy(child, element, rules, depth + 1);
    to.appendChild(element);
  }
}

const parser = new DOMParser();

/** safe makes nodes of HTML from what is on the list alone. */
export function safe(html: string, rules: Rules): DocumentFragment {
  const fragment = document.createDocumentFragment();
  copy(parser.parseFromString(html, "text/html").body, fragment, rules, 0);
  return fragment;
}
