package owncast

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/owncast-go/owncast/internal/httpapi"
	"github.com/owncast-go/owncast/internal/logring"
	"github.com/owncast-go/owncast/video"
)

// shutdownTime is how long Run gives Shutdown.
const shutdownTime = 10 * time.Second

// App is a streaming server inside a program: one channel. It assembles the
// parts, passes events between them and ends them; what they do is theirs.
// Make one with [New]. Its methods are safe for concurrent use.
type App struct {
	cfg      config
	state    *video.State
	settings *Settings
	handler  http.Handler
	logs     *logring.Ring

	running atomic.Pointer[parts] // nil before Start and from Shutdown on

	mu     sync.Mutex // guards the rest, and changes of running
	parts  *parts     // nil before Start
	closed bool
}

// New makes an App of options. It starts nothing and opens nothing. The error
// joins an [*OptionError] for each option that it does not accept.
func New(opts ...Option) (*App, error) {
	c, err := newConfig(opts)
	if err != nil {
		return nil, err
	}
	logs := logring.New()
	c.log = slog.New(logs.Handler(c.log.Handler(), slog.LevelInfo))
	a := &App{cfg: c, state: new(video.State), logs: logs}
	a.settings = &Settings{app: a}
	a.handler = stripBase(strings.TrimSuffix(c.base.Path, "/"), http.HandlerFunc(a.serve))
	return a, nil
}

// Handler serves the page, the API and the video. Mount it on the path of the
// base URL. Before Start and after Shutdown it answers 503.
//
// A request may wait for video that is still to come for as long as three
// segments last; a server around the handler should have no write timeout, or
// a longer one.
func (a *App) Handler() http.Handler { return a.handler }

// HandlerFor serves some parts of what Handler serves, at the same paths, and
// answers 404 to everything else: so that, for example, the administration is
// on a private listener alone, and video on one that a CDN fetches from.
// Handlers for several parts may be mounted at once, Handler beside them. A
// player of viewers needs [PartVideo] and [PartPage].
func (a *App) HandlerFor(parts ...Part) http.Handler {
	var all Part
	for _, p := range parts {
		all |= p
	}
	return httpapi.Only(all, a.handler)
}

func (a *App) serve(w http.ResponseWriter, r *http.Request) {
	p := a.running.Load()
	if p == nil {
		w.Header().Set("Retry-After", "1")
		http.Error(w, http.StatusText(http.StatusServiceUnavailable), http.StatusServiceUnavailable)
		return
	}
	p.handler.ServeHTTP(w, r)
}

// stripBase takes the base path off, where the host has not.
func stripBase(base string, next http.Handler) http.Handler {
	if base == "" {
		return next
	}
	strip := http.StripPrefix(base, next)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == base || strings.HasPrefix(r.URL.Path, base+"/") {
			strip.ServeHTTP(w, r)
			return
		}
		next.ServeHTTP(w, r)
	})
}

// WellKnown serves what must be at the root of the host, below
// "/.well-known/": how servers of the fediverse find the channel. As long as
// there is no federation every path is answered with 405, as those servers
// expect.
func (a *App) WellKnown() http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		p := a.running.Load()
		if p == nil || p.fediverse.service == nil {
			w.WriteHeader(http.StatusMethodNotAllowed)
			return
		}
		p.fediverse.service.WellKnown().ServeHTTP(w, r)
	})
}

// Start opens the data directory and starts the work. ctx bounds the start
// alone. It may be called once; a Start that failed may be repeated.
func (a *App) Start(ctx context.Context) error {
	a.mu.Lock()
	defer a.mu.Unlock()
	switch {
	case a.closed:
		return ErrClosed
	case a.parts != nil:
		return errors.New("owncast: already started")
	case ctx.Err() != nil:
		return ctx.Err()
	}
	p := new(parts)
	c := a.cfg
	c.hooks = append([]Hooks{
		p.failures.hooks(), p.hooks(), p.roomHooks(), p.fediverse.hooks(), p.engagementHooks(c.log), p.notifyHooks(c), p.directoryHooks(),
		p.webhookHooks(),
	}, c.hooks...)
	if err := a.open(ctx, c, p); err != nil {
		return err
	}
	if err := a.assemble(ctx, c, p); err != nil {
		return errors.Join(err, p.close())
	}
	if err := p.audience.Start(ctx); err != nil {
		return errors.Join(err, p.close())
	}
	if err := errors.Join(p.outbound.start(ctx), p.chat.Start(ctx), p.schedule.Start(ctx), p.directory.Start(ctx)); err != nil {
		return errors.Join(err, p.shutdown(ctx))
	}
	p.pictures.start(ctx, p.video, a.cfg.log)
	p.restream.begin(ctx)
	if p.library != nil {
		p.library.Start()
	}
	if err := errors.Join(p.hardware.Start(ctx), p.health.Start(ctx), p.fediverse.start(ctx)); err != nil {
		return errors.Join(err, p.shutdown(ctx))
	}
	a.join(ctx, p)
	a.parts = p
	a.running.Store(p)
	return nil
}

// ServeRTMP takes publishers from l until Shutdown, and then returns
// [ErrClosed]. It closes l. It may be called for several listeners; for
// RTMPS, l is a [tls.Listener]'s.
func (a *App) ServeRTMP(l net.Listener) error {
	p, err := a.live()
	if err != nil {
		return errors.Join(err, l.Close())
	}
	p.listener.Store(&l)
	return closedError(p.rtmp.Serve(l))
}

// ServeRTMPConn serves one publisher over a connection that the host has
// accepted, such as of a port that it shares among protocols, or one end of a
// [net.Pipe]. It closes c, and returns when the connection has ended: nil if
// the publisher was done, [ErrClosed] after Shutdown, which waits for it, and
// otherwise why it was cut off, as [rtmp.Server.ServeConn] has it. The limits
// are those of ServeRTMP, but for those of an address if c has no remote
// address of IP. To end it before, close c.
func (a *App) ServeRTMPConn(c net.Conn) error {
	p, err := a.live()
	if err != nil {
		return errors.Join(err, c.Close())
	}
	return closedError(p.rtmp.ServeConn(c))
}

func closedError(err error) error {
	if errors.Is(err, video.ErrServerClosed) {
		return ErrClosed
	}
	return err
}

// live returns the parts, or why there are none.
func (a *App) live() (*parts, error) {
	if p := a.running.Load(); p != nil {
		return p, nil
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.closed {
		return nil, ErrClosed
	}
	return nil, ErrNotStarted
}

// Run starts the App, takes publishers from l, and shuts the App down when
// ctx is done, for which it takes ten seconds at the most. It returns nil
// after a clean shutdown.
func (a *App) Run(ctx context.Context, l net.Listener) error {
	if err := a.Start(ctx); err != nil {
		return errors.Join(err, l.Close())
	}
	served := make(chan error, 1)
	go func() { served <- a.ServeRTMP(l) }() // ends with Shutdown at the latest
	var err error
	select {
	case <-ctx.Done():
	case err = <-served:
	}
	sctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), shutdownTime)
	defer cancel()
	if errors.Is(err, ErrClosed) {
		err = nil // somebody else has called Shutdown
	}
	return errors.Join(err, a.Shutdown(sctx))
}

// Shutdown ends the broadcast, lets waiting viewers go, and waits for
// everything that the App has started, or for ctx. It may be called any
// number of times, at any time, from anywhere, and again after ctx was done
// too early; an App that was shut down cannot be started again. Shut the App down before the HTTP server around
// its handler, which would wait for the viewers otherwise.
func (a *App) Shutdown(ctx context.Context) error {
	a.mu.Lock()
	a.closed = true
	a.running.Store(nil)
	p := a.parts
	a.mu.Unlock()
	if p == nil {
		return nil
	}
	done := make(chan error, 1)
	go func() { done <- p.shutdown(ctx) }() // ends soon after ctx, unless a hook ignores its context
	select {
	case err := <-done:
		return err
	case <-ctx.Done():
		return ctx.Err()
	}
}

// Status is what the stream is doing.
func (a *App) Status() Status { return a.state.Status() }

// Publish admits a publisher that came by another way than RTMP. It makes the
// App a [video.Publisher].
func (a *App) Publish(ctx context.Context, req PublishRequest) (video.Publication, error) {
	p, err := a.live()
	if err != nil {
		return nil, err
	}
	return p.video.Publish(ctx, req)
}

// Disconnect ends the session and its publisher, who may come back at once
// for another one. It reports whether there was either. In a cluster it may be
// on any node, and is told to go.
func (a *App) Disconnect() bool {
	p, err := a.live()
	return err == nil && p.disconnect()
}

// Subscribe reads the packets of the broadcast as they come in, for restreams,
// recordings and the like. Close the subscription.
func (a *App) Subscribe(limits SubscriptionLimits) (*Subscription, error) {
	p, err := a.live()
	if err != nil {
		return nil, err
	}
	return p.video.Subscribe(limits), nil
}

// Settings are what can be changed while the App runs.
func (a *App) Settings() *Settings { return a.settings }

var _ video.Publisher = (*App)(nil)
