// Package memory keeps a repository in memory: for tests, demonstrations and
// hosts that configure everything in code. It forgets all on exit.
package memory

import (
	"context"
	"iter"
	"sync/atomic"

	"github.com/owncast-go/owncast/repository"
	"github.com/owncast-go/owncast/repository/internal/kvstore"
)

// New returns a set of empty stores.
func New() repository.Repository {
	d := &db{writer: make(chan struct{}, 1)}
	d.state.Store(new(state))
	return kvstore.New(d, "repository/memory")
}

// state is one state of the database. It never changes.
type state [kvstore.NumBuckets]*node

// db is a database whose transactions each have a state: readers that of the
// time they began, and the writer one that he changes and, in the end, makes
// everybody's.
type db struct {
	state  atomic.Pointer[state]
	writer chan struct{} // holds a value while somebody writes
}

func (d *db) View(ctx context.Context, fn func(kvstore.Tx) error) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	return fn(&tx{state: *d.state.Load()})
}

func (d *db) Update(ctx context.Context, fn func(kvstore.Tx) error) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	select {
	case d.writer <- struct{}{}:
		defer func() { <-d.writer }()
	case <-ctx.Done():
		return ctx.Err()
	}
	t := &tx{state: *d.state.Load(), writes: true}
	if err := fn(t); err != nil {
		return err
	}
	d.state.Store(&t.state)
	return nil
}

type tx struct {
	state  state
	writes bool // else Put and Delete do nothing, as in any transaction that reads
}

func (t *tx) Get(b kvstore.Bucket, key []byte) []byte {
	if n := t.state[b].find(string(key)); n != nil {
		return n.value
	}
	return nil
}

func (t *tx) Put(b kvstore.Bucket, key, value []byte) {
	if t.writes {
		t.state[b] = t.state[b].put(string(key), append([]byte{}, value...))
	}
}

func (t *tx) Delete(b kvstore.Bucket, key []byte) {
	if t.writes {
		t.state[b] = t.state[b].remove(string(key))
	}
}

func (t *tx) Ascend(b kvstore.Bucket, from []byte) iter.Seq2[[]byte, []byte] {
	root, start := t.state[b], string(from)
	return func(yield func(k, v []byte) bool) { root.ascend(start, yield) }
}

func (t *tx) Descend(b kvstore.Bucket, before []byte) iter.Seq2[[]byte, []byte] {
	root, end, bounded := t.state[b], string(before), before != nil
	return func(yield func(k, v []byte) bool) { root.descend(end, bounded, yield) }
}
