// Everything the application asks for is below the path that the App is
// mounted on. The server writes <base> into pages that are deeper than that;
// it is made absolute here, so that changes of the address do not move it.
const tag = document.querySelector("base");

/** base is the root of the App, with a slash at the end. */
export const base = new URL(".", document.baseURI);
if (tag) tag.href = base.href;

/** at is the URL of a path below the root of the App. */
export function at(path: string): string {
  return new URL(path, base).href;
}

/** below is the part of a URL's path below the root of the App, without a slash in front. */
export function below(url: URL | Location): string {
  return url.pathname.startsWith(base.pathname) ? url.pathname.slice(base.pathname.length) : "";
}

// The pages for frames may have a viewer's token in their address, for where
// browsers keep no cookies; they send it with everything they ask for.
const token = below(location).startsWith("embed/") ? (new URLSearchParams(location.search).get("token") ?? "") : "";

/** withToken is the URL of something of the API for this viewer. */
export function withToken(url: URL): URL {
  if (token) url.searchParams.set("token", token);
  return url;
}

/** media is the URL of a playlist or a picture for this viewer: what it names is below the same path. */
export function media(path: string): string {
  return at(token ? `t/${encodeURIComponent(token)}/${path}` : path);
}
