package storagetest

import (
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/owncast-go/owncast/storage"
)

func listChecks() []check {
	return []check{
		{"ListOfNothing", testListOfNothing},
		{"ListByPrefix", testListByPrefix},
		{"ListDescribes", testListDescribes},
		{"ListStopsEarly", testListStopsEarly},
		{"ListWhileDeleting", testListWhileDeleting},
		{"ListOfMany", testListOfMany},
	}
}

func testListOfNothing(t *testing.T, s storage.Storage) {
	for _, prefix := range []string{"", "a", "a/", "a/b"} {
		if keys := list(t, s, prefix); len(keys) != 0 {
			t.Errorf("List(%q) of an empty storage yields %q", prefix, keys)
		}
	}
}

func testListByPrefix(t *testing.T, s storage.Storage) {
	// "-" and "." sort before "/", "0" after it: the order of keys is not
	// that of a walk through directories.
	keys := []string{"a-b", "a.b", "a/b", "a/b-", "a0", "b/1", "b/10", "b/2", "b/c/d", "c"}
	for _, key := range slices.Backward(keys) {
		put(t, s, key, "x")
	}
	for prefix, want := range map[string][]string{
		"":        keys,
		"a":       keys[:5],
		"a/":      {"a/b", "a/b-"},
		"a/b":     {"a/b", "a/b-"},
		"a/b-":    {"a/b-"},
		"b/":      {"b/1", "b/10", "b/2", "b/c/d"},
		"b/1":     {"b/1", "b/10"},
		"b/c":     {"b/c/d"},
		"b/c/d":   {"b/c/d"},
		"c":       {"c"},
		"b/c/d/":  nil,
		"c/":      nil,
		"d":       nil,
		"/":       nil,
		"/a":      nil,
		"./":      nil,
		"../":     nil,
		"a/../":   nil,
		"a//":     nil,
		"a\x00":   nil,
		"a/b/c/d": nil,

		strings.Repeat("a", 4096):       nil,
		strings.Repeat("a/", 2048):      nil,
		strings.Repeat("../", 50) + "a": nil,
	} {
		if got := list(t, s, prefix); !slices.Equal(got, want) {
			t.Errorf("List(%q) yields %q, want %q", short(prefix), got, want)
		}
	}
}

func testListDescribes(t *testing.T, s storage.Storage) {
	put(t, s, "dir/a.json", "12345")
	for info, err := range s.List(t.Context(), "") {
		if err != nil {
			t.Fatal(err)
		}
		if info.Key != "dir/a.json" || info.Size != 5 || info.ModTime.IsZero() {
			t.Errorf("List yields %+v, want key, size and time of the object", info)
		}
	}
}

func testListStopsEarly(t *testing.T, s storage.Storage) {
	for i := range 5 {
		put(t, s, fmt.Sprintf("dir/%d", i), "x")
	}
	for range 2 { // again, as the sequence may have left something locked
		n := 0
		for _, err := range s.List(t.Context(), "dir/") {
			if err != nil {
				t.Fatal(err)
			}
			if n++; n == 2 {
				break
			}
		}
	}
	put(t, s, "dir/5", "x")
}

func testListWhileDeleting(t *testing.T, s storage.Storage) {
	for i := range 20 {
		put(t, s, fmt.Sprintf("dir%d/a", i), "x")
	}
	n := 0
	for info, err := range s.List(t.Context(), "dir") {
		if err != nil {
			t.Fatal(err)
		}
		n++
		want(t, s, info.Key, "x")
		if err := s.Delete(t.Context(), info.Key); err != nil {
			t.Errorf("Delete(%q) = %v", info.Key, err)
		}
		put(t, s, "new/"+info.Key, "x")
	}
	if n != 20 {
		t.Errorf("List yields %d objects while they are deleted, want 20", n)
	}
	if keys := list(t, s, "dir"); len(keys) != 0 {
		t.Errorf("after deleting all that was listed: List yields %q", keys)
	}
}

func testListOfMany(t *testing.T, s storage.Storage) {
	const n = 1010 // more than S3 lists in one answer
	want := make([]string, n)
	var wg sync.WaitGroup
	for i := range n {
		want[i] = fmt.Sprintf("many/%05d", i)
	}
	for part := range slices.Chunk(want, n/8+1) {
		wg.Go(func() {
			for _, key := range part {
				if err := s.Put(t.Context(), key, strings.NewReader(key), storage.PutOptions{}); err != nil {
					t.Errorf("Put(%q) = %v", key, err)
				}
			}
		})
	}
	wg.Wait()
	if got := list(t, s, "many/"); !slices.Equal(got, want) {
		t.Errorf("List yields %d keys, want %d in order", len(got), n)
	}
	if err := storage.DeleteAll(t.Context(), s, want); err != nil {
		t.Errorf("DeleteAll = %v", err)
	}
	if got := list(t, s, ""); len(got) != 0 {
		t.Errorf("after DeleteAll: List yields %d keys", len(got))
	}
}
