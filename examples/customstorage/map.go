package main

import (
	"bytes"
	"cmp"
	"context"
	"fmt"
	"io"
	"io/fs"
	"iter"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/owncast-go/owncast/storage"
)

// mapStorage is the whole of a storage: four methods.
type mapStorage struct {
	mu      sync.RWMutex
	objects map[string]object
}

// object is never changed, so that a reader can go on after the lock.
type object struct {
	info storage.Info
	body []byte
}

var _ storage.Storage = (*mapStorage)(nil)

func newMap() *mapStorage {
	return &mapStorage{objects: map[string]object{}}
}

// Put implements [storage.Storage].
func (m *mapStorage) Put(ctx context.Context, key string, r io.Reader, o storage.PutOptions) error {
	if err := storage.CheckKey(key); err != nil {
		return err
	}
	body, err := io.ReadAll(contextReader{ctx, r})
	if err != nil {
		return fmt.Errorf("put %q: %w", key, err)
	}
	info := storage.Info{
		Key:         key,
		Size:        int64(len(body)),
		ModTime:     time.Now(),
		ContentType: cmp.Or(o.ContentType, storage.ContentType(key)),
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	m.objects[key] = object{info, body}
	return nil
}

// Open implements [storage.Storage].
func (m *mapStorage) Open(ctx context.Context, key string) (io.ReadCloser, storage.Info, error) {
	if err := cmp.Or(ctx.Err(), storage.CheckKey(key)); err != nil {
		return nil, storage.Info{}, err
	}
	m.mu.RLock()
	o, ok := m.objects[key]
	m.mu.RUnlock()
	if !ok {
		return nil, storage.Info{}, fmt.Errorf("open %q: %w", key, fs.ErrNotExist)
	}
	return reader{bytes.NewReader(o.body)}, o.info, nil
}

// Delete implements [storage.Storage].
func (m *mapStorage) Delete(ctx context.Context, key string) error {
	if err := cmp.Or(ctx.Err(), storage.CheckKey(key)); err != nil {
		return err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	delete(m.objects, key)
	return nil
}

// List implements [storage.Storage]. The lock is not held while the loop over
// it runs, which may well call Delete.
func (m *mapStorage) List(ctx context.Context, prefix string) iter.Seq2[storage.Info, error] {
	return func(yield func(storage.Info, error) bool) {
		m.mu.RLock()
		objects := maps.Clone(m.objects)
		m.mu.RUnlock()
		for _, key := range slices.Sorted(maps.Keys(objects)) {
			if err := ctx.Err(); err != nil {
				yield(storage.Info{}, err)
				return
			}
			if strings.HasPrefix(key, prefix) && !yield(objects[key].info, nil) {
				return
			}
		}
	}
}

// reader is an object that can be read, at any place of it.
type reader struct{ *bytes.Reader }

func (reader) Close() error { return nil }

// contextReader is a reader that fails once its context is done.
type contextReader struct {
	ctx context.Context
	r   io.Reader
}

func (c contextReader) Read(p []byte) (int, error) {
	if err := c.ctx.Err(); err != nil {
		return 0, err
	}
	return c.r.Read(p)
}
