import { useEffect, useRef, useState } from "preact/hooks";
import { date, number } from "../../lib/format";
import { t } from "../i18n";
import type { Point } from "../types";
import { Table } from "./table";

export interface Series {
  name: string;
  points: Point[];
  /** Fills what is below the line. */
  area?: boolean;
}

interface ChartProps {
  label: string;
  series: Series[];
  /** A value for people; whole numbers if not given. */
  format?: (value: number) => string;
  /** The upper end of the axis, if it is always the same. */
  top?: number;
  /** Values with names, such as limits. */
  marks?: { name: string; value: number }[];
}

const height = 220;
const edge = { top: 12, right: 12, bottom: 26, left: 52 };
const hour = 3_600_000;

/** Chart draws values over time. The same is there as a table. */
export function Chart({ label, series, format = (v) => number(v, { maximumFractionDigits: 1 }), top, marks = [] }: ChartProps) {
  const frame = useRef<HTMLDivElement>(null);
  const [width, setWidth] = useState(0);
  const [at, setAt] = useState<number | null>(null);
  const [table, setTable] = useState(false);

  useEffect(() => {
    const measure = new ResizeObserver(([entry]) => setWidth(Math.floor(entry!.contentRect.width)));
    measure.observe(frame.current!);
    return () => measure.disconnect();
  }, []);

  const lines = series.map((s) => ({ ...s, values: s.points.map((p) => ({ time: Date.parse(p.time), value: p.value })) }));
  const times = [...new Set(lines.flatMap((l) => l.values.map((v) => v.time)))].sort((a, b) => a - b);
  const [first, last] = [times[0] ?? 0, times.at(-1) ?? 0];
  const highest = Math.max(top ?? 0, ...lines.flatMap((l) => l.values.map((v) => v.value)), ...marks.map((m) => m.value));
  const ticks = scale(highest);
  const most = top ?? ticks.at(-1)!;
  const inner = Math.max(1, width - edge.left - edge.right);
  const x = (time: number) => edge.left + (last === first ? inner / 2 : ((time - first) / (last - first)) * inner);
  const y = (value: number) => height - edge.bottom - (value / most) * (height - edge.top - edge.bottom);
  const clock = timeFormat(last - first);

  const point = (event: PointerEvent) => {
    const place = event.clientX - frame.current!.getBoundingClientRect().left;
    const nearest = times.reduce((best, time) => (Math.abs(x(time) - place) < Math.abs(x(best) - place) ? time : best), first);
    setAt(times.length ? nearest : null);
  };

  return (
    <figure class="chart">
      {series.length > 1 && times.length > 0 && (
        <ul class="legend" role="list">
          {series.map((s, i) => (
            <li key={s.name} class={`series-${i}`}>
              {s.name}
            </li>
          ))}
        </ul>
      )}
      <div ref={frame} class="chart-frame" onPointerMove={point} onPointerLeave={() => setAt(null)}>
        {width > 0 && times.length > 0 && (
          <svg width={width} height={height} aria-hidden="true">
            {ticks.map((value) => (
              <g key={value} class="tick">
                <line x1={edge.left} x2={width - edge.right} y1={y(value)} y2={y(value)} />
                <text x={edge.left - 8} y={y(value)} dy="0.32em" text-anchor="end">
                  {format(value)}
                </text>
              </g>
            ))}
            {timeTicks(first, last, Math.max(2, Math.floor(inner / 110))).map((time) => (
              <text key={time} class="time" x={Math.min(x(time), width)} y={height - 6} text-anchor={x(time) > width - 32 ? "end" : "middle"}>
                {clock(time)}
              </text>
            ))}
            {marks.map((m) => (
              <line key={m.name} class="mark" x1={edge.left} x2={width - edge.right} y1={y(m.value)} y2={y(m.value)} />
            ))}
            {lines.map((line, i) => (
              <g key={line.name} class={`series-${i}`}>
                {stretches(line.values).map((stretch) => {
                  const path = stretch.map((v, k) => `${k ? "L" : "M"}${x(v.time).toFixed(1)} ${y(v.value).toFixed(1)}`).join("");
                  const [from, to] = [stretch[0]!, stretch.at(-1)!];
                  return (
                    <g key={from.time}>
                      {line.area && <path class="area" d={`${path}L${x(to.time)} ${y(0)}L${x(from.time)} ${y(0)}Z`} />}
                      {stretch.length > 1 ? <path class="curve" d={path} /> : <circle cx={x(from.time)} cy={y(from.value)} r={2.5} />}
                    </g>
                  );
                })}
              </g>
            ))}
            {at !== null && <line class="cursor" x1={x(at)} x2={x(at)} y1={edge.top} y2={height - edge.bottom} />}
          </svg>
        )}
        {times.length === 0 && <p class="chart-empty soft">{t("noValues")}</p>}
        {at !== null && (
          <div class="chart-values" style={{ left: `${Math.min(Math.max(x(at) + 10, 0), Math.max(0, width - 170))}px` }}>
            <strong>{date(new Date(at), { dateStyle: "medium", timeStyle: "short" })}</strong>
            {lines.map((line, i) => {
              const found = line.values.find((v) => v.time === at);
              return (
                found && (
                  <span key={line.name} class={`series-${i}`}>
                    {series.length > 1 && `${line.name}: `}
                    {format(found.value)}
                  </span>
                )
              );
            })}
          </div>
        )}
      </div>
      <details class="chart-table" hidden={times.length === 0} onToggle={(event) => setTable(event.currentTarget.open)}>
        <summary>{t("asTable")}</summary>
        {table && (
          <Table
            label={label}
            rows={[...times].reverse()}
            id={(time) => time}
            columns={[
              { head: t("time"), cell: (time) => date(new Date(time), { dateStyle: "medium", timeStyle: "medium" }) },
              ...lines.map((line) => {
                const values = new Map(line.values.map((v) => [v.time, v.value]));
                return { head: line.name, number: true, cell: (time: number) => (values.has(time) ? format(values.get(time)!) : "–") };
              }),
            ]}
          />
        )}
      </details>
    </figure>
  );
}

// scale is round values from 0 to what the highest fits below.
function scale(highest: number): number[] {
  if (highest <= 0) return [0, 1];
  const rough = highest / 4;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 2.5, 5, 10].map((f) => f * power).find((s) => s >= rough)!;
  return Array.from({ length: Math.ceil(highest / step - 1e-9) + 1 }, (_, i) => Number((i * step).toPrecision(6)));
}

const steps = [1, 2, 5, 10, 15, 30, 60, 120, 180, 360, 720, 1440, 2880, 10_080, 20_160, 43_200].map((minutes) => minutes * 60_000);

function timeTicks(first: number, last: number, most: number): number[] {
  const step = steps.find((s) => (last - first) / s <= most) ?? steps.at(-1)!;
  const shift = new Date(first).getTimezoneOffset() * 60_000; // days begin at midnight here
  const ticks = [];
  for (let time = Math.ceil((first - shift) / step) * step + shift; time <= last; time += step) ticks.push(time);
  return ticks;
}

function timeFormat(span: number): (time: number) => string {
  const options: Intl.DateTimeFormatOptions = span > 36 * hour ? { month: "short", day: "numeric" } : { hour: "numeric", minute: "2-digit" };
  return (time) => date(new Date(time), options);
}

// stretches are the values between which nothing is missing.
function stretches<V extends { time: number }>(values: V[]): V[][] {
  const gaps = values.slice(1).map((v, i) => v.time - values[i]!.time).sort((a, b) => a - b);
  const usual = gaps[Math.floor(gaps.length / 2)] ?? 0;
  const parts: V[][] = [];
  let before = -Infinity;
  for (const v of values) {
    if (v.time - before > 3.5 * usual || parts.length === 0) parts.push([]);
    parts.at(-1)!.push(v);
    before = v.time;
  }
  return parts;
}
