import { signal, type Signal } from "@preact/signals";
import { useEffect, useMemo } from "preact/hooks";
import { ApiError } from "../lib/api";
import { toast } from "../components/toast";
import { problem } from "./problem";

/** Loaded is something of the server's, as it was when it last answered. */
export interface Loaded<T> {
  data: Signal<T | undefined>;
  error: Signal<string>;
  /** reload asks again, now. */
  reload: () => Promise<void>;
}

/**
 * useLoad asks the server for something: when it is first shown, whenever a
 * key changes, and every so many milliseconds while somebody looks.
 */
export function useLoad<T>(ask: () => Promise<T>, { every = 0, keys = [] as unknown[] } = {}): Loaded<T> {
  const state = useMemo(() => ({ data: signal<T | undefined>(undefined), error: signal(""), turn: 0 }), []);

  const reload = async () => {
    const turn = ++state.turn;
    try {
      const answer = await ask();
      if (turn !== state.turn) return; // somebody asked again
      state.data.value = answer;
      state.error.value = "";
    } catch (err) {
      if (turn === state.turn) state.error.value = problem(err);
    }
  };

  useEffect(() => {
    state.data.value = undefined;
    void reload();
    if (!every) return;
    const timer = setInterval(() => document.hidden || void reload(), every);
    const look = () => document.hidden || void reload();
    document.addEventListener("visibilitychange", look);
    return () => {
      state.turn++;
      clearInterval(timer);
      document.removeEventListener("visibilitychange", look);
    };
  }, keys);

  return { data: state.data, error: state.error, reload };
}

/** act does something, and tells how it ended. It returns whether it worked. */
export async function act(what: () => Promise<unknown>, done?: string): Promise<boolean> {
  try {
    await what();
    if (done) toast(done);
    return true;
  } catch (err) {
    if (!(err instanceof ApiError)) console.error(err);
    toast(problem(err), "error");
    return false;
  }
}
