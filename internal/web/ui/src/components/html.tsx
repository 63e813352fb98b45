import { useLayoutEffect, useRef } from "preact/hooks";
import { pageRules, safe } from "../lib/html";

/** Html shows HTML of the server's, made anew from what is on a list. */
export function Html({ html, class: extra = "" }: { html: string; class?: string }) {
  const ref = useRef<HTMLDivElement>(null);
  useLayoutEffect(() => ref.current!.replaceChildren(safe(html, pageRules)), [html]);
  return <div ref={ref} class={`prose ${extra}`} />;
}
