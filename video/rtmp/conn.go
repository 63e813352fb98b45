package rtmp

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/netip"
	"runtime/debug"
	"strings"
	"sync"
	"time"

	"github.com/sirupsen/logrus"
	gortmp "github.com/yutopp/go-rtmp"

	"github.com/owncast-go/owncast/video"
)

const (
	// stopGrace is the time that a connection which is to end has for it.
	stopGrace = time.Second
	// lingerTime is how long a peer may take to read why it was cut off.
	lingerTime = stopGrace / 2
	// maxMessageStreams is go-rtmp's, and counts the control stream.
	maxMessageStreams = 5
)

// conn is one connection of a Server.
//
// Three goroutines serve it: the one that calls serve does the handshake,
// then waits for the end of go-rtmp's two, one of which reads and calls the
// handler, the other of which writes.
type conn struct {
	server *Server
	conn   net.Conn
	limits Limits
	log    *slog.Logger
	source netip.Prefix // who it counts for; invalid: nobody
	since  time.Time

	guard   *guard
	handler *handler

	ctx    context.Context // ends when the connection is to end
	cancel context.CancelFunc

	publications chan video.Publication // the one that was accepted
	closed       chan struct{}          // by go-rtmp, as the last thing it does
	counted      bool                   // among those who wait; guarded by server.mu

	mu    sync.Mutex // guards cause
	cause error      // why the server ends it
}

func newConn(s *Server, c net.Conn) *conn {
	ctx, cancel := context.WithCancel(s.ctx)
	n := &conn{
		server:       s,
		conn:         c,
		limits:       s.limits,
		log:          s.log.With("remote", addrString(c)),
		source:       sourceOf(c),
		since:        time.Now(),
		ctx:          ctx,
		cancel:       cancel,
		publications: make(chan video.Publication, 1),
		closed:       make(chan struct{}),
	}
	n.handler = &handler{c: n}
	n.guard = newGuard(c, s.limits, n.handler)
	return n
}

// serve returns when everything of the connection has ended. The error is nil
// if it did because the publisher was done.
func (c *conn) serve() (err error) {
	defer c.cancel()
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("%w: %v", errHandlerPanic, p)
			c.log.Error("panic in a connection", "panic", p, "stack", string(debug.Stack()))
			c.abort()
		}
	}()
	stop := context.AfterFunc(c.ctx, c.guard.in.interrupt)
	defer stop()
	if err := c.guard.open(c.since.Add(c.limits.PublishTimeout)); err != nil {
		c.abort()
		if cause := c.stopped(); cause != nil {
			return cause
		}
		return err
	}
	server := gortmp.NewServer(&gortmp.ServerConfig{OnConnect: c.configure})
	_ = server.Serve(&handoff{conn: c.conn, server: server, wait: c.supervise}) // what handoff made it return
	if c.guard.ended {
		return nil
	}
	return c.handler.reason()
}

func (c *conn) configure(net.Conn) (io.ReadWriteCloser, *gortmp.ConnConfig) {
	silent := logrus.New() // it would tell stream keys
	silent.SetOutput(io.Discard)
	silent.SetLevel(logrus.PanicLevel)
	rwc := struct {
		io.ReadWriter
		io.Closer
	}{c.guard, closerFunc(c.close)}
	return rwc, &gortmp.ConnConfig{
		Handler:                                 c.handler,
		SkipHandshakeVerification:               true,
		IgnoreMessagesOnNotExistStream:          true,
		IgnoreMessagesOnNotExistStreamThreshold: 1<<32 - 1,
		ReaderBufferSize:                        256,
		WriterBufferSize:                        1024,
		ControlState: gortmp.StreamControlStateConfig{
			MaxChunkStreams:   c.limits.MaxChunkStreams,
			MaxMessageStreams: maxMessageStreams,
		},
		Logger: silent,
	}
}

// supervise waits until go-rtmp has closed the connection, and makes it do so
// when the Publication or the Server wants it.
func (c *conn) supervise() {
	var (
		publication video.Publication
		gone        <-chan struct{}
		stop        = c.ctx.Done()
		grace       <-chan time.Time
	)
	for {
		select {
		case <-c.closed:
			return
		case publication = <-c.publications:
			gone = publication.Done()
		case <-gone:
			gone = nil
			c.stop(publication.Err())
		case <-stop:
			stop = nil
			timer := time.NewTimer(stopGrace)
			defer timer.Stop()
			grace = timer.C
		case <-grace:
			c.abort()
		}
	}
}

// stop makes the connection end because of cause, soon and with a word to the
// publisher.
func (c *conn) stop(cause error) {
	if cause == nil {
		cause = video.ErrDisconnected
	}
	c.mu.Lock()
	if c.cause == nil {
		c.cause = cause
	}
	c.mu.Unlock()
	c.cancel()
}

// stopped returns what stop was called with.
func (c *conn) stopped() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.cause
}

// abort makes the connection end at once.
func (c *conn) abort() {
	if t, ok := c.conn.(interface{ NetConn() net.Conn }); ok {
		_ = t.NetConn().Close() // TLS would wait for the peer to take its good-bye
		return
	}
	_ = c.conn.Close()
}

// close is called by go-rtmp, once, when it is done.
func (c *conn) close() error {
	defer close(c.closed)
	if c.handler.linger {
		c.drain()
	}
	return c.conn.Close()
}

// drain lets the peer read what was written: a connection that is closed with
// something unread is reset, and the peer's system drops what it has not
// given to the program yet.
func (c *conn) drain() {
	half, ok := c.conn.(interface{ CloseWrite() error })
	if !ok || half.CloseWrite() != nil {
		return
	}
	_ = c.conn.SetReadDeadline(time.Now().Add(lingerTime))
	_, _ = io.Copy(io.Discard, io.LimitReader(c.conn, 64<<20))
}

// publish asks the Publisher and makes the connection a publisher's.
func (c *conn) publish(req video.PublishRequest) error {
	publication, err := c.decide(req)
	if err != nil {
		c.handler.cause, c.handler.linger = err, true
		return err
	}
	c.handler.publication = publication
	c.guard.accept()
	c.server.published(c)
	c.publications <- publication
	app := req.App
	if req.StreamKey == "" {
		app = "" // who knows what it is
	}
	c.log.Info("publisher connected", "app", app, "encoder", req.Encoder)
	return nil
}

// decide returns an error of which nothing is a secret.
func (c *conn) decide(req video.PublishRequest) (video.Publication, error) {
	if c.server.throttle.blocked(c.source) {
		return nil, ErrBlocked
	}
	watched, stop := c.guard.in.watch(c.ctx)
	defer stop()
	ctx, cancel := context.WithTimeout(watched, authorizeTimeout)
	defer cancel()
	publication, err := c.ask(ctx, req)
	switch {
	case err == nil:
		c.server.throttle.succeed(c.source)
		return publication, nil
	case errors.Is(err, video.ErrStreamKey):
		c.wrongKey(watched)
		return nil, video.ErrStreamKey
	case errors.Is(err, video.ErrAlreadyLive):
		err = video.ErrAlreadyLive
	default:
		err = redact(err, req.StreamKey)
	}
	c.log.Warn("publisher refused", "err", err)
	return nil, err
}

// ask makes a panic of the Publisher's an error.
func (c *conn) ask(ctx context.Context, req video.PublishRequest) (_ video.Publication, err error) {
	defer func() {
		if p := recover(); p != nil {
			err = redact(fmt.Errorf("%w: %v", errHandlerPanic, p), req.StreamKey)
			c.log.Error("panic in the publisher", "err", err, "stack", string(debug.Stack()))
		}
	}()
	publication, err := c.server.publisher.Publish(ctx, req)
	if err == nil && publication == nil {
		return nil, errors.New("rtmp: the Publisher returned nothing")
	}
	return publication, err
}

// wrongKey counts the attempt and holds the answer back.
func (c *conn) wrongKey(ctx context.Context) {
	delay, blocked := c.server.throttle.fail(c.source)
	c.log.Warn("wrong stream key", "blocked", blocked)
	timer := time.NewTimer(delay)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
	}
}

// left logs the end of a publication.
func (c *conn) left(reason error) {
	attrs := []any{"after", time.Since(c.since).Round(time.Millisecond)}
	if reason != nil {
		attrs = append(attrs, "err", reason)
	}
	c.log.Info("publisher left", attrs...)
}

// redact returns err unless its text holds secret, and an error without it
// then.
func redact(err error, secret string) error {
	if secret == "" || !strings.Contains(err.Error(), secret) {
		return err
	}
	return errors.New(strings.ReplaceAll(err.Error(), secret, "[stream key]"))
}

type closerFunc func() error

func (f closerFunc) Close() error { return f() }
