// The service worker shows notifications while the page is closed. A message
// is JSON: {"title", "body", "icon", "url", "tag"}, where all but the title may
// be missing: one takes the place of another of the same tag, and URLs are
// relative to where the application is.
const root = new URL("./", self.location.href);

const inRoot = (path) => {
  const url = new URL(path || "./", root);
  return url.href.startsWith(root.href) ? url.href : root.href;
};

self.addEventListener("install", () => self.skipWaiting());
self.addEventListener("activate", (event) => event.waitUntil(self.clients.claim()));

self.addEventListener("push", (event) => {
  let message = {};
  try {
    message = event.data ? event.data.json() : {};
  } catch {
    message = { body: event.data.text() };
  }
  const { title, body, icon, url, tag } = message;
  event.waitUntil(
    self.registration.showNotification(title || self.location.host, {
      body: body || "",
      icon: inRoot((icon || "logo/external").replace(/^\//, "")),
      tag: tag || "owncast-go-live",
      data: { url: inRoot(url) },
    }),
  );
});

self.addEventListener("notificationclick", (event) => {
  event.notification.close();
  const { url } = event.notification.data || {};
  event.waitUntil(
    self.clients.matchAll({ type: "window", includeUncontrolled: true }).then((windows) => {
      const wanted = url || root.href;
      const open = windows.find((w) => w.url === wanted || (wanted === root.href && w.url.startsWith(root.href)));
      return open ? open.focus() : self.clients.openWindow(wanted);
    }),
  );
});
