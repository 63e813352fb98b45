package bolt

import (
	"context"
	"errors"
	"fmt"
	"runtime/debug"

	"go.etcd.io/bbolt"
	bolterrors "go.etcd.io/bbolt/errors"

	"github.com/owncast-go/owncast/repository"
)

// damageError is a panic of bbolt, which is how it reports pages that make no
// sense.
type damageError struct {
	reason any
}

func (e *damageError) Error() string {
	return fmt.Sprintf("%v: %v", repository.ErrCorrupt, e.reason)
}

func (e *damageError) Unwrap() error { return repository.ErrCorrupt }

// view calls fn in a transaction that reads. What fn gets from tx is only good
// until fn returns.
func (d *DB) view(ctx context.Context, fn func(tx *bbolt.Tx) error) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	return d.guard(func() error { return d.db.View(fn) })
}

// update calls fn in a transaction that writes, and commits it unless fn
// returns an error.
func (d *DB) update(ctx context.Context, fn func(tx *bbolt.Tx) error) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	select {
	case d.writer <- struct{}{}:
		defer func() { <-d.writer }()
	case <-ctx.Done():
		return ctx.Err()
	}
	return d.guard(func() error { return d.db.Update(fn) })
}

// write does so without a context.
func (d *DB) write(fn func(tx *bbolt.Tx) error) error {
	d.writer <- struct{}{}
	defer func() { <-d.writer }()
	return d.guard(func() error { return d.db.Update(fn) })
}

// guard calls fn, which uses d.db, and makes errors of this module of bbolt's
// errors and panics. Pages that a damaged file points to but does not have
// raise a memory fault, which is a panic here too.
func (d *DB) guard(fn func() error) (err error) {
	if damage := d.damage.Load(); damage != nil {
		return damage
	}
	defer debug.SetPanicOnFault(debug.SetPanicOnFault(true))
	defer func() {
		if reason := recover(); reason != nil {
			damage := &damageError{reason}
			d.damage.CompareAndSwap(nil, damage)
			err = damage
		}
	}()
	return translate(fn())
}

// translate wraps errors of bbolt in those of package repository.
func translate(err error) error {
	switch {
	case err == nil:
		return nil
	case errors.Is(err, bolterrors.ErrTimeout):
		return fmt.Errorf("%w: %w", repository.ErrLocked, err)
	case errors.Is(err, bolterrors.ErrDatabaseNotOpen):
		return fmt.Errorf("%w: %w", repository.ErrClosed, err)
	case errors.Is(err, bolterrors.ErrInvalid),
		errors.Is(err, bolterrors.ErrChecksum),
		errors.Is(err, bolterrors.ErrVersionMismatch):
		return fmt.Errorf("%w: %w", repository.ErrCorrupt, err)
	default:
		return err
	}
}
