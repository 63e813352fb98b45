package video

import (
	"context"
	"fmt"
	"log/slog"
	"runtime/debug"
	"sync"
)

// eventQueue delivers events one at a time and in order, outside every lock,
// and in a goroutine that is there while there are any: a callback that hangs
// must not stop the publisher whose packet was the reason. Events are pushed by
// the holder of the Server's turn.
type eventQueue struct {
	log     *slog.Logger
	pending *group

	mu       sync.Mutex // guards waiting, draining
	waiting  []event
	draining bool
}

type event struct {
	name    string
	deliver func()
}

func (q *eventQueue) push(e event) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.waiting = append(q.waiting, e)
}

// drain delivers what waits, unless another goroutine is at it.
func (q *eventQueue) drain() {
	if q.begin() {
		go q.run() // pending: Shutdown waits for it
	}
}

func (q *eventQueue) run() {
	finished := false
	defer func() {
		if !finished { // a callback ended the goroutine
			q.abandon()
			q.drain()
		}
		q.pending.done()
	}()
	for {
		e, ok := q.next()
		if !ok {
			break
		}
		q.deliver(e)
	}
	finished = true
}

// begin counts the delivery while q is locked: whoever finds that another one
// is delivering can wait for it.
func (q *eventQueue) begin() bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.draining || len(q.waiting) == 0 {
		return false
	}
	q.draining = true
	q.pending.add()
	return true
}

func (q *eventQueue) next() (event, bool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if len(q.waiting) == 0 {
		q.waiting, q.draining = nil, false
		return event{}, false
	}
	e := q.waiting[0]
	q.waiting = q.waiting[1:]
	return e, true
}

func (q *eventQueue) abandon() {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.draining = false
}

func (q *eventQueue) deliver(e event) {
	defer func() {
		if v := recover(); v != nil {
			q.log.Error("panic recovered", "in", e.name, "panic", v, "stack", string(debug.Stack()))
		}
	}()
	e.deliver()
}

// emit queues an event for f, which may be nil. The caller holds the turn.
func emit[E any](ctx context.Context, s *Server, f func(context.Context, E), e E) {
	if f == nil {
		return
	}
	s.events.push(event{name: fmt.Sprintf("%T", e), deliver: func() { f(ctx, e) }})
}
