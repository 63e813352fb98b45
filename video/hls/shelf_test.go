package hls

import (
	"bytes"
	"context"
	"errors"
	"io"
	"io/fs"
	"iter"
	"maps"
	"net/url"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/owncast-go/owncast/storage"
)

// shelf is a Storage in memory, with what a test wants to go wrong.
type shelf struct {
	mu      sync.Mutex
	objects map[string][]byte

	put  func(ctx context.Context, key string) error // before an object is kept
	open func(ctx context.Context, key string) error
	del  func(key string) error
	wrap func(io.Reader) io.ReadCloser
}

func newShelf(keys ...string) *shelf {
	s := &shelf{objects: map[string][]byte{}}
	for _, k := range keys {
		s.objects[k] = []byte("old")
	}
	return s
}

func (s *shelf) keys() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Sorted(maps.Keys(s.objects))
}

func (s *shelf) Put(ctx context.Context, key string, r io.Reader, _ storage.PutOptions) error {
	if s.put != nil {
		if err := s.put(ctx, key); err != nil {
			return err
		}
	}
	b, err := io.ReadAll(r)
	if err != nil || ctx.Err() != nil {
		return errors.Join(err, ctx.Err())
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.objects[key] = b
	return nil
}

func (s *shelf) Open(ctx context.Context, key string) (io.ReadCloser, storage.Info, error) {
	if s.open != nil {
		if err := s.open(ctx, key); err != nil {
			return nil, storage.Info{}, err
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	b, ok := s.objects[key]
	if !ok {
		return nil, storage.Info{}, fs.ErrNotExist
	}
	info := storage.Info{Key: key, Size: int64(len(b))}
	if s.wrap != nil {
		return s.wrap(bytes.NewReader(b)), info, nil
	}
	return struct {
		io.ReadSeeker
		io.Closer
	}{bytes.NewReader(b), io.NopCloser(nil)}, info, nil
}

func (s *shelf) Delete(_ context.Context, key string) error {
	if s.del != nil {
		if err := s.del(key); err != nil {
			return err
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.objects, key)
	return nil
}

func (s *shelf) List(_ context.Context, prefix string) iter.Seq2[storage.Info, error] {
	return func(yield func(storage.Info, error) bool) {
		for _, k := range s.keys() {
			if strings.HasPrefix(k, prefix) && !yield(storage.Info{Key: k}, nil) {
				return
			}
		}
	}
}

// cdn is a shelf that has viewers fetch from it.
type cdn struct{ *shelf }

func (cdn) RedirectURL(_ context.Context, key string) (*url.URL, time.Time, error) {
	u, err := url.Parse("https://cdn.example/" + key + "?signed=yes")
	return u, time.Time{}, err
}
