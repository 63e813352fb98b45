// push.mjs hands messages to a service worker, as the push service of the
// browser would.

/** pushService returns what hands a text to the service worker of the page. */
export async function pushService(context, page) {
  const devtools = await context.newCDPSession(page);
  const registered = new Promise((resolve) => {
    devtools.on("ServiceWorker.workerRegistrationUpdated", ({ registrations }) => registrations[0] && resolve(registrations[0].registrationId));
  });
  await devtools.send("ServiceWorker.enable");
  const registrationId = await registered;
  const { origin } = new URL(page.url());
  return (data) => devtools.send("ServiceWorker.deliverPushMessage", { origin, registrationId, data });
}

/** notification waits until the service worker shows one, and returns what it says. */
export function notification(page) {
  return page.evaluate(async () => {
    const registration = await navigator.serviceWorker.ready;
    for (const end = Date.now() + 60_000; Date.now() < end; await new Promise((resolve) => setTimeout(resolve, 100))) {
      const [n] = await registration.getNotifications();
      if (n) return { title: n.title, body: n.body, icon: n.icon, url: n.data.url, tag: n.tag };
    }
    throw new Error("no notification is shown");
  });
}
