/** What went wrong for good, seen from the player. */
export type Failure = "playback" | "format" | "unsupported";

/**
 * An Engine feeds one video element from one playlist until it is stopped.
 * There are two: hls.js, and browsers that play HLS themselves.
 */
export interface Engine {
  /** start loads the playlist and begins near its live edge. */
  start(): void;
  /** stop lets go of the video element. */
  stop(): void;
  /** Where in the video's own time the live edge is played; null while unknown. */
  livePosition(): number | null;
  /** The wall-clock time (ms) the shown picture was made; null while unknown. */
  pictureTime(): number | null;
  /** Seconds behind the newest media, by the playlist; null while unknown. */
  distance(): number | null;
  /** What distance is when nothing goes wrong; null while unknown. */
  usualDistance(): number | null;
  /** What the administrator may want to know; null if there is no telling. */
  measures(): Measures | null;
  /** tick is called about once a second while the video runs; mayHurry says that catching up is welcome. */
  tick(mayHurry: boolean): void;
}

export interface Measures {
  /** What the network gives, bit/s; 0 while unknown. */
  throughput: number;
  /** Of what is played, bit/s; 0 while unknown. */
  bitrate: number;
  /** How often the engine ran out of media. */
  stalls: number;
}

export type EngineFailed = (why: Failure) => void;
