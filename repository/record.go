package repository

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// MaxKeyLen is how many bytes a text may have by which records are found: an
// id, a name, an IRI, a host.
const MaxKeyLen = 2048

// Page selects a part of a list.
type Page struct {
	Offset int // how many records to skip; negative is 0
	Limit  int // how many records to return at the most; 0 and less is all
}

// Retention says what may be forgotten. The zero Retention keeps everything.
type Retention struct {
	Before time.Time // what is older may go, unless zero
	Keep   int       // what is beyond that many newest may go, unless 0
}

// MaxPrune is how many records one call of a Prune method removes at the most:
// so that nobody waits long for it. Callers repeat a call that removed some.
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
