import Hls from "hls.js/light";
import type { EngineFailed } from "./engine";
import { HlsEngine } from "./hls-base";

/** make makes an engine for most streams; null if this browser has none. */
export function make(video: HTMLVideoElement, url: string, failed: EngineFailed): HlsEngine | null {
  return Hls.isSupported() ? new HlsEngine(Hls, false, video, url, failed) : null;
}
