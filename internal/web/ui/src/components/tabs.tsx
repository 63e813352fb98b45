import type { ComponentChildren } from "preact";
import { useId, useRef } from "preact/hooks";

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
      <div ref={list} class="tab-list" role="tablist" aria-label={label} onKeyDown={onKey}>
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
