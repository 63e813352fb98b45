// Recurrences as in RFC 5545, section 3.3.10, as far as the form for them goes.

import { locale } from "../lib/i18n";

export const weekdays = ["MO", "TU", "WE", "TH", "FR", "SA", "SU"] as const;
export type Weekday = (typeof weekdays)[number];

/** A Rule is what the form can say. Times are as on the wall in the zone. */
export interface Rule {
  /** As inputs have it, such as "2026-01-05T20:00". */
  start: string;
  zone: string;
  every: "DAILY" | "WEEKLY" | "MONTHLY";
  interval: number;
  /** Of weekly ones; the day of the start if there are none. */
  days: Weekday[];
  /** Of monthly ones: the same day of the month, or the same weekday of it. */
  monthly: "day" | "weekday";
  /** How often; 0 is for ever, unless there is an end. */
  count: number;
  /** The last day, such as "2026-12-31"; "" for none. */
  until: string;
}

/** weekdayName is a day of the week in the language in use. */
export function weekdayName(index: number): string {
  return new Intl.DateTimeFormat(locale(), { weekday: "short", timeZone: "UTC" }).format(new Date(Date.UTC(2026, 0, 5 + index)));
}

const stamp = (local: string) => `${local.replace(/[-:]/g, "").slice(0, 13)}00`;

function weekdayOf(local: string): Weekday {
  const [y, m, d] = local.slice(0, 10).split("-").map(Number);
  return weekdays[(new Date(Date.UTC(y!, m! - 1, d!)).getUTCDay() + 6) % 7]!;
}

/** which is the how many-th of its weekday a day is in its month, from 1 to 5. */
const which = (local: string) => Math.ceil(Number(local.slice(8, 10)) / 7);

/** build makes a recurrence of a rule. */
export function build(rule: Rule): string {
  const parts = [`FREQ=${rule.every}`];
  if (rule.interval > 1) parts.push(`INTERVAL=${rule.interval}`);
  if (rule.every === "WEEKLY" && rule.days.length) parts.push(`BYDAY=${weekdays.filter((d) => rule.days.includes(d)).join(",")}`);
  if (rule.every === "MONTHLY") {
    const nth = which(rule.start);
    parts.push(rule.monthly === "day" ? `BYMONTHDAY=${Number(rule.start.slice(8, 10))}` : `BYDAY=${nth === 5 ? -1 : nth}${weekdayOf(rule.start)}`);
  }
  if (rule.count > 0) parts.push(`COUNT=${rule.count}`);
  else if (rule.until) parts.push(`UNTIL=${utcStamp(`${rule.until}T23:59`, rule.zone)}`);
  return `DTSTART;TZID=${rule.zone}:${stamp(rule.start)}\nRRULE:${parts.join(";")}`;
}

/** parse reads a recurrence, or returns null if the form cannot say it. */
export function parse(text: string, fallbackZone: string): Rule | null {
  const lines = text.trim().split(/\r?\n/);
  const start = /^DTSTART(?:;TZID=([^:]+))?:(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)\d\d(Z?)$/i.exec(lines[0] ?? "");
  const props = /^RRULE:(.+)$/i.exec(lines[1] ?? "");
  if (!start || !props || lines.length > 2) return null;
  const [, zone, y, mo, d, h, mi, utc] = start;
  const rule: Rule = {
    start: `${y}-${mo}-${d}T${h}:${mi}`,
    zone: utc ? "UTC" : (zone ?? fallbackZone),
    every: "WEEKLY",
    interval: 1,
    days: [],
    monthly: "day",
    count: 0,
    until: "",
  };
  for (const part of props[1]!.split(";")) {
    const [name, value = ""] = part.toUpperCase().split("=");
    switch (name) {
      case "FREQ":
        if (value !== "DAILY" && value !== "WEEKLY" && value !== "MONTHLY") return null;
        rule.every = value;
        break;
      case "INTERVAL":
        rule.interval = Number(value);
        break;
      case "COUNT":
        rule.count = Number(value);
        break;
      case "UNTIL": {
        const day = /^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/.exec(value);
        if (!day) return null;
        rule.until = local(new Date(`${day[1]}-${day[2]}-${day[3]}T${day[4]}:${day[5]}:${day[6]}Z`), rule.zone).slice(0, 10);
        break;
      }
      case "BYDAY":
        if (/^(MO|TU|WE|TH|FR|SA|SU)(,(MO|TU|WE|TH|FR|SA|SU))*$/.test(value)) rule.days = value.split(",") as Weekday[];
        else rule.monthly = "weekday";
        break;
      case "BYMONTHDAY":
        break;
      default:
        return null;
    }
  }
  // What comes out is what went in, or the form has lost something.
  const normal = (s: string) => s.toUpperCase().replace(/\s+/g, "\n");
  return normal(build(rule)) === normal(text.trim()) || (!props[1]!.includes("BY") && rule.every !== "MONTHLY") ? rule : null;
}

/** local is a time as on the wall in a zone, as inputs have it. */
export function local(moment: Date, zone: string): string {
  const parts = new Intl.DateTimeFormat("en-CA", { timeZone: zone, hourCycle: "h23", year: "numeric", month: "2-digit", day: "2-digit", hour: "2-digit", minute: "2-digit" }).formatToParts(moment);
  const part = (type: string) => parts.find((p) => p.type === type)!.value;
  return `${part("year")}-${part("month")}-${part("day")}T${part("hour")}:${part("minute")}`;
}

/** moment is the time that is on the wall in a zone. */
export function moment(wall: string, zone: string): Date {
  const asUTC = Date.parse(`${wall}:00Z`);
  let guess = asUTC;
  for (let i = 0; i < 3; i++) guess += asUTC - Date.parse(`${local(new Date(guess), zone)}:00Z`);
  return new Date(guess);
}

const utcStamp = (wall: string, zone: string) => `${moment(wall, zone).toISOString().replace(/[-:]/g, "").slice(0, 15)}Z`;

/** zones are the time zones that the browser knows. */
export function zones(): string[] {
  const all = Intl.supportedValuesOf("timeZone");
  return all.includes("UTC") ? all : ["UTC", ...all];
}

/** here is the time zone of the browser. */
export const here = () => Intl.DateTimeFormat().resolvedOptions().timeZone || "UTC";
