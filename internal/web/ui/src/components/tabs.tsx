import type { ComponentChildren } from "preact";
import { useEffect, useId, useRef } from "preact/hooks";
import { reveal } from "../lib/reveal";

export interface Tab {
  id: string;
  label: string;
  /** A number beside the label. */
  count?: string | undefined;
  content: () => ComponentChildren;
}

interface TabsProps {
  label: string;
  tabs: Tab[];
  current: string;
  choose: (id: string) => void;
  class?: string;
}

/** Tabs shows one of several contents. Arrow keys choose; one stop of the tab key is enough for all. */
export function Tabs({ label, tabs, current, choose, class: extra = "" }: TabsProps) {
  const prefix = useId();
  const list = useRef<HTMLDivElement>(null);
  const shown = tabs.find((tab) => tab.id === current) ?? tabs[0];

  // mark says at which ends of the list there is more of it.
  const mark = () => {
    const frame = list.current!;
    const inner = [...frame.children].map((tab) => tab.getBoundingClientRect());
    const outer = frame.getBoundingClientRect();
    frame.toggleAttribute("data-left", inner.some((tab) => tab.left < outer.left - 1));
    frame.toggleAttribute("data-right", inner.some((tab) => tab.right > outer.right + 1));
  };
  useEffect(() => {
    if (!list.current) return;
    const measure = new ResizeObserver(() => {
      const chosen = list.current?.querySelector("[aria-selected=true]");
      if (!chosen) return;
      reveal(chosen, list.current!);
      mark();
    });
    for (const box of [list.current, ...list.current.children]) measure.observe(box);
    return () => measure.disconnect();
  }, [shown?.id, tabs.length]);

  const onKey = (event: KeyboardEvent) => {
    const forward = getComputedStyle(list.current!).direction === "rtl" ? -1 : 1;
    const step = { ArrowRight: forward, ArrowLeft: -forward }[event.key];
    const at = tabs.indexOf(shown!);
    const next = step !== undefined ? (at + step + tabs.length) % tabs.length : { Home: 0, End: tabs.length - 1 }[event.key];
    if (next === undefined) return;
    event.preventDefault();
    choose(tabs[next]!.id);
    list.current?.querySelectorAll<HTMLElement>("[role=tab]")[next]?.focus();
  };

  if (!shown) return null;
  return (
    <div class={`tabs ${extra}`}>
      <div ref={list} class="tab-list" role="tablist" aria-label={label} onKeyDown={onKey} onScroll={mark}>
        {tabs.map((tab) => (
          <button
            key={tab.id}
            id={`${prefix}-${tab.id}`}
            type="button"
            role="tab"
            class="tab"
            aria-selected={tab === shown}
            aria-controls={`${prefix}-panel`}
            tabIndex={tab === shown ? 0 : -1}
            onClick={() => choose(tab.id)}
          >
            {tab.label}
            {tab.count && <span class="tab-count">{tab.count}</span>}
          </button>
        ))}
      </div>
      <div id={`${prefix}-panel`} class="tab-panel" role="tabpanel" aria-labelledby={`${prefix}-${shown.id}`} tabIndex={0}>
        {shown.content()}
      </div>
    </div>
  );
}
