package main

import (
	"testing"

	"github.com/owncast-go/owncast/storage"
	"github.com/owncast-go/owncast/storage/storagetest"
)

func TestConformance(t *testing.T) {
	storagetest.Run(t, func(*testing.T) storage.Storage { return newMap() })
}
