package repositorytest_test

import (
	"testing"

	"github.com/owncast-go/owncast/repository"
	"github.com/owncast-go/owncast/repository/memory"
	"github.com/owncast-go/owncast/repository/repositorytest"
)

// A test of a whole repository of one's own, here of memory, and of one store.
func ExampleRun() {
	testConformance := func(t *testing.T) {
		repositorytest.Run(t, func(*testing.T) repository.Repository { return memory.New() })
	}
	testUsers := func(t *testing.T) {
		repositorytest.RunUsers(t, func(*testing.T) repository.Users { return memory.New().Users })
	}
	_, _ = testConformance, testUsers
}
