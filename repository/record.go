package repository

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// MaxKeyLen is the maximum length, in bytes, of any text that records are
// looked up by: an ID, a name, an IRI, a host.
const MaxKeyLen = 2048

// Page selects a part of a list.
type Page struct {
	Offset int // how many records to skip; negative is 0
	Limit  int // maximum number of records to return; all if not positive
}

// Retention says which records may be removed. The zero Retention keeps
// everything.
type Retention struct {
	Before time.Time // records older than this may go; zero means no age limit
	Keep   int       // all but this many of the newest may go; 0 means no limit
}

// MaxPrune is the maximum number of records that one call of a Prune method
// removes, which keeps the call short. Callers repeat it until it removes none.
const MaxPrune = 1000

// checkKey returns an error matching [ErrInvalid] unless a text can be a key.
func checkKey(what, s string) error {
	if s == "" || len(s) > MaxKeyLen {
		return fmt.Errorf("repository: %s of %d bytes: %w", what, len(s), ErrInvalid)
	}
	return nil
}

// invalid makes an error matching [ErrInvalid].
func invalid(format string, args ...any) error {
	return fmt.Errorf("repository: "+format+": %w", append(args, ErrInvalid)...)
}

// update changes a record that has revisions, as [UpdateUser] says.
func update[T any](ctx context.Context, load func() (T, error), save func(T) (T, error), fn func(*T) error) (T, error) {
	var none T
	for {
		v, err := load()
		if err != nil {
			return none, err
		}
		if err := fn(&v); err != nil {
			return none, err
		}
		saved, err := save(v)
		if err == nil {
			return saved, nil
		}
		// A conflict is worth another try if the record has changed since; a
		// name that is taken stays taken, which the next load does not tell.
		if !errors.Is(err, ErrConflict) || errors.Is(err, ErrTaken) {
			return none, err
		}
		if err := ctx.Err(); err != nil {
			return none, err
		}
	}
}
