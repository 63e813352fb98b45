package storagetest_test

import (
	"testing"

	"github.com/owncast-go/owncast/storage"
	"github.com/owncast-go/owncast/storage/local"
	"github.com/owncast-go/owncast/storage/storagetest"
)

// A test of one's own store, here of local. It is called TestConformance there.
func ExampleRun() {
	testConformance := func(t *testing.T) {
		storagetest.Run(t, func(t *testing.T) storage.Storage {
			return local.New(t.TempDir())
		})
	}
	_ = testConformance
}
