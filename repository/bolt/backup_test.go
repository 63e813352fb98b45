package bolt_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"go.etcd.io/bbolt"

	"github.com/owncast-go/owncast/repository"
	"github.com/owncast-go/owncast/repository/bolt"
)

// populate stores something in several stores.
func populate(t *testing.T, r repository.Repository, name string) {
	t.Helper()
	var ms []repository.Message
	for i := range 500 {
		ms = append(ms, repository.Message{ID: fmt.Sprint(name, i), UserID: "a", Body: strings.Repeat("x", i)})
	}
	_, err1 := r.Settings.Save(t.Context(), "name", 0, json.RawMessage(`"`+name+`"`))
	_, err2 := r.Users.SaveUser(t.Context(), repository.User{ID: "a", DisplayName: name})
	if err := errors.Join(err1, err2, r.Chat.AppendMessages(t.Context(), ms...)); err != nil {
		t.Fatal(err)
	}
}

// wantPopulated fails the test unless r has what populate stored.
func wantPopulated(t *testing.T, r repository.Repository, name string) {
	t.Helper()
	doc, err := r.Settings.Load(t.Context(), "name")
	if err != nil || string(doc.Data) != `"`+name+`"` {
		t.Errorf("settings of %s: %s, %v", name, doc.Data, err)
	}
	if u, err := r.Users.User(t.Context(), "a"); err != nil || u.DisplayName != name {
		t.Errorf("user of %s: %+v, %v", name, u, err)
	}
	ms, err := r.Chat.Messages(t.Context(), repository.MessageQuery{UserID: "a"})
	if err != nil || len(ms) != 500 || ms[0].ID != name+"499" {
		t.Errorf("%d messages of %s, %v", len(ms), name, err)
	}
}

func snapshot(t *testing.T, db *bolt.DB) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := db.Snapshot(t.Context(), &b); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func TestASnapshotIsRestored(t *testing.T) {
	dir := t.TempDir()
	db := open(t, filepath.Join(dir, "test.db"))
	populate(t, db.Repository(), "first")
	copied := snapshot(t, db)
	if err := db.Repository().Users.DeleteUser(t.Context(), "a"); err != nil {
		t.Fatal(err)
	}

	path := filepath.Join(dir, "deep", "restored.db")
	if err := bolt.Restore(t.Context(), path, bytes.NewReader(copied)); err != nil {
		t.Fatal(err)
	}
	checkPages(t, path)
	restored := open(t, path)
	wantPopulated(t, restored.Repository(), "first")

	// In the place of one that is there, but not while it is open.
	err := bolt.Restore(t.Context(), path, bytes.NewReader(copied), bolt.WithLockTimeout(10*time.Millisecond))
	if !errors.Is(err, repository.ErrLocked) {
		t.Errorf("Restore over an open database = %v, want ErrLocked", err)
	}
	if err := restored.Repository().Users.DeleteUser(t.Context(), "a"); err != nil {
		t.Fatal(err)
	}
	if err := restored.Close(); err != nil {
		t.Fatal(err)
	}
	if err := bolt.Restore(t.Context(), path, bytes.NewReader(copied)); err != nil {
		t.Fatal(err)
	}
	wantPopulated(t, open(t, path).Repository(), "first")
	if info, err := os.Stat(path); err != nil || info.Mode().Perm()&0o077 != 0 {
		t.Errorf("mode of the restored file: %v, %v", info.Mode(), err)
	}
	if files, err := os.ReadDir(filepath.Dir(path)); err != nil || len(files) != 1 {
		t.Errorf("beside the restored file there are %v, %v", files, err)
	}
}

func TestARestoreThatFailsChangesNothing(t *testing.T) {
	path := filepath.Join(t.TempDir(), "test.db")
	db := open(t, path)
	populate(t, db.Repository(), "first")
	good := snapshot(t, db)
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	before, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	broken := bytes.Clone(good)
	at := bytes.Index(broken, []byte("first250"))
	copy(broken[at-8:], "########") // the head of a record
	lost := bytes.Clone(good)
	clear(lost[len(lost)/2 : len(lost)/2+3*os.Getpagesize()])
	for name, data := range map[string][]byte{
		"nothing": nil, "some text": []byte("hello"), "a long text": bytes.Repeat([]byte("hello, world\n"), 10_000),
		"its half": good[:len(good)/2], "a broken record": broken, "lost pages": lost,
	} {
		if err := bolt.Restore(t.Context(), path, bytes.NewReader(data)); !errors.Is(err, repository.ErrCorrupt) {
			t.Errorf("Restore of %s = %v, want ErrCorrupt", name, err)
		}
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := bolt.Restore(ctx, path, bytes.NewReader(good)); !errors.Is(err, context.Canceled) {
		t.Errorf("Restore with a canceled context = %v", err)
	}
	if after, err := os.ReadFile(path); err != nil || !bytes.Equal(before, after) {
		t.Errorf("a Restore that failed has changed the file: %v", err)
	}
	if files, err := os.ReadDir(filepath.Dir(path)); err != nil || len(files) != 1 {
		t.Errorf("beside the file there are %v, %v", files, err)
	}
}

func TestRestoreReplacesADamagedFile(t *testing.T) {
	db := open(t, filepath.Join(t.TempDir(), "good.db"))
	populate(t, db.Repository(), "first")
	path := filepath.Join(t.TempDir(), "test.db")
	for _, damaged := range []string{"", "no database", strings.Repeat("no database at all\n", 5000)} {
		if err := os.WriteFile(path, []byte(damaged), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := bolt.Restore(t.Context(), path, bytes.NewReader(snapshot(t, db))); err != nil {
			t.Fatal(err)
		}
		restored := open(t, path)
		wantPopulated(t, restored.Repository(), "first")
		if err := restored.Close(); err != nil {
			t.Fatal(err)
		}
	}
}

func TestASnapshotOfANewerSchemaIsNotRestored(t *testing.T) {
	dir := t.TempDir()
	newer := filepath.Join(dir, "newer.db")
	if err := open(t, newer).Close(); err != nil {
		t.Fatal(err)
	}
	raw, err := bbolt.Open(newer, 0o600, nil)
	if err != nil {
		t.Fatal(err)
	}
	err = raw.Update(func(tx *bbolt.Tx) error {
		return tx.Bucket([]byte("meta")).Put([]byte("schema"), []byte{0, 0, 0, 0, 0, 0, 0, 99})
	})
	if err := errors.Join(err, raw.Close()); err != nil {
		t.Fatal(err)
	}
	data, err := os.ReadFile(newer)
	if err != nil {
		t.Fatal(err)
	}
	err = bolt.Restore(t.Context(), filepath.Join(dir, "test.db"), bytes.NewReader(data))
	var schema *bolt.SchemaError
	if !errors.As(err, &schema) || schema.Version != 99 {
		t.Errorf("Restore = %v, want a SchemaError", err)
	}
}

// writer is a writer of a host's.
type writer func(b []byte) (int, error)

func (w writer) Write(b []byte) (int, error) { return w(b) }

func TestASnapshotToABadWriterIsAnErrorAndNoDamage(t *testing.T) {
	db := open(t, filepath.Join(t.TempDir(), "test.db"))
	populate(t, db.Repository(), "first")
	boom := errors.New("boom")
	if err := db.Snapshot(t.Context(), writer(func([]byte) (int, error) { return 0, boom })); err == nil || errors.Is(err, repository.ErrCorrupt) {
		t.Errorf("Snapshot = %v, want the writer's error", err)
	}
	if err := db.Snapshot(t.Context(), writer(func([]byte) (int, error) { panic("boom") })); err == nil || errors.Is(err, repository.ErrCorrupt) {
		t.Errorf("Snapshot to a writer that panics = %v, want an error", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	err := db.Snapshot(ctx, writer(func(b []byte) (int, error) { cancel(); return len(b), nil }))
	if err == nil {
		t.Error("Snapshot does not heed its context")
	}
	wantPopulated(t, db.Repository(), "first")
}

func TestASnapshotIsOfOneTime(t *testing.T) {
	db := open(t, filepath.Join(t.TempDir(), "test.db"))
	populate(t, db.Repository(), "first")
	wrote := false
	var b bytes.Buffer
	err := db.Snapshot(t.Context(), writer(func(p []byte) (int, error) {
		if !wrote { // meanwhile everything is something else
			wrote = true
			if _, err := db.Repository().Settings.Save(t.Context(), "name", 1, json.RawMessage(`"second"`)); err != nil {
				t.Error(err)
			}
		}
		return b.Write(p)
	}))
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "copy.db")
	if err := bolt.Restore(t.Context(), path, &b); err != nil {
		t.Fatal(err)
	}
	wantPopulated(t, open(t, path).Repository(), "first")
}

func TestSettingsAreExportedAndImported(t *testing.T) {
	a := open(t, filepath.Join(t.TempDir(), "a.db"))
	b := open(t, filepath.Join(t.TempDir(), "b.db"))
	for section, data := range map[string]string{"x": `{"a":[1,"<ü>"]}`, "y": `null`, "z/\x00": `12345678901234567890`} {
		if _, err := a.Repository().Settings.Save(t.Context(), section, 0, json.RawMessage(data)); err != nil {
			t.Fatal(err)
		}
	}
	for _, section := range []string{"x", "other"} {
		if _, err := b.Repository().Settings.Save(t.Context(), section, 0, json.RawMessage(`"old"`)); err != nil {
			t.Fatal(err)
		}
	}
	var export bytes.Buffer
	if err := a.ExportSettings(t.Context(), &export); err != nil {
		t.Fatal(err)
	}
	text := export.String()
	if err := b.ImportSettings(t.Context(), &export); err != nil {
		t.Fatal(err)
	}
	for section, want := range map[string]repository.Document{
		"x":      {Revision: 2, Data: json.RawMessage(`{"a":[1,"<ü>"]}`)},
		"y":      {Revision: 1, Data: json.RawMessage(`null`)},
		"z/\x00": {Revision: 1, Data: json.RawMessage(`12345678901234567890`)},
		"other":  {Revision: 1, Data: json.RawMessage(`"old"`)},
	} {
		got, err := b.Repository().Settings.Load(t.Context(), section)
		var compact bytes.Buffer
		if err := errors.Join(err, json.Compact(&compact, got.Data)); err != nil || got.Revision != want.Revision || compact.String() != string(want.Data) {
			t.Errorf("section %q is %s at revision %d, %v; want %s at %d\n%s", section, got.Data, got.Revision, err, want.Data, want.Revision, text)
		}
	}
	for _, bad := range []string{"", "{}", `[]`, strings.Replace(text, "settings-1", "settings-2", 1), `{"format":"owncast-settings-1","sections":{"x":1,"":2}}`, text + text} {
		if err := b.ImportSettings(t.Context(), strings.NewReader(bad)); !errors.Is(err, repository.ErrInvalid) {
			t.Errorf("ImportSettings(%.40q) = %v, want ErrInvalid", bad, err)
		}
	}
	if doc, err := b.Repository().Settings.Load(t.Context(), "x"); err != nil || doc.Revision != 2 {
		t.Errorf("a refused import changed the settings: %+v, %v", doc, err)
	}
	if _, err := a.Repository().Settings.Save(t.Context(), "\xff", 0, json.RawMessage(`1`)); err != nil {
		t.Fatal(err)
	}
	if err := a.ExportSettings(t.Context(), &export); !errors.Is(err, repository.ErrInvalid) {
		t.Errorf("ExportSettings of a name that JSON cannot have = %v, want ErrInvalid", err)
	}
}
