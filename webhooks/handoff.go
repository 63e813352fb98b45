package webhooks

import "sync"

// The most events that wait to be stored. Those that come one after the other,
// as in a chat, leave room for the others.
const (
	maxHandoff         = 4096
	maxHandoffFrequent = maxHandoff - 512
)

// handoff is where producers leave events, so that none waits for a disk.
type handoff struct {
	wake chan struct{} // has one if there may be something

	mu      sync.Mutex // guards the rest
	events  []Event
	dropped int64
}

// put reports whether there was room.
func (h *handoff) put(e Event) bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	limit := maxHandoff
	if e.Type.frequent() {
		limit = maxHandoffFrequent
	}
	if len(h.events) >= limit {
		h.dropped++
		return false
	}
	h.events = append(h.events, e)
	select {
	case h.wake <- struct{}{}:
	default:
	}
	return true
}

// first returns the events that wait, up to a number. They wait on until they
// are removed.
func (h *handoff) first(limit int) []Event {
	h.mu.Lock()
	defer h.mu.Unlock()
	return append([]Event(nil), h.events[:min(limit, len(h.events))]...)
}

// remove removes the first n.
func (h *handoff) remove(n int) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.events = h.events[n:]; len(h.events) == 0 {
		h.events = nil
	}
}

func (h *handoff) counts() (waiting int, dropped int64) {
	h.mu.Lock()
	defer h.mu.Unlock()
	return len(h.events), h.dropped
}
