package jetstream

import (
	"context"
	"crypto/rand"
	"encoding/binary"
	"errors"
	"sync"
	"time"

	js "github.com/nats-io/nats.go/jetstream"

	"github.com/owncast-go/owncast/repository"
)

const (
	// relayAge and relayBytes are how much of the live video NATS keeps, in
	// memory, for nodes that come late or were away.
	relayAge   = 2 * time.Minute
	relayBytes = 256 << 20
	// relayHead is the length of what is before each piece of a message: who
	// has sent it, and whether it is the last one.
	relayHead = 9
	// relayMessage is how large a message can be.
	relayMessage = 64 << 20
	// relaySenders is of how many nodes pieces are kept at a time.
	relaySenders = 16
	// relayPause is between two tries to read.
	relayPause = 250 * time.Millisecond
)

// errForgotten reports that NATS has lost what was sent before.
var errForgotten = errors.New("the stream of the live video was made anew")

// relay passes messages between the nodes by a stream that forgets.
type relay struct {
	link *link
	cfg  *Config
	id   uint64 // of this node

	mu   sync.Mutex // held while a message is sent: its pieces follow one another
	sent bool       // something was
}

func newRelay(l *link, cfg *Config) *relay {
	var id [8]byte
	_, _ = rand.Read(id[:]) // never fails
	return &relay{link: l, cfg: cfg, id: binary.BigEndian.Uint64(id[:])}
}

func (c *Config) relayName() string { return c.Name + "-video" }

// stream returns the stream, and whether it had to be made.
func (r *relay) stream(ctx context.Context) (st js.Stream, fresh bool, err error) {
	ctx, cancel := r.link.call(ctx, callTime)
	defer cancel()
	st, err = r.link.js.Stream(ctx, r.cfg.relayName())
	if !errors.Is(err, js.ErrStreamNotFound) {
		return st, false, err
	}
	st, err = r.link.js.CreateOrUpdateStream(ctx, js.StreamConfig{
		Name: r.cfg.relayName(), Description: "the live video of the owncast cluster " + r.cfg.Name,
		Subjects: []string{r.cfg.relayName()}, Storage: js.MemoryStorage, Replicas: r.cfg.Replicas,
		MaxAge: relayAge, MaxBytes: relayBytes, Discard: js.DiscardOld,
	})
	return st, true, err
}

// send gives NATS a message in as many pieces as it needs.
func (r *relay) send(ctx context.Context, message []byte) error {
	if len(message) > relayMessage {
		return ErrTooLarge
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	size := max(int(r.link.nc.MaxPayload())-1024, 1024)
	for last := false; !last; {
		n := min(size, len(message))
		last = n == len(message)
		piece := binary.BigEndian.AppendUint64(make([]byte, 0, relayHead+n), r.id)
		piece = append(piece, 0)
		if last {
			piece[relayHead-1] = 1
		}
		if err := r.publish(ctx, append(piece, message[:n]...)); err != nil {
			return err
		}
		message = message[n:]
	}
	return nil
}

func (r *relay) publish(ctx context.Context, piece []byte) error {
	cctx, cancel := r.link.call(ctx, callTime)
	defer cancel()
	_, err := r.link.js.Publish(cctx, r.cfg.relayName(), piece, js.WithExpectStream(r.cfg.relayName()))
	if errors.Is(err, js.ErrNoStreamResponse) {
		_, _, serr := r.stream(ctx)
		switch {
		case serr != nil:
			err = serr
		case r.sent:
			err = errForgotten
		default:
			_, err = r.link.js.Publish(cctx, r.cfg.relayName(), piece, js.WithExpectStream(r.cfg.relayName()))
		}
	}
	if err != nil {
		return unavailable(err)
	}
	r.sent = true
	return nil
}

// receive calls fn with every message of the other nodes, until ctx is done.
func (r *relay) receive(ctx context.Context, fn func(message []byte, more bool)) error {
	var made time.Time
	var next uint64
	pieces := map[uint64][]byte{}
	for {
		epoch, err := r.link.session(ctx)
		if err != nil {
			return err
		}
		fctx, cancel := context.WithCancel(epoch)
		stop := context.AfterFunc(ctx, cancel)
		if st, _, err := r.stream(fctx); err == nil {
			if at := st.CachedInfo().Created; !at.Equal(made) {
				made, next = at, 1
				clear(pieces)
			}
			err = r.link.follow(fctx, r.cfg.relayName(), next, readBuffer, func(seq, more uint64, data []byte) error {
				next = seq + 1
				if m, whole := r.join(pieces, data); whole {
					fn(m, more > 0)
				}
				return nil
			})
			r.link.log.Debug("the live video of the cluster is read anew", "err", err)
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

// join returns the message that a piece ends, if it does and is another
// node's.
func (r *relay) join(pieces map[uint64][]byte, piece []byte) (message []byte, whole bool) {
	if len(piece) < relayHead {
		return nil, false
	}
	sender := binary.BigEndian.Uint64(piece)
	if sender == r.id {
		return nil, false
	}
	m := append(pieces[sender], piece[relayHead:]...)
	if piece[relayHead-1] != 0 {
		delete(pieces, sender)
		return m, true
	}
	if len(m) > relayMessage || len(pieces) > relaySenders {
		clear(pieces)
		return nil, false
	}
	pieces[sender] = m
	return nil, false
}

// Send gives the other nodes a message of the live video. NATS keeps the last
// two minutes of them, 256 MiB at the most, in its memory. An error matches
// [repository.ErrUnavailable], or ErrTooLarge above 64 MiB; after one, what was
// sent before may be lost, too.
func (c *Cluster) Send(ctx context.Context, message []byte) error {
	o := c.open.Load()
	if o == nil {
		return repository.ErrClosed
	}
	return o.relay.send(ctx, message)
}

// Receive calls fn with the messages that the other nodes have sent, from the
// oldest that NATS keeps on, one after the other; more tells that there are
// others already. fn may keep the message. Receive returns when ctx is done,
// and before Close it must have: while NATS is away it waits. After NATS has
// lost the messages, those come again that are sent again.
func (c *Cluster) Receive(ctx context.Context, fn func(message []byte, more bool)) error {
	o := c.open.Load()
	if o == nil {
		return repository.ErrClosed
	}
	return o.relay.receive(ctx, fn)
}

// Err says why NATS cannot be reached at present; nil if it can, and before
// Open.
func (c *Cluster) Err() error {
	o := c.open.Load()
	if o == nil {
		return nil
	}
	return o.link.Err()
}
