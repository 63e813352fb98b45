package chat

import (
	"context"
	"log/slog"
	"runtime/debug"
	"sync"
	"sync/atomic"
)

// maxTales is how many events may wait for functions of the host. The room
// waits for none: those beyond are lost, and counted.
const maxTales = 8192

// tales tells the host of events, one at a time and in their order.
type tales struct {
	log  *slog.Logger
	wake chan struct{}
	lost atomic.Int64

	mu     sync.Mutex // guards the rest
	queue  []func(context.Context)
	closed bool
}

func newTales(log *slog.Logger) *tales { return &tales{log: log, wake: make(chan struct{}, 1)} }

// tell lets f hear of an event, if there is an f. Who calls it in an order has
// the lock of the room.
func tell[E any](t *tales, f func(context.Context, E), e E) {
	if f != nil {
		t.add(func(ctx context.Context) { f(ctx, e) })
	}
}

// add queues an event, unless there are too many.
func (t *tales) add(f func(context.Context)) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.closed {
		return
	}
	if len(t.queue) >= maxTales {
		if t.lost.Add(1) == 1 {
			t.log.Warn("chat: events are lost, for a hook does not return")
		}
		return
	}
	t.queue = append(t.queue, f)
	signal(t.wake)
}

// close lets run end when all is told.
func (t *tales) close() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.closed = true
	signal(t.wake)
}

// run tells until close, or at the latest until ctx is done.
func (t *tales) run(ctx context.Context) {
	for {
		t.mu.Lock()
		queue, closed := t.queue, t.closed
		t.queue = nil
		t.mu.Unlock()
		for _, f := range queue {
			if ctx.Err() != nil {
				return
			}
			t.call(ctx, f)
		}
		if len(queue) > 0 {
			continue
		}
		if closed {
			return
		}
		select {
		case <-t.wake:
		case <-ctx.Done():
			return
		}
	}
}

func (t *tales) call(ctx context.Context, f func(context.Context)) {
	defer func() {
		if v := recover(); v != nil {
			t.log.Error("a hook of the chat panicked", "panic", v, "stack", string(debug.Stack()))
		}
	}()
	f(ctx)
}
