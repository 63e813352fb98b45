import { config } from "./config";

/** host is where the world finds the server: by its URL, or by that of this page. */
export function host(): string {
  const url = config.value?.yp.instanceUrl;
  try {
    return url ? new URL(url).hostname : location.hostname;
  } catch {
    return location.hostname;
  }
}

/** ingest is the URL that broadcasting software sends to; without the key. */
export function ingest(): string {
  const port = config.value?.rtmpServerPort ?? 0;
  return `rtmp://${host()}${port && port !== 1935 ? `:${port}` : ""}/live`;
}
