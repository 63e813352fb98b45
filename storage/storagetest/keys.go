package storagetest

import (
	"errors"
	"io/fs"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/owncast-go/owncast/storage"
)

func keyChecks() []check {
	return []check{
		{"InvalidKeys", testInvalidKeys},
		{"OddKeys", testOddKeys},
	}
}

func testInvalidKeys(t *testing.T, s storage.Storage) {
	put(t, s, "a", "x")
	for _, key := range []string{
		"", ".", "..", "/", "/a", "a/", "a//b", "../a", "a/..", "a/../b", "./a", "a/../../b", "//a",
		`..\a`, `a\b`, `a/..\..\b`, "a\x00", "\x00", "a\x00/../b", "a\nb", "\xff\xfe", storage.TempPrefix + "a",
		strings.Repeat("a", 4096), strings.Repeat("../", 1365) + "a", strings.Repeat("a", storage.MaxElementLen+1),
	} {
		err := s.Put(t.Context(), key, strings.NewReader("bad"), storage.PutOptions{})
		if !errors.Is(err, fs.ErrInvalid) {
			t.Errorf("Put(%q): got error %v, want fs.ErrInvalid", short(key), err)
		}
		r, _, err := s.Open(t.Context(), key)
		if err == nil {
			r.Close()
		}
		if !errors.Is(err, fs.ErrInvalid) {
			t.Errorf("Open(%q): got error %v, want fs.ErrInvalid", short(key), err)
		}
		if err := s.Delete(t.Context(), key); !errors.Is(err, fs.ErrInvalid) {
			t.Errorf("Delete(%q): got error %v, want fs.ErrInvalid", short(key), err)
		}
	}
	if keys := list(t, s, ""); !slices.Equal(keys, []string{"a"}) {
		t.Errorf("after operations on invalid keys: List yields %q, want only %q", keys, "a")
	}
}

// oddKeys are valid keys that a careless store gets wrong.
func oddKeys() []string {
	keys := []string{
		"a b", ".hidden", "...", "..a/b..", "%2e%2e/a", "%2F", "a%00b", "a+b", "a&b=c", "a;b,c", "#a", "@a!", "$(a)", "`a`",
		"'a'", "~", "~a/b", "[a]", "{a}", "-rf", "--", "a^b", "ümläut/日本語/🎥", "tmp-a", "a.tmp-b", "index.html",
		strings.Repeat("e", storage.MaxElementLen),
		strings.Repeat(strings.Repeat("d", 127)+"/", 7) + strings.Repeat("f", 128),
	}
	if runtime.GOOS != "windows" { // whose file names cannot have these
		keys = append(keys, "a:b", "a?b", "*", "<a>", `"a"`, "a|b", "a.", "a /b ")
	}
	return keys
}

func testOddKeys(t *testing.T, s storage.Storage) {
	keys := oddKeys()
	for _, key := range keys {
		put(t, s, key, "body of "+key)
	}
	for _, key := range keys {
		want(t, s, key, "body of "+key)
	}
	slices.Sort(keys)
	if got := list(t, s, ""); !slices.Equal(got, keys) {
		t.Errorf("List yields %q, want %q", got, keys)
	}
	for _, key := range keys {
		if got := list(t, s, key); len(got) == 0 || got[0] != key {
			t.Errorf("List(%q) yields %q, want the object first", short(key), got)
		}
		if err := s.Delete(t.Context(), key); err != nil {
			t.Errorf("Delete(%q) = %v", short(key), err)
		}
	}
	if got := list(t, s, ""); len(got) != 0 {
		t.Errorf("after deleting all: List yields %q", got)
	}
}
