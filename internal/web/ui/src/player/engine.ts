/** What went wrong for good, seen from the player. */
export type Failure = "playback" | "format" | "unsupported";

/** A Quality is one of those that a viewer can choose from. */
export interface Quality {
  /** How the engine knows it. */
  id: number;
  /** Height of the picture, 0 if unknown. */
  height: number;
  /** Pictures per second, 0 if unknown. */
  frameRate: number;
  /** bit/s, 0 if unknown. */
  bitrate: number;
  /** The directory of the rendition, such as "0". */
  rendition: string;
}

/** Where in the video's own time one can be. */
export interface Range {
  start: number;
  end: number;
}

/**
 * An Engine feeds one video element from one playlist until it is stopped.
 * There are two: hls.js, and browsers that play HLS themselves.
 */
export interface Engine {
  /** Whether the browser plays the stream itself, which devices elsewhere can take over. */
  readonly native: boolean;
  /** start loads the playlist and begins near its live edge, or at the beginning of a recording. */
  start(): void;
  /** stop lets go of the video element. */
  stop(): void;
  /** Where in the video's own time the live edge is played; null while unknown. */
  livePosition(): number | null;
  /** From where to where one can go; null while unknown. */
  range(): Range | null;
  /** The wall-clock time (ms) the shown picture was made; null while unknown. */
  pictureTime(): number | null;
  /** Seconds behind the newest media, by the playlist; null while unknown. */
  distance(): number | null;
  /** What distance is when nothing goes wrong; null while unknown. */
  usualDistance(): number | null;
  /** What can be chosen from; empty if there is no choice. */
  qualities(): Quality[];
  /** The id of the quality that is shown, -1 while unknown. */
  quality(): number;
  /** choose shows one quality from now on, or with -1 whichever fits. */
  choose(id: number): void;
  /** keepBack plays so many seconds further behind the live edge than the server asks for. */
  keepBack(seconds: number): void;
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

/** EngineFailed hears why an engine cannot go on. */
export type EngineFailed = (why: Failure) => void;
