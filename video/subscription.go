package video

import (
	"context"
	"errors"
	"io"
	"sync"
	"time"
)

const (
	defaultQueueBytes = 32 << 20
	defaultQueueTime  = 10 * time.Second
	// noPicture is after how much sound without a picture a subscription that
	// waits for a key frame takes the sound alone.
	noPicture = 3 * time.Second
)

var (
	// ErrInterrupted tells the reader of a [Subscription] that the publisher
	// is gone and may come back.
	ErrInterrupted = errors.New("video: interrupted")
	// ErrUnsubscribed is what a closed [Subscription] answers.
	ErrUnsubscribed = errors.New("video: subscription closed")
)

// SubscriptionLimits bound what a [Subscription] keeps for a slow reader.
type SubscriptionLimits struct {
	Bytes int           // of media; 0 stands for 32 MiB
	Time  time.Duration // of media; 0 stands for 10 s
}

// Subscription reads the packets of one session after another, on the
// session's clock. It holds up nobody: a reader that falls behind by more
// than the limits loses what is queued, and goes on with a key frame.
//
// Make one with [Server.Subscribe] and Close it. Read is called by one
// goroutine at a time; the other methods by any.
type Subscription struct {
	server *Server
	limits SubscriptionLimits
	wake   chan struct{} // holds a token if something may be new

	mu     sync.Mutex // guards the rest
	queue  []delivery
	bytes  int
	begun  bool // a packet of the session was queued
	toKey  bool // what cannot be decoded without something before is left out
	broken bool // the next packet follows a gap
	video  time.Duration
	seen   bool // video is set: the session has a picture
	lost   int64
	closed error
}

// delivery is a packet, or an error in its place.
type delivery struct {
	pkt Packet
	err error
}

// Subscribe returns a Subscription that begins with the next key frame, or
// with the next packet of a session without a picture.
func (s *Server) Subscribe(limits SubscriptionLimits) *Subscription {
	s.turn.lockAlways()
	defer s.release()
	return s.subscribe(limits)
}

// subscribe is Subscribe for who has the turn.
func (s *Server) subscribe(limits SubscriptionLimits) *Subscription {
	if limits.Bytes <= 0 {
		limits.Bytes = defaultQueueBytes
	}
	if limits.Time <= 0 {
		limits.Time = defaultQueueTime
	}
	sub := &Subscription{server: s, limits: limits, wake: make(chan struct{}, 1), toKey: true}
	if s.running.Err() != nil {
		sub.end(ErrServerClosed)
		return sub
	}
	if s.session != nil {
		// It begins in the middle of a picture, if the session has one.
		picture := &s.session.line.lines[0]
		sub.video, sub.seen = picture.last, picture.used
	}
	s.subscriptions = append(s.subscriptions, sub)
	return sub
}

// subscribeTo subscribes to a session, and returns nil if it is over or ctx is
// done.
func (s *Server) subscribeTo(ctx context.Context, sess *session, limits SubscriptionLimits) *Subscription {
	if s.turn.lock(ctx) != nil {
		return nil
	}
	defer s.release()
	if s.session != sess {
		return nil
	}
	return s.subscribe(limits)
}

// Read returns the next packet, and waits for it until ctx is done. It
// returns [ErrInterrupted] once where a publisher has gone that may come back,
// and [io.EOF] once at the end of a session; the next call waits for more.
// The first packet after a gap is marked with Discontinuity. After
// [Server.Shutdown] and what was queued before it, the error is
// [ErrServerClosed]; after Close, [ErrUnsubscribed].
func (sub *Subscription) Read(ctx context.Context) (Packet, error) {
	for {
		d, ok := sub.next()
		if ok {
			return d.pkt, d.err
		}
		select {
		case <-sub.wake:
		case <-ctx.Done():
			return Packet{}, ctx.Err()
		}
	}
}

func (sub *Subscription) next() (delivery, bool) {
	sub.mu.Lock()
	defer sub.mu.Unlock()
	if errors.Is(sub.closed, ErrUnsubscribed) || len(sub.queue) == 0 {
		return delivery{err: sub.closed}, sub.closed != nil
	}
	d := sub.queue[0]
	sub.queue[0] = delivery{}
	sub.queue = sub.queue[1:]
	sub.bytes -= len(d.pkt.Data)
	return d, true
}

// Lost is how many packets the reader was too slow for.
func (sub *Subscription) Lost() int64 {
	sub.mu.Lock()
	defer sub.mu.Unlock()
	return sub.lost
}

// newestPicture is the DTS of the last picture there was to queue.
func (sub *Subscription) newestPicture() time.Duration {
	sub.mu.Lock()
	defer sub.mu.Unlock()
	return sub.video
}

// Close gives the Subscription up. It may be called more than once.
func (sub *Subscription) Close() {
	s := sub.server
	s.turn.lockAlways()
	defer s.release()
	for i, other := range s.subscriptions {
		if other == sub {
			s.subscriptions = append(s.subscriptions[:i:i], s.subscriptions[i+1:]...)
			break
		}
	}
	sub.end(ErrUnsubscribed)
}

func (sub *Subscription) end(err error) {
	sub.mu.Lock()
	defer sub.mu.Unlock()
	sub.closed = err
	sub.signal()
}

// put queues a packet.
func (sub *Subscription) put(pkt Packet) {
	sub.mu.Lock()
	defer sub.mu.Unlock()
	if pkt.Track.Kind == Video {
		sub.video, sub.seen = pkt.DTS, true
	}
	if sub.toKey && !sub.startsWith(&pkt) {
		return
	}
	if sub.full(&pkt) {
		sub.drop()
		sub.toKey = true
		if !sub.startsWith(&pkt) {
			sub.lost++
			return
		}
	}
	if sub.broken {
		pkt.Discontinuity, sub.broken = true, false
	}
	sub.toKey, sub.begun = false, true
	sub.queue = append(sub.queue, delivery{pkt: pkt})
	sub.bytes += len(pkt.Data)
	sub.signal()
}

// startsWith tells whether a reader can begin with pkt.
func (sub *Subscription) startsWith(pkt *Packet) bool {
	if pkt.Track.Kind == Video {
		return pkt.Key
	}
	return !sub.seen || pkt.DTS-sub.video > noPicture
}

func (sub *Subscription) full(pkt *Packet) bool {
	if sub.bytes+len(pkt.Data) > sub.limits.Bytes {
		return sub.bytes > 0
	}
	for _, d := range sub.queue {
		if d.err == nil {
			return pkt.DTS-d.pkt.DTS > sub.limits.Time
		}
	}
	return false
}

// drop forgets the packets that are queued, and keeps the errors.
func (sub *Subscription) drop() {
	kept := sub.queue[:0:0]
	for _, d := range sub.queue {
		if d.err != nil {
			kept = append(kept, d)
		} else {
			sub.lost++
		}
	}
	sub.queue, sub.bytes, sub.broken = kept, 0, true
}

// mark queues an error where the session is interrupted or ends. A reader
// that has had nothing of the session hears nothing of it.
func (sub *Subscription) mark(err error) {
	sub.mu.Lock()
	defer sub.mu.Unlock()
	if errors.Is(err, io.EOF) {
		sub.toKey, sub.seen, sub.broken = true, false, false
	}
	if !sub.begun {
		return
	}
	if errors.Is(err, io.EOF) {
		sub.begun = false
	}
	sub.queue = append(sub.queue, delivery{err: err})
	sub.signal()
}

func (sub *Subscription) signal() {
	select {
	case sub.wake <- struct{}{}:
	default:
	}
}
