import { base } from "./base";

// Several Apps may share an origin below different paths; each has its own.
const prefix = `owncast:${base.pathname}:`;

/** recall reads what remember has kept, or returns null. */
export function recall(name: string): unknown {
  try {
    return JSON.parse(localStorage.getItem(prefix + name) ?? "null");
  } catch {
    return null; // no storage, or not ours
  }
}

/** remember keeps a value in this browser for this App; null forgets it. It returns whether that worked. */
export function remember(name: string, value: unknown): boolean {
  try {
    if (value === null) localStorage.removeItem(prefix + name);
    else localStorage.setItem(prefix + name, JSON.stringify(value));
    return true;
  } catch {
    return false;
  }
}

/** watch calls back when another page of this App changes a value. */
export function watch(name: string, changed: () => void): () => void {
  const listen = (event: StorageEvent) => {
    if (event.key === prefix + name || event.key === null) changed();
  };
  window.addEventListener("storage", listen);
  return () => window.removeEventListener("storage", listen);
}
