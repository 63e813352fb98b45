import { useSignal, type ReadonlySignal } from "@preact/signals";
import type { ComponentChildren } from "preact";
import { useEffect, useLayoutEffect, useMemo, useRef } from "preact/hooks";

const guess = 34; // height of a row that was never shown, in pixels
const beyond = 600; // pixels of rows that are kept on both sides of what is seen
const nearEnd = 48; // pixels from the end that count as the end

interface ListProps<T extends { id: string }> {
  items: readonly T[];
  label: string;
  row: (item: T, focusable: boolean) => ComponentChildren;
  /** The ids of what a row is called by; its own text if undefined. */
  labelledBy: (item: T) => string | undefined;
  /** Whether the end is in sight; the list says so, and follows while it is. */
  atEnd: { value: boolean };
  /** Increases when somebody wants to see the end. */
  toEnd: ReadonlySignal<number>;
}

/**
 * VirtualList shows the part of a long list that is in sight. It follows the
 * end while that is in sight, and otherwise stays where it is, whatever is
 * added and however tall rows turn out to be. One row can have the focus; arrow
 * keys move it.
 */
export function VirtualList<T extends { id: string }>({ items, label, row, labelledBy, atEnd, toEnd }: ListProps<T>) {
  const scroller = useRef<HTMLDivElement>(null);
  const heights = useRef(new Map<string, number>());
  const view = useSignal({ top: 0, height: 600 });
  const focused = useSignal<string>("");
  const measured = useSignal(0);
  const restore = useRef<{ id: string; offset: number } | null>(null);
  const byScript = useRef(0); // scroll positions that are ours, not the reader's

  const tall = (id: string) => heights.current.get(id) ?? guess;

  // What is in sight, with some on both sides.
  const part = useMemo(() => {
    const { top, height } = view.value;
    let y = 0;
    let first = 0;
    while (first < items.length && y + tall(items[first]!.id) < top - beyond) y += tall(items[first++]!.id);
    const before = y;
    let last = first;
    while (last < items.length && y < top + height + beyond) y += tall(items[last++]!.id);
    let after = 0;
    for (let i = last; i < items.length; i++) after += tall(items[i]!.id);
    return { first, last, before, after };
  }, [items, view.value, measured.value]);

  const scrollTo = (top: number) => {
    const box = scroller.current;
    if (!box) return;
    box.scrollTop = top;
    byScript.current = box.scrollTop;
    if (Math.abs(view.peek().top - box.scrollTop) > 1 || view.peek().height !== box.clientHeight) view.value = { top: box.scrollTop, height: box.clientHeight };
  };

  // Rows are measured once they are there; what was in sight stays where it was.
  useLayoutEffect(() => {
    const box = scroller.current!;
    let changed = false;
    for (const element of box.querySelectorAll<HTMLElement>("[data-row]")) {
      const id = element.dataset["row"]!;
      const height = element.getBoundingClientRect().height;
      if (Math.abs((heights.current.get(id) ?? -1) - height) < 0.5) continue;
      heights.current.set(id, height);
      changed = true;
    }
    if (atEnd.value) scrollTo(box.scrollHeight);
    else if (restore.current) {
      const anchor = box.querySelector<HTMLElement>(`[data-row="${CSS.escape(restore.current.id)}"]`);
      if (anchor) {
        const moved = anchor.getBoundingClientRect().top - box.getBoundingClientRect().top - restore.current.offset;
        if (Math.abs(moved) > 1) scrollTo(box.scrollTop + moved);
      }
    }
    if (changed) measured.value++;
    if (heights.current.size > 2 * items.length + 1000) forget();
  });

  const forget = () => {
    const here = new Set(items.map((item) => item.id));
    for (const id of heights.current.keys()) if (!here.has(id)) heights.current.delete(id);
  };

  const noteAnchor = () => {
    const box = scroller.current!;
    const top = box.getBoundingClientRect().top;
    for (const element of box.querySelectorAll<HTMLElement>("[data-row]")) {
      const at = element.getBoundingClientRect();
      if (at.bottom > top) {
        restore.current = { id: element.dataset["row"]!, offset: at.top - top };
        return;
      }
    }
  };

  const onScroll = () => {
    const box = scroller.current!;
    const byReader = Math.abs(box.scrollTop - byScript.current) > 1;
    byScript.current = box.scrollTop;
    if (byReader) atEnd.value = box.scrollHeight - box.scrollTop - box.clientHeight < nearEnd;
    noteAnchor();
    view.value = { top: box.scrollTop, height: box.clientHeight };
  };

  useEffect(() => {
    const box = scroller.current!;
    const observer = new ResizeObserver(() => {
      if (atEnd.value) scrollTo(box.scrollHeight);
      view.value = { top: box.scrollTop, height: box.clientHeight };
    });
    observer.observe(box);
    return () => observer.disconnect();
  }, []);

  useEffect(() => {
    if (toEnd.value === 0) return;
    atEnd.value = true;
    scrollTo(scroller.current!.scrollHeight);
  }, [toEnd.value]);

  // The one row that the tab key reaches: the one that had the focus, or the last.
  const stop = items.some((item) => item.id === focused.value) ? focused.value : (items.at(-1)?.id ?? "");

  const onKey = (event: KeyboardEvent) => {
    const at = items.findIndex((item) => item.id === stop);
    const next = { ArrowUp: at - 1, ArrowDown: at + 1, Home: 0, End: items.length - 1, PageUp: at - 10, PageDown: at + 10 }[event.key];
    if (next === undefined || !(event.target as Element).matches("[data-row]")) return;
    event.preventDefault();
    const index = Math.min(items.length - 1, Math.max(0, next));
    const id = items[index]!.id;
    focused.value = id;
    atEnd.value = index === items.length - 1;
    if (index < part.first || index >= part.last) {
      let y = 0;
      for (let i = 0; i < index; i++) y += tall(items[i]!.id);
      restore.current = null;
      scrollTo(y);
    }
    requestAnimationFrame(() => {
      const element = scroller.current?.querySelector<HTMLElement>(`[data-row="${CSS.escape(id)}"]`);
      element?.focus({ preventScroll: true });
      element?.scrollIntoView({ block: "nearest" });
    });
  };

  return (
    <div ref={scroller} class="chat-list" onScroll={onScroll} onKeyDown={onKey} data-own-keys>
      <div class="chat-rows" role="log" aria-label={label} aria-live="off">
        <div style={{ height: `${part.before}px` }} aria-hidden="true" />
        {items.slice(part.first, part.last).map((item) => (
          <div key={item.id} data-row={item.id} role="article" aria-labelledby={labelledBy(item)} class="chat-row" tabIndex={item.id === stop ? 0 : -1} onFocus={() => (focused.value = item.id)}>
            {row(item, item.id === stop)}
          </div>
        ))}
        <div style={{ height: `${part.after}px` }} aria-hidden="true" />
      </div>
    </div>
  );
}
