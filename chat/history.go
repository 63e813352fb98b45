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
	// relayTries is appendTries for a room in several processes, where nobody
	// has seen the messages yet.
	relayTries = 60
)

// history appends messages to the store, in their order, behind the back of
// those who send them.
type history struct {
	store Store
	log   *slog.Logger
	wake  chan struct{}
	tries int // of a group

	mu       sync.Mutex           // guards the rest
	queue    []repository.Message // that are not stored yet; the oldest first
	progress                      // of those that were added, stored or given up
	lost     int64                // messages that were not kept
	failure  error                // of the last call of the store; nil if it did well
	closed   bool
	forsook  []string // the ids of those that were given up last
}

func newHistory(store Store, log *slog.Logger) *history {
	return &history{store: store, log: log, wake: make(chan struct{}, 1), tries: appendTries}
}

// add takes a message. Who calls it in an order has the lock of the room.
func (h *history) add(m repository.Message) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.closed || len(h.queue) >= maxUnstored {
		if h.lost++; h.lost == 1 {
			h.log.Error("chat: messages are not kept, for the store does not take them", "err", h.failure)
		}
		h.forsake(m)
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
	n := len(batch)
	for try := range h.tries {
		if try > 0 {
			batch = h.missing(ctx, batch) // an error may come of what was stored
		}
		if len(batch) == 0 {
			err = nil
			break
		}
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
		h.settle(n, batch, err)
		return
	}
	h.settle(n, nil, nil)
}

// missing returns those of a batch that are not among the last in the store.
func (h *history) missing(ctx context.Context, batch []repository.Message) []repository.Message {
	last, err := h.store.Messages(ctx, repository.MessageQuery{Hidden: true, Limit: 2 * maxAppend})
	if err != nil {
		return batch
	}
	known := make(map[string]bool, len(last))
	for _, m := range last {
		known[m.ID] = true
	}
	var left []repository.Message
	for _, m := range batch {
		if !known[m.ID] {
			left = append(left, m)
		}
	}
	return left
}

// forsake notes messages that will not be stored. The caller holds mu.
func (h *history) forsake(ms ...repository.Message) {
	for _, m := range ms {
		h.forsook = append(h.forsook, m.ID)
	}
	if n := len(h.forsook) - 2*maxUnstored; n > 0 {
		h.forsook = slices.Delete(h.forsook, 0, n)
	}
}

// forsaken tells whether a message that was added will not be stored.
func (h *history) forsaken(id string) bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	return slices.Contains(h.forsook, id)
}

func (h *history) fail(err error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.failure = err
}

// settle takes n messages off the queue, of which some were not stored.
func (h *history) settle(n int, lost []repository.Message, err error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.failure = err
	h.lost += int64(len(lost))
	h.forsake(lost...)
	h.queue = h.queue[n:]
	if len(h.queue) == 0 {
		h.queue = nil
	}
	h.advance(n)
}

// abandon lets go of who waits for what will not be stored any more.
func (h *history) abandon() {
	h.mu.Lock()
	rest := h.queue
	n := len(rest)
	h.closed = true
	h.mu.Unlock()
	if n > 0 {
		h.settle(n, rest, fmt.Errorf("%w: %d messages were not stored", ErrClosed, n))
	}
}

// state tells how many messages were not kept, and why the store does not take
// any at present.
func (h *history) state() (lost int64, failure error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.lost, h.failure
}
