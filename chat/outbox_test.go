package chat_test

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/owncast-go/owncast/chat"
)

// stuck is a Relay that cannot be reached.
type stuck struct{ asked chan struct{} }

func (s stuck) Publish(ctx context.Context, _ []chat.Relayed) error {
	s.asked <- struct{}{}
	<-ctx.Done()
	return ctx.Err()
}

func (stuck) Receive(chat.Receiver) (stop func()) { return func() {} }
func (stuck) Err() error                          { return errors.New("away") }

// TestARoomWhoseRelayIsAwayCloses soon, though something was being handed over.
func TestARoomWhoseRelayIsAwayCloses(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		relay := stuck{make(chan struct{}, 10)}
		r := prepare(t, func(c *chat.Config) { c.Relay = relay })
		must(t, r.Start(t.Context()))
		r.StreamStopped(t.Context())
		<-relay.asked
		begin := time.Now()
		ctx, cancel := context.WithTimeout(context.Background(), time.Hour)
		defer cancel()
		must(t, r.Shutdown(ctx))
		if took := time.Since(begin); took > 10*time.Second {
			t.Errorf("it took %v", took)
		}
	})
}
