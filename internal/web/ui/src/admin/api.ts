import { ApiError, call, type RequestOptions } from "../lib/api";
import { reachable, renew } from "./session";

/**
 * ask is call for administrators: where the session has ended, it waits until
 * somebody has signed in again, and goes on.
 */
export async function ask<T>(method: string, path: string, options: RequestOptions = {}): Promise<T> {
  for (;;) {
    try {
      const answer = await call<T>(method, path, options);
      reachable.value = true;
      return answer;
    } catch (err) {
      if (err instanceof ApiError) reachable.value = err.status !== 0;
      if (!(err instanceof ApiError) || err.status !== 401) throw err;
      await renew();
    }
  }
}

/** read asks for something. */
export const read = <T>(path: string, query?: RequestOptions["query"], options?: RequestOptions) => ask<T>("GET", path, { ...options, query });

/** send changes something. */
export const send = <T>(path: string, body?: unknown, options?: RequestOptions) => ask<T>("POST", path, { ...options, body });
