// Package auth keeps secrets: it hashes passwords, compares stream keys, makes
// new secrets and slows down those who guess.
package auth

import (
	"crypto/rand"
	"strings"
)

// secretAlphabet has 32 characters, so that each of them is five bits. Letters
// that look or sound like others (i, l, o, u) are missing (Crockford's base32).
const secretAlphabet = "0123456789abcdefghjkmnpqrstvwxyz"

// GenerateSecret returns a new secret of 125 random bits, fit for a stream key
// or a password: five groups of five digits and lower-case letters, with
// hyphens between them. It needs no escaping in a URL and can be read out.
func GenerateSecret() string {
	const groups, size = 5, 5
	var random [groups * size]byte
	_, _ = rand.Read(random[:]) // never fails
	var b strings.Builder
	for i, r := range random {
		if i > 0 && i%size == 0 {
			b.WriteByte('-')
		}
		b.WriteByte(secretAlphabet[r%32])
	}
	return b.String()
}
