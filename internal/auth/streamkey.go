package auth

import (
	"crypto/sha256"
	"crypto/subtle"
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/owncast-go/owncast/repository"
)

// Limits of stream keys.
const (
	MaxStreamKeys          = 1000
	MaxStreamKeyLen        = 256  // bytes
	MaxStreamKeyCommentLen = 1000 // bytes
)

// StreamKey is a secret that lets a publisher broadcast.
type StreamKey struct {
	Key     string `json:"key"`
	Comment string `json:"comment"` // note for administrators, such as who uses it; may be empty
}

// StreamKeyError reports a stream key that cannot be saved. Its text does not
// quote the key.
type StreamKeyError struct {
	Index  int // in the list of keys
	Reason string
}

func (e *StreamKeyError) Error() string {
	return fmt.Sprintf("stream key %d %s", e.Index+1, e.Reason)
}

// StreamKeys returns the section of the settings that holds the stream keys.
// By default there are none, and nobody can broadcast.
func StreamKeys() repository.Setting[[]StreamKey] {
	return repository.Setting[[]StreamKey]{
		Section:  "streamkeys",
		Validate: func(keys *[]StreamKey) error { return ValidateStreamKeys(*keys) },
	}
}

// ValidateStreamKeys returns an error unless keys can be saved: each is unique
// and consists of 1 to [MaxStreamKeyLen] bytes of printable text that can be
// part of an RTMP URL. If a single key is at fault, the error is a
// [*StreamKeyError]. An empty list is valid.
func ValidateStreamKeys(keys []StreamKey) error {
	if len(keys) > MaxStreamKeys {
		return fmt.Errorf("more than %d stream keys", MaxStreamKeys)
	}
	seen := make(map[string]bool, len(keys))
	for i, k := range keys {
		reason := k.reject()
		if reason == "" && seen[k.Key] {
			reason = "is there twice"
		}
		if reason != "" {
			return &StreamKeyError{Index: i, Reason: reason}
		}
		seen[k.Key] = true
	}
	return nil
}

// reject says why k cannot be used, or nothing.
func (k StreamKey) reject() string {
	switch {
	case k.Key == "":
		return "is empty"
	case len(k.Key) > MaxStreamKeyLen:
		return fmt.Sprintf("is longer than %d bytes", MaxStreamKeyLen)
	case !utf8.ValidString(k.Key) || strings.ContainsFunc(k.Key, func(r rune) bool { return !unicode.IsPrint(r) }):
		return "has characters that cannot be printed"
	case strings.TrimSpace(k.Key) != k.Key:
		return "begins or ends with a space"
	case strings.ContainsRune(k.Key, '?'):
		return "has a question mark, which ends the key in a URL"
	case len(k.Comment) > MaxStreamKeyCommentLen:
		return fmt.Sprintf("has a comment longer than %d bytes", MaxStreamKeyCommentLen)
	case !utf8.ValidString(k.Comment):
		return "has a comment that is not text"
	}
	return ""
}

// CheckStreamKey reports whether given is one of keys. The time it takes reveals
// nothing about the keys except their number. An empty key never matches.
func CheckStreamKey(keys []StreamKey, given string) bool {
	hash := sha256.Sum256([]byte(given))
	found := 0
	for _, k := range keys {
		stored := sha256.Sum256([]byte(k.Key))
		found |= subtle.ConstantTimeCompare(stored[:], hash[:])
	}
	return found == 1 && given != ""
}
