import { locale } from "./i18n";

const units: [Intl.RelativeTimeFormatUnit, number][] = [
  ["year", 31_536_000],
  ["month", 2_592_000],
  ["week", 604_800],
  ["day", 86_400],
  ["hour", 3600],
  ["minute", 60],
];

/** ago says how far a moment is from now, such as "2 hours ago" or "in 3 days". */
export function ago(moment: Date, now = Date.now()): string {
  const seconds = (moment.getTime() - now) / 1000;
  const format = new Intl.RelativeTimeFormat(locale(), { numeric: "auto" });
  for (const [unit, size] of units) {
    if (Math.abs(seconds) >= size) return format.format(Math.trunc(seconds / size), unit);
  }
  return format.format(0, "minute");
}

/** clock is a length of time as players show it, such as "1:02:03". */
export function clock(seconds: number): string {
  const whole = Math.max(0, Math.floor(seconds));
  const two = (n: number) => String(n).padStart(2, "0");
  const [h, m, s] = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60, whole % 60];
  return h ? `${h}:${two(m)}:${two(s)}` : `${m}:${two(s)}`;
}

/** number is a number as people of the language write it. */
export function number(n: number, options?: Intl.NumberFormatOptions): string {
  return n.toLocaleString(locale(), options);
}

/** compact is a number of few letters, such as "1.2K". */
export function compact(n: number): string {
  return number(n, n < 10_000 ? {} : { notation: "compact", maximumFractionDigits: 1 });
}

/** bytes is an amount of data, such as "1.3 GB". */
export function bytes(n: number): string {
  const names = ["byte", "kilobyte", "megabyte", "gigabyte", "terabyte"];
  let unit = 0;
  while (n >= 1000 && unit < names.length - 1) {
    n /= 1000;
    unit++;
  }
  return number(n, { style: "unit", unit: names[unit]!, unitDisplay: unit ? "short" : "long", maximumFractionDigits: n < 10 && unit > 0 ? 1 : 0 });
}

/** bitrate is a rate of data in bit/s, such as "4.5 Mbit/s". */
export function bitrate(bitsPerSecond: number): string {
  const mega = bitsPerSecond >= 1e6;
  const n = bitsPerSecond / (mega ? 1e6 : 1e3);
  return `${number(n, { maximumFractionDigits: mega && n < 10 ? 1 : 0 })} ${mega ? "Mbit/s" : "kbit/s"}`;
}

/** date is a day, such as "Friday, March 6". */
export function date(moment: Date, options: Intl.DateTimeFormatOptions = { dateStyle: "medium" }): string {
  return new Intl.DateTimeFormat(locale(), options).format(moment);
}

/** dateTime is a day with its time. */
export function dateTime(moment: Date): string {
  return date(moment, { dateStyle: "medium", timeStyle: "short" });
}
