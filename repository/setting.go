package repository

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
)

// Setting is a typed view of one section of the settings. It holds no data of
// its own; a package that owns a section returns its Setting from a function.
//
// A stored document is decoded over the default, so fields that are missing
// from the document keep their defaults. Fields that T does not have are
// ignored.
type Setting[T any] struct {
	// Section is the name of the section.
	Section string
	// Default returns the value of a section that was never saved. Nil stands
	// for the zero T.
	Default func() T
	// Validate returns an error, worded for an administrator, if the value must
	// not be saved. It may modify the value to normalize it. Nil accepts
	// everything.
	Validate func(*T) error
}

// InvalidError reports a value that [Setting].Validate has refused. It matches
// [ErrInvalid].
type InvalidError struct {
	Section string
	Err     error // from [Setting].Validate
}

func (e *InvalidError) Error() string {
	return fmt.Sprintf("setting %q: %v", e.Section, e.Err)
}

// Unwrap returns e.Err.
func (e *InvalidError) Unwrap() error { return e.Err }

// Is reports whether target is [ErrInvalid].
func (e *InvalidError) Is(target error) bool { return target == ErrInvalid }

// FieldError says what is wrong with one field of a value. It is for
// [Setting].Validate to return.
type FieldError struct {
	Field  string // the name of the field in the API
	Reason string // a predicate, such as "is longer than 100 characters"
}

func (e *FieldError) Error() string { return fmt.Sprintf("field %q %s", e.Field, e.Reason) }

// Get returns the stored value and its revision, or the default and 0 if the
// section was never saved. The value is not validated again. The error matches
// [ErrCorrupt] if the document cannot be decoded.
func (s Setting[T]) Get(ctx context.Context, st Settings) (v T, rev int64, err error) {
	doc, err := st.Load(ctx, s.Section)
	if errors.Is(err, ErrNotFound) {
		return s.fallback(), 0, nil
	}
	if err != nil {
		return v, 0, fmt.Errorf("load setting %q: %w", s.Section, err)
	}
	decoded := s.fallback()
	if err := json.Unmarshal(doc.Data, &decoded); err != nil {
		return v, 0, fmt.Errorf("decode setting %q: %w: %w", s.Section, ErrCorrupt, err)
	}
	return decoded, doc.Revision, nil
}

func (s Setting[T]) fallback() (v T) {
	if s.Default != nil {
		return s.Default()
	}
	return v
}

// Update changes the value with fn, validates and saves it, and returns the
// saved value. If another writer saves first, Update starts over from that
// writer's value until ctx is done, so fn may be called more than once.
//
// If fn returns an error, Update saves nothing and returns it unchanged; an
// error of Validate is wrapped in an [*InvalidError].
func (s Setting[T]) Update(ctx context.Context, st Settings, fn func(*T) error) (T, error) {
	var none T
	for {
		v, rev, err := s.Get(ctx, st)
		if err != nil {
			return none, err
		}
		data, err := s.change(&v, fn)
		if err != nil {
			return none, err
		}
		_, err = st.Save(ctx, s.Section, rev, data)
		if err == nil {
			return v, nil
		}
		if !errors.Is(err, ErrConflict) {
			return none, fmt.Errorf("save setting %q: %w", s.Section, err)
		}
		if err := ctx.Err(); err != nil {
			return none, err
		}
	}
}

// change applies fn to v and returns what is to be saved.
func (s Setting[T]) change(v *T, fn func(*T) error) (json.RawMessage, error) {
	if err := fn(v); err != nil {
		return nil, err
	}
	if s.Validate != nil {
		if err := s.Validate(v); err != nil {
			return nil, &InvalidError{Section: s.Section, Err: err}
		}
	}
	data, err := json.Marshal(v)
	if err != nil {
		return nil, fmt.Errorf("encode setting %q: %w", s.Section, err)
	}
	return data, nil
}
