// Package repositorytest checks implementations of the stores of package
// repository.
//
// Call [Run] from a test of the implementation:
//
//	func TestConformance(t *testing.T) {
//		repositorytest.Run(t, func(t *testing.T) repository.Repository {
//			return openMine(t) // empty; closed by t.Cleanup if it needs closing
//		})
//	}
package repositorytest

import (
	"testing"

	"github.com/owncast-go/owncast/repository"
)

// check is one subtest of the suite.
type check struct {
	name string
	fn   func(*testing.T, repository.Repository)
}

// Run runs the suite, each subtest on a repository of its own, which open
// returns. It must be empty and of no use to anybody else.
func Run(t *testing.T, open func(*testing.T) repository.Repository) {
	t.Helper()
	for _, c := range settingsChecks() {
		t.Run("Settings"+c.name, func(t *testing.T) {
			r := open(t)
			if err := r.Validate(); err != nil {
				t.Fatal(err)
			}
			c.fn(t, r)
		})
	}
}
