const around = 56; // pixels that are to be seen of what is beside it

/** reveal scrolls a frame, and nothing around it, until something in it can be seen. */
export function reveal(item: Element, frame: Element): void {
  const inner = item.getBoundingClientRect();
  const outer = frame.getBoundingClientRect();
  const past = (start: number, end: number) => (end > 0 ? end : Math.min(0, start));
  frame.scrollLeft += past(inner.left - outer.left - around, inner.right - outer.right + around);
  frame.scrollTop += past(inner.top - outer.top - around, inner.bottom - outer.bottom + around);
}
