// Without the letters and digits that look like others, in groups that can be
// read out.
const letters = "abcdefghijkmnpqrstuvwxyz23456789";

/** secret makes a secret of 125 random bits, fit for a stream key. */
export function secret(): string {
  const random = crypto.getRandomValues(new Uint8Array(25));
  const text = [...random].map((byte) => letters[byte % letters.length]).join("");
  return text.match(/.{5}/g)!.join("-");
}
