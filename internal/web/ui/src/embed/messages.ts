import { effect } from "@preact/signals";

// Pages that show the player in a frame talk to it by postMessage. The frame
// listens to the page around it alone, and answers to the origin that asked and
// no other; it says nothing to who has not asked.

/** What a page can say to the frame. */
interface Command {
  owncast: 1;
  command: string;
  value?: unknown;
}

export type Commands = Record<string, (value: unknown) => void>;

function parse(data: unknown): Command | null {
  if (typeof data !== "object" || data === null) return null;
  const { owncast, command } = data as Partial<Command>;
  return owncast === 1 && typeof command === "string" ? (data as Command) : null;
}

/**
 * serve lets the page around this one send commands, and tells it the state
 * whenever that changes, if it has sent "subscribe". state is read as a signal.
 */
export function serve(commands: Commands, state: () => Record<string, unknown>): void {
  if (window.parent === window) return;
  let subscriber = "";
  let last = "";
  let timer: ReturnType<typeof setTimeout> | undefined;

  const tell = () => {
    timer = undefined;
    const now = state();
    const text = JSON.stringify(now);
    if (!subscriber || text === last) return;
    last = text;
    window.parent.postMessage({ owncast: 1, event: "state", state: now }, subscriber);
  };

  window.addEventListener("message", (event) => {
    if (event.source !== window.parent) return;
    const message = parse(event.data);
    if (!message) return;
    if (message.command === "subscribe") {
      subscriber = event.origin === "null" ? "*" : event.origin; // a page without an origin cannot be named
      last = "";
      tell();
      return;
    }
    if (Object.hasOwn(commands, message.command)) commands[message.command]!(message.value);
  });

  effect(() => {
    state();
    timer ??= setTimeout(tell, 100);
  });
}
