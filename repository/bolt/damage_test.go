package bolt_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"go.etcd.io/bbolt"

	"github.com/owncast-go/owncast/repository"
	"github.com/owncast-go/owncast/repository/bolt"
)

// database returns the bytes of a database with some documents in it.
func database(t *testing.T) []byte {
	t.Helper()
	path := filepath.Join(t.TempDir(), "test.db")
	db := open(t, path)
	st := db.Repository().Settings
	for i := range 30 {
		data := fmt.Sprintf(`{"n":%d,"fill":%q}`, i, strings.Repeat("x", i*700))
		if _, err := st.Save(t.Context(), fmt.Sprint("section", i), 0, json.RawMessage(data)); err != nil {
			t.Fatal(err)
		}
	}
	bolt.WriteRecords(t, db.Repository())
	var ms []repository.Message
	for i := range 300 {
		ms = append(ms, repository.Message{ID: fmt.Sprint(i), UserID: "u", Body: strings.Repeat("x", i)})
	}
	if err := db.Repository().Chat.AppendMessages(t.Context(), ms...); err != nil {
		t.Fatal(err)
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// use opens the database at path, does what can be done with it, and returns
// the errors.
func use(t *testing.T, path string) (openErr, useErr error) {
	t.Helper()
	db, err := bolt.Open(path)
	if err != nil {
		return err, nil
	}
	st := db.Repository().Settings
	var errs []error
	for i := range 30 {
		section := fmt.Sprint("section", i)
		doc, err := st.Load(t.Context(), section)
		if err == nil && i%10 == 7 {
			_, err = st.Save(t.Context(), section, doc.Revision, json.RawMessage(`"new"`))
		}
		errs = append(errs, err)
	}
	_, err = st.Save(t.Context(), "new", 0, json.RawMessage(`"`+strings.Repeat("x", 100_000)+`"`))
	return nil, errors.Join(append(errs, err, bolt.UseRecords(t, db.Repository()), db.Close())...)
}

func TestWhatIsNoDatabaseIsCorruptAndStaysAsItIs(t *testing.T) {
	good := database(t)
	page := os.Getpagesize()
	random := make([]byte, 5*page)
	r := rand.NewChaCha8([32]byte{})
	_, _ = r.Read(random)
	noMeta := append(make([]byte, 2*page), good[2*page:]...)
	for name, content := range map[string][]byte{
		"one byte":                 {0},
		"some text":                []byte("hello, world\n"),
		"a page of text":           []byte(strings.Repeat("hello, world\n", 1000)),
		"random bytes":             random,
		"zeros":                    make([]byte, 8*page),
		"a database without metas": noMeta,
		"its first page":           good[:page],
		"its first two pages":      good[:2*page],
		"its first three pages":    good[:3*page],
		"its first half":           good[:len(good)/2],
		"another version of bbolt": append(append([]byte{}, good[:20]...), append([]byte{9}, good[21:]...)...)[:page],
	} {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "test.db")
			if err := os.WriteFile(path, content, 0o600); err != nil {
				t.Fatal(err)
			}
			for range 2 { // the second time, too: nothing stays locked
				if err, _ := use(t, path); !errors.Is(err, repository.ErrCorrupt) {
					t.Fatalf("Open = %v, want ErrCorrupt", err)
				}
			}
			if after, err := os.ReadFile(path); err != nil || string(after) != string(content) {
				t.Errorf("Open changed what it refused: %d bytes, %v", len(after), err)
			}
		})
	}
}

func TestAnotherProgramsDatabaseIsRefused(t *testing.T) {
	path := filepath.Join(t.TempDir(), "test.db")
	other, err := bbolt.Open(path, 0o600, nil)
	if err != nil {
		t.Fatal(err)
	}
	err = other.Update(func(tx *bbolt.Tx) error {
		_, err := tx.CreateBucket([]byte("theirs"))
		return err
	})
	if err := errors.Join(err, other.Close()); err != nil {
		t.Fatal(err)
	}
	if err, _ := use(t, path); !errors.Is(err, repository.ErrCorrupt) {
		t.Errorf("Open = %v, want ErrCorrupt", err)
	}
}

// TestDamagedPagesAreErrors overwrites parts of a database in many ways. Each
// must end in errors or in working calls, never in a panic, a crash of the
// process or a lock that stays. Most damage is to what is not in use.
func TestDamagedPagesAreErrors(t *testing.T) {
	if checksPointers {
		t.Skip("run it without the race detector")
	}
	good := database(t)
	tries := 20
	if n, err := strconv.Atoi(os.Getenv("REPOSITORY_BOLT_TEST_DAMAGE")); err == nil {
		tries = n // for a longer look
	} else if atLength() {
		tries = 60
	}
	refused, failed := 0, 0
	for seed := range tries {
		path := filepath.Join(t.TempDir(), "test.db")
		if err := os.WriteFile(path, damage(good, uint64(seed)), 0o600); err != nil {
			t.Fatal(err)
		}
		openErr, useErr := use(t, path)
		if openErr != nil {
			refused++
			var schema *bolt.SchemaError // of which a bit has changed
			if !errors.Is(openErr, repository.ErrCorrupt) && !errors.As(openErr, &schema) {
				t.Errorf("seed %d: Open = %v, want ErrCorrupt", seed, openErr)
			}
		}
		if useErr != nil {
			failed++
		}
		_ = os.Remove(path)
	}
	if refused == 0 || failed == 0 {
		t.Errorf("of %d damaged databases %d were refused and %d failed later: the damage is not enough to test", tries, refused, failed)
	}
}

// damage returns a copy of good in which something is wrong.
func damage(good []byte, seed uint64) []byte {
	r := rand.New(rand.NewPCG(seed, 1))
	b := append([]byte{}, good...)
	page := os.Getpagesize()
	switch at := r.IntN(len(b)/page-2)*page + 2*page; seed % 5 {
	case 0: // a page is lost
		clear(b[at : at+page])
	case 1: // the head of a page, where its kind, length and pointers are
		for i := range 48 {
			b[at+i] = byte(r.Uint32())
		}
	case 2: // single bits anywhere but in the meta pages
		for range 1 + r.IntN(50) {
			b[2*page+r.IntN(len(b)-2*page)] ^= 1 << r.IntN(8)
		}
	case 3: // a page in the place of another one
		copy(b[at:at+page], good[r.IntN(len(b)/page)*page:])
	case 4: // the end is lost
		b = b[:1+r.IntN(len(b)-1)]
	}
	return b
}

// TestDamageWhileOpenIsAnError cuts the file while it is open, as a failing
// disk may do.
func TestDamageWhileOpenIsAnError(t *testing.T) {
	path := filepath.Join(t.TempDir(), "test.db")
	if err := os.WriteFile(path, database(t), 0o600); err != nil {
		t.Fatal(err)
	}
	db := open(t, path)
	st := db.Repository().Settings
	if err := os.Truncate(path, 2*int64(os.Getpagesize())); err != nil {
		t.Skip("an open file cannot be cut here: ", err)
	}
	for range 3 {
		if _, err := st.Load(t.Context(), "section29"); !errors.Is(err, repository.ErrCorrupt) {
			t.Errorf("Load = %v, want ErrCorrupt", err)
		}
		if _, err := st.Save(t.Context(), "new", 0, json.RawMessage(`1`)); !errors.Is(err, repository.ErrCorrupt) {
			t.Errorf("Save = %v, want ErrCorrupt", err)
		}
	}
	for range 2 {
		if err := db.Close(); err != nil {
			t.Errorf("Close = %v", err)
		}
	}
}
