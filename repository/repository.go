// Package repository declares the records that outlive a process and the
// small interfaces through which the other packages reach them.
//
// A [Repository] is a set of stores. The packages below this one offer whole
// sets: bolt keeps them in a file, memory forgets them; package repositorytest
// checks any other. A host that has, say, its settings elsewhere takes a set
// and replaces a field.
//
// The methods of every store are atomic, safe for concurrent use, and copy
// what they take and return. A method whose context is already done changes
// nothing and returns the context's error. Errors match one of those declared
// here where they apply.
//
// The package depends on the standard library alone.
package repository

import "errors"

// Errors that stores return, with details around them.
var (
	// ErrNotFound reports that there is no such record.
	ErrNotFound = errors.New("repository: not found")
	// ErrConflict reports a write that another one was faster than: the
	// record is not as it was when it was read, or its key is taken.
	ErrConflict = errors.New("repository: conflict")
	// ErrInvalid reports a record that must not be stored. See
	// [InvalidError].
	ErrInvalid = errors.New("repository: invalid")
	// ErrLocked reports a database that somebody else has open: another
	// process, or another value in this one.
	ErrLocked = errors.New("repository: locked by another user")
	// ErrCorrupt reports stored data that cannot be read: it is damaged, or
	// something else wrote it.
	ErrCorrupt = errors.New("repository: corrupt")
	// ErrClosed reports a database that was closed.
	ErrClosed = errors.New("repository: closed")
)

// Repository is the set of stores that an App needs. Every field must be set.
type Repository struct {
	Settings Settings
}

// Validate returns an error that names the stores that are missing.
func (r Repository) Validate() error {
	var errs []error
	for _, store := range []struct {
		name string
		set  bool
	}{
		{"Settings", r.Settings != nil},
	} {
		if !store.set {
			errs = append(errs, errors.New("repository: no "+store.name))
		}
	}
	return errors.Join(errs...)
}
