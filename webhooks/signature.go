package webhooks

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"
)

// SignatureTolerance is by how much the time of a signature may differ from
// the receiver's clock.
const SignatureTolerance = 5 * time.Minute

// ErrSignature is a delivery that its server has not signed, or not with this
// secret, or too long ago.
var ErrSignature = errors.New("webhooks: wrong signature")

// Sign returns the Owncast-Signature header of a body that is sent at a time:
//
//	t=1764375600.s=5a0f…
//
// t is the time in seconds since 1970, and s the HMAC-SHA256, in hexadecimal
// and keyed with the secret, of t, a dot and the body.
func Sign(secret string, at time.Time, body []byte) string {
	t := strconv.FormatInt(at.Unix(), 10)
	return "t=" + t + ".s=" + hex.EncodeToString(mac(secret, t, body))
}

func mac(secret, t string, body []byte) []byte {
	m := hmac.New(sha256.New, []byte(secret))
	_, _ = m.Write([]byte(t + ".")) // a hash never fails
	_, _ = m.Write(body)
	return m.Sum(nil)
}

// Verify tells a receiver whether a delivery is what its server has sent.
// Header is the value of Owncast-Signature, body the body as it came, before
// anything else has read it, and now the time. The error matches
// [ErrSignature] unless the signature is right and of the last five minutes,
// or at most five minutes ahead.
//
// A signature that is right can be seen twice: a receiver that must not act
// twice remembers the Owncast-Delivery header.
func Verify(secret, header string, body []byte, now time.Time) error {
	t, s, ok := strings.Cut(header, ".s=")
	t, isTime := strings.CutPrefix(t, "t=")
	got, err := hex.DecodeString(s)
	if !ok || !isTime || err != nil {
		return fmt.Errorf("%w: the header is none", ErrSignature)
	}
	if secret == "" || !hmac.Equal(got, mac(secret, t, body)) {
		return fmt.Errorf("%w: it is of something else", ErrSignature)
	}
	seconds, err := strconv.ParseInt(t, 10, 64)
	if err != nil {
		return fmt.Errorf("%w: the header is none", ErrSignature)
	}
	if d := now.Sub(time.Unix(seconds, 0)); d > SignatureTolerance || d < -SignatureTolerance {
		return fmt.Errorf("%w: it is of another time", ErrSignature)
	}
	return nil
}
