package settings

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"

	"github.com/owncast-go/owncast/internal/httpx"
	"github.com/owncast-go/owncast/repository"
)

// Version is the version of bundles that Export writes and Import accepts.
const Version = 1

// ErrBundle reports a bundle that cannot be imported. See [BundleError].
var ErrBundle = errors.New("settings: bundle cannot be imported")

// Bundle is a portable copy of the sections.
type Bundle struct {
	Version  int                        `json:"version"`
	Sections map[string]json.RawMessage `json:"sections"`
}

// BundleError says what is wrong with a bundle. It matches [ErrBundle].
type BundleError struct {
	Section string // empty if it is about the bundle as a whole
	Reason  string // worded for an administrator
}

func (e *BundleError) Error() string {
	if e.Section == "" {
		return e.Reason
	}
	return fmt.Sprintf("section %q: %s", e.Section, e.Reason)
}

// Is reports whether target is [ErrBundle].
func (e *BundleError) Is(target error) bool { return target == ErrBundle }

// Secrets separates the secrets of a section from the rest of it.
type Secrets[T any] struct {
	// All marks a section that consists of secrets.
	All bool
	// Clear removes the secrets from v.
	Clear func(v *T)
	// Keep is called with an imported value. It copies to v the secrets of
	// stored that v lacks, and disables what needs a secret that neither has.
	Keep func(v, stored *T)
}

// Portable is a section that can be exported and imported, whatever its type.
type Portable interface {
	Name() string
	ReadOnly() []string
	export(ctx context.Context, secrets bool) (json.RawMessage, error)
	prepare(ctx context.Context, data json.RawMessage) (save func(context.Context) error, err error)
}

// Export returns the stored values of sections, with their secrets if secrets
// is set. Values that options have fixed are not included.
func Export(ctx context.Context, secrets bool, sections ...Portable) (Bundle, error) {
	b := Bundle{Version: Version, Sections: map[string]json.RawMessage{}}
	for _, s := range sections {
		data, err := s.export(ctx, secrets)
		if err != nil {
			return Bundle{}, err
		}
		if data != nil {
			b.Sections[s.Name()] = data
		}
	}
	return b, nil
}

// Import saves the sections of b, after validating all of them: if one is
// invalid, nothing is saved and the error matches [ErrBundle]. Sections and
// secrets that b lacks are left unchanged, and what needs a secret that is
// missing is disabled. Sections are saved one by one, so an error of the store
// leaves the earlier ones changed.
func Import(ctx context.Context, b Bundle, sections ...Portable) error {
	if b.Version != Version {
		return &BundleError{Reason: fmt.Sprintf("field \"version\" is %d, and %d is known", b.Version, Version)}
	}
	known := map[string]Portable{}
	for _, s := range sections {
		known[s.Name()] = s
	}
	var saves []func(context.Context) error
	var errs []error
	for _, name := range slices.Sorted(maps.Keys(b.Sections)) {
		s, ok := known[name]
		if !ok {
			errs = append(errs, &BundleError{Section: name, Reason: "is not known"})
			continue
		}
		save, err := s.prepare(ctx, b.Sections[name])
		errs, saves = append(errs, err), append(saves, save)
	}
	if err := errors.Join(errs...); err != nil {
		return err
	}
	for _, save := range saves {
		if err := save(ctx); err != nil {
			return err
		}
	}
	return nil
}

func (s *Section[T]) export(ctx context.Context, secrets bool) (json.RawMessage, error) {
	v, _, err := s.cfg.Setting.Get(ctx, s.cfg.Store)
	if err != nil {
		return nil, err
	}
	if x := s.cfg.Secrets; x != nil && !secrets {
		if x.All {
			return nil, nil
		}
		x.Clear(&v)
	}
	data, err := json.Marshal(v)
	if string(data) == "null" { // an empty list that nobody has saved
		return nil, err
	}
	return data, err
}

// prepare checks data, which is a whole section: fields that it does not have
// get their defaults, and fields that the section does not have are errors.
func (s *Section[T]) prepare(ctx context.Context, data json.RawMessage) (func(context.Context) error, error) {
	stored, _, err := s.cfg.Setting.Get(ctx, s.cfg.Store)
	if err != nil {
		return nil, err
	}
	v, err := s.decode(data, &stored)
	if err != nil {
		return nil, s.wrong(err.Error())
	}
	if s.cfg.Setting.Validate != nil {
		if err := s.cfg.Setting.Validate(&v); err != nil {
			return nil, s.wrong(err.Error())
		}
	}
	return func(ctx context.Context) error {
		_, err := s.save(ctx, func(v, stored *T) (err error) {
			*v, err = s.decode(data, stored)
			return err
		})
		if err == nil {
			s.changes.tell()
		}
		return err
	}, nil
}

// decode reads a whole section to be saved in place of stored.
func (s *Section[T]) decode(data json.RawMessage, stored *T) (v T, err error) {
	if s.cfg.Setting.Default != nil {
		v = s.cfg.Setting.Default()
	}
	err = decodeWhole(data, &v)
	if err == nil && s.cfg.Secrets != nil && s.cfg.Secrets.Keep != nil {
		s.cfg.Secrets.Keep(&v, stored)
	}
	return v, err
}

// decodeWhole decodes a whole section over what v points to.
func decodeWhole(data json.RawMessage, v any) error {
	if trimmed := bytes.TrimSpace(data); len(trimmed) == 0 || trimmed[0] == 'n' {
		return errors.New("must not be null")
	}
	dec := json.NewDecoder(bytes.NewReader(data))
	dec.DisallowUnknownFields()
	err := dec.Decode(v)
	if wrong := new(json.UnmarshalTypeError); errors.As(err, &wrong) {
		return fmt.Errorf("field %q must not be a JSON %s", wrong.Field, httpx.JSONKind(wrong))
	}
	return err
}

func (s *Section[T]) wrong(reason string) error {
	return &BundleError{Section: s.Name(), Reason: reason}
}

// clone returns v again, sharing nothing: what the store would give back.
func (s *Section[T]) clone(v *T) (c T, err error) {
	err = cloneInto(s.Name(), v, &c)
	return c, err
}

func cloneInto(section string, v, c any) error {
	data, err := json.Marshal(v)
	if err != nil {
		return fmt.Errorf("encode setting %q: %w", section, err)
	}
	if err := json.Unmarshal(data, c); err != nil {
		return fmt.Errorf("decode setting %q: %w: %w", section, repository.ErrCorrupt, err)
	}
	return nil
}
