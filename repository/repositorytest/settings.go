package repositorytest

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/owncast-go/owncast/repository"
)

func settingsChecks() []check[repository.Settings] {
	return []check[repository.Settings]{
		{"NotFound", testNotFound},
		{"SaveThenLoad", testSaveThenLoad},
		{"AnyJSON", testAnyJSON},
		{"BigDocument", testBigDocument},
		{"OddSections", testOddSections},
		{"InvalidIsRefused", testInvalidIsRefused},
		{"RevisionsCount", testRevisionsCount},
		{"ConflictChangesNothing", testConflictChangesNothing},
		{"ReturnsCopies", testReturnsCopies},
		{"KeepsCopies", testKeepsCopies},
		{"OneWriterWins", testOneWriterWins},
		{"UpdatesAreNotLost", testUpdatesAreNotLost},
		{"LoadWhileSaving", testLoadWhileSaving},
		{"CanceledContext", testCanceledContext},
	}
}

// save saves data and must succeed.
func save(t *testing.T, s repository.Settings, section string, rev int64, data string) repository.Document {
	t.Helper()
	doc, err := s.Save(t.Context(), section, rev, json.RawMessage(data))
	if err != nil {
		t.Fatalf("Save(%.40q, %d) = %v", section, rev, err)
	}
	if doc.Revision != rev+1 || !sameJSON(doc.Data, data) {
		t.Fatalf("Save(%.40q, %d) returns revision %d, %.40q; want %d, %.40q", section, rev, doc.Revision, doc.Data, rev+1, data)
	}
	return doc
}

// want fails the test unless the section holds data at revision rev.
func want(t *testing.T, s repository.Settings, section string, rev int64, data string) {
	t.Helper()
	doc, err := s.Load(t.Context(), section)
	if err != nil {
		t.Errorf("Load(%.40q) = %v", section, err)
		return
	}
	if doc.Revision != rev || !sameJSON(doc.Data, data) {
		t.Errorf("Load(%.40q) returns revision %d, %.40q; want %d, %.40q", section, doc.Revision, doc.Data, rev, data)
	}
}

// wantNone fails the test unless the section was never saved.
func wantNone(t *testing.T, s repository.Settings, section string) {
	t.Helper()
	if doc, err := s.Load(t.Context(), section); !errors.Is(err, repository.ErrNotFound) {
		t.Errorf("Load(%.40q) returns %.40q and error %v, want ErrNotFound", section, doc.Data, err)
	}
}

// sameJSON compares the meaning, as a store may have its own spelling.
func sameJSON(got json.RawMessage, want string) bool {
	decode := func(b []byte) (v any, err error) {
		d := json.NewDecoder(bytes.NewReader(b))
		d.UseNumber()
		return v, d.Decode(&v)
	}
	g, err := decode(got)
	if err != nil {
		return false
	}
	w, err := decode([]byte(want))
	return err == nil && reflect.DeepEqual(g, w)
}

func testNotFound(t *testing.T, s repository.Settings) {
	wantNone(t, s, "a")
	save(t, s, "ab", 0, `1`)
	for _, section := range []string{"a", "abc", "AB", "b"} {
		wantNone(t, s, section)
	}
}

func testSaveThenLoad(t *testing.T, s repository.Settings) {
	save(t, s, "a", 0, `{"x":1}`)
	save(t, s, "b", 0, `{"x":2}`)
	save(t, s, "a", 1, `{"x":3}`)
	want(t, s, "a", 2, `{"x":3}`)
	want(t, s, "b", 1, `{"x":2}`)
}

func testAnyJSON(t *testing.T, s repository.Settings) {
	for i, data := range []string{
		`null`, `true`, `0`, `-1.5e300`, `12345678901234567890`, `""`, `"\u0000\ud83c\udfa5<>&"`, `[]`, `{}`,
		` { "a" : [ 1 , null , { "b" : "ü🎥" } ] } `, strings.Repeat("[", 1000) + strings.Repeat("]", 1000),
	} {
		section := fmt.Sprint("section", i)
		save(t, s, section, 0, data)
		want(t, s, section, 1, data)
	}
}

func testBigDocument(t *testing.T, s repository.Settings) {
	big := `"` + strings.Repeat("x", 1<<20) + `"`
	save(t, s, "a", 0, big)
	want(t, s, "a", 1, big)
	save(t, s, "a", 1, `1`)
	save(t, s, "a", 2, big)
	want(t, s, "a", 3, big)
}

func testOddSections(t *testing.T, s repository.Settings) {
	sections := []string{
		" ", ".", "..", "/", "a/b", "../a", `\`, "\x00", "a\x00b", "\xff\xfe", "ü/日本語/🎥", "a b\n", "%2e", "'; --", "A", "a",
		strings.Repeat("s", repository.MaxSectionLen),
	}
	for i, section := range sections {
		save(t, s, section, 0, fmt.Sprint(i))
	}
	for i, section := range sections {
		want(t, s, section, 1, fmt.Sprint(i))
	}
}

func testInvalidIsRefused(t *testing.T, s repository.Settings) {
	save(t, s, "a", 0, `1`)
	for _, c := range []struct{ section, data string }{
		{"", `1`},
		{strings.Repeat("s", repository.MaxSectionLen+1), `1`},
		{"b", ``},
		{"b", `{`},
		{"b", `{"a":1}}`},
		{"b", `nil`},
		{"b", "\xff"},
	} {
		if _, err := s.Save(t.Context(), c.section, 0, json.RawMessage(c.data)); !errors.Is(err, repository.ErrInvalid) {
			t.Errorf("Save(%.40q, %q): got error %v, want ErrInvalid", c.section, c.data, err)
		}
		wantNone(t, s, c.section)
	}
	if _, err := s.Save(t.Context(), "a", 1, nil); !errors.Is(err, repository.ErrInvalid) {
		t.Errorf("Save of nothing: got error %v, want ErrInvalid", err)
	}
	want(t, s, "a", 1, `1`)
}

func testRevisionsCount(t *testing.T, s repository.Settings) {
	for rev := range int64(20) {
		save(t, s, "a", rev, `"same"`)
		want(t, s, "a", rev+1, `"same"`)
	}
}

func testConflictChangesNothing(t *testing.T, s repository.Settings) {
	conflict := func(section string, rev int64) {
		t.Helper()
		if _, err := s.Save(t.Context(), section, rev, json.RawMessage(`"stale"`)); !errors.Is(err, repository.ErrConflict) {
			t.Errorf("Save at revision %d: got error %v, want ErrConflict", rev, err)
		}
	}
	for _, rev := range []int64{-1, 1, 2} {
		conflict("a", rev)
		wantNone(t, s, "a")
	}
	save(t, s, "a", 0, `1`)
	save(t, s, "a", 1, `2`)
	for _, rev := range []int64{-1, 0, 1, 3, 1 << 62} {
		conflict("a", rev)
		want(t, s, "a", 2, `2`)
	}
}

// scribble overwrites data.
func scribble(data json.RawMessage) {
	for i := range data {
		data[i] = '#'
	}
}

func testReturnsCopies(t *testing.T, s repository.Settings) {
	scribble(save(t, s, "a", 0, `"value"`).Data)
	want(t, s, "a", 1, `"value"`)
	doc, err := s.Load(t.Context(), "a")
	if err != nil {
		t.Fatal(err)
	}
	scribble(doc.Data)
	want(t, s, "a", 1, `"value"`)
}

func testKeepsCopies(t *testing.T, s repository.Settings) {
	data := json.RawMessage(`"value"`)
	doc, err := s.Save(t.Context(), "a", 0, data)
	if err != nil {
		t.Fatal(err)
	}
	scribble(data)
	want(t, s, "a", 1, `"value"`)
	if string(doc.Data) != `"value"` {
		t.Errorf("Save returns what is the caller's: %q after the caller changed it", doc.Data)
	}
	old, err := s.Load(t.Context(), "a")
	if err != nil {
		t.Fatal(err)
	}
	save(t, s, "a", 1, `"other"`)
	if !sameJSON(old.Data, `"value"`) {
		t.Errorf("Save changed to %q what Load had returned before", old.Data)
	}
}

func testOneWriterWins(t *testing.T, s repository.Settings) {
	for rev := range int64(10) {
		var won atomic.Int32
		var wg sync.WaitGroup
		for w := range 8 {
			wg.Go(func() {
				_, err := s.Save(t.Context(), "a", rev, json.RawMessage(fmt.Sprint(w)))
				switch {
				case err == nil:
					won.Add(1)
				case !errors.Is(err, repository.ErrConflict):
					t.Errorf("Save = %v", err)
				}
			})
		}
		wg.Wait()
		if n := won.Load(); n != 1 {
			t.Fatalf("%d of 8 writers at revision %d succeeded, want one", n, rev)
		}
	}
}

func testUpdatesAreNotLost(t *testing.T, s repository.Settings) {
	type counters struct{ A, B int }
	setting := repository.Setting[counters]{Section: "a"}
	update := func(meanwhile func()) {
		_, err := setting.Update(t.Context(), s, func(c *counters) error {
			c.A++
			c.B += 2
			meanwhile()
			return nil
		})
		if err != nil {
			t.Errorf("Update = %v", err)
		}
	}
	var once sync.Once
	update(func() { once.Do(func() { update(func() {}) }) }) // one within the other

	const writers, updates = 8, 10
	var wg sync.WaitGroup
	for range writers {
		wg.Go(func() {
			for range updates {
				update(func() {})
			}
		})
	}
	wg.Wait()
	const n = 2 + writers*updates
	v, rev, err := setting.Get(t.Context(), s)
	if err != nil || rev != n || v != (counters{n, 2 * n}) {
		t.Errorf("after %d updates: Get = %+v at revision %d, %v", n, v, rev, err)
	}
}

func testLoadWhileSaving(t *testing.T, s repository.Settings) {
	body := func(rev int64) string {
		return fmt.Sprintf(`{"rev":%d,"fill":"%s"}`, rev, strings.Repeat("x", int(rev*997%20000)))
	}
	save(t, s, "a", 0, body(1))
	done := make(chan struct{})
	var wg sync.WaitGroup
	for range 3 {
		wg.Go(func() {
			last := int64(0)
			for {
				select {
				case <-done:
					return
				default:
				}
				doc, err := s.Load(t.Context(), "a")
				if err != nil {
					t.Errorf("Load = %v", err)
					return
				}
				if doc.Revision < last || !sameJSON(doc.Data, body(doc.Revision)) {
					t.Errorf("Load returns revision %d after %d, with %.30q", doc.Revision, last, doc.Data)
				}
				last = doc.Revision
			}
		})
	}
	for rev := int64(1); rev < 50; rev++ {
		save(t, s, "a", rev, body(rev+1))
	}
	close(done)
	wg.Wait()
}

func testCanceledContext(t *testing.T, s repository.Settings) {
	save(t, s, "a", 0, `1`)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	for op, call := range map[string]func() error{
		"Load":              func() error { _, err := s.Load(ctx, "a"); return err },
		"Load of nothing":   func() error { _, err := s.Load(ctx, "b"); return err },
		"Save":              func() error { _, err := s.Save(ctx, "a", 1, json.RawMessage(`2`)); return err },
		"Save of a new one": func() error { _, err := s.Save(ctx, "b", 0, json.RawMessage(`2`)); return err },
	} {
		if err := call(); !errors.Is(err, context.Canceled) {
			t.Errorf("%s with a canceled context: got error %v, want context.Canceled", op, err)
		}
	}
	want(t, s, "a", 1, `1`)
	wantNone(t, s, "b")
}
