package restream

import (
	"context"
	"crypto/tls"
	"errors"
	"log/slog"
	"runtime/debug"
	"slices"
	"sync"
	"time"

	"github.com/owncast-go/owncast/video"
	"github.com/owncast-go/owncast/video/rtmp"
)

// Source is where the broadcast comes from: a [video.Server].
type Source interface {
	Subscribe(video.SubscriptionLimits) *video.Subscription
}

// Config is what a Service is made of.
type Config struct {
	// Source has the broadcast. Required.
	Source Source
	// Queue bounds what is kept for each output that is slow; beyond it, the
	// output goes on with a later key frame. Zero fields have the defaults of
	// [video.SubscriptionLimits].
	Queue video.SubscriptionLimits
	// TLS is for rtmps. Nil means the defaults; the ServerName is that of
	// each URL unless it is set.
	TLS *tls.Config
	// Timeout bounds connecting, up to the server's consent, and how long a
	// server may take nothing. The default is 10 seconds.
	Timeout time.Duration
	// RetryMin and RetryMax bound the wait after a failure, which is at random
	// between half of a length and all of it. The length is RetryMin first,
	// and doubles up to RetryMax while the failures go on. A connection that
	// has lasted for RetryMax ends the series. The defaults are a second and
	// a minute.
	RetryMin, RetryMax time.Duration
	// Events are told what happens.
	Events Events
	// Logger is never given stream keys. Nil discards.
	Logger *slog.Logger
}

// Service sends a broadcast to its outputs. Make one with [New]. Its methods
// are safe for concurrent use.
type Service struct {
	cfg Config
	log *slog.Logger

	running context.Context // done when Shutdown begins
	stop    context.CancelFunc
	// hearing is what events get: done when Shutdown has ended, so that the
	// last ones can still be acted on.
	hearing context.Context
	deafen  context.CancelFunc

	telling sync.Mutex // held while an event is delivered

	mu      sync.Mutex // guards the rest, and adding to wg
	closed  bool
	outputs []*output
	ending  []*output // no longer outputs, but perhaps still connected
	wg      sync.WaitGroup
}

// New returns a Service without outputs. It starts nothing.
func New(cfg Config) (*Service, error) {
	if cfg.Source == nil {
		return nil, errors.New("restream: config without a Source")
	}
	if cfg.Timeout < 0 || cfg.RetryMin < 0 || cfg.RetryMax < 0 {
		return nil, errors.New("restream: config with a negative time")
	}
	if cfg.RetryMin == 0 {
		cfg.RetryMin = time.Second
	}
	if cfg.RetryMax == 0 {
		cfg.RetryMax = time.Minute
	}
	cfg.RetryMax = max(cfg.RetryMin, cfg.RetryMax)
	if cfg.Logger == nil {
		cfg.Logger = slog.New(slog.DiscardHandler)
	}
	s := &Service{cfg: cfg, log: cfg.Logger}
	s.running, s.stop = context.WithCancel(context.Background())
	s.hearing, s.deafen = context.WithCancel(context.Background())
	return s, nil
}

// Set makes outputs the outputs. One that stays as it was is not disturbed,
// nor is one whose Name alone changes; one that is new, or changed, begins
// with the next key frame. Set does not wait for any server. The error is that
// of [Validate], and changes nothing; after Shutdown it is
// [video.ErrServerClosed].
func (s *Service) Set(outputs []Output) error {
	if err := Validate(outputs); err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return video.ErrServerClosed
	}
	old := s.outputs
	s.outputs = make([]*output, 0, len(outputs))
	for _, target := range outputs {
		i := slices.IndexFunc(old, func(o *output) bool { return o.becomes(target) })
		if i >= 0 {
			s.outputs = append(s.outputs, old[i])
			old = slices.Delete(slices.Clone(old), i, i+1)
			continue
		}
		s.outputs = append(s.outputs, newOutput(s, target))
	}
	s.ending = append(slices.DeleteFunc(s.ending, (*output).hasEnded), old...)
	for _, o := range old {
		o.cancel()
	}
	for _, o := range s.outputs {
		s.start(o)
	}
	return nil
}

// start lets o run if it is to and does not yet, after those have ended that
// had its ID or its stream: a server takes only one publisher of a stream.
func (s *Service) start(o *output) {
	if o.started || !o.target.Enabled {
		return
	}
	o.started = true
	o.sub = s.cfg.Source.Subscribe(s.cfg.Queue) // here, so that nothing is missed from now on
	var before []*output
	for _, e := range s.ending {
		if e.target.ID == o.target.ID || e.target.URL == o.target.URL && e.target.StreamKey == o.target.StreamKey {
			before = append(before, e)
		}
	}
	s.wg.Add(1)
	go func() { // ended by o.cancel, or with the source
		defer s.wg.Done()
		defer close(o.done)
		defer o.sub.Close()
		for _, e := range before {
			if e.started {
				<-e.done
			}
		}
		o.run()
	}()
}

// Status returns the outputs as they are, in the order they were set in.
func (s *Service) Status() []Status {
	s.mu.Lock()
	defer s.mu.Unlock()
	list := make([]Status, len(s.outputs))
	for i, o := range s.outputs {
		list[i] = o.snapshot(o.sub)
	}
	return list
}

// Shutdown ends every output, which tells its server so, and returns when all
// have ended, which takes about a second at most, or with ctx's error when ctx
// is done. It may be called any number of times.
func (s *Service) Shutdown(ctx context.Context) error {
	s.mu.Lock()
	s.closed = true
	s.mu.Unlock()
	s.stop()
	defer context.AfterFunc(ctx, s.deafen)()
	idle := make(chan struct{})
	go func() { // ends with the outputs
		s.wg.Wait()
		close(idle)
	}()
	select {
	case <-idle:
		s.deafen()
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (s *Service) clientConfig(o Output) rtmp.ClientConfig {
	return rtmp.ClientConfig{StreamKey: o.StreamKey, TLS: s.cfg.TLS, Timeout: s.cfg.Timeout}
}

// tell delivers an event.
func tell[E any](s *Service, f func(context.Context, E), e E) {
	if f == nil {
		return
	}
	s.telling.Lock()
	defer s.telling.Unlock()
	defer func() {
		if v := recover(); v != nil {
			s.log.Error("panic recovered", "in", "restream event", "panic", v, "stack", string(debug.Stack()))
		}
	}()
	f(s.hearing, e)
}
