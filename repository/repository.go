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
// here where they apply. Times come back in UTC, to the nanosecond; slices that
// are empty come back nil. What a method has stored survives the end of the
// process, where anything does.
//
// The package depends on the standard library alone.
package repository

import (
	"errors"
	"fmt"
)

// Errors that stores return, with details around them.
var (
	// ErrNotFound reports that there is no such record.
	ErrNotFound = errors.New("repository: not found")
	// ErrConflict reports a write that another one was faster than: the
	// record is not as it was when it was read, or its key is taken.
	ErrConflict = errors.New("repository: conflict")
	// ErrTaken is the [ErrConflict] of a key that is another record's: it is
	// no use to read and to try again.
	ErrTaken = fmt.Errorf("%w: taken", ErrConflict)
	// ErrInvalid reports a record that must not be stored. See
	// [InvalidError].
	ErrInvalid = errors.New("repository: invalid")
	// ErrLocked reports a database that somebody else has open: another
	// process, or another value in this one.
	ErrLocked = errors.New("repository: locked by another user")
	// ErrCorrupt reports stored data that cannot be read: it is damaged, or
	// something else wrote it.
	ErrCorrupt = errors.New("repository: corrupt")
	// ErrUnavailable reports a database that cannot be reached at present. A
	// write that fails with it may have been stored all the same.
	ErrUnavailable = errors.New("repository: unavailable")
	// ErrClosed reports a database that was closed.
	ErrClosed = errors.New("repository: closed")
)

// Repository is the set of stores that an App needs. Every field must be set.
type Repository struct {
	Settings    Settings
	Users       Users
	Credentials Credentials

	Chat  Chat
	Bans  Bans
	Audit Audit

	Followers  Followers
	Outbox     Outbox
	Inbound    Inbound
	Deliveries Queue // to the fediverse

	Notifications     Notifications
	Webhooks          Webhooks
	WebhookDeliveries Queue
	Tokens            Tokens

	Schedule Schedule
	Series   Series
}

// Validate returns an error that names the stores that are missing.
func (r Repository) Validate() error {
	var errs []error
	for _, store := range []struct {
		name string
		set  bool
	}{
		{"Settings", r.Settings != nil},
		{"Users", r.Users != nil},
		{"Credentials", r.Credentials != nil},
		{"Chat", r.Chat != nil},
		{"Bans", r.Bans != nil},
		{"Audit", r.Audit != nil},
		{"Followers", r.Followers != nil},
		{"Outbox", r.Outbox != nil},
		{"Inbound", r.Inbound != nil},
		{"Deliveries", r.Deliveries != nil},
		{"Notifications", r.Notifications != nil},
		{"Webhooks", r.Webhooks != nil},
		{"WebhookDeliveries", r.WebhookDeliveries != nil},
		{"Tokens", r.Tokens != nil},
		{"Schedule", r.Schedule != nil},
		{"Series", r.Series != nil},
	} {
		if !store.set {
			errs = append(errs, errors.New("repository: no "+store.name))
		}
	}
	return errors.Join(errs...)
}
