import { useLayoutEffect, useRef } from "preact/hooks";
import { chatRules, safe } from "../../lib/html";

/** ChatBody shows a message of the chat as viewers see it. */
export function ChatBody({ html }: { html: string }) {
  const ref = useRef<HTMLSpanElement>(null);
  useLayoutEffect(() => ref.current!.replaceChildren(safe(html, chatRules)), [html]);
  return <span ref={ref} class="chat-body" dir="auto" />;
}

const parser = new DOMParser();

/** plain is the text of a message. */
export function plain(html: string): string {
  return parser.parseFromString(html, "text/html").body.textContent ?? "";
}
