package s3_test

import (
	"testing"

	"github.com/owncast-go/owncast/storage"
	"github.com/owncast-go/owncast/storage/storagetest"
)

func TestConformance(t *testing.T) {
	g := startGateway(t)
	storagetest.Run(t, func(t *testing.T) storage.Storage { return open(t, g.config(t)) })
}
