package bolt_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/owncast-go/owncast/repository"
	"github.com/owncast-go/owncast/repository/bolt"
	"github.com/owncast-go/owncast/repository/repositorytest"
)

// open opens the database at path until the test ends.
func open(t testing.TB, path string) *bolt.DB {
	t.Helper()
	db, err := bolt.Open(path)
	if err != nil {
		t.Fatalf("Open = %v", err)
	}
	t.Cleanup(func() {
		if err := db.Close(); err != nil {
			t.Errorf("Close = %v", err)
		}
	})
	return db
}

func TestConformance(t *testing.T) {
	repositorytest.Run(t, func(t *testing.T) repository.Repository {
		return open(t, filepath.Join(t.TempDir(), "test.db")).Repository()
	})
}

func TestDocumentsOutliveTheDB(t *testing.T) {
	path := filepath.Join(t.TempDir(), "test.db")
	first := open(t, path)
	if _, err := first.Repository().Settings.Save(t.Context(), "a", 0, json.RawMessage(`"value"`)); err != nil {
		t.Fatal(err)
	}
	if err := first.Close(); err != nil {
		t.Fatal(err)
	}
	doc, err := open(t, path).Repository().Settings.Load(t.Context(), "a")
	if err != nil || doc.Revision != 1 || string(doc.Data) != `"value"` {
		t.Errorf("after opening again: %d %s %v", doc.Revision, doc.Data, err)
	}
}

func TestOpenMakesThePlaceForItsOwnerAlone(t *testing.T) {
	path := filepath.Join(t.TempDir(), "deep", "data", "test.db")
	open(t, path)
	for p, want := range map[string]os.FileMode{path: 0o600, filepath.Dir(path): 0o700, filepath.Dir(filepath.Dir(path)): 0o700} {
		info, err := os.Stat(p)
		if err != nil {
			t.Fatal(err)
		}
		if got := info.Mode().Perm(); got&^want != 0 {
			t.Errorf("mode of %s is %v, want no more than %v", filepath.Base(p), got, want)
		}
	}
}

func TestASecondOpenIsLockedOut(t *testing.T) {
	path := filepath.Join(t.TempDir(), "test.db")
	first := open(t, path)
	// By default it waits a second.
	for _, opts := range [][]bolt.Option{nil, {bolt.WithLockTimeout(50 * time.Millisecond)}, {bolt.WithLockTimeout(0)}} {
		db, err := bolt.Open(path, opts...)
		if !errors.Is(err, repository.ErrLocked) || db != nil {
			t.Fatalf("second Open = %v, %v; want ErrLocked", db, err)
		}
	}
	if _, err := first.Repository().Settings.Save(t.Context(), "a", 0, json.RawMessage(`1`)); err != nil {
		t.Errorf("Save after somebody was locked out = %v", err)
	}
	if err := first.Close(); err != nil {
		t.Fatal(err)
	}
	open(t, path)
}

func TestOpenWaitsForALockToGo(t *testing.T) {
	path := filepath.Join(t.TempDir(), "test.db")
	first := open(t, path)
	time.AfterFunc(100*time.Millisecond, func() { _ = first.Close() })
	db, err := bolt.Open(path, bolt.WithLockTimeout(time.Minute))
	if err != nil {
		t.Fatal(err)
	}
	if err := db.Close(); err != nil {
		t.Error(err)
	}
}

func TestAClosedDBSaysSo(t *testing.T) {
	db := open(t, filepath.Join(t.TempDir(), "test.db"))
	st := db.Repository().Settings
	for range 2 {
		if err := db.Close(); err != nil {
			t.Errorf("Close = %v", err)
		}
	}
	if _, err := st.Load(t.Context(), "a"); !errors.Is(err, repository.ErrClosed) {
		t.Errorf("Load after Close = %v, want ErrClosed", err)
	}
	if _, err := st.Save(t.Context(), "a", 0, json.RawMessage(`1`)); !errors.Is(err, repository.ErrClosed) {
		t.Errorf("Save after Close = %v, want ErrClosed", err)
	}
}

func TestOpenReportsAPlaceItCannotUse(t *testing.T) {
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "file"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{dir, filepath.Join(dir, "file", "test.db")} {
		if db, err := bolt.Open(path); err == nil || db != nil || errors.Is(err, repository.ErrCorrupt) {
			t.Errorf("Open(%s) = %v, %v; want an error of the system", strings.TrimPrefix(path, dir), db, err)
		}
	}
}

func TestWritesWithADeferredSyncAreThereAfterClose(t *testing.T) {
	path := filepath.Join(t.TempDir(), "x.db")
	db, err := bolt.Open(path, bolt.WithDeferredSync())
	if err != nil {
		t.Fatal(err)
	}
	for i := range 100 {
		u := repository.User{ID: fmt.Sprint(i), DisplayName: "x"}
		if _, err := db.Repository().Users.SaveUser(t.Context(), u); err != nil {
			t.Fatal(err)
		}
	}
	for range 2 {
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	}
	if _, err := db.Repository().Users.SaveUser(t.Context(), repository.User{ID: "late"}); !errors.Is(err, repository.ErrClosed) {
		t.Errorf("after Close: %v", err)
	}
	if db, err = bolt.Open(path); err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	if _, n, err := db.Repository().Users.Users(t.Context(), repository.UserQuery{}); n != 100 || err != nil {
		t.Errorf("%d users, %v", n, err)
	}
}
