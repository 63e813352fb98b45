// browser.mjs opens pages in Chromium and watches what they must not do.
import { mkdirSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { chromium } from "playwright-core";

export const artifacts = process.env.ARTIFACTS || join(tmpdir(), "owncast-artifacts");

export const sizes = [
  { width: 360, height: 640 },
  { width: 640, height: 360 },
  { width: 1280, height: 800 },
  { width: 2560, height: 1080 },
];

/** resize changes the size of the window, and waits until the page has followed. */
export async function resize(page, size) {
  await page.setViewportSize(size);
  await page.evaluate(async () => {
    for (let i = 0; i < 2; i++) await new Promise(requestAnimationFrame); // media queries, then what was made anew for them
  });
}

/** launch starts the browser, with these arguments beyond the usual ones. */
export function launch(...args) {
  return chromium.launch({
    executablePath: process.env.CHROME || "/usr/bin/chromium",
    args: ["--no-sandbox", "--mute-audio", ...(process.env.CHROME_ARGS ?? "").split(" ").filter(Boolean), ...args],
  });
}

/**
 * openPage returns a page and the list of what was wrong with it so far:
 * errors on the console, scripts that threw, violations of the policy,
 * requests to another host, and answers of 400 and more that are not
 * forgiven.
 */
export async function openPage(browser, { origin, forgive = () => false, ...options }) {
  const page = await browser.newPage({ viewport: sizes[2], colorScheme: "dark", ...options });
  const wrong = [];
  const requests = [];
  await page.exposeFunction("reportViolation", (what) => wrong.push(`policy: ${what}`));
  await page.addInitScript(() => {
    document.addEventListener("securitypolicyviolation", (e) => window.reportViolation(`${e.violatedDirective} ${e.blockedURI}`));
  });
  page.on("pageerror", (err) => wrong.push(`script: ${err.message}`));
  page.on("console", (message) => {
    const loading = message.text().startsWith("Failed to load resource"); // seen as an answer below
    if (message.type() === "error" && !loading) wrong.push(`console: ${message.text()}`);
  });
  page.on("request", (request) => {
    const url = new URL(request.url());
    requests.push(url);
    if (!["blob:", "data:"].includes(url.protocol) && url.origin !== origin) wrong.push(`another host: ${url}`);
  });
  page.on("response", (response) => {
    if (response.status() >= 400 && !forgive(response)) wrong.push(`answer: ${response.status()} ${response.url()}`);
  });
  return { page, wrong, requests };
}

/** shoot takes a picture of the page at every size. */
export async function shoot(page, name) {
  mkdirSync(artifacts, { recursive: true });
  for (const size of sizes) {
    await resize(page, size);
    await page.mouse.move(size.width / 2, size.height / 3);
    await page.mouse.move(size.width / 2 + 3, size.height / 3);
    await page.waitForTimeout(500);
    await page.screenshot({ path: join(artifacts, `${name}-${size.width}x${size.height}.png`) });
  }
  await resize(page, sizes[2]);
}

/** state waits until the page is in a state, and its video runs if asked. */
export async function state(page, wanted, { running = false, timeout = 20_000 } = {}) {
  const selector = `body[data-state="${wanted}"]${running ? "[data-running]" : ""}`;
  try {
    await page.waitForSelector(selector, { state: "attached", timeout });
  } catch {
    const { state, ...flags } = await page.evaluate(() => ({ ...document.body.dataset }));
    throw new Error(`the page is ${state} ${JSON.stringify(flags)} and not ${wanted}`);
  }
}

/** advance tells how many seconds the video moves in so many. */
export function advance(page, seconds) {
  return page.evaluate(async (seconds) => {
    const video = document.querySelector("video");
    const from = video.currentTime;
    await new Promise((resolve) => setTimeout(resolve, seconds * 1000));
    return video.currentTime - from;
  }, seconds);
}

/** openSettings opens the menu of the player, whose controls are not seen while nobody moves. */
export async function openSettings(page) {
  for (let i = 0; ; i++) {
    await page.hover("#player", { position: { x: 20 + (i % 5), y: 20 } });
    try {
      return await page.click("#player-settings", { timeout: 5000 });
    } catch (err) {
      if (i === 10) throw err;
    }
  }
}
