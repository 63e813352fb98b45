// captions.mjs publishes a broadcast whose pictures carry closed captions
// (CEA-608, in SEI as of ATSC A/53): ffmpeg makes the pictures, this puts the
// captions in, and another ffmpeg sends them.
import { spawn } from "node:child_process";
import { source } from "./publish.mjs";

// unit is a NAL unit with two bytes of field 1, with its length in front.
function unit(a, b) {
  const odd = (byte) => (byte.toString(2).replaceAll("0", "").length % 2 ? byte : byte | 0x80);
  const payload = [0xb5, 0, 0x31, ...Buffer.from("GA94"), 3, 0x41, 0xff, 0xfc, odd(a), odd(b), 0xff];
  const nal = [6, 4, payload.length, ...payload, 0x80];
  return Buffer.from([0, 0, 0, nal.length, ...nal]);
}

// pairs shows a line for two seconds of every three or so, as captions that pop on.
function* pairs(text) {
  const twice = (a, b) => [[a, b], [a, b]]; // as commands are sent
  for (;;) {
    yield* [...twice(0x14, 0x20), ...twice(0x14, 0x2e), ...twice(0x14, 0x70)];
    for (let i = 0; i < text.length; i += 2) yield [text.charCodeAt(i), text.charCodeAt(i + 1) || 0x20];
    yield* twice(0x14, 0x2f); // the line is shown
    for (let i = 0; i < 60; i++) yield [0, 0];
    yield* twice(0x14, 0x2c); // and is not
  }
}

// caption puts the next pair into a tag of FLV, if it is one of pictures.
function caption(tag, next) {
  if (tag[0] !== 9 || tag[12] !== 1) return tag; // AVC NALUs
  const body = Buffer.concat([tag.subarray(11, 16), unit(...next()), tag.subarray(16, tag.length - 4)]);
  const out = Buffer.concat([tag.subarray(0, 11), body, Buffer.alloc(4)]);
  out.writeUIntBE(body.length, 1, 3);
  out.writeUInt32BE(11 + body.length, 11 + body.length);
  return out;
}

/** publishCaptioned runs until stop() is called. */
export function publishCaptioned(url, text, options = {}) {
  const quiet = ["-hide_banner", "-loglevel", "error"];
  const from = spawn("ffmpeg", [...quiet, "-nostdin", ...source(options), "-f", "flv", "-"], { stdio: ["ignore", "pipe", "ignore"] });
  const to = spawn("ffmpeg", [...quiet, "-f", "flv", "-i", "-", "-c", "copy", "-f", "flv", url], { stdio: ["pipe", "ignore", "ignore"] });
  const said = pairs(text);
  let pending = Buffer.alloc(0);
  let header = 13; // of the file
  from.stdout.on("data", (chunk) => {
    pending = Buffer.concat([pending, chunk]);
    while (pending.length >= 11) {
      const size = header || 11 + pending.readUIntBE(1, 3) + 4;
      if (pending.length < size) return;
      const tag = pending.subarray(0, size);
      to.stdin.write(header ? tag : caption(tag, () => said.next().value));
      pending = pending.subarray(size);
      header = 0;
    }
  });
  to.stdin.on("error", () => {}); // it is gone
  from.stdout.on("end", () => to.stdin.end());
  const gone = Promise.all([from, to].map((child) => new Promise((resolve) => child.once("close", resolve))));
  return {
    async stop() {
      from.kill("SIGINT");
      const late = setTimeout(() => to.kill("SIGKILL"), 10_000);
      await gone;
      clearTimeout(late);
    },
  };
}
