package chat

import "context"

// progress counts what goes through a queue, for who waits for it. The lock of
// the queue guards it.
type progress struct {
	added, done uint64
	waiting     []waiter
}

// waiter waits until a number was done.
type waiter struct {
	upTo uint64
	done chan struct{}
}

// mark returns a channel that is closed when what was added so far is done;
// nil if it is.
func (p *progress) mark() <-chan struct{} {
	if p.done >= p.added {
		return nil
	}
	w := waiter{p.added, make(chan struct{})}
	p.waiting = append(p.waiting, w)
	return w.done
}

// advance says that n more are done.
func (p *progress) advance(n int) {
	p.done += uint64(n)
	left := p.waiting[:0]
	for _, w := range p.waiting {
		if w.upTo <= p.done {
			close(w.done)
		} else {
			left = append(left, w)
		}
	}
	clear(p.waiting[len(left):])
	p.waiting = left
}

// await waits for what mark returned.
func await(ctx context.Context, done <-chan struct{}) error {
	if done == nil {
		return nil
	}
	select {
	case <-done:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
