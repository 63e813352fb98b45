import { signal } from "@preact/signals";
import { ApiError, get, post } from "../lib/api";

/** Who is signed in. */
export interface Session {
  id: string;
  displayName: string;
  role: "viewer" | "moderator" | "admin";
}

export type Access = { state: "unknown" } | { state: "out" } | { state: "forbidden" } | { state: "in"; session: Session };

/** Whether somebody may administer, and who. */
export const access = signal<Access>({ state: "unknown" });

/** check asks the server who is signed in. */
export async function check(): Promise<void> {
  try {
    access.value = { state: "in", session: await get<Session>("api/admin/session") };
  } catch (err) {
    if (!(err instanceof ApiError)) throw err;
    access.value = { state: err.status === 403 ? "forbidden" : "out" };
  }
}

/** signIn opens a session; it throws an ApiError of status 401 for a wrong password. */
export async function signIn(password: string): Promise<void> {
  await post("api/admin/login", { password });
  await check();
}

/** signOut ends the session. */
export async function signOut(): Promise<void> {
  await post("api/admin/logout");
  access.value = { state: "out" };
}
