// publish.mjs makes a live source with ffmpeg whose picture carries the time
// at which it was made.
//
// The top of the picture is 32 cells wide and two rows high; the second row
// is the complement of the first. Cells 0 and 1 are 1 and 0, cells 2 to 31
// are the Unix time in milliseconds modulo 2^30, the highest bit first.
import { spawn } from "node:child_process";

const bits = 30;
export const clockModulus = 2 ** bits;

const clock =
  "geq=threads=1:cb=128:cr=128:lum='" +
  `st(0,if(eq(X,0)*eq(Y,0),floor(mod(time(0)*1000,${clockModulus})),ld(0)));` +
  "st(1,if(eq(X,0),1,if(eq(X,1),0,mod(floor(ld(0)/pow(2,31-X)),2))));" +
  "16+219*abs(Y-ld(1))'";

/**
 * source returns ffmpeg's for a source of this size, up to the output.
 * The clock is painted on 32 by 2 pixels and blown up, which is cheap.
 */
export function source({ size = "1920x1080", fps = 30, gop = fps, bitrate = "4M", bframes = 0, video = true, audio = true } = {}) {
  const sine = ["-f", "lavfi", "-i", "sine=f=440:b=4:r=48000"];
  const aac = ["-c:a", "aac", "-b:a", "96k", "-ac", "2"];
  if (!video) return ["-re", ...sine, ...aac];
  const [width] = size.split("x").map(Number);
  const bar = 2 * Math.floor(width / 32);
  const graph =
    "[0:v]format=yuv420p,split[main][small];" +
    `[small]crop=32:2:0:0,${clock},scale=${32 * (bar / 2)}:${bar}:flags=neighbor[bar];` +
    "[main][bar]overlay=0:0:format=yuv420[v]";
  return [
    ...["-re", "-f", "lavfi", "-i", `testsrc2=s=${size}:r=${fps}`],
    ...(audio ? sine : []),
    ...["-filter_complex_threads", "1", "-filter_complex", graph, "-map", "[v]"],
    ...["-c:v", "libx264", "-preset", "ultrafast", "-tune", "zerolatency", "-pix_fmt", "yuv420p"],
    ...["-bf", String(bframes), "-b:v", bitrate, "-maxrate", bitrate, "-bufsize", bitrate],
    ...["-g", String(gop), "-keyint_min", String(gop), "-sc_threshold", "0"],
    ...(audio ? ["-map", "1:a", ...aac] : []),
  ];
}

/** publish runs ffmpeg until stop() is called, which resolves when it is gone. */
export function publish(url, options = {}) {
  const output = options.output ?? ["-f", "flv", url];
  const args = ["-hide_banner", "-loglevel", "error", "-nostdin", ...source(options), ...output];
  const child = spawn(options.ffmpeg ?? "ffmpeg", args, { stdio: ["ignore", "ignore", "pipe"] });
  let errors = "";
  child.stderr.on("data", (chunk) => (errors = (errors + chunk).slice(-2000)));
  const gone = new Promise((resolve) => child.once("close", resolve));
  return {
    gone,
    errors: () => errors,
    async stop(signal = "SIGINT") {
      child.kill(signal);
      await gone;
    },
  };
}

if (import.meta.url === `file://${process.argv[1]}`) {
  const [url, size, fps] = process.argv.slice(2);
  if (!url) throw new Error("usage: node publish.mjs rtmp://host/app/key [WxH [fps]]");
  const p = publish(url, { ...(size && { size }), ...(fps && { fps: Number(fps) }) });
  process.once("SIGINT", () => p.stop());
  await p.gone;
  process.stderr.write(p.errors());
}
