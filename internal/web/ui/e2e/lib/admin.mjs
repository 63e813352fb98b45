// admin.mjs sets up a server as an administrator would.

/** admin asks the API of administrators, and throws if it refuses. */
export async function admin(server, method, path, body) {
  const response = await fetch(`${server.url}${path}`, {
    method,
    headers: { Authorization: `Basic ${btoa("admin:test-password")}`, "Content-Type": "application/json" },
    ...(body !== undefined && { body: JSON.stringify(body) }),
  });
  const text = await response.text();
  if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${text}`);
  return text ? JSON.parse(text) : undefined;
}

/** configure sets fields of api/admin/config/. */
export async function configure(server, fields) {
  for (const [field, value] of Object.entries(fields)) await admin(server, "POST", `api/admin/config/${field}`, { value });
}

/** A channel that has something to show everywhere. */
export const channel = {
  name: "Kitchen Radio",
  serversummary: "Slow cooking, loud music. Live most evenings from a small kitchen by the sea.",
  streamtitle: "Sourdough night: three flours, one oven",
  tags: ["cooking", "music", "bread"],
  pagecontent: [
    "# Welcome",
    "",
    "Every **Thursday** we bake something and play records. Ask anything in the chat.",
    "",
    "## This month",
    "",
    "- Rye with caraway",
    "- Focaccia, the slow way",
    "- A cake nobody asked for",
    "",
    "> Bread is patience you can eat.",
    "",
    "| Flour | Water | Rest |",
    "|---|---|---|",
    "| Rye | 85 % | 14 h |",
    "| Wheat | 72 % | 18 h |",
    "",
    "Recipes are at [example.org](https://example.org/recipes).",
  ].join("\n"),
  socialhandles: [
    { platform: "mastodon", url: "https://social.example/@kitchen" },
    { platform: "youtube", url: "https://video.example/kitchen" },
    { platform: "matrix", url: "https://matrix.example/#kitchen" },
  ],
  externalactions: [
    { html: "<h1>Tonight's recipe</h1><p>500 g flour, 380 g water, patience.</p>", title: "Recipe", description: "What is in the oven" },
    { url: "https://tip.example/jar", title: "Tip jar", openExternally: true },
  ],
};
