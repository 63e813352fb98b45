// Package storagetest checks implementations of [storage.Storage].
//
// Call [Run] from a test of the implementation:
//
//	func TestConformance(t *testing.T) {
//		storagetest.Run(t, func(t *testing.T) storage.Storage {
//			return openMine(t) // empty; closed by t.Cleanup if it needs closing
//		})
//	}
package storagetest

import (
	"io"
	"strings"
	"testing"

	"github.com/owncast-go/owncast/storage"
)

// check is one subtest of the suite.
type check struct {
	name string
	fn   func(*testing.T, storage.Storage)
}

// Run runs the suite, each subtest on a storage of its own, which open
// returns. The storage must be empty and of no use to anybody else. Optional
// interfaces are tested where [storage.As] finds them. The suite stores about
// 30 MB and 1,100 objects in all.
func Run(t *testing.T, open func(*testing.T) storage.Storage) {
	t.Helper()
	var checks []check
	checks = append(checks, objectChecks()...)
	checks = append(checks, keyChecks()...)
	checks = append(checks, listChecks()...)
	checks = append(checks, deleteChecks()...)
	checks = append(checks, concurrencyChecks()...)
	checks = append(checks, contextChecks()...)
	for _, c := range checks {
		t.Run(c.name, func(t *testing.T) { c.fn(t, open(t)) })
	}
}

// put stores body and must succeed.
func put(t *testing.T, s storage.Storage, key, body string) {
	t.Helper()
	if err := s.Put(t.Context(), key, strings.NewReader(body), storage.PutOptions{}); err != nil {
		t.Fatalf("Put(%q) = %v", key, err)
	}
}

// get returns the object under key, which must be there.
func get(t *testing.T, s storage.Storage, key string) string {
	t.Helper()
	r, info, err := s.Open(t.Context(), key)
	if err != nil {
		t.Fatalf("Open(%q) = %v", key, err)
	}
	b, err := io.ReadAll(r)
	if err != nil {
		t.Fatalf("read %q: %v", key, err)
	}
	if err := r.Close(); err != nil {
		t.Errorf("close %q: %v", key, err)
	}
	if info.Key != key || info.Size != int64(len(b)) {
		t.Errorf("Open(%q) says key %q and %d bytes of an object of %d bytes", key, info.Key, info.Size, len(b))
	}
	return string(b)
}

// want fails the test unless the object under key is body.
func want(t *testing.T, s storage.Storage, key, body string) {
	t.Helper()
	if got := get(t, s, key); got != body {
		t.Errorf("%q holds %s, want %s", key, short(got), short(body))
	}
}

// short is s for messages.
func short(s string) string {
	if len(s) > 40 {
		return s[:40] + "…"
	}
	return s
}

// list returns the keys that List yields.
func list(t *testing.T, s storage.Storage, prefix string) []string {
	t.Helper()
	var keys []string
	for info, err := range s.List(t.Context(), prefix) {
		if err != nil {
			t.Fatalf("List(%q) yields error %v", prefix, err)
		}
		keys = append(keys, info.Key)
	}
	return keys
}
