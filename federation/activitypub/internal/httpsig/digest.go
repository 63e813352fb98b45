package httpsig

import (
	"crypto/sha256"
	"crypto/sha512"
	"crypto/subtle"
	"encoding/base64"
	"fmt"
	"strings"

	"github.com/dunglas/httpsfv"
)

// digest is the header Digest of a body (RFC 3230).
func digest(body []byte) string {
	sum := sha256.Sum256(body)
	return "SHA-256=" + base64.StdEncoding.EncodeToString(sum[:])
}

// contentDigest is the header Content-Digest of a body (RFC 9530).
func contentDigest(body []byte) string {
	sum := sha256.Sum256(body)
	return "sha-256=:" + base64.StdEncoding.EncodeToString(sum[:]) + ":"
}

// sum returns the digest of a body by an algorithm that is strong enough; nil
// by another.
func sum(algorithm string, body []byte) []byte {
	switch strings.ToLower(algorithm) {
	case "sha-256":
		s := sha256.Sum256(body)
		return s[:]
	case "sha-512":
		s := sha512.Sum512(body)
		return s[:]
	}
	return nil
}

// checkDigest compares all digests by algorithms that are known, of which
// there must be one.
func checkDigest(headers []string, body []byte) error {
	known := 0
	for item := range strings.SplitSeq(strings.Join(headers, ","), ",") {
		algorithm, value, _ := strings.Cut(strings.TrimSpace(item), "=")
		want := sum(algorithm, body)
		if want == nil {
			continue
		}
		got, err := decodeBase64(value)
		if err != nil || subtle.ConstantTimeCompare(got, want) != 1 {
			return ErrDigest
		}
		known++
	}
	return anyDigest(known)
}

func checkContentDigest(headers []string, body []byte) error {
	d, err := httpsfv.UnmarshalDictionary(headers)
	if err != nil {
		return fmt.Errorf("%w: Content-Digest cannot be read", ErrDigest)
	}
	known := 0
	for _, algorithm := range d.Names() {
		want := sum(algorithm, body)
		if want == nil {
			continue
		}
		member, _ := d.Get(algorithm)
		item, _ := member.(httpsfv.Item)
		got, _ := item.Value.([]byte)
		if subtle.ConstantTimeCompare(got, want) != 1 {
			return ErrDigest
		}
		known++
	}
	return anyDigest(known)
}

func anyDigest(known int) error {
	if known == 0 {
		return fmt.Errorf("%w: of no known algorithm", ErrDigest)
	}
	return nil
}
