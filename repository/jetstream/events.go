package jetstream

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"time"

	js "github.com/nats-io/nats.go/jetstream"

	"github.com/owncast-go/owncast/repository"
)

const (
	// eventsAge and eventsBytes are how much of what nodes tell one another
	// NATS keeps, for those that are away for a moment.
	eventsAge   = 5 * time.Minute
	eventsBytes = 64 << 20
	// eventsHead is the length of what is before each message: who has sent
	// it, and how far that node's repository was.
	eventsHead = 16
	// eventsWait is how long a message waits for the repository.
	eventsWait = 2 * time.Second
)

func (c *Config) eventsName() string { return c.Name + "-events" }

// events is what nodes tell one another, in one order.
type events struct {
	link  *link
	store *store
	cfg   *Config
	id    uint64 // of this node
}

// stream returns the stream, and makes it if there is none.
func (e *events) stream(ctx context.Context) (js.Stream, error) {
	ctx, cancel := e.link.call(ctx, callTime)
	defer cancel()
	st, err := e.link.js.Stream(ctx, e.cfg.eventsName())
	if !errors.Is(err, js.ErrStreamNotFound) {
		return st, err
	}
	return e.link.js.CreateOrUpdateStream(ctx, js.StreamConfig{
		Name: e.cfg.eventsName(), Description: "what nodes of the owncast cluster " + e.cfg.Name + " tell one another",
		Subjects: []string{e.cfg.eventsName()}, Storage: js.FileStorage, Replicas: e.cfg.Replicas,
		MaxAge: eventsAge, MaxBytes: eventsBytes, Discard: js.DiscardOld,
	})
}

func (e *events) publish(ctx context.Context, message []byte) error {
	if len(message)+eventsHead > int(e.link.nc.MaxPayload()) {
		return ErrTooLarge
	}
	b := binary.BigEndian.AppendUint64(make([]byte, 0, eventsHead+len(message)), e.id)
	b = binary.BigEndian.AppendUint64(b, e.store.current.Load().seq)
	b = append(b, message...)
	for again := true; ; again = false {
		cctx, cancel := e.link.call(ctx, callTime)
		_, err := e.link.js.Publish(cctx, e.cfg.eventsName(), b, js.WithExpectStream(e.cfg.eventsName()), js.WithRetryAttempts(0))
		cancel()
		if err == nil {
			return nil
		}
		if !again || !errors.Is(err, js.ErrNoStreamResponse) {
			return unavailable(err)
		}
		if _, err := e.stream(ctx); err != nil {
			return unavailable(err)
		}
	}
}

// subscribe calls fn with what is published from now on, until ctx is done.
func (e *events) subscribe(ctx context.Context, fn func(from string, message []byte)) error {
	var made time.Time
	var next uint64
	for {
		epoch, err := e.link.session(ctx)
		if err != nil {
			return err
		}
		fctx, cancel := context.WithCancel(epoch)
		stop := context.AfterFunc(ctx, cancel)
		if st, err := e.stream(fctx); err == nil {
			switch info := st.CachedInfo(); {
			case made.IsZero():
				made, next = info.Created, info.State.LastSeq+1
			case !info.Created.Equal(made):
				made, next = info.Created, 1
			}
			err = e.link.follow(fctx, e.cfg.eventsName(), next, readBuffer, func(seq, _ uint64, data []byte) error {
				e.deliver(fctx, data, fn)
				next = seq + 1
				return nil
			})
			e.link.log.Debug("what nodes tell one another is read anew", "err", err)
		}
		stop()
		cancel()
		t := time.NewTimer(relayPause)
		select {
		case <-t.C:
		case <-ctx.Done():
			t.Stop()
			return ctx.Err()
		}
	}
}

// deliver calls fn with a message once the repository is as far as that of its
// sender was.
func (e *events) deliver(ctx context.Context, data []byte, fn func(from string, message []byte)) {
	if len(data) < eventsHead {
		return
	}
	from, seq := binary.BigEndian.Uint64(data), binary.BigEndian.Uint64(data[8:])
	if e.store.current.Load().seq < seq {
		wait, cancel := context.WithTimeout(ctx, eventsWait)
		defer cancel()
		_ = e.store.wait(wait, func(v *version) bool { return v.seq >= seq }) // late is better than never
	}
	fn(nodeName(from), data[eventsHead:])
}

func nodeName(id uint64) string { return fmt.Sprintf("%016x", id) }

// ID is the name of this node among those that are there, another one each time
// the Cluster is opened; empty before Open.
func (c *Cluster) ID() string {
	o := c.open.Load()
	if o == nil {
		return ""
	}
	return nodeName(o.events.id)
}

// Publish tells all nodes something, this one too. What is in the repository
// here is in that of a node before it is told. An error matches
// [repository.ErrUnavailable], and the message may have been published all the
// same; or ErrTooLarge above about a megabyte, see max_payload of NATS.
func (c *Cluster) Publish(ctx context.Context, message []byte) error {
	o := c.open.Load()
	if o == nil {
		return repository.ErrClosed
	}
	return o.events.publish(ctx, message)
}

// Subscribe calls fn with what nodes publish, in one order for all of them,
// one after the other, until ctx is done; from is the ID of the node. It begins
// with what comes after the call. While NATS is away it waits, and then goes on
// where it was, for NATS keeps five minutes of it, of 64 MiB at the most. fn
// may keep the message.
func (c *Cluster) Subscribe(ctx context.Context, fn func(from string, message []byte)) error {
	o := c.open.Load()
	if o == nil {
		return repository.ErrClosed
	}
	return o.events.subscribe(ctx, fn)
}

// Acquire takes a lease that one node has at a time, or renews it, and tells
// whether this node has it now: for [LeaseTime] from before the call on. The
// name has letters, digits and "-".
func (c *Cluster) Acquire(ctx context.Context, name string) (bool, error) {
	o := c.open.Load()
	if o == nil {
		return false, repository.ErrClosed
	}
	held, _, err := o.leases.acquire(ctx, name, nodeName(o.events.id))
	if err != nil {
		return false, unavailable(err)
	}
	return held, nil
}

// Release gives a lease back, if this node has it.
func (c *Cluster) Release(ctx context.Context, name string) error {
	o := c.open.Load()
	if o == nil {
		return repository.ErrClosed
	}
	if err := o.leases.release(ctx, name, nodeName(o.events.id)); err != nil {
		return unavailable(err)
	}
	return nil
}
