package bolt

import (
	"context"
	"fmt"
	"iter"

	"go.etcd.io/bbolt"

	"github.com/owncast-go/owncast/repository"
	"github.com/owncast-go/owncast/repository/internal/kvstore"
)

// kv is a DB as the stores use it.
type kv struct{ *DB }

func (d kv) View(ctx context.Context, fn func(kvstore.Tx) error) error {
	return d.view(ctx, inside(fn))
}

func (d kv) Update(ctx context.Context, fn func(kvstore.Tx) error) error {
	return d.update(ctx, inside(fn))
}

// inside calls fn with a transaction of bbolt. Its error is that of the
// database, if there is one: what fn made of that means nothing.
func inside(fn func(kvstore.Tx) error) func(*bbolt.Tx) error {
	return func(btx *bbolt.Tx) error {
		t := &tx{tx: btx}
		err := fn(t)
		if t.err != nil {
			return t.err
		}
		return err
	}
}

type tx struct {
	tx      *bbolt.Tx
	buckets [kvstore.NumBuckets]*bbolt.Bucket // those that were used
	err     error                             // the first; there is nothing to be found from then on
}

func (t *tx) fail(err error) {
	if t.err == nil {
		t.err = err
	}
}

// bucket returns nil if there was an error.
func (t *tx) bucket(b kvstore.Bucket) *bbolt.Bucket {
	if t.err != nil {
		return nil
	}
	if t.buckets[b] == nil {
		bucket := t.tx.Bucket([]byte(b.String()))
		if bucket == nil {
			t.fail(fmt.Errorf("no bucket %s: %w", b, repository.ErrCorrupt))
			return nil
		}
		if b.Appends() {
			bucket.FillPercent = 0.95
		}
		t.buckets[b] = bucket
	}
	return t.buckets[b]
}

// sane tells whether a key and its value can be. One that is longer than the
// file is the work of a damaged page, as is a bucket where there are none.
func (t *tx) sane(key, value []byte) bool {
	if value == nil || len(key) > bbolt.MaxKeySize || int64(len(value)) > t.tx.Size() {
		t.fail(fmt.Errorf("value of %d bytes under a key of %d: %w", len(value), len(key), repository.ErrCorrupt))
		return false
	}
	return true
}

func (t *tx) Get(b kvstore.Bucket, key []byte) []byte {
	bucket := t.bucket(b)
	if bucket == nil {
		return nil
	}
	value := bucket.Get(key)
	if value == nil || !t.sane(key, value) {
		return nil
	}
	return value
}

func (t *tx) Put(b kvstore.Bucket, key, value []byte) {
	if bucket := t.bucket(b); bucket != nil {
		if err := bucket.Put(key, value); err != nil {
			t.fail(err)
		}
	}
}

func (t *tx) Delete(b kvstore.Bucket, key []byte) {
	if bucket := t.bucket(b); bucket != nil {
		if err := bucket.Delete(key); err != nil {
			t.fail(err)
		}
	}
}

func (t *tx) Ascend(b kvstore.Bucket, from []byte) iter.Seq2[[]byte, []byte] {
	return func(yield func(k, v []byte) bool) {
		bucket := t.bucket(b)
		if bucket == nil {
			return
		}
		c := bucket.Cursor()
		k, v := c.Seek(from)
		for k != nil && t.sane(k, v) && yield(k, v) {
			k, v = c.Next()
		}
	}
}

func (t *tx) Descend(b kvstore.Bucket, before []byte) iter.Seq2[[]byte, []byte] {
	return func(yield func(k, v []byte) bool) {
		bucket := t.bucket(b)
		if bucket == nil {
			return
		}
		c := bucket.Cursor()
		k, v := lastBefore(c, before)
		for k != nil && t.sane(k, v) && yield(k, v) {
			k, v = c.Prev()
		}
	}
}

// lastBefore moves to the last key before one.
func lastBefore(c *bbolt.Cursor, before []byte) (k, v []byte) {
	if before == nil {
		return c.Last()
	}
	if k, _ := c.Seek(before); k == nil {
		return c.Last() // all are before
	}
	return c.Prev()
}
