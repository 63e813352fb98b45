// Package settings combines the sections of the settings with their store, with
// the values that options have fixed, and with listeners for changes. It knows
// no section itself: each belongs to the package that uses it.
package settings

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"reflect"
	"slices"
	"sync"
	"sync/atomic"

	"github.com/owncast-go/owncast/internal/httpx"
	"github.com/owncast-go/owncast/repository"
)

// Fixed is a field of a section whose value an option has set. That value is
// read instead of the stored one, and cannot be changed.
type Fixed[T any] struct {
	Field string            // name of the field in the API
	Value T                 // holds the option's value in that field
	Copy  func(dst, src *T) // deep-copies only that field
}

// Change is the value of a section before and after it was saved.
type Change[T any] struct{ Old, New T }

// Config is the configuration of a Section. Setting and Store are required.
type Config[T any] struct {
	Setting repository.Setting[T]
	Store   repository.Settings
	Fixed   []Fixed[T]
	// Changed is called with each change after it was saved, one at a time and
	// in order. It may change the section itself, and is called with that change
	// after it has returned. A panic in it is logged.
	Changed func(context.Context, Change[T])
	// Secrets separates secrets from the rest of the section. Nil stands for a
	// section without secrets.
	Secrets *Secrets[T]
	Logger  *slog.Logger // nil discards
}

// Section is one section of the settings. It is safe for concurrent use.
type Section[T any] struct {
	cfg Config[T]

	saving sync.Mutex // held from saving to queueing, for the order of changes

	peeked atomic.Pointer[peeked[T]] // nil before the first Peek

	changes teller
}

// peeked is a value that many read and nobody changes.
type peeked[T any] struct {
	revision int64 // that it was decoded of
	value    T
}

// New returns a Section.
func New[T any](c Config[T]) *Section[T] {
	if c.Logger == nil {
		c.Logger = slog.New(slog.DiscardHandler)
	}
	return &Section[T]{cfg: c, changes: teller{section: c.Setting.Section, log: c.Logger}}
}

// Name returns the name of the section in the store.
func (s *Section[T]) Name() string { return s.cfg.Setting.Section }

// ReadOnly returns the names of the fields that options have fixed.
func (s *Section[T]) ReadOnly() []string {
	var fields []string
	for _, f := range s.cfg.Fixed {
		fields = append(fields, f.Field)
	}
	return fields
}

// Get returns the value, with the fields that options have fixed.
func (s *Section[T]) Get(ctx context.Context) (T, error) {
	v, _, err := s.cfg.Setting.Get(ctx, s.cfg.Store)
	if err != nil {
		return v, err
	}
	s.fix(&v)
	return v, nil
}

// Stored tells whether somebody has saved the section yet.
func (s *Section[T]) Stored(ctx context.Context) (bool, error) {
	_, revision, err := s.cfg.Setting.Get(ctx, s.cfg.Store)
	return revision > 0, err
}

// Peek is like Get for callers that read often and modify nothing: the value is
// shared, and decoded again only after a change.
func (s *Section[T]) Peek(ctx context.Context) (T, error) {
	doc, err := s.cfg.Store.Load(ctx, s.Name())
	if err != nil && !errors.Is(err, repository.ErrNotFound) {
		var none T
		return none, fmt.Errorf("load setting %q: %w", s.Name(), err)
	}
	if p := s.peeked.Load(); p != nil && p.revision == doc.Revision {
		return p.value, nil
	}
	v, revision, err := s.cfg.Setting.Get(ctx, s.cfg.Store)
	if err != nil {
		return v, err
	}
	s.fix(&v)
	s.peeked.Store(&peeked[T]{revision, v})
	return v, nil
}

func (s *Section[T]) fix(v *T) {
	for i := range s.cfg.Fixed {
		s.cfg.Fixed[i].Copy(v, &s.cfg.Fixed[i].Value)
	}
}

// Set is like Update for a function that changes a single field. It fails if the
// field is fixed, even if its value would stay the same.
func (s *Section[T]) Set(ctx context.Context, field string, fn func(*T) error) (T, error) {
	if slices.Contains(s.ReadOnly(), field) {
		var none T
		return none, &httpx.ReadOnlyError{Field: field}
	}
	return s.Update(ctx, fn)
}

// Update changes the value with fn, as [repository.Setting.Update] does, and
// reports the change. fn sees the values that options have fixed; changing one
// is an [*httpx.ReadOnlyError].
func (s *Section[T]) Update(ctx context.Context, fn func(*T) error) (T, error) {
	var none T
	v, err := s.save(ctx, func(v, stored *T) error {
		s.fix(v)
		if err := fn(v); err != nil {
			return err
		}
		return s.unfix(v, stored)
	})
	if err != nil {
		return none, err
	}
	s.changes.tell()
	s.fix(&v)
	return v, nil
}

// unfix puts back what is stored behind the values of options, which must be
// as they were.
func (s *Section[T]) unfix(v, stored *T) error {
	for i := range s.cfg.Fixed {
		f, want := &s.cfg.Fixed[i], *v
		f.Copy(&want, &f.Value)
		if !reflect.DeepEqual(want, *v) {
			return &httpx.ReadOnlyError{Field: f.Field}
		}
		f.Copy(v, stored)
	}
	return nil
}

// save calls fn with a value to change and the same once more, and queues the
// change.
func (s *Section[T]) save(ctx context.Context, fn func(v, stored *T) error) (T, error) {
	s.saving.Lock()
	defer s.saving.Unlock()
	var before T
	v, err := s.cfg.Setting.Update(ctx, s.cfg.Store, func(v *T) error {
		var err error
		if before, err = s.clone(v); err != nil {
			return err
		}
		stored, err := s.clone(v)
		if err != nil {
			return err
		}
		return fn(v, &stored)
	})
	if err != nil || s.cfg.Changed == nil {
		return v, err
	}
	after, err := s.clone(&v)
	if err != nil {
		return v, err
	}
	s.fix(&before)
	s.fix(&after)
	ctx = context.WithoutCancel(ctx)
	s.changes.add(func() { s.cfg.Changed(ctx, Change[T]{before, after}) })
	return v, nil
}
