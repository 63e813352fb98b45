package memory_test

import (
	"testing"

	"github.com/owncast-go/owncast/repository"
	"github.com/owncast-go/owncast/repository/memory"
	"github.com/owncast-go/owncast/repository/repositorytest"
)

func TestConformance(t *testing.T) {
	repositorytest.Run(t, func(*testing.T) repository.Repository { return memory.New() })
}
