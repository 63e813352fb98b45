package chat

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"sync"
	"time"

	"github.com/owncast-go/owncast/repository"
)

const (
	// maxUnstored is how many messages may wait for the store. If it takes
	// none for that long, further ones are shown and not kept.
	maxUnstored = 8192
	maxAppend   = 1000 // messages of one call of the store
	// How often a group of messages that the store did not take is tried
	// again before it is given up.
	appendTries = 10
	appendPause = time.Second
)

// history appends messages to the store, in their order, behind the back of
// those who send them.
type history struct {
	store Store
	log   *slog.Logger
	wake  chan struct{}

	mu       sync.Mutex           // guards the rest
	queue    []repository.Message // that are not stored yet; the oldest first
	progress                      // of those that were added, stored or given up
	lost     int64                // messages that were not kept
	failure  error                // of the last call of the store; nil if it did well
	closed   bool
}

func newHistory(store Store, log *slog.Logger) *history {
	return &history{store: store, log: log, wake: make(chan struct{}, 1)}
}

// add takes a message. Who calls it in an order has the lock of the room.
func (h *history) add(m repository.Message) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.closed || len(h.queue) >= maxUnstored {
		if h.lost++; h.lost == 1 {
			h.log.Error("chat: messages are not kept, for the store does not take them", "err", h.failure)
		}
		return
	}
	h.queue = append(h.queue, m)
	h.added++
	signal(h.wake)
}

// unstored returns the messages that are not stored yet, the oldest first.
func (h *history) unstored() []repository.Message {
	h.mu.Lock()
	defer h.mu.Unlock()
	return slices.Clone(h.queue)
}

// settled waits until what was added so far is in the store, or was given up.
func (h *history) settled(ctx context.Context) error {
	h.mu.Lock()
	done := h.mark()
	h.mu.Unlock()
	return await(ctx, done)
}

// close lets run end when all is stored.
func (h *history) close() {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.closed = true
	signal(h.wake)
}

// run appends until close, or at the latest until ctx is done.
func (h *history) run(ctx context.Context) {
	defer h.abandon()
	for {
		batch, closed := h.next()
		switch {
		case len(batch) > 0:
			h.append(ctx, batch)
			continue
		case closed:
			return
		}
		select {
		case <-h.wake:
		case <-ctx.Done():
			return
		}
	}
}

func (h *history) next() (batch []repository.Message, closed bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	n := min(len(h.queue), maxAppend)
	return h.queue[:n:n], h.closed
}

// append stores a batch or gives it up.
func (h *history) append(ctx context.Context, batch []repository.Message) {
	var err error
	for try := range appendTries {
		if err = h.store.AppendMessages(ctx, batch...); err == nil || errors.Is(err, repository.ErrInvalid) || ctx.Err() != nil {
			break
		}
		if h.fail(err); try == 0 {
			h.log.WarnContext(ctx, "chat: messages are not kept yet", "err", err)
		}
		timer := time.NewTimer(appendPause)
		select {
		case <-timer.C:
		case <-ctx.Done():
			timer.Stop()
		}
	}
	if err != nil {
		h.log.ErrorContext(ctx, "chat: messages were not kept", "messages", len(batch), "err", err)
	}
	h.settle(len(batch), err)
}

func (h *history) fail(err error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.failure = err
}

// settle takes n messages off the queue.
func (h *history) settle(n int, err error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.failure = err
	if err != nil {
		h.lost += int64(n)
	}
	h.queue = h.queue[n:]
	if len(h.queue) == 0 {
		h.queue = nil
	}
	h.advance(n)
}

// abandon lets go of who waits for what will not be stored any more.
func (h *history) abandon() {
	h.mu.Lock()
	n := len(h.queue)
	h.closed = true
	h.mu.Unlock()
	if n > 0 {
		h.settle(n, fmt.Errorf("%w: %d messages were not stored", ErrClosed, n))
	}
}

// state tells how many messages were not kept, and why the store does not take
// any at present.
func (h *history) state() (lost int64, failure error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.lost, h.failure
}
