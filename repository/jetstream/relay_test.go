package jetstream_test

import (
	"bytes"
	"context"
	"errors"
	"testing"
	"time"

	"github.com/owncast-go/owncast/repository"
	"github.com/owncast-go/owncast/repository/jetstream"
)

// receive takes what c receives until the end of the test.
func receive(t *testing.T, c *jetstream.Cluster) <-chan []byte {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	got, done := make(chan []byte, 1000), make(chan error, 1)
	go func() { done <- c.Receive(ctx, func(m []byte, _ bool) { got <- m }) }()
	t.Cleanup(func() {
		cancel()
		if err := <-done; !errors.Is(err, context.Canceled) {
			t.Errorf("Receive = %v", err)
		}
	})
	return got
}

func next(t *testing.T, got <-chan []byte, want []byte) {
	t.Helper()
	select {
	case m := <-got:
		if !bytes.Equal(m, want) {
			t.Fatalf("got %d bytes %.20q, want %d bytes %.20q", len(m), m, len(want), want)
		}
	case <-time.After(patience):
		t.Fatalf("%.20q has not come", want)
	}
}

func TestMessagesReachTheOtherNodes(t *testing.T) {
	n := serve(t)
	a, b := n.node(t), n.node(t)
	if err := a.Send(t.Context(), []byte("early")); err != nil {
		t.Fatal(err)
	}
	atA, atB := receive(t, a), receive(t, b)
	next(t, atB, []byte("early"))
	large := bytes.Repeat([]byte("0123456789"), 400_000) // above what NATS takes at a time
	for _, m := range [][]byte{large, {}, []byte("small"), large[1:]} {
		if err := a.Send(t.Context(), m); err != nil {
			t.Fatal(err)
		}
		next(t, atB, m)
	}
	if err := b.Send(t.Context(), []byte("back")); err != nil {
		t.Fatal(err)
	}
	next(t, atA, []byte("back")) // and nothing of its own
	if err := a.Send(t.Context(), make([]byte, 65<<20)); !errors.Is(err, jetstream.ErrTooLarge) {
		t.Errorf("65 MiB: %v", err)
	}
}

func TestMessagesAfterNATSWasAway(t *testing.T) {
	n := serve(t)
	a, b := n.node(t), n.node(t)
	atB := receive(t, b)
	sent := func(m string) func() error { return func() error { return a.Send(t.Context(), []byte(m)) } }
	eventually(t, "sent", sent("before"))
	next(t, atB, []byte("before"))
	n.stop()
	if err := a.Send(t.Context(), []byte("lost")); !errors.Is(err, repository.ErrUnavailable) {
		t.Errorf("without NATS: %v", err)
	}
	eventually(t, "noticed", func() error {
		if a.Err() == nil {
			return errors.New("no error")
		}
		return nil
	})
	n.start()
	eventually(t, "sent again", sent("after"))
	next(t, atB, []byte("after"))
	if err := a.Err(); err != nil {
		t.Error(err)
	}
}
