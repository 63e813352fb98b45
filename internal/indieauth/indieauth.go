// Package indieauth implements IndieAuth (https://indieauth.spec.indieweb.org)
// both ways: people prove to the channel that a site is theirs ([Client]), and
// the channel proves to other sites that its own URL is ([Server]). It needs
// no tokens, so there are none.
//
// Everything is fetched by clients of internal/httpx that refuse addresses
// that are not public, since strangers name the URLs.
package indieauth

import (
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"time"
)

// Limits of both directions.
const (
	// MaxURL is how long a URL may be, in bytes.
	MaxURL = 1024
	// maxParameter is how long another parameter may be.
	maxParameter = 2048
	// FetchTimeout and MaxDocument are for the client that fetches documents.
	FetchTimeout = 5 * time.Second
	MaxDocument  = 256 << 10 // bytes

	pendingLife = 10 * time.Minute // of a sign-in that was begun
	codeLife    = 2 * time.Minute  // of a code; the specification has ten minutes at most
)

// RefusedError is a sign-in that does not work, with what people may be told.
type RefusedError struct {
	Text string // a sentence without a period, such as "the site cannot be read"
	Err  error  // why, for the log only; may be nil
}

func (e *RefusedError) Error() string {
	if e.Err != nil {
		return "indieauth: " + e.Text + ": " + e.Err.Error()
	}
	return "indieauth: " + e.Text
}

// Unwrap returns e.Err.
func (e *RefusedError) Unwrap() error { return e.Err }

func refuse(text string, err error) error { return &RefusedError{Text: text, Err: err} }

// BusyError is a sign-in that there is no room for at present.
type BusyError struct{ RetryAfter time.Duration }

func (e *BusyError) Error() string { return "indieauth: too many sign-ins" }

// challenge is what a verifier is announced by (RFC 7636, section 4.2).
func challenge(verifier string) string {
	sum := sha256.Sum256([]byte(verifier))
	return base64.RawURLEncoding.EncodeToString(sum[:])
}

// same compares secrets in constant time.
func same(a, b string) bool { return subtle.ConstantTimeCompare([]byte(a), []byte(b)) == 1 }
