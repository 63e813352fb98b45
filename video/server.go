package video

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"runtime/debug"
	"slices"
	"sync"
	"time"
)

const (
	defaultGrace = 30 * time.Second
	// staleAfter is the silence after which a publisher is taken for dead
	// even if its connection is not: half-open connections look like this.
	staleAfter = 3 * time.Second
)

// Policy is what happens when someone with a right key wants to publish while
// someone else does.
type Policy uint8

// The policies. A publisher that has sent nothing for three seconds is stale
// and loses its place under either.
const (
	Reject   Policy = iota // the second one gets ErrAlreadyLive
	TakeOver               // the first one ends with ErrTakenOver
)

// String returns "reject" or "take over".
func (p Policy) String() string {
	switch p {
	case Reject:
		return "reject"
	case TakeOver:
		return "take over"
	default:
		return "unknown"
	}
}

// Config is what a [Server] is made from.
type Config struct {
	// State is where the Server keeps its Status. Required; the Server must be
	// the only one that has it as its State.
	State *State
	// Packager is fed by the Server, by one call at a time. Required. Its
	// methods may not call the Server and should not block: publishers and
	// Disconnect wait meanwhile. A panic in it ends the publication.
	Packager Packager
	// Auth decides who may publish. Required.
	Auth PublishAuthorizer
	// Events are told what happens, soon after it has. A panic in one is
	// logged; one that hangs keeps the next ones waiting, and nothing else.
	Events Events
	// Policy is for second publishers. The default is Reject.
	Policy Policy
	// LastEnded is when the last session of an earlier Server ended, for
	// [Status].EndedAt until the first session begins. Zero means that there
	// was none.
	LastEnded time.Time
	// Grace is how long a session waits for its publisher to return. Zero
	// means the default of 30 seconds; negative means not at all.
	Grace time.Duration
	// Latency is asked when a publisher is admitted, and holds for the session
	// that the publisher begins, if it begins one. Nil, an error and a Latency
	// without length stand for LatencyLevel(DefaultLatencyLevel).
	Latency func(context.Context) (Latency, error)
	// Transcoder makes the renditions of the Ladder, for which the Packager
	// must be a [LadderPackager]. Nil leaves the broadcast as it came.
	//
	// A rendition that fails is started again after a second, and after twice
	// as long each time up to a minute; a minute of good running starts this
	// over. Other renditions go on as far as they can. If the Transcoder is
	// too slow, the rendition that takes the most work, by pixels and frame
	// rate, is left out first: it is tried again after a minute, and after
	// twice as long each time up to ten, for which the others are started
	// anew. See [RenditionStatus] and [RenditionFailed].
	Transcoder Transcoder
	// Ladder is asked when a publisher is admitted, and holds for the session
	// that the publisher begins, if it begins one. Nil, an error and a Ladder
	// that is not valid stand for one without renditions, as does the lack of
	// a Transcoder.
	Ladder func(context.Context) (Ladder, error)
	// Logger is never given keys or addresses. Nil discards.
	Logger *slog.Logger
}

// Server is the session of one channel: it admits one publisher at a time,
// and makes of one publisher after another a stream that can be watched.
//
//	offline → live → reconnecting → offline
//	            ↑_________|
//
// A session begins with the first packet of a publisher. It is live, and part
// of [Status], as soon as the packager says that it can be watched. When the
// publisher goes, the session waits for the first packet of the next one for
// the grace; only then, or at [Server.Disconnect] or [Server.Shutdown], does
// it end.
//
// A Server is safe for concurrent use. Make one with [NewServer].
type Server struct {
	cfg Config
	log *slog.Logger

	turn    turn // guards the fields up to the blank line and the calls of the packager
	current *publication
	session *session
	status  Status

	subscriptions []*Subscription

	events  eventQueue
	pending group // open publications, grace timers, deliveries of events, transcoders and who looks after them

	noTranscoder sync.Once // of a warning

	running context.Context // done when Shutdown begins
	stop    context.CancelFunc
	// stopping is what StreamStopped gets: done when Shutdown has ended, so
	// that the last event can still be acted on.
	stopping context.Context
	stopped  context.CancelFunc
}

var _ Publisher = (*Server)(nil)

// NewServer returns a Server that is offline. It starts nothing.
func NewServer(cfg Config) (*Server, error) {
	var errs []error
	if cfg.State == nil {
		errs = append(errs, errors.New("video: config without a State"))
	}
	if cfg.Packager == nil {
		errs = append(errs, errors.New("video: config without a Packager"))
	}
	if cfg.Auth == nil {
		errs = append(errs, errors.New("video: config without an Auth"))
	}
	if cfg.Policy > TakeOver {
		errs = append(errs, fmt.Errorf("video: config with unknown policy %d", cfg.Policy))
	}
	if _, ok := cfg.Packager.(LadderPackager); cfg.Transcoder != nil && cfg.Packager != nil && !ok {
		errs = append(errs, errors.New("video: config with a Transcoder and a Packager that takes no renditions"))
	}
	if cfg.Transcoder != nil && cfg.Ladder == nil {
		errs = append(errs, errors.New("video: config with a Transcoder and without a Ladder"))
	}
	if len(errs) > 0 {
		return nil, errors.Join(errs...)
	}
	if cfg.Grace == 0 {
		cfg.Grace = defaultGrace
	}
	if cfg.Logger == nil {
		cfg.Logger = slog.New(slog.DiscardHandler)
	}
	s := &Server{cfg: cfg, log: cfg.Logger, turn: make(turn, 1)}
	s.events.log, s.events.pending = s.log, &s.pending
	s.running, s.stop = context.WithCancel(context.Background())
	s.stopping, s.stopped = context.WithCancel(context.Background())
	s.status.EndedAt = cfg.LastEnded
	s.publish()
	return s, nil
}

// Publish admits a publisher. It returns the error of [Config.Auth] as it is,
// [ErrAlreadyLive] if someone else is publishing, and [ErrServerClosed] from
// the beginning of Shutdown on. It blocks while Auth and Latency do, and no
// longer than until ctx is done if they honor it. The caller must Close the
// Publication.
func (s *Server) Publish(ctx context.Context, req PublishRequest) (Publication, error) {
	if s.running.Err() != nil {
		return nil, ErrServerClosed
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	defer context.AfterFunc(s.running, cancel)()
	if err := s.authorize(ctx, req); err != nil {
		if s.running.Err() != nil {
			return nil, ErrServerClosed
		}
		return nil, err
	}
	p := newPublication(s, req)
	p.latency, p.ladder = s.latency(ctx), s.ladder(ctx)
	if err := s.admit(ctx, p); err != nil {
		return nil, err
	}
	return p, nil
}

func (s *Server) authorize(ctx context.Context, req PublishRequest) (err error) {
	defer func() {
		if v := recover(); v != nil {
			err = s.panicked("publish authorizer", v)
		}
	}()
	return s.cfg.Auth.AuthorizePublish(ctx, req)
}

// latency never fails: a broadcast is not refused because a setting cannot be
// read.
func (s *Server) latency(ctx context.Context) (l Latency) {
	if s.cfg.Latency == nil {
		return LatencyLevel(DefaultLatencyLevel)
	}
	defer func() {
		if v := recover(); v != nil {
			_ = s.panicked("latency", v)
			l = LatencyLevel(DefaultLatencyLevel)
		}
	}()
	l, err := s.cfg.Latency(ctx)
	if err == nil && l.Segment > 0 && l.Segments > 0 {
		return l
	}
	if ctx.Err() == nil {
		s.log.Error("latency cannot be told, the default is used", "err", err)
	}
	return LatencyLevel(DefaultLatencyLevel)
}

// ladder never fails either.
func (s *Server) ladder(ctx context.Context) (l Ladder) {
	if s.cfg.Ladder == nil {
		return Ladder{}
	}
	defer func() {
		if v := recover(); v != nil {
			_ = s.panicked("ladder", v)
			l = Ladder{}
		}
	}()
	l, err := s.cfg.Ladder(ctx)
	if err == nil {
		err = l.Validate()
	}
	switch {
	case err != nil && ctx.Err() == nil:
		s.log.Error("ladder cannot be told or is not valid, and is left out", "err", err)
		return Ladder{}
	case err != nil:
		return Ladder{}
	case s.cfg.Transcoder == nil && len(l.Renditions) > 0:
		s.noTranscoder.Do(func() { s.log.Warn("ladder without a transcoder is ignored") })
	}
	l.Renditions = slices.Clone(l.Renditions)
	return l
}

// admit gives p the place, if it is free or can be made so.
func (s *Server) admit(ctx context.Context, p *publication) error {
	if err := s.turn.lock(ctx); err != nil {
		if s.running.Err() != nil {
			return ErrServerClosed
		}
		return err
	}
	defer s.release()
	if s.running.Err() != nil {
		return ErrServerClosed
	}
	now := time.Now()
	if old := s.current; old != nil {
		if s.cfg.Policy == Reject && now.Sub(old.heard) < staleAfter {
			return ErrAlreadyLive
		}
		s.cut(old, ErrTakenOver)
		s.leave(old, ErrTakenOver)
	}
	p.heard = now
	p.meter.connected = now.UTC()
	s.current = p
	s.pending.add()
	s.status.Ingest = p.meter.report(now, &p.counts)
	s.publish()
	return nil
}

// Disconnect ends the publisher, with [ErrDisconnected], and the session,
// without grace. It tells whether there was a publisher or a session; when it
// returns, the session has ended, and the publisher's packets are refused.
func (s *Server) Disconnect() bool {
	s.turn.lockAlways()
	defer s.release()
	return s.disconnect(ErrDisconnected)
}

// disconnect leaves no publisher and no session.
func (s *Server) disconnect(reason error) bool {
	p, sess := s.current, s.session
	if p != nil {
		s.cut(p, reason)
		s.current, s.status.Ingest = nil, nil
	}
	if sess == nil {
		s.publish()
		return p != nil
	}
	if p != nil {
		sess.reason = reason
	}
	s.end(sess)
	return true
}

// Shutdown refuses new publishers, ends the publisher with [ErrServerClosed]
// and the session, and returns when every publication is closed and every
// event delivered. If ctx is done earlier it returns ctx's error, and can be
// called again. It may be called any number of times, from any goroutine but
// one that runs an event.
func (s *Server) Shutdown(ctx context.Context) error {
	s.stop()
	defer s.stopped() // the AfterFunc may come too late to be run
	defer context.AfterFunc(ctx, s.stopped)()
	if err := s.turn.lock(ctx); err != nil {
		return err
	}
	s.disconnect(ErrServerClosed)
	for _, sub := range s.subscriptions {
		sub.end(ErrServerClosed)
	}
	s.subscriptions = nil
	s.release()
	return s.pending.wait(ctx)
}

// release gives the turn back and has the events delivered that came of it.
func (s *Server) release() {
	s.turn.unlock()
	s.events.drain()
}

// publish makes the status that the holder of the turn has made the current
// one.
func (s *Server) publish() { s.cfg.State.set(s.status) }

// panicked logs a panic in the host's code and makes an error of it.
func (s *Server) panicked(where string, v any) error {
	s.log.Error("panic recovered", "in", where, "panic", v, "stack", string(debug.Stack()))
	return fmt.Errorf("video: panic in %s: %v", where, v)
}
