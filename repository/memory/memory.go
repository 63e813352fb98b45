// Package memory keeps a repository in memory: for tests, demonstrations and
// hosts that configure everything in code. It forgets all on exit.
package memory

import (
	"context"
	"sync/atomic"

	"github.com/owncast-go/owncast/repository"
	"github.com/owncast-go/owncast/repository/internal/kvstore"
	"github.com/owncast-go/owncast/repository/internal/tree"
)

// New returns a set of empty stores.
func New() repository.Repository {
	d := &db{writer: make(chan struct{}, 1)}
	d.state.Store(new(tree.State))
	return kvstore.New(d, "repository/memory")
}

// db is a database whose transactions each have a state: readers that of the
// time they began, and the writer one that he changes and, in the end, makes
// everybody's.
type db struct {
	state  atomic.Pointer[tree.State]
	writer chan struct{} // holds a value while somebody writes
}

func (d *db) View(ctx context.Context, fn func(kvstore.Tx) error) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	t := d.state.Load().Begin()
	t.ReadOnly = true
	return fn(t)
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
	t := d.state.Load().Begin()
	if err := fn(t); err != nil {
		return err
	}
	d.state.Store(t.State())
	return nil
}
