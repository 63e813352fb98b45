import { useSignal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import { get } from "../lib/api";
import type { HeldMessage } from "../lib/types";
import { asUser } from "./user";

const askEvery = 20_000;

/** heldMessages are those that wait for a moderator, the oldest first. */
export const heldMessages = () => asUser((accessToken) => get<HeldMessage[]>("api/moderation/chat/held", { accessToken }));

/** useWaiting is how many messages wait, for moderators, who are not told by themselves. */
export function useWaiting(moderator: boolean): { value: number } {
  const count = useSignal(0);
  useEffect(() => {
    count.value = 0;
    if (!moderator) return;
    const ask = () => {
      if (!document.hidden) heldMessages().then((list) => (count.value = list.length), () => {});
    };
    ask();
    const timer = setInterval(ask, askEvery);
    document.addEventListener("visibilitychange", ask);
    return () => {
      clearInterval(timer);
      document.removeEventListener("visibilitychange", ask);
    };
  }, [moderator]);
  return count;
}
