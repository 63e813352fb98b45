import { useSignal } from "@preact/signals";
import { useRef } from "preact/hooks";
import { clock } from "../lib/format";
import { t } from "../i18n/viewer";
import type { Player } from "./player";

/** SeekBar is where in the recording, or in the past of the broadcast, one is. */
export function SeekBar({ player }: { player: Player }) {
  const range = player.range.value;
  const dragged = useSignal<number | null>(null);
  const hovered = useSignal<{ at: number; x: number } | null>(null);
  const bar = useRef<HTMLInputElement>(null);
  if (!range) return null;

  const live = player.live.value;
  const length = range.end - range.start;
  const position = dragged.value ?? Math.min(length, Math.max(0, player.position.value - range.start));
  // The end of the live window is what plays when nothing is wrong.
  const shown = live && !player.behind.value && dragged.value === null ? length : position;
  const text = (at: number) =>
    live ? (length - at < 1 ? t("atLive") : t("seekLive", { time: clock(length - at) })) : t("seekOf", { time: clock(at), total: clock(length) });
  const label = (at: number) => (live ? (length - at < 1 ? t("atLive") : `−${clock(length - at)}`) : clock(at));

  const commit = (value: number) => {
    dragged.value = null;
    player.seek(range.start + value);
  };
  const hover = (event: PointerEvent) => {
    const box = bar.current!.getBoundingClientRect();
    const share = Math.min(1, Math.max(0, (event.clientX - box.left) / box.width));
    hovered.value = { at: share * length, x: share };
  };

  return (
    <div class="seek" onPointerMove={hover} onPointerLeave={() => (hovered.value = null)}>
      <input
        ref={bar}
        id="seek"
        type="range"
        min="0"
        max={length}
        step="any"
        value={shown}
        style={{ "--filled": length > 0 ? shown / length : 0 }}
        aria-label={t("seek")}
        aria-valuetext={text(shown)}
        dir="ltr"
        onInput={(event) => (dragged.value = Number(event.currentTarget.value))}
        onChange={(event) => commit(Number(event.currentTarget.value))}
        onKeyDown={(event) => {
          const step = { ArrowLeft: -5, ArrowDown: -5, ArrowRight: 5, ArrowUp: 5, PageDown: -60, PageUp: 60 }[event.key];
          if (step === undefined) return;
          event.preventDefault();
          player.skip(step);
        }}
      />
      {hovered.value && (
        <span class="seek-hint" aria-hidden="true" style={{ "--at": hovered.value.x }}>
          {label(hovered.value.at)}
        </span>
      )}
    </div>
  );
}
