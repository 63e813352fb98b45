// Package storage declares where segments, playlists and pictures are kept.
//
// [Storage] is all an implementation needs, and [storagetest] checks one.
// What some stores can do better than others is declared in further, optional
// interfaces ([Redirector], [BatchDeleter]); callers do not assert them but
// use [As] or the function of the same purpose in this package. A store that
// wraps another one has a method Unwrap() Storage, and As looks through it.
//
// The package depends on the standard library alone.
//
// [storagetest]: https://pkg.go.dev/github.com/owncast-go/owncast/storage/storagetest
package storage

import (
	"context"
	"io"
	"iter"
	"time"
)

// Info describes a stored object.
type Info struct {
	Key     string
	Size    int64     // in bytes
	ModTime time.Time // when the object was stored
	// ContentType is the media type the object was stored with, or what
	// [ContentType] says of its key if the store does not keep media types.
	// Only Open must set it; List may leave it empty.
	ContentType string
}

// PutOptions are the optional properties of an object. Stores that cannot
// keep a property ignore it.
type PutOptions struct {
	// ContentType is the media type. If it is empty, the store takes what
	// [ContentType] says of the key.
	ContentType string
	// MaxAge is how long caches may keep the object: 0 is not at all.
	MaxAge time.Duration
}

// Storage keeps objects under keys.
//
// Keys are slash-separated paths of at most [MaxKeyLen] bytes; [CheckKey] says
// which ones are valid. Every valid key must work, with one exception: a store
// may refuse a key that is at the same time a directory of another one, such
// as "a" beside "a/b". An invalid key is an error matching [fs.ErrInvalid] from
// every method but List, and must never reach anything outside the store.
//
// Methods are safe for concurrent use, by several values on the same place
// too. A method whose context is already done changes nothing and returns the
// context's error; one whose context ends while it works returns soon after.
type Storage interface {
	// Put stores everything that r yields under key, in place of what was
	// there. Whoever opens the key sees the old or the new object, never a
	// part of one; if Put fails, for the sake of r, of the context or of a
	// full disk, the old object is still there. Put does not close r, and
	// does not use it after it has returned.
	Put(ctx context.Context, key string, r io.Reader, o PutOptions) error

	// Open returns the object, which the caller must close, or an error
	// matching [fs.ErrNotExist]. The object can be read to its end even if it
	// is replaced or deleted meanwhile. If the returned reader is an
	// [io.Seeker] too, range requests are answered from it. ctx may bound the
	// reading as well, so it must last until the object is closed.
	Open(ctx context.Context, key string) (io.ReadCloser, Info, error)

	// Delete removes the object. It is no error if there is none.
	Delete(ctx context.Context, key string) error

	// List yields the objects whose key begins with prefix in the order of
	// their keys, compared as strings of bytes. The prefix need not end where
	// an element of a path does, and need not be a valid key. An error ends
	// the sequence. The loop may call any method, Delete of what was yielded
	// above all; whether objects stored or deleted meanwhile are yielded is
	// not defined.
	List(ctx context.Context, prefix string) iter.Seq2[Info, error]
}
