// Package memory keeps a repository in memory: for tests, demonstrations and
// hosts that configure everything in code. It forgets all on exit.
package memory

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"sync"

	"github.com/owncast-go/owncast/repository"
)

// New returns a set of empty stores.
func New() repository.Repository {
	return repository.Repository{
		Settings: &settings{docs: map[string]repository.Document{}},
	}
}

type settings struct {
	mu   sync.RWMutex
	docs map[string]repository.Document // guarded by mu; the Data is never changed
}

var _ repository.Settings = (*settings)(nil)

func (s *settings) Load(ctx context.Context, section string) (repository.Document, error) {
	if err := ctx.Err(); err != nil {
		return repository.Document{}, err
	}
	s.mu.RLock()
	doc, ok := s.docs[section]
	s.mu.RUnlock()
	if !ok {
		return repository.Document{}, fmt.Errorf("repository/memory: section %q: %w", section, repository.ErrNotFound)
	}
	return clone(doc), nil
}

func (s *settings) Save(ctx context.Context, section string, rev int64, data json.RawMessage) (repository.Document, error) {
	if err := ctx.Err(); err != nil {
		return repository.Document{}, err
	}
	if err := repository.CheckDocument(section, data); err != nil {
		return repository.Document{}, err
	}
	doc := clone(repository.Document{Revision: rev + 1, Data: data})
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.docs[section].Revision != rev {
		return repository.Document{}, fmt.Errorf("repository/memory: section %q: %w", section, repository.ErrConflict)
	}
	s.docs[section] = doc
	return clone(doc), nil
}

func clone(d repository.Document) repository.Document {
	d.Data = bytes.Clone(d.Data)
	return d
}
