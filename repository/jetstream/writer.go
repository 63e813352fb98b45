package jetstream

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/nats-io/nats.go"
	js "github.com/nats-io/nats.go/jetstream"

	"github.com/owncast-go/owncast/repository"
	"github.com/owncast-go/owncast/repository/internal/kvstore"
	"github.com/owncast-go/owncast/repository/internal/tree"
)

const (
	// groupSize is how many transactions are published together at the most.
	groupSize = 256
	// writeTime is how long a write is tried for, from when its turn has come.
	writeTime = 15 * time.Second
	// turnTime is how long other writers leave the log to one who has asked for
	// it, or whose transaction comes in pieces.
	turnTime = 2 * time.Second
	// patience is how often others may be faster before a writer asks for its
	// turn: a transaction that takes long would never be the first one.
	patience = 2
)

// writer publishes transactions: what has gathered while one group was on its
// way goes together with the next.
type writer struct {
	link   *link
	store  *store
	stream string
	limit  int64         // of the state, bytes
	wake   chan struct{} // closed by stop

	stopped chan struct{} // closed when run has ended

	mu      sync.Mutex // guards the rest, and closing wake
	waiting []*update
	closed  bool
}

// update is a transaction that waits.
type update struct {
	ctx  context.Context //nolint:containedctx // of the one call
	fn   func(kvstore.Tx) error
	err  error // good when done is closed
	done chan struct{}
}

// Update has fn run by the writer, maybe more than once: it sees what is there
// when it is its turn.
func (w *writer) Update(ctx context.Context, fn func(kvstore.Tx) error) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	u := &update{ctx: ctx, fn: fn, done: make(chan struct{})}
	if err := w.add(u); err != nil {
		return err
	}
	select {
	case <-u.done:
		return u.err
	case <-ctx.Done():
	}
	if w.withdraw(u) {
		return ctx.Err()
	}
	<-u.done // it is on its way, for no longer than writeTime
	return u.err
}

func (w *writer) add(u *update) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.closed {
		return repository.ErrClosed
	}
	w.waiting = append(w.waiting, u)
	select {
	case w.wake <- struct{}{}:
	default:
	}
	return nil
}

// withdraw takes u out, and reports false if its turn has come.
func (w *writer) withdraw(u *update) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	for i, o := range w.waiting {
		if o == u {
			w.waiting = append(w.waiting[:i], w.waiting[i+1:]...)
			return true
		}
	}
	return false
}

// take returns those whose turn it is.
func (w *writer) take() []*update {
	w.mu.Lock()
	defer w.mu.Unlock()
	n := min(len(w.waiting), groupSize)
	us := w.waiting[:n:n]
	w.waiting = w.waiting[n:]
	return us
}

// run publishes groups until stop was called and nothing waits any more.
func (w *writer) run(ctx context.Context) {
	defer close(w.stopped)
	for range w.wake {
		for us := w.take(); len(us) > 0; us = w.take() {
			w.commit(ctx, us)
		}
	}
}

// stop refuses what comes from now on, and waits for what came before.
func (w *writer) stop() {
	w.mu.Lock()
	if !w.closed {
		w.closed = true
		close(w.wake)
	}
	w.mu.Unlock()
	<-w.stopped
}

// commit runs the transactions and publishes what they wrote, again and again
// as long as others are faster.
func (w *writer) commit(ctx context.Context, us []*update) {
	tctx, cancel := context.WithTimeout(ctx, writeTime)
	defer cancel()
	err := w.try(tctx, us)
	if err != nil && ctx.Err() != nil {
		err = repository.ErrClosed
	}
	for _, u := range us {
		if err != nil {
			u.err = err
		}
		close(u.done)
	}
}

// try returns nil when what became of each transaction is in its err.
func (w *writer) try(ctx context.Context, us []*update) error {
	for overtaken := 0; ; overtaken++ {
		if err := w.ready(); err != nil {
			return err
		}
		v := w.settled(ctx)
		if overtaken >= patience {
			n := &version{state: v.state, turn: true}
			switch err := w.publish(ctx, v, n, kindTurn, nil); {
			case errors.Is(err, errOvertaken):
				continue
			case err != nil:
				return err
			}
			v = w.store.current.Load()
		}
		t := v.state.Begin()
		written := runAll(t, us, w.limit)
		if len(written.list) == 0 {
			return nil
		}
		n := &version{state: t.State()}
		err := w.publish(ctx, v, n, kindWrites, written.encode())
		if !errors.Is(err, errOvertaken) {
			return err
		}
	}
}

// ready returns an error if there is no use in trying.
func (w *writer) ready() error {
	if err := w.store.writable(); err != nil {
		return err
	}
	return w.link.Err()
}

// settled returns the current version, after waiting a little if it is somebody
// else's turn.
func (w *writer) settled(ctx context.Context) *version {
	ctx, cancel := context.WithTimeout(ctx, turnTime)
	defer cancel()
	_ = w.store.wait(ctx, func(v *version) bool { return !v.busy() })
	return w.store.current.Load()
}

// runAll runs transactions one after the other, and returns what those wrote
// that did not fail.
func runAll(t *tree.Tx, us []*update, limit int64) *writes {
	all := new(writes)
	for _, u := range us {
		before := t.State()
		var own []write
		t.Wrote = func(b kvstore.Bucket, key string, value []byte) {
			own = append(own, write{writeKey{b, key}, value})
		}
		u.err = u.ctx.Err()
		if u.err == nil {
			u.err = u.fn(t)
		}
		if size := t.State().Size(); u.err == nil && size > limit && size > before.Size() {
			u.err = fmt.Errorf("%w: %d bytes", ErrTooLarge, size)
		}
		if u.err != nil {
			t.Reset(before)
			continue
		}
		for _, o := range own {
			all.add(o.bucket, o.key, o.value)
		}
	}
	return all
}

var errOvertaken = errors.New("somebody else has written")

// publish appends to the log what leads from v to n, of which only the state
// and the turn are set, and makes n the current version. The error is errOvertaken when
// another record came before.
func (w *writer) publish(ctx context.Context, v, n *version, kind byte, data []byte) error {
	rs, err := cut(kind, data, int(w.link.nc.MaxPayload()), newRecordID, v.last)
	if err != nil {
		return err
	}
	sent := 0
	for i := range rs {
		next := &version{state: v.state, seq: v.seq + 1, last: rs[i].id}
		sent += len(rs[i].data)
		if i+1 < len(rs) {
			next.open, next.next = data[:sent:sent], i+1
		} else {
			next.state, next.turn = n.state, n.turn
		}
		if err := w.append(ctx, v.seq, &rs[i]); err != nil {
			return err
		}
		// The reader may have been faster, or be about to.
		if !w.store.advance(next, len(rs[i].data)) {
			if err := w.store.wait(ctx, func(c *version) bool { return c.seq >= next.seq }); err != nil {
				return unavailable(err)
			}
		}
		v = next
	}
	return nil
}

// append appends a record behind the one with the number, and finds out what
// became of it if NATS does not say so.
func (w *writer) append(ctx context.Context, seq uint64, r *record) error {
	for {
		err := w.send(ctx, seq, r)
		if err == nil {
			return nil
		}
		if refused := new(js.APIError); errors.As(err, &refused) &&
			refused.ErrorCode != js.JSErrCodeStreamWrongLastSequence && refused.ErrorCode != js.JSErrCodeStreamWrongLastSequenceConstant {
			return fmt.Errorf("%w: %w", repository.ErrUnavailable, err)
		}
		// Whoever has written there, this node will hear of it.
		wait := ctx
		if errors.Is(err, js.ErrNoStreamResponse) || errors.Is(err, nats.ErrConnectionClosed) || w.link.Err() != nil {
			var cancel context.CancelFunc
			wait, cancel = context.WithTimeout(ctx, reconnectWait)
			err = errors.Join(err, w.store.wait(wait, func(c *version) bool { return c.seq > seq }))
			cancel()
		} else {
			err = errors.Join(err, w.store.wait(wait, func(c *version) bool { return c.seq > seq }))
		}
		switch {
		case w.store.follows(seq+1, r.id):
			return nil
		case w.store.current.Load().seq > seq:
			return errOvertaken
		case ctx.Err() != nil || w.link.Err() != nil:
			return unavailable(err)
		}
	}
}

// send appends a record behind the one with the number.
func (w *writer) send(ctx context.Context, seq uint64, r *record) error {
	ctx, cancel := w.link.call(ctx, callTime)
	defer cancel()
	_, err := w.link.js.PublishMsg(ctx, &nats.Msg{Subject: w.stream, Data: r.encode()},
		js.WithExpectLastSequence(seq), js.WithExpectStream(w.stream), js.WithRetryAttempts(0))
	return err
}
