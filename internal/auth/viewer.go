package auth

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/owncast-go/owncast/repository"
)

// Limits of viewers' tokens.
const (
	MinViewerKeyLen = 32 // bytes
	MaxViewerIDLen  = 64 // characters
)

// Errors of viewers' tokens.
var (
	ErrViewerKey = fmt.Errorf("auth: a key has fewer than %d bytes", MinViewerKeyLen)
	ErrViewerID  = fmt.Errorf("auth: an id of a viewer has letters, digits, - and _, %d at the most", MaxViewerIDLen)
)

// ViewerKey makes and checks tokens that let viewers in until a time: an id,
// the time, and a MAC over both (RFC 2104, with SHA-256). They fit into a path
// as they are. Nothing is stored of them. Make one with [NewViewerKey].
type ViewerKey struct{ key [sha256.Size]byte }

// NewViewerKey returns the key for a purpose, of a secret of at least
// [MinViewerKeyLen] bytes. Tokens for one purpose are worth nothing for
// another. The error matches [ErrViewerKey].
func NewViewerKey(secret []byte, purpose string) (ViewerKey, error) {
	if len(secret) < MinViewerKeyLen {
		return ViewerKey{}, ErrViewerKey
	}
	var k ViewerKey
	mac := hmac.New(sha256.New, secret)
	mac.Write([]byte("owncast viewer 1\n" + purpose))
	mac.Sum(k.key[:0])
	return k, nil
}

// Token returns a token that is good until expires, to the second. The id may
// be empty. The error matches [ErrViewerID].
func (k ViewerKey) Token(id string, expires time.Time) (string, error) {
	if !validViewerID(id) {
		return "", ErrViewerID
	}
	signed := id + "." + strconv.FormatInt(expires.Unix(), 10)
	return signed + "." + k.sign(signed), nil
}

func (k ViewerKey) sign(s string) string {
	mac := hmac.New(sha256.New, k.key[:])
	mac.Write([]byte(s))
	return base64.RawURLEncoding.EncodeToString(mac.Sum(nil))
}

func validViewerID(id string) bool {
	for _, c := range id {
		if c != '-' && c != '_' && (c < '0' || c > '9') && (c < 'A' || c > 'Z') && (c < 'a' || c > 'z') {
			return false
		}
	}
	return len(id) <= MaxViewerIDLen
}

// Check tells whether the key made token and it is still good at now, and
// until when it is.
func (k ViewerKey) Check(token string, now time.Time) (expires time.Time, ok bool) {
	i := strings.LastIndexByte(token, '.')
	if i < 0 || len(token) > 2*MaxViewerIDLen+64 || !hmac.Equal([]byte(token[i+1:]), []byte(k.sign(token[:i]))) {
		return time.Time{}, false
	}
	_, seconds, _ := strings.Cut(token[:i], ".") // an id has no dot
	unix, err := strconv.ParseInt(seconds, 10, 64)
	if err != nil {
		return time.Time{}, false
	}
	expires = time.Unix(unix, 0)
	return expires, now.Before(expires)
}

// ViewerSecret is what the App makes keys of for itself.
type ViewerSecret struct {
	Secret []byte `json:"secret"`
}

// Viewers returns the section of the settings that has it. It is empty until
// it is updated with [ViewerSecret.Fill].
func Viewers() repository.Setting[ViewerSecret] {
	return repository.Setting[ViewerSecret]{
		Section: "viewers",
		Validate: func(v *ViewerSecret) error {
			if len(v.Secret) < MinViewerKeyLen {
				return errors.New("the secret is too short")
			}
			return nil
		},
	}
}

// Fill makes a secret where there is none.
func (v *ViewerSecret) Fill() error {
	if len(v.Secret) == 0 {
		v.Secret = make([]byte, secretSize)
		_, _ = rand.Read(v.Secret) // never fails
	}
	return nil
}
