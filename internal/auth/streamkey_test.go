package auth_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/owncast-go/owncast/internal/auth"
	"github.com/owncast-go/owncast/repository"
	"github.com/owncast-go/owncast/repository/memory"
)

func TestStreamKeysAreStoredAsTheyAreOnTheWire(t *testing.T) {
	st := memory.New().Settings
	if keys, _, err := auth.StreamKeys().Get(t.Context(), st); err != nil || len(keys) != 0 {
		t.Errorf("the default is %v, %v; want no keys", keys, err)
	}
	want := []auth.StreamKey{{Key: "one/two", Comment: "ü"}, {Key: "b"}}
	_, err := auth.StreamKeys().Update(t.Context(), st, func(keys *[]auth.StreamKey) error {
		*keys = want
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	doc, err := st.Load(t.Context(), "streamkeys")
	if got := `[{"key":"one/two","comment":"ü"},{"key":"b","comment":""}]`; err != nil || string(doc.Data) != got {
		t.Errorf("stored is %s, %v; want %s", doc.Data, err, got)
	}
	keys, _, err := auth.StreamKeys().Get(t.Context(), st)
	if err != nil || len(keys) != 2 || keys[0] != want[0] || keys[1] != want[1] {
		t.Errorf("Get = %v, %v; want %v", keys, err, want)
	}
}

func TestStreamKeysAreValidated(t *testing.T) {
	long := strings.Repeat("x", auth.MaxStreamKeyLen)
	for name, c := range map[string]struct {
		keys []auth.StreamKey
		bad  int // index of the key at fault, -1 for none
	}{
		"none":                {nil, -1},
		"usual ones":          {[]auth.StreamKey{{Key: "abc-123"}, {Key: "one/two/three"}, {Key: "ü日本 語"}, {Key: long}}, -1},
		"one letter apart":    {[]auth.StreamKey{{Key: "a"}, {Key: "A"}, {Key: "aa"}}, -1},
		"comment of lines":    {[]auth.StreamKey{{Key: "a", Comment: "b\nc"}}, -1},
		"empty":               {[]auth.StreamKey{{Key: "a"}, {}}, 1},
		"too long":            {[]auth.StreamKey{{Key: long + "x"}}, 0},
		"there twice":         {[]auth.StreamKey{{Key: "a"}, {Key: "b"}, {Key: "a"}}, 2},
		"with a line's end":   {[]auth.StreamKey{{Key: "a\n"}}, 0},
		"with a zero":         {[]auth.StreamKey{{Key: "a\x00b"}}, 0},
		"invisible":           {[]auth.StreamKey{{Key: "a\u200bb"}}, 0},
		"not UTF-8":           {[]auth.StreamKey{{Key: "a\xff"}}, 0},
		"with a space before": {[]auth.StreamKey{{Key: " a"}}, 0},
		"with a space behind": {[]auth.StreamKey{{Key: "a "}}, 0},
		"with a query":        {[]auth.StreamKey{{Key: "a?b"}}, 0},
		"with a long comment": {[]auth.StreamKey{{Key: "a", Comment: strings.Repeat("x", auth.MaxStreamKeyCommentLen+1)}}, 0},
		"with a bad comment":  {[]auth.StreamKey{{Key: "a", Comment: "\xff"}}, 0},
	} {
		err := auth.ValidateStreamKeys(c.keys)
		var bad *auth.StreamKeyError
		if errors.As(err, &bad) != (c.bad >= 0) || bad != nil && bad.Index != c.bad {
			t.Errorf("ValidateStreamKeys of keys %s = %v, want key %d at fault", name, err, c.bad)
		}
		_, err = auth.StreamKeys().Update(t.Context(), memory.New().Settings, func(keys *[]auth.StreamKey) error {
			*keys = c.keys
			return nil
		})
		if errors.Is(err, repository.ErrInvalid) != (c.bad >= 0) {
			t.Errorf("Update with keys %s = %v", name, err)
		}
	}
	many := make([]auth.StreamKey, auth.MaxStreamKeys+1)
	for i := range many {
		many[i].Key = fmt.Sprint(i)
	}
	if err := auth.ValidateStreamKeys(many[1:]); err != nil {
		t.Error(err)
	}
	if err := auth.ValidateStreamKeys(many); err == nil {
		t.Error("too many keys are valid")
	}
}

func TestTheErrorDoesNotQuoteTheKey(t *testing.T) {
	err := auth.ValidateStreamKeys([]auth.StreamKey{{Key: "secret?"}})
	if err == nil || strings.Contains(err.Error(), "secret") {
		t.Errorf("error is %q", err)
	}
}

func TestOnlyAStoredKeyIsRight(t *testing.T) {
	keys := []auth.StreamKey{{Key: "first", Comment: "comment"}, {Key: "one/two/three"}, {Key: "last"}}
	for _, given := range []string{"first", "one/two/three", "last"} {
		if !auth.CheckStreamKey(keys, given) {
			t.Errorf("CheckStreamKey(%q) is false", given)
		}
	}
	for _, given := range []string{"", "firs", "firstt", "First", " first", "comment", "one", "one/two/three/", "last\x00", "firstlast"} {
		if auth.CheckStreamKey(keys, given) {
			t.Errorf("CheckStreamKey(%q) is true", given)
		}
	}
	if auth.CheckStreamKey(nil, "x") || auth.CheckStreamKey(nil, "") {
		t.Error("a key is right where there are none")
	}
	if auth.CheckStreamKey([]auth.StreamKey{{}}, "") {
		t.Error("an empty key is right")
	}
}

func TestTheAdministratorsHashIsValidated(t *testing.T) {
	st := memory.New().Settings
	set := func(hash string) error {
		_, err := auth.Admin().Update(t.Context(), st, func(c *auth.AdminCredentials) error {
			c.PasswordHash = hash
			return nil
		})
		return err
	}
	if c, _, err := auth.Admin().Get(t.Context(), st); err != nil || c.PasswordHash != "" {
		t.Errorf("the default is %+v, %v", c, err)
	}
	if err := set("plain text"); !errors.Is(err, repository.ErrInvalid) || !errors.Is(err, auth.ErrPasswordHash) {
		t.Errorf("a password in plain text is saved: %v", err)
	}
	hash, err := auth.NewHasher().HashPassword(t.Context(), "x")
	if err != nil {
		t.Fatal(err)
	}
	for _, h := range []string{hash, ""} {
		if err := set(h); err != nil {
			t.Error(err)
		}
		doc, err := st.Load(t.Context(), "admin")
		want, _ := json.Marshal(map[string]string{"passwordHash": h})
		if err != nil || string(doc.Data) != string(want) {
			t.Errorf("stored is %s, %v; want %s", doc.Data, err, want)
		}
	}
}

func BenchmarkCheckStreamKey(b *testing.B) {
	keys := make([]auth.StreamKey, 10)
	for i := range keys {
		keys[i].Key = auth.GenerateSecret()
	}
	given := auth.GenerateSecret()
	b.ReportAllocs()
	for b.Loop() {
		if auth.CheckStreamKey(keys, given) {
			b.Fatal("right")
		}
	}
}
