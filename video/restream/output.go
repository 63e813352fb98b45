package restream

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"math/rand/v2"
	"sync"
	"time"

	"github.com/owncast-go/owncast/video"
	"github.com/owncast-go/owncast/video/rtmp"
)

// output is one of a Service's outputs. An output whose target changes is
// replaced by another one, but for the name.
type output struct {
	service *Service
	log     *slog.Logger
	target  Output // its Name is in status
	ctx     context.Context
	cancel  context.CancelFunc
	done    chan struct{} // closed when run has ended

	// Guarded by the Service's mu, and set before run.
	started bool
	sub     *video.Subscription

	mu     sync.Mutex // guards status
	status Status

	// Of run alone.
	gate     gate
	absent   bool // nothing has come since the session ended or was interrupted
	failures int  // on end
}

func newOutput(s *Service, target Output) *output {
	o := &output{
		service: s, target: target, done: make(chan struct{}), absent: true,
		log: s.log.With("output", target.ID),
	}
	o.ctx, o.cancel = context.WithCancel(s.running)
	o.status = Status{
		ID: target.ID, Name: target.Name, URL: publicURL(target.URL), State: Disabled, Since: time.Now().UTC(),
	}
	if target.Enabled {
		o.status.State = Idle
	}
	return o
}

// becomes makes o what target is, if it can.
func (o *output) becomes(target Output) bool {
	name := target.Name
	target.Name = o.target.Name
	if target != o.target {
		return false
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	o.status.Name = name
	return true
}

func (o *output) hasEnded() bool {
	select {
	case <-o.done:
		return true
	default:
		return !o.started
	}
}

// snapshot is what o, which has been started if sub is not nil, is doing.
func (o *output) snapshot(sub *video.Subscription) Status {
	o.mu.Lock()
	defer o.mu.Unlock()
	s := o.status
	if sub != nil {
		s.Dropped += sub.Lost()
	}
	return s
}

// change changes the status and returns it.
func (o *output) change(f func(*Status)) Status {
	o.mu.Lock()
	defer o.mu.Unlock()
	f(&o.status)
	return o.status
}

func (o *output) become(state State) {
	o.change(func(s *Status) { s.enter(state) })
}

func (s *Status) enter(state State) {
	if s.State != state {
		s.State, s.Since = state, time.Now().UTC()
	}
	s.RetryAt = time.Time{}
}

// run sends one session after another until o is canceled or the source ends.
func (o *output) run() {
	defer o.become(Idle)
	for {
		first, err := o.await()
		if err != nil {
			return
		}
		err = o.publish(first)
		if o.over(err) {
			return
		}
		if err != nil && o.pause(err) != nil {
			return
		}
	}
}

// read returns the next packet, or notes what is in its place.
func (o *output) read(ctx context.Context) (video.Packet, error) {
	p, err := o.sub.Read(ctx)
	switch {
	case err == nil:
		o.absent = false
	case errors.Is(err, video.ErrInterrupted):
		o.absent = true
		o.gate.close()
	case errors.Is(err, io.EOF):
		o.absent = true
		o.gate, o.failures = gate{}, 0
	}
	return p, err
}

// await waits for a packet that a connection can begin with.
func (o *output) await() (video.Packet, error) {
	o.gate.close()
	for {
		if o.absent {
			o.become(Idle)
		}
		p, err := o.read(o.ctx)
		switch {
		case errors.Is(err, video.ErrInterrupted), errors.Is(err, io.EOF):
		case err != nil:
			return p, err
		case o.gate.passes(&p):
			return p, nil
		default:
			o.drop(1)
		}
	}
}

func (o *output) drop(packets int) {
	o.change(func(s *Status) { s.Dropped += int64(packets) })
}

// publish connects to the server and feeds it from the first packet on. It
// returns nil at the end of the session, or if the server left while there
// was nothing to be sent.
func (o *output) publish(first video.Packet) error {
	o.become(Connecting)
	client, err := rtmp.Dial(o.ctx, o.target.URL, o.service.clientConfig(o.target))
	if err != nil {
		o.drop(1)
		return err
	}
	began := time.Now()
	o.begun()
	ctx, cancel := context.WithCancel(o.ctx)
	closed := make(chan struct{})
	go func() { // ended by cancel
		defer close(closed)
		select {
		case <-client.Done():
		case <-ctx.Done():
		}
		cancel() // nobody waits for packets any more
		_ = client.Close()
	}()
	err = o.feed(ctx, client, first)
	cancel()
	<-closed
	if time.Since(began) >= o.service.cfg.RetryMax {
		o.failures = 0
	}
	if err == nil || o.over(err) {
		o.ended()
	}
	return err
}

// over tells whether err is the end of everything.
func (o *output) over(err error) bool {
	return o.ctx.Err() != nil || errors.Is(err, video.ErrServerClosed)
}

// feed sends packets until the session ends, the connection does or o is
// canceled. ctx is done at the latter two.
func (o *output) feed(ctx context.Context, client *rtmp.Client, first video.Packet) error {
	f := feed{client: client, sent: o.sent}
	defer func() { o.drop(len(f.held)) }()
	p, err := first, error(nil)
	for {
		switch {
		case errors.Is(err, io.EOF):
			_ = f.flush() // it is over, one way or the other
			return nil
		case errors.Is(err, video.ErrInterrupted):
			err = f.flush()
		case err != nil && ctx.Err() != nil && o.ctx.Err() == nil:
			if o.absent {
				return nil // the server did not want to wait
			}
			return client.Err()
		case err != nil:
			return err
		case o.gate.passes(&p):
			err = f.write(p)
		default:
			o.drop(1)
		}
		if err != nil {
			return err
		}
		p, err = o.read(ctx)
	}
}

// sent counts a packet, and whether the server has got it.
func (o *output) sent(p *video.Packet, err error) {
	o.change(func(s *Status) {
		if err != nil {
			s.Dropped++
			return
		}
		s.Packets++
		s.Bytes += int64(len(p.Data))
	})
}

func (o *output) begun() {
	status := o.change(func(s *Status) {
		s.enter(Live)
		s.Err = nil
		s.Connects++
	})
	o.log.Info("output started", "url", status.URL)
	tell(o.service, o.service.cfg.Events.OutputStarted, OutputStarted{Output: o.snapshot(o.sub)})
}

func (o *output) ended() {
	o.become(Idle)
	o.log.Info("output stopped")
	tell(o.service, o.service.cfg.Events.OutputStopped, OutputStopped{Output: o.snapshot(o.sub)})
}

// pause waits, after a failure, until it is time for another try, and lets
// the broadcast pass meanwhile. The error is why there is to be none.
func (o *output) pause(cause error) error {
	wait := o.backoff()
	o.failed(cause, wait)
	ctx, cancel := context.WithTimeout(o.ctx, wait)
	defer cancel()
	for ctx.Err() == nil {
		p, err := o.read(ctx)
		switch {
		case err == nil:
			o.gate.look(&p)
			o.drop(1)
		case errors.Is(err, io.EOF):
			return nil // the next session is another matter
		case errors.Is(err, video.ErrInterrupted), ctx.Err() != nil:
		default:
			return err
		}
	}
	return o.ctx.Err()
}

// backoff is how long to wait after another failure.
func (o *output) backoff() time.Duration {
	d := o.service.cfg.RetryMin
	for range o.failures {
		if d = min(2*d, o.service.cfg.RetryMax); d == o.service.cfg.RetryMax {
			break
		}
	}
	o.failures++
	return d/2 + rand.N(d/2+1)
}

func (o *output) failed(cause error, wait time.Duration) {
	o.change(func(s *Status) {
		s.enter(Waiting)
		s.RetryAt = time.Now().UTC().Add(wait)
		s.Err = cause
		s.Failures++
	})
	level := slog.LevelDebug
	if o.failures == 1 {
		level = slog.LevelWarn
	}
	o.log.Log(o.ctx, level, "output failed", "err", cause, "retry", wait.Round(time.Millisecond))
	tell(o.service, o.service.cfg.Events.OutputFailed, OutputFailed{Output: o.snapshot(o.sub)})
}
