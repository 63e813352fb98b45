package chat

import (
	"context"
	"sync"
	"time"
)

const (
	// gather is how long events are collected after a delivery.
	gather = 50 * time.Millisecond
	// maxBatch ends the collecting, and so does maxBatchBytes. Clients may
	// have a limit on messages; the usual ones are higher.
	maxBatch      = 64
	maxBatchBytes = 16 << 10
	// maxPending is how many frames of clients, and calls of others, may have
	// events that were not delivered yet. Further ones wait, so that nobody is
	// far behind what is said, however much that is.
	maxPending = 256
)

// event is a document on its way to clients. The order of events is that of
// the room.
type event struct {
	doc   []byte    // nil if it is for nobody
	to    []*client // nil is everybody
	joins *client   // gets what everybody gets from here on
}

// stream collects events for the one goroutine that delivers them.
type stream struct {
	slots chan struct{} // taken by who may push
	wake  chan struct{} // holds a value if there is something to do
	full  chan struct{} // holds a value if there is no reason to collect more

	mu     sync.Mutex // guards the rest
	gather time.Duration
	events []event
	bytes  int
	held   int // slots to be given back with these events
	progress
	closed  bool
	stopped bool
}

func newStream() *stream {
	return &stream{slots: make(chan struct{}, maxPending), wake: make(chan struct{}, 1), full: make(chan struct{}, 1), gather: gather}
}

// enter waits for a place among those who push, for who can be made to wait.
// Leave must be called afterwards.
func (st *stream) enter(ctx context.Context) error {
	select {
	case st.slots <- struct{}{}:
		return nil
	default:
	}
	select {
	case st.slots <- struct{}{}:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// leave gives the place back when what was pushed so far was delivered.
func (st *stream) leave() {
	st.mu.Lock()
	defer st.mu.Unlock()
	if len(st.events) == 0 {
		<-st.slots
		return
	}
	st.held++
}

// push appends events. It does not wait. The caller holds the lock of the
// room.
func (st *stream) push(events ...event) {
	st.mu.Lock()
	defer st.mu.Unlock()
	if st.stopped {
		return
	}
	st.events = append(st.events, events...)
	for _, e := range events {
		st.bytes += len(e.doc)
	}
	st.added += uint64(len(events))
	signal(st.wake)
	if len(st.events) >= maxBatch || st.bytes >= maxBatchBytes {
		signal(st.full)
	}
}

func signal(c chan struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}

// settled waits until what was pushed so far was delivered.
func (st *stream) settled(ctx context.Context) error {
	st.mu.Lock()
	done := st.mark()
	st.mu.Unlock()
	return await(ctx, done)
}

// close makes what is in the stream go out without collecting more.
func (st *stream) close() {
	st.mu.Lock()
	defer st.mu.Unlock()
	st.closed = true
	signal(st.wake)
	signal(st.full)
}

// stop ends the delivering.
func (st *stream) stop() {
	st.mu.Lock()
	defer st.mu.Unlock()
	st.stopped = true
	st.advance(int(st.added - st.done))
	signal(st.wake)
	signal(st.full)
}

// take returns a batch of events. If there are none it waits, and if it is
// over it returns nil.
func (st *stream) take() (batch []event, slots int) {
	for {
		st.mu.Lock()
		if st.stopped {
			st.mu.Unlock()
			return nil, 0
		}
		if len(st.events) > 0 {
			batch, slots = st.cut()
			st.mu.Unlock()
			return batch, slots
		}
		st.mu.Unlock()
		<-st.wake
	}
}

// cut takes a batch of at least one event off. The caller holds mu.
func (st *stream) cut() (batch []event, slots int) {
	n, size := 0, 0
	for n < len(st.events) && n < maxBatch && (n == 0 || size+len(st.events[n].doc) <= maxBatchBytes) {
		size += len(st.events[n].doc)
		n++
	}
	if n == len(st.events) {
		batch, slots = st.events, st.held
		st.events, st.bytes, st.held = nil, 0, 0
		return batch, slots
	}
	batch, slots = st.events[:n:n], min(n, st.held)
	st.events = st.events[n:]
	st.bytes -= size
	st.held -= slots
	return batch, slots
}

// delivered gives back slots and tells those who wait for a batch.
func (st *stream) delivered(n, slots int) {
	st.mu.Lock()
	if !st.stopped {
		st.advance(n)
	}
	st.mu.Unlock()
	for range slots {
		<-st.slots
	}
}

// collect waits for more events until the time since begun is over, or a batch
// is full.
func (st *stream) collect(begun time.Time, timer *time.Timer) {
	st.mu.Lock()
	enough := st.closed || st.stopped || len(st.events) >= maxBatch || st.bytes >= maxBatchBytes
	if !enough {
		select {
		case <-st.full: // from before
		default:
		}
	}
	rest := st.gather - time.Since(begun)
	st.mu.Unlock()
	if enough || rest <= 0 {
		return
	}
	timer.Reset(rest)
	select {
	case <-timer.C:
	case <-st.full:
		timer.Stop()
	}
}
