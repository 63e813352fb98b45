import Hls from "hls.js";
import type { EngineFailed } from "./engine";
import { HlsEngine } from "./hls-base";

/** make makes an engine for streams with captions; null if this browser has none. */
export function make(video: HTMLVideoElement, url: string, failed: EngineFailed): HlsEngine | null {
  return Hls.isSupported() ? new HlsEngine(Hls, true, video, url, failed) : null;
}
