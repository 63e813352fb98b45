package storagetest

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"strings"
	"sync"
	"testing"

	"github.com/owncast-go/owncast/storage"
)

func concurrencyChecks() []check {
	return []check{
		{"PutIsAtomic", testPutIsAtomic},
		{"PutsOfDifferentKeys", testPutsOfDifferentKeys},
		{"PutAndDeleteInOneDirectory", testPutAndDeleteInOneDirectory},
	}
}

// whole reports what is wrong with an object that must be n times one byte.
func whole(s storage.Storage, t *testing.T, key string, n int) error {
	r, info, err := s.Open(t.Context(), key)
	if err != nil {
		return err
	}
	defer r.Close()
	b, err := io.ReadAll(r)
	if err != nil {
		return err
	}
	if len(b) != n || info.Size != int64(n) || strings.Count(string(b), string(b[:1])) != n {
		return fmt.Errorf("a reader of %q saw %d bytes (%d by its Info) of more than one object, want %d of one", key, len(b), info.Size, n)
	}
	return nil
}

func testPutIsAtomic(t *testing.T, s storage.Storage) {
	const n = 1 << 16
	put(t, s, "a", strings.Repeat("x", n))
	var wg sync.WaitGroup
	for w := range 4 {
		body := strings.Repeat(string(rune('0'+w)), n)
		wg.Go(func() {
			for range 10 {
				// HalfReader-like pieces give a torn write its chance.
				r := io.MultiReader(strings.NewReader(body[:n/3]), strings.NewReader(body[n/3:]))
				if err := s.Put(t.Context(), "a", r, storage.PutOptions{}); err != nil {
					t.Errorf("Put = %v", err)
				}
			}
		})
		wg.Go(func() {
			for range 20 {
				if err := whole(s, t, "a", n); err != nil {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
}

func testPutsOfDifferentKeys(t *testing.T, s storage.Storage) {
	const workers, objects = 8, 20
	key := func(w, i int) string { return fmt.Sprintf("dir%d/%d/%d", i%3, i, w) }
	var wg sync.WaitGroup
	for w := range workers {
		wg.Go(func() {
			for i := range objects {
				k := key(w, i)
				if err := s.Put(t.Context(), k, strings.NewReader(k), storage.PutOptions{}); err != nil {
					t.Errorf("Put(%q) = %v", k, err)
				}
				for _, err := range s.List(t.Context(), "dir0/") {
					if err != nil {
						t.Errorf("List among Puts yields error %v", err)
					}
				}
			}
		})
	}
	wg.Wait()
	for w := range workers {
		for i := range objects {
			want(t, s, key(w, i), key(w, i))
		}
	}
	if n := len(list(t, s, "")); n != workers*objects {
		t.Errorf("List yields %d objects, want %d", n, workers*objects)
	}
}

// testPutAndDeleteInOneDirectory gives stores that remove empty directories
// the chance to remove one under somebody's feet.
func testPutAndDeleteInOneDirectory(t *testing.T, s storage.Storage) {
	var wg sync.WaitGroup
	for w := range 8 {
		k := fmt.Sprintf("a/b/c/%d", w)
		wg.Go(func() {
			for range 50 {
				if err := s.Put(t.Context(), k, strings.NewReader("xxx"), storage.PutOptions{}); err != nil {
					t.Errorf("Put(%q) = %v", k, err)
					return
				}
				if err := whole(s, t, k, 3); err != nil {
					t.Errorf("Open(%q) after Put = %v", k, err)
				}
				if err := s.Delete(t.Context(), k); err != nil {
					t.Errorf("Delete(%q) = %v", k, err)
				}
				if err := whole(s, t, k, 3); !errors.Is(err, fs.ErrNotExist) {
					t.Errorf("Open(%q) after Delete: got error %v, want fs.ErrNotExist", k, err)
				}
			}
		})
	}
	wg.Wait()
}
