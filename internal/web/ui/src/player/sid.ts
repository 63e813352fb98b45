// Not randomUUID, which pages without TLS do not have.
const random = crypto.getRandomValues(new Uint8Array(16));

/**
 * sid tells the requests of this page from those of other ones, for the
 * server to count viewers by. It ends with the page.
 */
export const sid = Array.from(random, (byte) => byte.toString(16).padStart(2, "0")).join("");
