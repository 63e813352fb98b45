package chattest_test

import (
	"testing"

	"github.com/owncast-go/owncast/chat"
	"github.com/owncast-go/owncast/chat/chattest"
	"github.com/owncast-go/owncast/repository/memory"
)

// A test of one's own history of the chat, here of memory's.
func ExampleRun() {
	testConformance := func(t *testing.T) {
		chattest.Run(t, func(*testing.T) chat.Store { return memory.New().Chat })
	}
	_ = testConformance
}
