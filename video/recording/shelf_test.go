package recording

import (
	"bytes"
	"context"
	"errors"
	"io"
	"io/fs"
	"iter"
	"maps"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/owncast-go/owncast/storage"
)

var errBroken = errors.New("the storage is broken")

// shelf is a Storage in memory, with what a test wants to go wrong.
type shelf struct {
	mu      sync.Mutex
	objects map[string][]byte
	changes int // calls of Put and Delete
	// fail says whether a call fails, and whether it does what it should all
	// the same. It is called under mu.
	fail func(op, key string) (err error, done bool)
}

func newShelf() *shelf { return &shelf{objects: map[string][]byte{}} }

func (s *shelf) ask(ctx context.Context, op, key string) (error, bool) {
	if op != "open" && op != "list" {
		s.changes++
	}
	if ctx.Err() != nil {
		return ctx.Err(), false
	}
	if s.fail == nil {
		return nil, true
	}
	err, done := s.fail(op, key)
	return err, done || err == nil
}

func (s *shelf) Put(ctx context.Context, key string, r io.Reader, _ storage.PutOptions) error {
	if err := storage.CheckKey(key); err != nil {
		return err
	}
	b, err := io.ReadAll(r)
	if err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	err, done := s.ask(ctx, "put", key)
	if done {
		s.objects[key] = b
	}
	return err
}

func (s *shelf) Open(ctx context.Context, key string) (io.ReadCloser, storage.Info, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err, _ := s.ask(ctx, "open", key); err != nil {
		return nil, storage.Info{}, err
	}
	b, ok := s.objects[key]
	if !ok {
		return nil, storage.Info{}, fs.ErrNotExist
	}
	return struct {
		io.ReadSeeker
		io.Closer
	}{bytes.NewReader(b), io.NopCloser(nil)}, storage.Info{Key: key, Size: int64(len(b))}, nil
}

func (s *shelf) Delete(ctx context.Context, key string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	err, done := s.ask(ctx, "delete", key)
	if done {
		delete(s.objects, key)
	}
	return err
}

func (s *shelf) List(ctx context.Context, prefix string) iter.Seq2[storage.Info, error] {
	return func(yield func(storage.Info, error) bool) {
		s.mu.Lock()
		err, _ := s.ask(ctx, "list", prefix)
		s.mu.Unlock()
		if err != nil {
			yield(storage.Info{}, err)
			return
		}
		for _, k := range s.keys() {
			if strings.HasPrefix(k, prefix) && !yield(storage.Info{Key: k}, nil) {
				return
			}
		}
	}
}

func (s *shelf) keys() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Sorted(maps.Keys(s.objects))
}

func (s *shelf) breaks(fail func(op, key string) (error, bool)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.fail = fail
}

// tidy checks that everything in the storage belongs to a recording, and that
// everything that playlists name is there.
func (s *shelf) tidy(t testing.TB, l *Library) {
	t.Helper()
	all, _, err := l.List(t.Context(), 0, 0)
	if err != nil {
		t.Fatal(err)
	}
	known := map[string]bool{}
	for _, r := range all {
		known[r.ID] = true
		playable(t, l, r)
	}
	for _, k := range s.keys() {
		id := strings.TrimPrefix(strings.TrimPrefix(k, metadataPrefix), mediaPrefix)
		id = id[:strings.IndexAny(id, "./")]
		if !known[id] {
			t.Errorf("%s is of no recording", k)
		}
	}
}
