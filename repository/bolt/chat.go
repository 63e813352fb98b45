package bolt

import (
	"context"
	"fmt"
	"sync"
	"time"

	"go.etcd.io/bbolt"

	"github.com/owncast-go/owncast/repository"
	"github.com/owncast-go/owncast/repository/internal/kvstore"
)

// How messages are grouped.
const (
	groupInterval = 50 * time.Millisecond // between two groups, unless one is full
	groupSize     = 1000                  // messages of a full group
)

// chat is the store of messages, which writes them in groups.
type chat struct {
	repository.Chat
	group *group
}

func (c chat) AppendMessages(ctx context.Context, ms ...repository.Message) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	if err := kvstore.CheckMessages(ms); err != nil {
		return err
	}
	if err := c.group.append(ctx, ms); err != nil {
		return fmt.Errorf("repository/bolt: append messages: %w", err)
	}
	return nil
}

// group collects the messages of many calls and writes them in one
// transaction, as it takes a disk hardly longer to write many than one. The
// first message after a pause is written at once, those that come soon after
// it wait until the interval is over or the group is full. Every call returns
// when its messages are on the disk.
type group struct {
	write func(fn func(*bbolt.Tx) error) error

	full chan struct{} // holds a value if there is no reason to wait any more
	wg   sync.WaitGroup

	mu       sync.Mutex // guards the rest
	waiting  []*appending
	messages int // in waiting
	running  bool
	closed   bool
}

// appending is a call that waits.
type appending struct {
	messages []repository.Message
	err      error         // good when done is closed
	done     chan struct{} // closed when the messages are written, or not
}

func newGroup(write func(fn func(*bbolt.Tx) error) error) *group {
	return &group{write: write, full: make(chan struct{}, 1)}
}

func (g *group) append(ctx context.Context, ms []repository.Message) error {
	a := &appending{messages: ms, done: make(chan struct{})}
	if err := g.add(a); err != nil {
		return err
	}
	select {
	case <-a.done:
		return a.err
	case <-ctx.Done():
	}
	if g.withdraw(a) {
		return ctx.Err()
	}
	<-a.done // it is being written
	return a.err
}

// add lets a wait, and starts what writes it if that does not run.
func (g *group) add(a *appending) error {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.closed {
		return repository.ErrClosed
	}
	g.waiting = append(g.waiting, a)
	if g.messages += len(a.messages); g.messages >= groupSize {
		g.hurry()
	}
	if !g.running {
		g.running = true
		g.wg.Go(g.run) // ends when nothing has come for an interval; close waits for it
	}
	return nil
}

// hurry ends the waiting for more.
func (g *group) hurry() {
	select {
	case g.full <- struct{}{}:
	default:
	}
}

// withdraw takes a out, and reports false if it is being written already.
func (g *group) withdraw(a *appending) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	for i, w := range g.waiting {
		if w == a {
			g.waiting = append(g.waiting[:i], g.waiting[i+1:]...)
			g.messages -= len(a.messages)
			return true
		}
	}
	return false
}

// run writes groups until nothing waits at the end of an interval.
func (g *group) run() {
	for {
		as := g.take()
		if as == nil {
			return
		}
		g.flush(as)
		g.pause()
	}
}

// take returns those that wait, up to a full group. If there are none, or none
// but withdrawn ones, run is over.
func (g *group) take() []*appending {
	g.mu.Lock()
	defer g.mu.Unlock()
	n, messages := 0, 0
	for n < len(g.waiting) && (n == 0 || messages+len(g.waiting[n].messages) <= groupSize) {
		messages += len(g.waiting[n].messages)
		n++
	}
	if n == 0 {
		g.running = false
		return nil
	}
	as := g.waiting[:n:n]
	g.waiting = g.waiting[n:]
	g.messages -= messages
	return as
}

// pause waits until the interval is over, a group is full, or the end.
func (g *group) pause() {
	g.mu.Lock()
	if g.closed || g.messages >= groupSize {
		g.mu.Unlock()
		return
	}
	select {
	case <-g.full: // from before
	default:
	}
	g.mu.Unlock()
	timer := time.NewTimer(groupInterval)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-g.full:
	}
}

// flush writes a group. An error is everybody's.
func (g *group) flush(as []*appending) {
	var ms []repository.Message
	for _, a := range as {
		ms = append(ms, a.messages...)
	}
	err := g.write(inside(func(tx kvstore.Tx) error { return kvstore.AppendMessages(tx, ms) }))
	for _, a := range as {
		a.err = err
		close(a.done)
	}
}

// close writes what waits, and refuses what comes later.
func (g *group) close() {
	g.mu.Lock()
	g.closed = true
	g.hurry()
	g.mu.Unlock()
	g.wg.Wait()
}
