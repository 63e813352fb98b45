// clock.mjs reads the time in the picture (see publish.mjs) from the frames
// that a video element shows, and compares it with the time they are shown.
import { clockModulus } from "./publish.mjs";

/**
 * glassToGlass watches the video for so many seconds and returns the delay of
 * its frames in milliseconds: the median, the 5th and the 95th percentile,
 * over how many frames, and how many could not be read.
 */
export async function glassToGlass(page, seconds) {
  const { delays, unreadable } = await page.evaluate(watch, { seconds, modulus: clockModulus });
  delays.sort((a, b) => a - b);
  const at = (share) => delays[Math.min(delays.length - 1, Math.floor(delays.length * share))];
  return { median: at(0.5), p5: at(0.05), p95: at(0.95), frames: delays.length, unreadable };
}

// Runs in the page.
async function watch({ seconds, modulus }) {
  const video = document.querySelector("video");
  const canvas = document.createElement("canvas");
  canvas.width = 32;
  canvas.height = 2;
  const context = canvas.getContext("2d", { willReadFrequently: true });
  context.imageSmoothingEnabled = false; // takes the middle of every cell
  const delays = [];
  let unreadable = 0;

  function read() {
    const cell = Math.floor(video.videoWidth / 32);
    context.drawImage(video, 0, 0, 32 * cell, 2 * cell, 0, 0, 32, 2);
    const { data } = context.getImageData(0, 0, 32, 2);
    const bit = (x, y) => data[4 * (32 * y + x) + 1] > 127;
    let time = 0;
    for (let x = 0; x < 32; x++) {
      if (bit(x, 0) === bit(x, 1)) return null;
      if (x < 2 && bit(x, 0) !== (x === 0)) return null;
      if (x >= 2) time = time * 2 + (bit(x, 0) ? 1 : 0);
    }
    return time;
  }

  let stopped = false;
  function frame() {
    if (stopped) return;
    const made = read();
    const now = Math.round(performance.timeOrigin + performance.now()) % modulus;
    if (made === null) unreadable++;
    else delays.push((now - made + modulus) % modulus);
    video.requestVideoFrameCallback(frame);
  }
  video.requestVideoFrameCallback(frame);
  await new Promise((resolve) => setTimeout(resolve, seconds * 1000));
  stopped = true;
  return { delays, unreadable };
}
