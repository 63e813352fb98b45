package jetstream_test

import (
	"sync/atomic"
	"testing"

	"github.com/owncast-go/owncast/repository"
	"github.com/owncast-go/owncast/repository/repositorytest"
)

func TestConformance(t *testing.T) {
	n := serve(t)
	var names atomic.Int64
	repositorytest.Run(t, func(t *testing.T) repository.Repository {
		return n.node(t, named(&names)).Repository()
	})
}
