package rtmp

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/netip"
	"sync"
	"time"

	"github.com/owncast-go/owncast/video"
)

// Config is what a Server needs.
type Config struct {
	// Publisher is asked about everybody who wants to publish and gets what
	// they send. It has five seconds to decide. Its panics, and those of its
	// Publications, end the connection they happen in and are logged. It is
	// required.
	Publisher video.Publisher
	// Limits bound what strangers may cost. Zero fields mean their defaults.
	Limits Limits
	// Logger is told who came and went; never of stream keys. Nil discards.
	Logger *slog.Logger
}

// Server takes RTMP publishers from any number of listeners. Make one with
// [NewServer]. All its methods may be called from several goroutines.
type Server struct {
	publisher video.Publisher
	limits    Limits
	log       *slog.Logger
	throttle  *throttle

	ctx    context.Context // ends with Shutdown
	cancel context.CancelFunc

	running sync.WaitGroup // connections; grows only while mu is held and closed is false

	mu        sync.Mutex // guards what follows
	closed    bool
	listeners map[*net.Listener]struct{}
	conns     map[*conn]struct{}
	waiting   map[netip.Prefix]int // connections that do not publish yet
}

// NewServer returns a Server that serves nothing yet.
func NewServer(c Config) (*Server, error) {
	if c.Publisher == nil {
		return nil, errors.New("rtmp: Config without a Publisher")
	}
	limits, err := c.Limits.withDefaults()
	if err != nil {
		return nil, err
	}
	log := c.Logger
	if log == nil {
		log = slog.New(slog.DiscardHandler)
	}
	ctx, cancel := context.WithCancel(context.Background())
	return &Server{
		publisher: c.Publisher,
		limits:    limits,
		log:       log,
		throttle:  newThrottle(limits),
		ctx:       ctx,
		cancel:    cancel,
		listeners: make(map[*net.Listener]struct{}),
		conns:     make(map[*conn]struct{}),
		waiting:   make(map[netip.Prefix]int),
	}, nil
}

// Serve accepts connections from l until Shutdown, and then returns
// [video.ErrServerClosed]. It closes l. Errors of Accept are waited out,
// unless somebody else closed l. Serve may be called for several listeners at
// once; for RTMPS, l is a TLS listener.
func (s *Server) Serve(l net.Listener) error {
	defer func() { _ = l.Close() }()
	if !s.addListener(&l) {
		return video.ErrServerClosed
	}
	defer s.removeListener(&l)
	const most = time.Second
	var wait time.Duration
	for {
		c, err := l.Accept()
		if err == nil {
			wait = 0
			s.start(c)
			continue
		}
		if s.ctx.Err() != nil {
			return video.ErrServerClosed
		}
		if errors.Is(err, net.ErrClosed) {
			return fmt.Errorf("rtmp: accept: %w", err)
		}
		if wait == 0 {
			s.log.Error("cannot accept connections", "addr", l.Addr().String(), "err", err)
		}
		wait = min(max(2*wait, 5*time.Millisecond), most)
		if !s.pause(wait) {
			return video.ErrServerClosed
		}
	}
}

// pause waits and returns false if the Server was shut down meanwhile.
func (s *Server) pause(d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-s.ctx.Done():
		return false
	}
}

// start serves an accepted connection in a goroutine that Shutdown waits for.
func (s *Server) start(nc net.Conn) {
	c, err := s.admit(nc)
	if err != nil {
		_ = nc.Close()
		s.log.Debug("connection refused", "remote", addrString(nc), "err", err)
		return
	}
	go func() {
		defer s.leave(c)
		if err := c.serve(); err != nil {
			c.log.Debug("connection ended", "err", err)
		}
	}()
}

// ServeConn serves one connection that was accepted elsewhere, such as by
// something that tells protocols apart, and closes it. It blocks until the
// connection ended. The error is nil if the publisher was done, and
// [video.ErrServerClosed] after Shutdown; others match the errors of this
// package, those of package video that a publisher is ended with, or what the
// Publisher returned.
func (s *Server) ServeConn(nc net.Conn) error {
	c, err := s.admit(nc)
	if err != nil {
		_ = nc.Close()
		return err
	}
	defer s.leave(c)
	return c.serve()
}

// Shutdown ends everything: listeners are closed, publishers cut off and, if
// they listen, told so. It returns nil when all connections have ended and
// their Publications are closed, which takes about a second at most unless a
// Publisher blocks, and ctx's error if that comes first, after which
// connections have been closed the hard way. It may be called at any time and
// more than once.
func (s *Server) Shutdown(ctx context.Context) error {
	s.mu.Lock()
	s.closed = true
	for c := range s.conns {
		c.stop(video.ErrServerClosed)
	}
	s.cancel() // before listeners are closed: Serve tells by it who closed them
	for l := range s.listeners {
		_ = (*l).Close()
	}
	s.mu.Unlock()

	done := make(chan struct{})
	go func() { // ended by the last connection
		s.running.Wait()
		close(done)
	}()
	select {
	case <-done:
		return nil
	case <-ctx.Done():
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for c := range s.conns {
		c.abort()
	}
	return ctx.Err()
}

// admit makes a conn of a connection, if there is room for it.
func (s *Server) admit(nc net.Conn) (*conn, error) {
	c := newConn(s, nc)
	err := s.enter(c)
	if err != nil {
		c.cancel()
		return nil, err
	}
	return c, nil
}

func (s *Server) enter(c *conn) error {
	if s.throttle.blocked(c.source) {
		return fmt.Errorf("%w: wrong stream keys", ErrBlocked)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case s.closed:
		return video.ErrServerClosed
	case len(s.conns) >= s.limits.MaxConnections:
		return fmt.Errorf("%w: %d connections", ErrLimit, len(s.conns))
	case c.source.IsValid() && s.waiting[c.source] >= s.limits.MaxWaiting:
		return fmt.Errorf("%w: %d connections", ErrBlocked, s.waiting[c.source])
	}
	s.conns[c] = struct{}{}
	s.wait(c, 1)
	s.running.Add(1)
	return nil
}

// published counts c no longer among those who wait.
func (s *Server) published(c *conn) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.wait(c, -1)
	c.counted = false
}

func (s *Server) leave(c *conn) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if c.counted {
		s.wait(c, -1)
	}
	delete(s.conns, c)
	s.running.Done()
}

// wait changes the number of connections that c's address has waiting.
func (s *Server) wait(c *conn, by int) {
	c.counted = by > 0
	if !c.source.IsValid() {
		return
	}
	s.waiting[c.source] += by
	if s.waiting[c.source] == 0 {
		delete(s.waiting, c.source)
	}
}

func (s *Server) addListener(l *net.Listener) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return false
	}
	s.listeners[l] = struct{}{}
	return true
}

func (s *Server) removeListener(l *net.Listener) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.listeners, l)
}
