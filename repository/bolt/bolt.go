// Package bolt keeps a repository in one file, with go.etcd.io/bbolt.
//
// One process has the file open at a time; a second one, and a second [Open]
// in the same process, get [repository.ErrLocked]. What a call has stored is
// on the disk when it returns. A file that is damaged, that is not of this
// package, or whose schema is newer than this package knows is refused with
// an error and left as it is.
package bolt

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync/atomic"
	"time"

	"go.etcd.io/bbolt"

	"github.com/owncast-go/owncast/repository"
	"github.com/owncast-go/owncast/repository/internal/kvstore"
)

// DB is an open database file. Make one with [Open]. It is safe for
// concurrent use.
type DB struct {
	db   *bbolt.DB
	file *os.File // the one that db has open

	// writer holds a value while somebody writes. bbolt has a lock of its own
	// for this, but waits for it whatever becomes of a context.
	writer   chan struct{}
	group    *group
	unsynced atomic.Bool // what was written must be synced by Close

	// damage is what a panic of bbolt told. From then on nothing is asked of
	// db, which may have been left with locks held.
	damage atomic.Pointer[damageError]
}

// Option changes what [Open] does.
type Option func(*config)

type config struct {
	lockTimeout  time.Duration
	deferredSync bool
}

// WithLockTimeout sets how long [Open] waits for a file that somebody else
// has open. The default is one second.
func WithLockTimeout(d time.Duration) Option {
	return func(c *config) { c.lockTimeout = max(d, 1) }
}

// WithDeferredSync makes writes many times faster and gives up what makes them
// safe: they reach the disk when the DB is closed. If the machine stops before,
// the file may be damaged beyond repair. It is for programs that fill a new
// file, and start over if they fail.
func WithDeferredSync() Option {
	return func(c *config) { c.deferredSync = true }
}

// Open opens the database file at path, which it makes, with its directory,
// if need be: for its owner alone, as there are secrets in it. It brings an
// older schema up to date. The caller must Close the DB.
//
// The error matches [repository.ErrLocked] if somebody else has the file
// open, which takes the lock timeout to say; it matches
// [repository.ErrCorrupt] if the file is damaged or not a database of this
// package; and it is a [*SchemaError] if a newer version of this package has
// written it.
func Open(path string, opts ...Option) (*DB, error) {
	c := config{lockTimeout: time.Second}
	for _, o := range opts {
		o(&c)
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return nil, fmt.Errorf("repository/bolt: %w", err)
	}
	d := &DB{writer: make(chan struct{}, 1)}
	d.group = newGroup(d.write)
	if err := d.open(path, c); err != nil {
		return nil, fmt.Errorf("repository/bolt: open %s: %w", path, err)
	}
	d.unsynced.Store(c.deferredSync)
	if err := d.prepare(path); err != nil {
		return nil, errors.Join(fmt.Errorf("repository/bolt: open %s: %w", path, err), d.Close())
	}
	return d, nil
}

func (d *DB) open(path string, c config) error {
	size := int64(-1) // when it was opened
	err := d.guard(func() (err error) {
		d.db, err = bbolt.Open(path, 0o600, &bbolt.Options{
			Timeout:      c.lockTimeout,
			NoSync:       c.deferredSync,
			FreelistType: bbolt.FreelistMapType,
			OpenFile: func(name string, flag int, mode os.FileMode) (*os.File, error) {
				f, err := os.OpenFile(name, flag, mode)
				if err != nil {
					return nil, err
				}
				info, err := f.Stat()
				if err != nil {
					return nil, errors.Join(err, f.Close())
				}
				d.file, size = f, info.Size()
				return f, nil
			},
		})
		return err
	})
	switch {
	case err == nil:
		return nil
	case d.damage.Load() != nil:
		return errors.Join(err, d.abandon())
	case errors.Is(err, repository.ErrLocked):
		return err
	case size == 0:
		discardUnfinished(path)
	case size > 0 && size < minSize():
		return fmt.Errorf("%w: %w", repository.ErrCorrupt, err)
	}
	return err
}

// minSize is the size of a database that bbolt has just made.
func minSize() int64 { return 4 * int64(os.Getpagesize()) }

// discardUnfinished empties a file that was empty when it was opened and in
// which bbolt, for want of space, could not write its first pages. It would
// be taken for a damaged database otherwise.
func discardUnfinished(path string) {
	if info, err := os.Stat(path); err == nil && info.Size() > 0 && info.Size() < minSize() {
		_ = os.Truncate(path, 0)
	}
}

// abandon closes the file behind the back of bbolt, whose own Close could
// wait for ever for a lock that a panic has left. What is mapped into memory
// stays so, as somebody may be reading it, and would keep the lock on the
// file if that were not given back first.
func (d *DB) abandon() error {
	if d.file == nil {
		return nil
	}
	if err := errors.Join(unlock(d.file), d.file.Close()); !errors.Is(err, os.ErrClosed) {
		return err
	}
	return nil
}

// prepare checks that the file is whole and brings its schema up to date.
func (d *DB) prepare(path string) error {
	info, err := d.file.Stat()
	if err != nil {
		return err
	}
	// While this waited for the lock, Restore may have put another file there.
	if there, err := os.Stat(path); err != nil || !os.SameFile(info, there) {
		return fmt.Errorf("another file has taken its place: %w", repository.ErrLocked)
	}
	return d.guard(func() error {
		err := d.db.View(func(tx *bbolt.Tx) error {
			if info.Size() < tx.Size() {
				return fmt.Errorf("%d bytes are left of %d: %w", info.Size(), tx.Size(), repository.ErrCorrupt)
			}
			return nil
		})
		if err != nil {
			return err
		}
		return migrate(d.db, path, migrations())
	})
}

// Repository returns the stores of the database. They answer with errors
// matching [repository.ErrClosed] after Close.
//
// Messages of the chat are written in groups: the first at once, those after it
// 20 times a second, or when there are 1000.
func (d *DB) Repository() repository.Repository {
	r := kvstore.New(kv{d}, "repository/bolt")
	r.Chat = chat{Chat: r.Chat, group: d.group}
	return r
}

// Close waits for the calls in progress and closes the file. Messages that wait
// for their group are written before. Closing again does nothing.
func (d *DB) Close() error {
	d.group.close()
	if d.damage.Load() != nil {
		if err := d.abandon(); err != nil {
			return fmt.Errorf("repository/bolt: close: %w", err)
		}
		return nil
	}
	var synced error
	if d.unsynced.Swap(false) {
		d.writer <- struct{}{} // nobody writes from now on
		defer func() { <-d.writer }()
		synced = d.guard(d.db.Sync)
	}
	if err := errors.Join(synced, d.db.Close()); err != nil {
		return fmt.Errorf("repository/bolt: close: %w", err)
	}
	return nil
}
