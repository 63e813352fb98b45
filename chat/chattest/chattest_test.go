package chattest_test

import (
	"path/filepath"
	"testing"

	"github.com/owncast-go/owncast/chat"
	"github.com/owncast-go/owncast/chat/chattest"
	"github.com/owncast-go/owncast/repository/bolt"
	"github.com/owncast-go/owncast/repository/memory"
)

func TestTheStoresThatThereAre(t *testing.T) {
	t.Run("memory", func(t *testing.T) {
		chattest.Run(t, func(*testing.T) chat.Store { return memory.New().Chat })
	})
	t.Run("bolt", func(t *testing.T) {
		chattest.Run(t, func(t *testing.T) chat.Store {
			db, err := bolt.Open(filepath.Join(t.TempDir(), "x.db"))
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { _ = db.Close() })
			return db.Repository().Chat
		})
	})
}
