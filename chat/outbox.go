package chat

import (
	"context"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"
)

const (
	// maxOutbox is how many events may wait for a relay. Those beyond are
	// lost, and counted.
	maxOutbox = 8192
	// busyOutbox is how many may for messages to be taken.
	busyOutbox = 1024
	// relayPart is how many are handed over at a time, and relayBytes about
	// how large that may be.
	relayPart  = 128
	relayBytes = 256 << 10
	// outboxTime is how long the room waits for a relay when it closes.
	outboxTime = 2 * time.Second
)

// outbox hands events to a relay, in their order, behind the back of those who
// make them. Messages are handed over when they are stored.
type outbox struct {
	relay    Relay
	past     *history
	unstored func(Relayed) // is called with messages that were not stored
	log      *slog.Logger
	wake     chan struct{}
	lost     atomic.Int64

	mu       sync.Mutex // guards the rest
	queue    []Relayed
	progress // of those that were added, handed over or given up
	closed   bool
	cut      context.CancelFunc // of what run hands over; nil before run
}

func newOutbox(r Relay, past *history, unstored func(Relayed), log *slog.Logger) *outbox {
	return &outbox{relay: r, past: past, unstored: unstored, log: log, wake: make(chan struct{}, 1)}
}

// add takes an event. Who calls it in an order has the lock of the room.
func (o *outbox) add(r Relayed) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.closed || len(o.queue) >= maxOutbox {
		if o.lost.Add(1) == 1 {
			o.log.Error("chat: events are lost, for the relay does not take them", "err", o.relay.Err())
		}
		return
	}
	o.queue = append(o.queue, r)
	o.added++
	signal(o.wake)
}

// busy tells whether too much waits for more to be taken.
func (o *outbox) busy() bool {
	if o == nil {
		return false
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.relay.Err() != nil || len(o.queue) >= busyOutbox
}

// settled waits until what was added so far was handed over, or given up.
func (o *outbox) settled(ctx context.Context) error {
	if o == nil {
		return nil
	}
	o.mu.Lock()
	done := o.mark()
	o.mu.Unlock()
	return await(ctx, done)
}

// close lets run end when all is handed over, or after a short while.
func (o *outbox) close() {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.closed {
		return
	}
	o.closed = true
	if o.cut != nil {
		time.AfterFunc(outboxTime, o.cut)
	}
	signal(o.wake)
}

// run hands over until close, or at the latest until ctx is done.
func (o *outbox) run(ctx context.Context) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	o.mu.Lock()
	o.cut = cancel
	if o.closed {
		time.AfterFunc(outboxTime, cancel)
	}
	o.mu.Unlock()
	for {
		batch, closed := o.next()
		if len(batch) == 0 {
			if closed {
				return
			}
			select {
			case <-o.wake:
				continue
			case <-ctx.Done():
				return
			}
		}
		o.hand(ctx, batch)
		o.mu.Lock()
		o.queue = o.queue[len(batch):]
		o.advance(len(batch))
		o.mu.Unlock()
	}
}

// next returns what is to be handed over.
func (o *outbox) next() (batch []Relayed, closed bool) {
	o.mu.Lock()
	defer o.mu.Unlock()
	n, size := 0, 0
	for n < len(o.queue) && n < relayPart && (n == 0 || size < relayBytes) {
		size += len(o.queue[n].Document) + 256*(1+len(o.queue[n].Clients))
		n++
	}
	if n == 0 {
		o.queue = nil
	}
	return o.queue[:n:n], o.closed
}

// hand hands a batch over, but for messages that were not stored.
func (o *outbox) hand(ctx context.Context, batch []Relayed) {
	// The messages of the batch were given to the history before.
	kept := batch[:0:0]
	err := o.past.settled(ctx)
	for _, r := range batch {
		if r.Message != "" && (err != nil || o.past.forsaken(r.Message)) {
			o.unstored(r)
			continue
		}
		kept = append(kept, r)
	}
	if len(kept) == 0 {
		return
	}
	if err := o.relay.Publish(ctx, kept); err != nil {
		o.lost.Add(int64(len(kept)))
		o.log.Warn("chat: events were not relayed", "events", len(kept), "err", err)
	}
}
