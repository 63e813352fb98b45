import { signal } from "@preact/signals";
import { ApiError, post } from "../lib/api";
import { recall, remember, watch } from "../lib/store";
import type { Registration } from "../lib/types";

const key = "chat-user";

function kept(): Registration | null {
  const value = recall(key) as Partial<Registration> | null;
  return typeof value?.accessToken === "string" && value.accessToken ? { id: "", displayName: "", ...value } as Registration : null;
}

/** Who this browser chats as; null before anybody was registered. */
export const user = signal<Registration | null>(kept());

watch(key, () => (user.value = kept())); // another page may have registered, or signed in

/** keep makes somebody the one this browser chats as; null forgets them. */
export function keep(registration: Registration | null): void {
  user.value = registration;
  remember(key, registration);
}

let registering: Promise<Registration> | null = null;

/** ensureUser returns who this browser chats as, and registers somebody if there is nobody yet. */
export async function ensureUser(displayName?: string): Promise<Registration> {
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
    keep(null);
    return ask((await ensureUser()).accessToken);
  }
}
