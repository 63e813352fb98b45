package video

import (
	"context"
	"sync"
)

// group counts what has not ended. Unlike a sync.WaitGroup it can be waited
// for with a context, and grow while it is waited for.
type group struct {
	mu   sync.Mutex // guards n, zero
	n    int
	zero chan struct{} // closed when n is 0; nil before the first add
}

func (g *group) add() {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.n == 0 {
		g.zero = make(chan struct{})
	}
	g.n++
}

func (g *group) done() {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.n--
	if g.n == 0 {
		close(g.zero)
	}
}

func (g *group) wait(ctx context.Context) error {
	g.mu.Lock()
	n, zero := g.n, g.zero
	g.mu.Unlock()
	if n == 0 {
		return nil
	}
	select {
	case <-zero:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
