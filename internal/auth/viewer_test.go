package auth_test

import (
	"bytes"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/owncast-go/owncast/internal/auth"
)

func viewerKey(t testing.TB, fill byte, purpose string) auth.ViewerKey {
	t.Helper()
	k, err := auth.NewViewerKey(bytes.Repeat([]byte{fill}, 32), purpose)
	if err != nil {
		t.Fatal(err)
	}
	return k
}

func TestAViewersTokenIsGoodUntilItsTimeAndForItsKey(t *testing.T) {
	now := time.Unix(1_900_000_000, 0)
	k := viewerKey(t, 1, "links")
	token, err := k.Token("alice-1", now.Add(time.Minute))
	if err != nil {
		t.Fatal(err)
	}
	if expires, ok := k.Check(token, now); !ok || !expires.Equal(now.Add(time.Minute)) {
		t.Errorf("Check = %v, %v", expires, ok)
	}
	for name, ok := range map[string]bool{
		"after its time":    second(k.Check(token, now.Add(time.Minute))),
		"another key":       second(viewerKey(t, 2, "links").Check(token, now)),
		"another purpose":   second(viewerKey(t, 1, "passphrase").Check(token, now)),
		"another id":        second(k.Check(strings.Replace(token, "alice", "carol", 1), now)),
		"a later time":      second(k.Check(strings.Replace(token, "19000", "29000", 1), now)),
		"a bit of the MAC":  second(k.Check(token[:len(token)-2]+"AA", now)),
		"without the MAC":   second(k.Check("alice-1.1900000060.", now)),
		"nothing":           second(k.Check("", now)),
		"dots":              second(k.Check("...", now)),
		"a shifted dot":     second(k.Check(strings.Replace(token, ".1", "1.", 1), now)),
		"much more than it": second(k.Check(strings.Repeat("x", 1<<20)+token, now)),
	} {
		if ok {
			t.Errorf("%s: the token is good", name)
		}
	}
}

func second(_ time.Time, ok bool) bool { return ok }

func TestViewersIDsAndKeysAreChecked(t *testing.T) {
	k := viewerKey(t, 1, "")
	for _, id := range []string{".", "a.b", "a/b", "a b", "ä", strings.Repeat("a", 65)} {
		if _, err := k.Token(id, time.Now()); !errors.Is(err, auth.ErrViewerID) {
			t.Errorf("Token(%q) = %v", id, err)
		}
	}
	if _, err := auth.NewViewerKey(make([]byte, 31), ""); !errors.Is(err, auth.ErrViewerKey) {
		t.Errorf("a short key: %v", err)
	}
}

func FuzzViewerToken(f *testing.F) {
	k := viewerKey(f, 1, "links")
	now := time.Unix(1_900_000_000, 0)
	good, err := k.Token("id", now.Add(time.Hour))
	if err != nil {
		f.Fatal(err)
	}
	f.Add(good)
	f.Add(good + "x")
	f.Add("id.1900003600.")
	f.Fuzz(func(t *testing.T, token string) {
		if _, ok := k.Check(token, now); ok && token != good {
			t.Errorf("%q is good", token)
		}
	})
}

func BenchmarkViewerToken(b *testing.B) {
	k := viewerKey(b, 1, "links")
	now := time.Now()
	token, err := k.Token("id", now.Add(time.Hour))
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		if _, ok := k.Check(token, now); !ok {
			b.Fatal("not good")
		}
	}
}
