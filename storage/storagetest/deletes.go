package storagetest

import (
	"errors"
	"io"
	"io/fs"
	"slices"
	"strings"
	"testing"

	"github.com/owncast-go/owncast/storage"
)

func deleteChecks() []check {
	return []check{
		{"Delete", testDelete},
		{"DeleteMissing", testDeleteMissing},
		{"DeleteAll", testDeleteAll},
		{"PutAfterDelete", testPutAfterDelete},
		{"DeleteWhileReading", testDeleteWhileReading},
		{"PutWhileReading", testPutWhileReading},
	}
}

func testDelete(t *testing.T, s storage.Storage) {
	for _, key := range []string{"dir/a", "dir/ab", "dir/b/c"} {
		put(t, s, key, "x")
	}
	if err := s.Delete(t.Context(), "dir/a"); err != nil {
		t.Fatalf("Delete = %v", err)
	}
	if _, _, err := s.Open(t.Context(), "dir/a"); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("Open of a deleted object: got error %v, want fs.ErrNotExist", err)
	}
	if keys := list(t, s, ""); !slices.Equal(keys, []string{"dir/ab", "dir/b/c"}) {
		t.Errorf("after Delete: List yields %q, want the other objects", keys)
	}
}

func testDeleteMissing(t *testing.T, s storage.Storage) {
	if err := s.Delete(t.Context(), "a"); err != nil {
		t.Errorf("Delete in an empty storage = %v, want none", err)
	}
	put(t, s, "dir/sub/a", "x")
	for _, key := range []string{"nothing", "dir", "dir/sub", "dir/sub/b", "dir/sub/a/b", "dir/su"} {
		if err := s.Delete(t.Context(), key); err != nil {
			t.Errorf("Delete(%q), which is no object, = %v, want none", key, err)
		}
	}
	want(t, s, "dir/sub/a", "x")
}

func testDeleteAll(t *testing.T, s storage.Storage) {
	for _, key := range []string{"a", "dir/b", "dir/c", "d"} {
		put(t, s, key, "x")
	}
	if err := storage.DeleteAll(t.Context(), s, []string{"a", "missing", "dir/b", "d", "a"}); err != nil {
		t.Errorf("DeleteAll = %v", err)
	}
	if keys := list(t, s, ""); !slices.Equal(keys, []string{"dir/c"}) {
		t.Errorf("after DeleteAll: List yields %q, want only %q", keys, "dir/c")
	}
	if err := storage.DeleteAll(t.Context(), s, []string{"dir/c", "../bad"}); !errors.Is(err, fs.ErrInvalid) {
		t.Errorf("DeleteAll with an invalid key: got error %v, want fs.ErrInvalid", err)
	}
	if keys := list(t, s, ""); len(keys) != 0 {
		t.Errorf("an invalid key kept DeleteAll from deleting %q", keys)
	}
}

func testPutAfterDelete(t *testing.T, s storage.Storage) {
	put(t, s, "a/b/c", "1")
	if err := s.Delete(t.Context(), "a/b/c"); err != nil {
		t.Fatal(err)
	}
	put(t, s, "a", "2") // what was a directory may now be an object
	want(t, s, "a", "2")
	if err := s.Delete(t.Context(), "a"); err != nil {
		t.Fatal(err)
	}
	put(t, s, "a/b/c", "3")
	want(t, s, "a/b/c", "3")
}

// openAndStart opens the object under key and reads its first byte.
func openAndStart(t *testing.T, s storage.Storage, key string) io.ReadCloser {
	t.Helper()
	r, _, err := s.Open(t.Context(), key)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := io.ReadFull(r, make([]byte, 1)); err != nil {
		t.Fatal(err)
	}
	return r
}

func testDeleteWhileReading(t *testing.T, s storage.Storage) {
	body := strings.Repeat("x", 1<<20)
	put(t, s, "a", body)
	r := openAndStart(t, s, "a")
	defer r.Close()
	if err := s.Delete(t.Context(), "a"); err != nil {
		t.Fatalf("Delete of an open object = %v", err)
	}
	if rest, err := io.ReadAll(r); err != nil || string(rest) != body[1:] {
		t.Errorf("after Delete an open object yields %d bytes (%v), want the remaining %d", len(rest), err, len(body)-1)
	}
}

func testPutWhileReading(t *testing.T, s storage.Storage) {
	body := strings.Repeat("x", 1<<20)
	put(t, s, "a", body)
	r := openAndStart(t, s, "a")
	defer r.Close()
	put(t, s, "a", strings.Repeat("y", 1<<20))
	if rest, err := io.ReadAll(r); err != nil || string(rest) != body[1:] {
		t.Errorf("after Put an open object yields %d bytes (%v), want the rest of the old %d", len(rest), err, len(body)-1)
	}
}
