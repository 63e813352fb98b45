package s3

import (
	"net/url"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/owncast-go/owncast/storage"
)

// Every prefix of a valid key must be asked for, cut where it may be, and what
// is asked for must itself be text.
func FuzzAnyPartOfAKeyIsAPrefix(f *testing.F) {
	f.Add("hls/0/session-7.m4s", 5)
	f.Add("ümläut/日本語/🎥", 10)
	f.Add(strings.Repeat("a", storage.MaxElementLen)+"/b", storage.MaxElementLen)
	f.Add("a/.tmpx", 7)
	f.Fuzz(func(t *testing.T, key string, n int) {
		n = min(max(n, 0), len(key))
		prefix := key[:n]
		whole := wholeRunes(prefix)
		if !strings.HasPrefix(prefix, whole) || len(prefix)-len(whole) >= utf8.UTFMax {
			t.Fatalf("wholeRunes(%q) = %q", prefix, whole)
		}
		if beginsKey(prefix) && whole != "" && storage.CheckKey(whole) != nil && storage.CheckKey(whole+"x") != nil {
			t.Errorf("beginsKey(%q), which nothing valid can", prefix)
		}
		if storage.CheckKey(key) != nil {
			return
		}
		if !utf8.ValidString(whole) {
			t.Errorf("wholeRunes(%q) = %q, which is no text", prefix, whole)
		}
		if !beginsKey(prefix) && !strings.Contains(prefix, storage.TempPrefix) {
			t.Errorf("beginsKey(%q) = false, but %q is a key", prefix, key)
		}
	})
}

func FuzzThePublicURLOfAKeyLeadsToIt(f *testing.F) {
	f.Add("hls/0/a b+c.m4s")
	f.Add("%2e%2e/ü?#")
	p, err := parsePublicURL("https://cdn.example.org/a%2Fb/")
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, key string) {
		if storage.CheckKey(key) != nil {
			return
		}
		text := p.of(key).String()
		u, err := url.Parse(text)
		if err != nil {
			t.Fatalf("%q: %v", key, err)
		}
		if u.Host != "cdn.example.org" || u.Path != "/a/b/"+key || u.RawQuery != "" || u.Fragment != "" || strings.Contains(text, "+") {
			t.Errorf("%q is found at %q", key, text)
		}
	})
}
