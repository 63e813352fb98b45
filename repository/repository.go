// Package repository declares the records that outlive a process and the
// small interfaces through which the other packages reach them.
//
// A [Repository] is a set of stores. Two packages below this one provide
// complete sets: bolt keeps everything in a file, and memory keeps it for the
// life of the process. Package repositorytest checks other implementations. A
// host that keeps, say, its settings elsewhere starts with one of these sets
// and replaces a field.
//
// The methods of every store are atomic and safe for concurrent use, and they
// copy their arguments and results. A method whose context is already done
// changes nothing and returns the context's error. Errors match the ones
// declared here where those apply. Times are returned in UTC with nanosecond
// precision, and empty slices are returned as nil. In a store that outlives the
// process, a write is durable by the time the method returns.
//
// The package depends only on the standard library.
package repository

import (
	"errors"
	"fmt"
)

// Errors that stores return, with details around them.
var (
	// ErrNotFound reports that there is no such record.
	ErrNotFound = errors.New("repository: not found")
	// ErrConflict reports a write that lost to another one: the record has
	// changed since it was read, or its key is taken.
	ErrConflict = errors.New("repository: conflict")
	// ErrTaken is an [ErrConflict] over a key that belongs to another record.
	// Reading again and retrying does not help.
	ErrTaken = fmt.Errorf("%w: taken", ErrConflict)
	// ErrInvalid reports a record that must not be stored. See
	// [InvalidError].
	ErrInvalid = errors.New("repository: invalid")
	// ErrLocked reports a database that is already open, in another process or
	// elsewhere in this one.
	ErrLocked = errors.New("repository: in use by another process, or by another App of this one")
	// ErrCorrupt reports stored data that cannot be read because it is damaged
	// or was written by something else.
	ErrCorrupt = errors.New("repository: corrupt")
	// ErrUnavailable reports a database that cannot be reached at present. A
	// write that fails with it may have been stored all the same.
	ErrUnavailable = errors.New("repository: unavailable")
	// ErrClosed reports the use of a database after it was closed.
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

// Validate returns an error that names the missing stores, if any.
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
