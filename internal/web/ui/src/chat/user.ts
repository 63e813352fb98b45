import { signal } from "@preact/signals";
import { ApiError, get, post } from "../lib/api";
import { recall, remember, watch } from "../lib/store";
import type { Registration } from "../lib/types";

const key = "chat-user";

function kept(): Registration | null {
  const value = recall(key) as Partial<Registration> | null;
  return typeof value?.accessToken === "string" && value.accessToken ? { id: "", displayName: "", ...value } as Registration : null;
}

/** Who this browser chats as; null before anybody was registered. Users of the site around have no token. */
export const user = signal<Registration | null>(kept());

/** ofSite tells whether the site around knows who this is. */
export const ofSite = () => user.value?.accessToken === "";

watch(key, () => ofSite() || (user.value = kept())); // another page may have registered, or signed in

/** keep makes somebody the one this browser chats as. */
export function keep(registration: Registration): void {
  user.value = registration;
  if (registration.accessToken) remember(key, registration);
}

/** forget is for somebody the server does not know, or not any more. */
export function forget(): void {
  if (ofSite()) {
    member = Promise.resolve(false);
    user.value = kept();
  } else {
    user.value = null;
    remember(key, null);
  }
}

let siteUsers = false;
let member: Promise<boolean> | null = null; // once it was asked

/** expectSiteUsers says whether the site around has users, who are asked about before anybody registers. */
export function expectSiteUsers(expected = false): void {
  siteUsers = expected;
}

// isMember asks whether the site knows who this is.
function isMember(): Promise<boolean> {
  member ??= get("api/chat").then(
    () => true,
    (err: unknown) => {
      if (err instanceof ApiError && err.status === 401) return false;
      member = null; // it did not answer
      throw err;
    },
  );
  return member;
}

let registering: Promise<Registration> | null = null;

/** ensureUser returns who this browser chats as, and registers somebody if there is nobody yet. */
export async function ensureUser(displayName?: string): Promise<Registration> {
  if (siteUsers && !ofSite() && (await isMember())) keep({ id: "", accessToken: "", displayName: "" });
  if (user.value) return user.value;
  registering ??= post<Registration>("api/chat/register", displayName ? { displayName } : {})
    .then((registration) => {
      keep(registration);
      return registration;
    })
    .finally(() => (registering = null));
  return registering;
}

/** asUser calls with the token, and once more as somebody new if the server does not know it. */
export async function asUser<T>(ask: (accessToken: string) => Promise<T>): Promise<T> {
  const { accessToken } = await ensureUser();
  try {
    return await ask(accessToken);
  } catch (err) {
    if (!(err instanceof ApiError) || err.status !== 401 || user.value?.accessToken !== accessToken) throw err;
    forget();
    return ask((await ensureUser()).accessToken);
  }
}
