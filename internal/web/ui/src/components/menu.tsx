import type { RefObject } from "preact";
import { useEffect, useId, useLayoutEffect, useRef, useState } from "preact/hooks";
import { IconButton } from "./button";
import { Check, type IconType } from "./icons";

export interface MenuItem {
  label: string;
  /** A second line, or a value. */
  hint?: string;
  icon?: IconType;
  /** For choices: whether it is the one in force. */
  checked?: boolean;
  danger?: boolean;
  disabled?: boolean;
  select: () => void;
}

export interface MenuGroup {
  label?: string;
  items: MenuItem[];
}

interface MenuProps {
  label: string;
  icon: IconType;
  groups: MenuGroup[] | (() => MenuGroup[]);
  class?: string;
  /** Above the button rather than below. */
  up?: boolean;
  /** Above everything, for buttons in what would cut the menu off. */
  floating?: boolean;
  onToggle?: (open: boolean) => void;
  id?: string;
  disabled?: boolean;
  /** Whether the tab key reaches the button; it does if not given. */
  reachable?: boolean;
}

/** MenuButton is a button with a menu, by the pattern of the same name in ARIA's practices. */
export function MenuButton({ label, icon, groups, class: extra = "", up, floating, onToggle, id, disabled, reachable = true }: MenuProps) {
  const [open, setOpen] = useState(false);
  const root = useRef<HTMLDivElement>(null);
  const button = useRef<HTMLButtonElement>(null);
  const menuId = useId();

  const toggle = (next: boolean, refocus = false) => {
    setOpen(next);
    onToggle?.(next);
    if (refocus) button.current?.focus({ preventScroll: true });
  };

  useEffect(() => {
    if (!open) return;
    const outside = (event: Event) => {
      if (event.target instanceof Node && !root.current?.contains(event.target)) toggle(false);
    };
    document.addEventListener("pointerdown", outside, true);
    document.addEventListener("focusin", outside);
    return () => {
      document.removeEventListener("pointerdown", outside, true);
      document.removeEventListener("focusin", outside);
    };
  }, [open]);

  const onKey = (event: KeyboardEvent) => {
    if (!open) {
      if (event.key === "ArrowDown" || event.key === "ArrowUp") {
        event.preventDefault();
        toggle(true);
      }
      return;
    }
    if (event.key === "Escape") {
      event.preventDefault();
      event.stopPropagation();
      toggle(false, true);
    }
  };

  return (
    <div ref={root} class={`menu-root ${extra}`} onKeyDown={onKey}>
      <IconButton
        {...(id !== undefined && { id })}
        buttonRef={button}
        label={label}
        icon={icon}
        aria-haspopup="menu"
        tabIndex={reachable ? 0 : -1}
        aria-expanded={open}
        aria-controls={open ? menuId : undefined}
        disabled={disabled}
        onClick={() => toggle(!open)}
      />
      {open && <MenuList id={menuId} label={label} groups={typeof groups === "function" ? groups() : groups} up={up ?? false} anchor={floating ? button : null} done={() => toggle(false, true)} />}
    </div>
  );
}

interface MenuListProps {
  id: string;
  label: string;
  groups: MenuGroup[];
  up: boolean;
  /** What the menu floats at; null if it has its place in the page. */
  anchor: RefObject<HTMLElement | null> | null;
  done: () => void;
}

const margin = 8; // pixels that a menu keeps from the edges of the window

// float shows a menu above everything, on the side of its anchor that is
// wanted or where there is room. Browsers that cannot leave it in its place.
function float(menu: HTMLElement, anchor: HTMLElement, up: boolean): void {
  if (!("showPopover" in menu)) return;
  menu.popover = "manual";
  if (!menu.matches(":popover-open")) menu.showPopover();
  const { top, bottom, left, right } = anchor.getBoundingClientRect();
  const { innerWidth, innerHeight } = window;
  const { width, height } = menu.getBoundingClientRect();
  const across = getComputedStyle(menu).direction === "rtl" ? left : right - width;
  const above = top - height >= margin ? top - height : null;
  const below = bottom + height + margin <= innerHeight ? bottom : null;
  const down = (up ? (above ?? below) : (below ?? above)) ?? innerHeight - height - margin;
  menu.style.left = `${Math.max(margin, Math.min(across, innerWidth - width - margin))}px`;
  menu.style.top = `${Math.max(margin, down)}px`;
}

function MenuList({ id, label, groups, up, anchor, done }: MenuListProps) {
  const list = useRef<HTMLDivElement>(null);
  const items = () => [...(list.current?.querySelectorAll<HTMLButtonElement>("[role^=menuitem]:not(:disabled)") ?? [])];
  const focus = (step: number | "first" | "last") => {
    const all = items();
    const now = all.indexOf(document.activeElement as HTMLButtonElement);
    const next = step === "first" ? 0 : step === "last" ? all.length - 1 : (now + step + all.length) % all.length;
    all[next]?.focus({ preventScroll: true });
  };

  useLayoutEffect(() => {
    if (!anchor) return;
    let frame = 0;
    let before = "";
    const place = () => { // what the menu belongs to may move: lines come, windows turn
      const at = anchor.current?.getBoundingClientRect();
      const now = at ? [at.top, at.left, innerWidth, innerHeight].join() : before;
      if (now !== before) float(list.current!, anchor.current!, up);
      before = now;
      frame = requestAnimationFrame(place);
    };
    place();
    return () => cancelAnimationFrame(frame);
  }, []);
  useEffect(() => {
    const current = list.current?.querySelector<HTMLButtonElement>("[aria-checked=true]");
    if (current) current.focus({ preventScroll: true });
    else focus("first");
  }, []);

  const onKey = (event: KeyboardEvent) => {
    const step = { ArrowDown: 1, ArrowUp: -1, Home: "first", End: "last" }[event.key] as number | "first" | "last" | undefined;
    if (step !== undefined) {
      event.preventDefault();
      event.stopPropagation();
      focus(step);
    } else if (event.key === "Tab") {
      done();
    } else if (event.key.length === 1 && event.key !== " ") {
      event.stopPropagation();
      const found = items().find((i) => i.textContent?.trim().toLowerCase().startsWith(event.key.toLowerCase()));
      found?.focus({ preventScroll: true });
    }
  };

  return (
    <div ref={list} id={id} class={`menu ${up ? "up" : ""}`} role="menu" aria-label={label} onKeyDown={onKey}>
      {groups.map((group, index) => (
        <div role="group" key={index} aria-label={group.label} class="menu-group">
          {group.label && <div class="menu-label">{group.label}</div>}
          {group.items.map((item) => (
            <Item key={item.label} item={item} done={done} />
          ))}
        </div>
      ))}
    </div>
  );
}

function Item({ item, done }: { item: MenuItem; done: () => void }) {
  const choice = item.checked !== undefined;
  const Icon = item.icon;
  return (
    <button
      type="button"
      role={choice ? "menuitemradio" : "menuitem"}
      {...(choice && { "aria-checked": item.checked })}
      tabIndex={-1}
      class={`menu-item ${item.danger ? "danger" : ""}`}
      disabled={item.disabled ?? false}
      onClick={() => {
        done();
        item.select();
      }}
    >
      {choice ? <span class="menu-check">{item.checked && <Check />}</span> : Icon && <Icon />}
      <span class="menu-text">{item.label}</span>
      {item.hint && <span class="menu-hint">{item.hint}</span>}
    </button>
  );
}
