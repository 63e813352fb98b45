// Package auth deals with secrets: it hashes passwords, compares stream keys,
// generates secrets, keeps sessions, and slows down guessing.
package auth

import (
	"crypto/rand"
	"strings"
)

// secretAlphabet has 32 characters, so that each of them is five bits. Letters
// that look or sound like others (i, l, o, u) are missing (Crockford's base32).
const secretAlphabet = "0123456789abcdefghjkmnpqrstvwxyz"

// GenerateSecret returns a new secret of 125 random bits, suitable as a stream
// key or a password: five groups of five digits and lowercase letters, separated
// by hyphens. It needs no escaping in a URL and can be read aloud.
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
