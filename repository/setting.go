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
	decoded := s.fallback()
	if rev, err = loadSetting(ctx, st, s.Section, &decoded); err != nil {
		return v, 0, err
	}
	return decoded, rev, nil
}

// loadSetting decodes a section over what v points to, unless it was never
// saved. Functions that do not depend on the type of a setting are not methods,
// which a program would contain once for each type.
func loadSetting(ctx context.Context, st Settings, section string, v any) (rev int64, err error) {
	doc, err := st.Load(ctx, section)
	switch {
	case errors.Is(err, ErrNotFound):
		return 0, nil
	case err != nil:
		return 0, fmt.Errorf("load setting %q: %w", section, err)
	}
	if err := json.Unmarshal(doc.Data, v); err != nil {
		return 0, fmt.Errorf("decode setting %q: %w: %w", section, ErrCorrupt, err)
	}
	return doc.Revision, nil
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
	var saved, none T
	err := updateSetting(ctx, st, s.Section, func() (any, int64, error) {
		v, rev, err := s.Get(ctx, st)
		if err == nil {
			err = fn(&v)
		}
		if err == nil && s.Validate != nil {
			if err = s.Validate(&v); err != nil {
				err = &InvalidError{Section: s.Section, Err: err}
			}
		}
		saved = v
		return &saved, rev, err
	})
	if err != nil {
		return none, err
	}
	return saved, nil
}

// updateSetting saves what change makes of a section and its revision.
func updateSetting(ctx context.Context, st Settings, section string, change func() (v any, rev int64, err error)) error {
	for {
		v, rev, err := change()
		if err != nil {
			return err
		}
		data, err := json.Marshal(v)
		if err != nil {
			return fmt.Errorf("encode setting %q: %w", section, err)
		}
		_, err = st.Save(ctx, section, rev, data)
		if err == nil {
			return nil
		}
		if !errors.Is(err, ErrConflict) {
			return fmt.Errorf("save setting %q: %w", section, err)
		}
		if err := ctx.Err(); err != nil {
			return err
		}
	}
}
