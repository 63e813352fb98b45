package settings_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"

	"go.uber.org/goleak"

	"github.com/owncast-go/owncast/internal/httpx"
	"github.com/owncast-go/owncast/internal/settings"
	"github.com/owncast-go/owncast/repository"
	"github.com/owncast-go/owncast/repository/memory"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

type room struct {
	Name   string   `json:"name"`
	Seats  int      `json:"seats"`
	Tags   []string `json:"tags"`
	Secret string   `json:"secret"`
}

func setting(name string) repository.Setting[room] {
	return repository.Setting[room]{
		Section: name,
		Default: func() room { return room{Name: "hall", Seats: 10, Tags: []string{"new"}} },
		Validate: func(r *room) error {
			r.Name = strings.TrimSpace(r.Name)
			if r.Seats < 0 {
				return &repository.FieldError{Field: "seats", Reason: "is negative"}
			}
			return nil
		},
	}
}

func secrets() *settings.Secrets[room] {
	return &settings.Secrets[room]{
		Clear: func(r *room) { r.Secret = "" },
		Keep: func(r, stored *room) {
			if r.Secret == "" {
				r.Secret = stored.Secret
			}
		},
	}
}

func fixedSeats(n int) []settings.Fixed[room] {
	return []settings.Fixed[room]{{Field: "seats", Value: room{Seats: n}, Copy: func(dst, src *room) { dst.Seats = src.Seats }}}
}

func TestWhatAnOptionFixesIsReadAndNeitherChangedNorStored(t *testing.T) {
	ctx, store := t.Context(), memory.New().Settings
	free := settings.New(settings.Config[room]{Setting: setting("room"), Store: store})
	if _, err := free.Update(ctx, func(r *room) error { r.Seats = 7; return nil }); err != nil {
		t.Fatal(err)
	}
	fixed := settings.New(settings.Config[room]{Setting: setting("room"), Store: store, Fixed: fixedSeats(99)})
	if got := fixed.ReadOnly(); !slices.Equal(got, []string{"seats"}) {
		t.Errorf("ReadOnly = %v", got)
	}
	if v, err := fixed.Get(ctx); err != nil || v.Seats != 99 {
		t.Errorf("Get = %+v, %v", v, err)
	}
	_, err := fixed.Update(ctx, func(r *room) error { r.Name, r.Seats = "x", 7; return nil })
	if ro := new(httpx.ReadOnlyError); !errors.As(err, &ro) || ro.Field != "seats" || !errors.Is(err, httpx.ErrReadOnly) {
		t.Errorf("changing it: %v", err)
	}
	if _, err := fixed.Set(ctx, "seats", func(*room) error { t.Error("called"); return nil }); !errors.Is(err, httpx.ErrReadOnly) {
		t.Errorf("setting it: %v", err)
	}
	v, err := fixed.Set(ctx, "name", func(r *room) error { r.Name = " attic "; return nil })
	if err != nil || v.Name != "attic" || v.Seats != 99 {
		t.Errorf("setting another: %+v, %v", v, err)
	}
	if v, err := free.Get(ctx); err != nil || v.Name != "attic" || v.Seats != 7 {
		t.Errorf("stored: %+v, %v", v, err)
	}
}

func TestChangesAreToldInOrderAfterTheyWereSaved(t *testing.T) {
	ctx, store := t.Context(), memory.New().Settings
	var mu sync.Mutex
	var told []settings.Change[room]
	s := settings.New(settings.Config[room]{Setting: setting("room"), Store: store, Changed: func(_ context.Context, c settings.Change[room]) {
		doc, err := store.Load(ctx, "room")
		if err != nil || doc.Revision < int64(c.New.Seats-10) {
			t.Errorf("told of %d seats at revision %d, %v", c.New.Seats, doc.Revision, err)
		}
		mu.Lock()
		told = append(told, c)
		mu.Unlock()
	}})
	if _, err := s.Update(ctx, func(*room) error { return errors.New("no") }); err == nil {
		t.Error("the error of fn is lost")
	}
	if _, err := s.Update(ctx, func(r *room) error { r.Seats = -1; return nil }); !errors.Is(err, repository.ErrInvalid) || !strings.Contains(err.Error(), `field "seats"`) {
		t.Errorf("invalid: %v", err)
	}
	const n = 50
	var wg sync.WaitGroup
	for range n {
		wg.Go(func() {
			if _, err := s.Update(ctx, func(r *room) error { r.Seats++; return nil }); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	mu.Lock()
	defer mu.Unlock()
	if len(told) != n {
		t.Fatalf("%d changes told, want %d", len(told), n)
	}
	for i, c := range told {
		if c.Old.Seats != 10+i || c.New.Seats != 11+i {
			t.Errorf("change %d is from %d to %d", i, c.Old.Seats, c.New.Seats)
		}
	}
}

func TestWhoHearsOfAChangeMayChangeTheSectionAgain(t *testing.T) {
	ctx := t.Context()
	var s *settings.Section[room]
	var told []string
	s = settings.New(settings.Config[room]{Setting: setting("room"), Store: memory.New().Settings, Changed: func(ctx context.Context, c settings.Change[room]) {
		told = append(told, c.Old.Name+">"+c.New.Name)
		if c.New.Name == "a" {
			if _, err := s.Update(ctx, func(r *room) error { r.Name = "b"; return nil }); err != nil {
				t.Error(err)
			}
			told = append(told, "returned")
		}
		panic("who cares")
	}})
	for _, name := range []string{"a", "c"} {
		if _, err := s.Update(ctx, func(r *room) error { r.Name = name; return nil }); err != nil {
			t.Fatal(err)
		}
	}
	if got := strings.Join(told, " "); got != "hall>a returned a>b b>c" {
		t.Errorf("told %s", got)
	}
}

func TestNothingIsSharedWithWhoHears(t *testing.T) {
	ctx := t.Context()
	s := settings.New(settings.Config[room]{Setting: setting("room"), Store: memory.New().Settings, Changed: func(_ context.Context, c settings.Change[room]) {
		c.New.Tags[0], c.Old.Tags[0] = "spoilt", "spoilt"
	}})
	v, err := s.Update(ctx, func(r *room) error { r.Seats = 3; return nil })
	if err != nil || v.Tags[0] != "new" {
		t.Errorf("%+v, %v", v, err)
	}
}

func TestPeekSeesEveryChangeAndOptions(t *testing.T) {
	ctx, store := t.Context(), memory.New().Settings
	s := settings.New(settings.Config[room]{Setting: setting("room"), Store: store, Fixed: fixedSeats(99)})
	other := settings.New(settings.Config[room]{Setting: setting("room"), Store: store})
	for i, name := range []string{"", "a", "b"} {
		if name != "" {
			writer := []*settings.Section[room]{nil, s, other}[i]
			if _, err := writer.Update(ctx, func(r *room) error { r.Name = name; return nil }); err != nil {
				t.Fatal(err)
			}
		} else {
			name = "hall"
		}
		for range 2 {
			if v, err := s.Peek(ctx); err != nil || v.Name != name || v.Seats != 99 {
				t.Errorf("%+v, %v, want %s", v, err, name)
			}
		}
	}
	got, err := s.Get(ctx)
	if err != nil {
		t.Fatal(err)
	}
	got.Tags[0] = "spoilt"
	if v, err := s.Peek(ctx); err != nil || v.Tags[0] != "new" {
		t.Errorf("Get shares with Peek: %v, %v", v.Tags, err)
	}
	if _, err := store.Save(ctx, "room", 2, json.RawMessage(`{"name":3}`)); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Peek(ctx); !errors.Is(err, repository.ErrCorrupt) {
		t.Errorf("damage: %v", err)
	}
	done, cancel := context.WithCancel(ctx)
	cancel()
	if _, err := s.Peek(done); !errors.Is(err, context.Canceled) {
		t.Errorf("after the end: %v", err)
	}
}

// BenchmarkRead reads a section with a long text, as every request for the
// status does.
func BenchmarkRead(b *testing.B) {
	s := settings.New(settings.Config[room]{Setting: setting("room"), Store: memory.New().Settings})
	if _, err := s.Update(b.Context(), func(r *room) error { r.Name = strings.Repeat("a long page ", 5000); return nil }); err != nil {
		b.Fatal(err)
	}
	for name, read := range map[string]func(context.Context) (room, error){"Get": s.Get, "Peek": s.Peek} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, err := read(b.Context()); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func TestABundleTakesSettingsElsewhere(t *testing.T) {
	ctx := t.Context()
	from := settings.New(settings.Config[room]{Setting: setting("room"), Store: memory.New().Settings, Secrets: secrets(), Fixed: fixedSeats(99)})
	keys := settings.New(settings.Config[room]{Setting: setting("keys"), Store: memory.New().Settings, Secrets: &settings.Secrets[room]{All: true}})
	if _, err := from.Update(ctx, func(r *room) error { r.Name, r.Secret, r.Tags = "attic", "hush", nil; return nil }); err != nil {
		t.Fatal(err)
	}
	for _, withSecrets := range []bool{false, true} {
		b, err := settings.Export(ctx, withSecrets, from, keys)
		if err != nil {
			t.Fatal(err)
		}
		data, err := json.Marshal(b)
		if err != nil {
			t.Fatal(err)
		}
		if s := string(data); strings.Contains(s, "hush") != withSecrets || strings.Contains(s, "keys") != withSecrets || strings.Contains(s, "99") {
			t.Errorf("secrets %v: %s", withSecrets, s)
		}
		var told int
		to := settings.New(settings.Config[room]{
			Setting: setting("room"), Store: memory.New().Settings, Secrets: secrets(),
			Changed: func(context.Context, settings.Change[room]) { told++ },
		})
		if _, err := to.Update(ctx, func(r *room) error { r.Secret = "mine"; return nil }); err != nil {
			t.Fatal(err)
		}
		if err := settings.Import(ctx, b, to, keys); err != nil {
			t.Fatal(err)
		}
		want := map[bool]string{false: "mine", true: "hush"}[withSecrets]
		if v, err := to.Get(ctx); err != nil || v.Name != "attic" || v.Seats != 10 || v.Secret != want || told != 2 {
			t.Errorf("imported %+v, %v, told %d times", v, err, told)
		}
	}
}

func TestABundleThatIsNotRightChangesNothing(t *testing.T) {
	ctx := t.Context()
	store := memory.New().Settings
	a := settings.New(settings.Config[room]{Setting: setting("a"), Store: store})
	b := settings.New(settings.Config[room]{Setting: setting("b"), Store: store})
	for data, want := range map[string]string{
		`{}`: `field "version" is 0`,
		`{"version":2,"sections":{"a":{"name":"new"}}}`:                         `field "version" is 2`,
		`{"version":1,"sections":{"a":{"name":"new"},"b":{"seats":-1}}}`:        `section "b": field "seats" is negative`,
		`{"version":1,"sections":{"a":{"name":"new"},"b":{"seats":"x"}}}`:       `section "b": field "seats" must not be a JSON string`,
		`{"version":1,"sections":{"a":{"name":"new"},"b":{"windows":4}}}`:       `unknown field "windows"`,
		`{"version":1,"sections":{"a":{"name":"new"},"b":null}}`:                `section "b": must not be null`,
		`{"version":1,"sections":{"a":{"name":"new"},"b":[]}}`:                  `JSON array`,
		`{"version":1,"sections":{"a":{"name":"new"},"attic":{}}}`:              `section "attic": is not known`,
		`{"version":1,"sections":{"a":{"seats":-1},"b":{"seats":-1},"c":null}}`: `section "a"`,
	} {
		var bundle settings.Bundle
		if err := json.Unmarshal([]byte(data), &bundle); err != nil {
			t.Fatal(err)
		}
		err := settings.Import(ctx, bundle, a, b)
		if !errors.Is(err, settings.ErrBundle) || !strings.Contains(fmt.Sprint(err), want) {
			t.Errorf("%s: %v, want %s", data, err, want)
		}
	}
	if _, err := store.Load(ctx, "a"); !errors.Is(err, repository.ErrNotFound) {
		t.Errorf("something was saved: %v", err)
	}
	if err := settings.Import(ctx, settings.Bundle{Version: 1, Sections: map[string]json.RawMessage{"a": json.RawMessage(`{"name":" new "}`)}}, a, b); err != nil {
		t.Fatal(err)
	}
	if v, err := a.Get(ctx); err != nil || v.Name != "new" || v.Seats != 10 || len(v.Tags) != 1 {
		t.Errorf("%+v, %v", v, err)
	}
}

func FuzzImport(f *testing.F) {
	f.Add([]byte(`{"version":1,"sections":{"room":{"name":"x","seats":3,"tags":null}}}`))
	f.Add([]byte(`{"version":1,"sections":{"room":{"seats":-1}}}`))
	f.Add([]byte(`{"version":1,"sections":{"room":{}} `))
	f.Fuzz(func(t *testing.T, data []byte) {
		var b settings.Bundle
		if json.Unmarshal(data, &b) != nil {
			return
		}
		s := settings.New(settings.Config[room]{Setting: setting("room"), Store: memory.New().Settings, Secrets: secrets()})
		err := settings.Import(t.Context(), b, s)
		if err != nil && !errors.Is(err, settings.ErrBundle) {
			t.Fatalf("%s: %v", data, err)
		}
		v, gerr := s.Get(t.Context())
		if gerr != nil || v.Seats < 0 {
			t.Fatalf("%s left %+v, %v", data, v, gerr)
		}
		if err != nil && v.Name != "hall" {
			t.Fatalf("%s failed and changed the name to %q", data, v.Name)
		}
	})
}
