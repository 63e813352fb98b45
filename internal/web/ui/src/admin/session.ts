import { signal } from "@preact/signals";
import { ApiError, get, post } from "../lib/api";
import type { Session } from "./types";

export type Access =
  | { state: "unknown" }
  | { state: "out" } // nobody is signed in
  | { state: "forbidden" } // somebody is, who may not
  | { state: "absent" } // the server has no administrators
  | { state: "unreachable" }
  | { state: "in"; session: Session };

/** Whether somebody may administer, and who. */
export const access = signal<Access>({ state: "unknown" });

/** Whether the session has ended under what is being done. */
export const expired = signal(false);

/** Whether the server answered the last time. */
export const reachable = signal(true);

let again: { promise: Promise<void>; resolve: () => void; reject: (err: unknown) => void } | null = null;

/** check asks the server who is signed in. */
export async function check(): Promise<void> {
  try {
    access.value = { state: "in", session: await get<Session>("api/admin/session") };
    reachable.value = true;
    expired.value = false;
    again?.resolve();
    again = null;
  } catch (err) {
    if (!(err instanceof ApiError)) throw err;
    if (access.value.state === "in" && err.status !== 403) return; // whoever asks next will see
    const states = { 401: "out", 403: "forbidden", 404: "absent" } as const;
    access.value = { state: states[err.status as keyof typeof states] ?? "unreachable" };
  }
}

/** signIn opens a session; it throws an ApiError of status 401 for a wrong password, and of 404 where there are no passwords. */
export async function signIn(password: string): Promise<void> {
  await post("api/admin/login", { password });
  await check();
}

/** signOut ends the session. */
export async function signOut(): Promise<void> {
  await post("api/admin/logout");
  access.value = { state: "out" };
}

/** renew resolves when somebody has signed in again, in the page as it is. It rejects with reason if nobody wants to. */
export function renew(): Promise<void> {
  if (!again) {
    let resolve = () => {};
    let reject = (_: unknown) => {};
    const promise = new Promise<void>((yes, no) => {
      resolve = yes;
      reject = no;
    });
    promise.catch(() => {}); // those who wait hear of it
    again = { promise, resolve, reject };
    expired.value = true;
  }
  return again.promise;
}

/** giveUp lets everything fail that waits for a session. */
export function giveUp(): void {
  expired.value = false;
  again?.reject(new ApiError(401, "unauthorized"));
  again = null;
}
