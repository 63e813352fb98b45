package storage

import (
	"fmt"
	"io/fs"
	"strings"
)

// Limits of keys.
const (
	MaxKeyLen     = 1024 // bytes in a key
	MaxElementLen = 255  // bytes between two slashes of a key
)

// TempPrefix begins the names that a store may use for files of its own. No
// element of a key begins with it.
const TempPrefix = ".tmp-"

// CheckKey returns an error matching [fs.ErrInvalid] unless key may name an
// object. A key is valid if it is a path of which [fs.ValidPath] approves,
// other than ".", that has no control characters and no backslash, keeps to
// [MaxKeyLen] and [MaxElementLen], and has no element that begins with
// [TempPrefix].
//
// Implementations call it first in Put, Open and Delete.
func CheckKey(key string) error {
	if len(key) > MaxKeyLen {
		return fmt.Errorf("storage: key of %d bytes: %w", len(key), fs.ErrInvalid)
	}
	if key == "." || !fs.ValidPath(key) || strings.ContainsFunc(key, forbidden) {
		return fmt.Errorf("storage: key %q: %w", key, fs.ErrInvalid)
	}
	for element := range strings.SplitSeq(key, "/") {
		if len(element) > MaxElementLen || strings.HasPrefix(element, TempPrefix) {
			return fmt.Errorf("storage: key %q: element %q: %w", key, element, fs.ErrInvalid)
		}
	}
	return nil
}

func forbidden(r rune) bool { return r < 0x20 || r == 0x7f || r == '\\' }
