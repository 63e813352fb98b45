import { post } from "../lib/api";
import { at, base } from "../lib/base";
import type { WebConfig } from "../lib/types";
import { ensureUser, expectSiteUsers } from "../chat/user";

/** canNotify tells whether this browser can show notifications at all. */
export function canNotify(): boolean {
  return "serviceWorker" in navigator && "PushManager" in window && "Notification" in window;
}

/** subscribed tells whether this browser is to be notified already. */
export async function subscribed(): Promise<boolean> {
  const registration = await navigator.serviceWorker.getRegistration(base.href);
  const subscription = await registration?.pushManager.getSubscription();
  return subscription != null && Notification.permission === "granted";
}

export type NotifyResult = "done" | "denied" | "failed";

/** subscribe asks the viewer, then the browser's push service, and tells the server. */
export async function subscribe(config: WebConfig): Promise<NotifyResult> {
  const permission = await Notification.requestPermission();
  if (permission !== "granted") return "denied";
  try {
    await navigator.serviceWorker.register(at("sw.js"), { scope: base.href });
    const registration = await navigator.serviceWorker.ready;
    const subscription = await registration.pushManager.subscribe({ userVisibleOnly: true, applicationServerKey: decode(config.notifications.browser.publicKey ?? "") });
    expectSiteUsers(config.authentication.siteUsers);
    const { accessToken } = await ensureUser();
    const body = { channel: "BROWSER_PUSH_NOTIFICATION", destination: JSON.stringify(subscription) };
    await post("api/notifications/register", body, { query: { accessToken } });
    return "done";
  } catch {
    return "failed";
  }
}

// decode reads base64url, which the key of the server is in.
function decode(text: string): Uint8Array<ArrayBuffer> {
  const binary = atob(text.replaceAll("-", "+").replaceAll("_", "/"));
  return Uint8Array.from(binary, (c) => c.charCodeAt(0));
}
