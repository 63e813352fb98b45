import type { OutputVariant } from "./types";

/** sizes are heights that people know by name; 0 keeps the size. */
export const sizes = [0, 1080, 720, 540, 480, 360, 240] as const;

/** How much work an encoder has with a level, where 2 is the usual. */
const effort = [0.45, 0.65, 1, 1.4, 1.9];

// A core of today makes one 1080p at 30 frames per second with x264's
// veryfast, give or take.
const pixelsPerCore = 1920 * 1080 * 30;

/** The incoming broadcast, or what stands for it while there is none. */
export interface Source {
  width: number;
  height: number;
  framerate: number;
  /** kbit/s */
  bitrate: number;
}

export const usualSource: Source = { width: 1920, height: 1080, framerate: 30, bitrate: 6000 };

/** made is the size and the frames that a variant has of a source. */
export function made(v: OutputVariant, source: Source): { width: number; height: number; framerate: number } {
  const ratio = source.width / source.height;
  const height = v.scaledHeight || (v.scaledWidth ? v.scaledWidth / ratio : source.height);
  const width = v.scaledWidth || height * ratio;
  return { width, height, framerate: Math.min(v.framerate || 24, source.framerate) };
}

/** cores is how many cores a variant keeps busy, roughly. hardware encoders leave little to do. */
export function cores(v: OutputVariant, source: Source, hardware: boolean): number {
  if (v.videoPassthrough) return 0;
  const { width, height, framerate } = made(v, source);
  const share = (width * height * framerate) / pixelsPerCore;
  return hardware ? 0.15 * share : share * effort[Math.min(Math.max(v.cpuUsageLevel, 0), 4)]!;
}

/** suggested is a bitrate in kbit/s that suits a size, for H.264. */
export function suggested(height: number, framerate: number): number {
  const usual = height >= 1080 ? 4500 : height >= 720 ? 2500 : height >= 540 ? 1600 : height >= 480 ? 1200 : height >= 360 ? 800 : 400;
  return framerate > 40 ? Math.round((usual * 1.4) / 100) * 100 : usual;
}

export type Advice = { kind: "twoCopies" | "noFallback" | "alike" | "tooMuch" | "bigger" | "starved" | "heavy"; variant?: number; other?: number };

/** advise says what could be better about a ladder. */
export function advise(list: OutputVariant[], source: Source, hardware: boolean): Advice[] {
  const advice: Advice[] = [];
  const copies = list.filter((v) => v.videoPassthrough && (v.audioPassthrough || !v.audioBitrate));
  if (copies.length > 1) advice.push({ kind: "twoCopies" });
  const encoded = list.map((v, i) => ({ v, i })).filter(({ v }) => !v.videoPassthrough);
  const lowest = Math.min(...list.map((v) => (v.videoPassthrough ? source.bitrate : v.videoBitrate)));
  if (list.length > 0 && lowest > 2000) advice.push({ kind: "noFallback" });
  encoded.forEach(({ v, i }, k) => {
    if (v.videoBitrate > source.bitrate * 1.1) advice.push({ kind: "tooMuch", variant: i });
    if ((v.scaledHeight ?? 0) > source.height || (v.scaledWidth ?? 0) > source.width) advice.push({ kind: "bigger", variant: i });
    const { height, framerate } = made(v, source);
    if (v.videoBitrate < suggested(height, framerate) * 0.45) advice.push({ kind: "starved", variant: i });
    for (const { v: o, i: j } of encoded.slice(k + 1)) {
      const ratio = v.videoBitrate / o.videoBitrate;
      if (ratio > 0.75 && ratio < 1.34) advice.push({ kind: "alike", variant: i, other: j });
    }
  });
  const busy = list.reduce((sum, v) => sum + cores(v, source, hardware), 0);
  if (busy > 4) advice.push({ kind: "heavy" });
  return advice;
}

/** newVariant is a step below those that there are. */
export function newVariant(list: OutputVariant[]): OutputVariant {
  const height = [720, 480, 360, 240].find((h) => !list.some((v) => v.scaledHeight === h)) ?? 360;
  return { name: "", videoPassthrough: false, audioPassthrough: true, videoBitrate: suggested(height, 30), audioBitrate: 0, scaledHeight: height, framerate: 30, cpuUsageLevel: 2 };
}
