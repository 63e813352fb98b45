package memory

import (
	"context"
	"testing"

	"github.com/owncast-go/owncast/repository"
	"github.com/owncast-go/owncast/repository/internal/kvstore"
	"github.com/owncast-go/owncast/repository/internal/tree"
	"github.com/owncast-go/owncast/repository/repositorytest"
)

// twice runs all transactions twice, as a database may, and keeps what the
// second run wrote.
type twice struct{ *db }

func (d twice) Update(ctx context.Context, fn func(kvstore.Tx) error) error {
	_ = fn(d.state.Load().Begin()) // comes to nothing
	return d.db.Update(ctx, fn)
}

func TestTransactionsMayRunTwice(t *testing.T) {
	repositorytest.Run(t, func(*testing.T) repository.Repository {
		d := &db{writer: make(chan struct{}, 1)}
		d.state.Store(new(tree.State))
		return kvstore.New(twice{d}, "repository/memory")
	})
}
