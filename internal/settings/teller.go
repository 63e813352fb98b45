package settings

import (
	"log/slog"
	"runtime/debug"
	"sync"
)

// teller reports changes one at a time and in order. It is not a part of
// Section so that a program contains it only once.
type teller struct {
	section string
	log     *slog.Logger

	mu      sync.Mutex // guards the rest
	queue   []func()
	telling bool
}

// add queues the report of a change.
func (t *teller) add(report func()) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.queue = append(t.queue, report)
}

// tell makes the reports in the queue, unless they are being made already: that
// may be by the caller, further up the stack.
func (t *teller) tell() {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.telling {
		return
	}
	t.telling = true
	for len(t.queue) > 0 {
		next := t.queue[0]
		t.queue = t.queue[1:]
		t.mu.Unlock()
		t.call(next)
		t.mu.Lock()
	}
	t.telling = false
}

func (t *teller) call(report func()) {
	defer func() {
		if v := recover(); v != nil {
			t.log.Error("who hears of changed settings panicked",
				"section", t.section, "panic", v, "stack", string(debug.Stack()))
		}
	}()
	report()
}
