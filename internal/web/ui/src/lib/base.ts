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
