// Package keeper runs the one goroutine of a part that has something to do
// from time to time.
package keeper

import (
	"context"
	"errors"
	"sync"
)

// errTwice is what a Keeper answers that has nothing to start any more.
var errTwice = errors.New("started or shut down already")

// Keeper runs a function from Start to Shutdown. The zero Keeper is ready. It
// is safe for concurrent use.
type Keeper struct {
	mu     sync.Mutex // guards the rest and adding to done
	cancel context.CancelFunc
	closed bool
	done   sync.WaitGroup
}

// Start calls prepare with ctx and then, unless that fails, keep in a
// goroutine, with a context that has ctx's values and is done with Shutdown.
// It works once; a Start that failed because of prepare may be repeated.
func (k *Keeper) Start(ctx context.Context, prepare func(context.Context) error, keep func(context.Context)) error {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.closed || k.cancel != nil {
		return errTwice
	}
	if err := prepare(ctx); err != nil {
		return err
	}
	running, cancel := context.WithCancel(context.WithoutCancel(ctx))
	k.cancel = cancel
	k.done.Go(func() { keep(running) }) // ends with Shutdown
	return nil
}

// Shutdown ends what Start has started and waits for it, or for ctx. It tells
// whether there was anything, and may be called more than once.
func (k *Keeper) Shutdown(ctx context.Context) (started bool, err error) {
	k.mu.Lock()
	k.closed = true
	started = k.cancel != nil
	if started {
		k.cancel()
	}
	k.mu.Unlock()
	idle := make(chan struct{})
	go func() { // ends with keep, whose context is done
		k.done.Wait()
		close(idle)
	}()
	select {
	case <-idle:
		return started, nil
	case <-ctx.Done():
		return started, ctx.Err()
	}
}
