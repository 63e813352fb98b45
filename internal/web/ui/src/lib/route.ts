import { computed, signal } from "@preact/signals";
import { at, below } from "./base";

const current = signal(new URL(location.href));

/** path is where in the App the page is, without a slash in front, such as "recordings/abc". */
export const path = computed(() => below(current.value));
export const query = computed(() => current.value.searchParams);

let mayLeave: (to: URL) => boolean = () => true;

/**
 * guard asks before another part of the page is shown, at an address with
 * another path. Who says no can go there later. There is one guard.
 */
export function guard(ask: (to: URL) => boolean): void {
  mayLeave = ask;
}

const stays = (to: URL) => to.pathname !== current.value.pathname && !mayLeave(to);

window.addEventListener("popstate", () => {
  const to = new URL(location.href);
  if (stays(to)) history.pushState(null, "", current.value);
  else current.value = to;
});

/** go shows another part of the page, which gets an address of its own. */
export function go(to: string, replace = false): void {
  const target = at(to);
  if (target === location.href || stays(new URL(target))) return;
  if (replace) history.replaceState(null, "", target);
  else history.pushState(null, "", target);
  current.value = new URL(target);
}

/** follow is for the click on a link that go can follow. Other buttons and keys are the browser's. */
export function follow(event: MouseEvent & { currentTarget: HTMLAnchorElement }): void {
  if (event.defaultPrevented || event.button !== 0 || event.ctrlKey || event.metaKey || event.shiftKey || event.altKey) return;
  event.preventDefault();
  const { pathname, search, hash } = new URL(event.currentTarget.href);
  go(below({ pathname } as URL) + search + hash);
}
