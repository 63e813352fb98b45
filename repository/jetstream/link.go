package jetstream

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/nats-io/nats.go"
	js "github.com/nats-io/nats.go/jetstream"

	"github.com/owncast-go/owncast/repository"
)

const (
	// dialTime is how long a server has to answer a new connection.
	dialTime = 5 * time.Second
	// reconnectWait is how long to wait before a server is tried again.
	reconnectWait = 250 * time.Millisecond
	// pingInterval is how often a quiet connection is tried; two answers may
	// be missing before it is given up.
	pingInterval = 3 * time.Second
	// callTime is how long NATS has to answer.
	callTime = 5 * time.Second
)

// link is the connection to NATS.
type link struct {
	nc  *nats.Conn
	js  js.JetStream
	log *slog.Logger

	mu     sync.Mutex // guards the rest
	up     chan struct{}
	epoch  context.Context //nolint:containedctx // of the present connection; done when it is lost
	lost   context.CancelFunc
	err    error // why there is no connection; nil while there is one
	closed chan struct{}
}

// dial connects to NATS. ctx bounds the time alone; running is for as long as
// the link is to be there.
func dial(ctx, running context.Context, cfg *Config, log *slog.Logger) (*link, error) {
	l := &link{log: log, up: make(chan struct{}), closed: make(chan struct{})}
	timeout := dialTime
	if at, ok := ctx.Deadline(); ok {
		timeout = min(timeout, max(time.Until(at), time.Millisecond))
	}
	opts := append([]nats.Option{nats.Name("owncast " + cfg.Name), nats.Timeout(timeout)}, cfg.Options...)
	opts = append(opts,
		nats.MaxReconnects(-1), nats.ReconnectWait(reconnectWait), nats.ReconnectJitter(reconnectWait/2, reconnectWait/2),
		nats.PingInterval(pingInterval), nats.MaxPingsOutstanding(2),
		// What cannot be sent now is not sent later: its sender is told.
		nats.ReconnectBufSize(-1),
		nats.ConnectHandler(func(*nats.Conn) { l.connected(running) }),
		nats.ReconnectHandler(func(nc *nats.Conn) {
			log.Info("connected to NATS again", "server", nc.ConnectedServerName())
			l.connected(running)
		}),
		nats.DisconnectErrHandler(func(_ *nats.Conn, err error) { l.disconnected(err) }),
		nats.ClosedHandler(func(*nats.Conn) { close(l.closed) }),
		nats.ErrorHandler(func(_ *nats.Conn, _ *nats.Subscription, err error) { log.Debug("NATS reports an error", "err", err) }),
	)
	nc, err := nats.Connect(cfg.URL, opts...)
	if err != nil {
		return nil, unavailable(err)
	}
	l.nc = nc
	if l.js, err = js.New(nc); err != nil {
		l.close()
		return nil, err
	}
	return l, nil
}

func (l *link) connected(running context.Context) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.epoch != nil && l.epoch.Err() == nil {
		return
	}
	l.epoch, l.lost = context.WithCancel(running)
	l.err = nil
	close(l.up)
}

func (l *link) disconnected(err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.epoch == nil || l.epoch.Err() != nil {
		return
	}
	if err == nil {
		err = nats.ErrDisconnected
	}
	l.log.Warn("the connection to NATS is lost", "err", err)
	l.lost()
	l.err = unavailable(err)
	l.up = make(chan struct{})
}

// Err says why there is no connection; nil while there is one.
func (l *link) Err() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.err
}

// session returns a context that is done when the connection is lost, or when
// the link is to end. It waits for a connection until ctx is done.
func (l *link) session(ctx context.Context) (context.Context, error) {
	for {
		l.mu.Lock()
		up, epoch := l.up, l.epoch
		l.mu.Unlock()
		select {
		case <-up:
			if epoch != nil {
				return epoch, nil
			}
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
}

// call returns a context for a question to NATS: it is done when the answer
// cannot come any more.
func (l *link) call(ctx context.Context, limit time.Duration) (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithTimeout(ctx, limit)
	l.mu.Lock()
	epoch := l.epoch
	l.mu.Unlock()
	if epoch == nil {
		return ctx, cancel
	}
	stop := context.AfterFunc(epoch, cancel)
	return ctx, func() {
		stop()
		cancel()
	}
}

// close ends the connection and waits until NATS's client is done with it.
func (l *link) close() {
	l.nc.Close()
	<-l.closed
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.lost != nil {
		l.lost()
	}
}

// unavailable makes an error that matches [repository.ErrUnavailable].
func unavailable(err error) error {
	if errors.Is(err, repository.ErrUnavailable) {
		return err
	}
	return fmt.Errorf("%w: %w", repository.ErrUnavailable, err)
}

// follow calls fn for every message of a stream from one number on, with the
// number and how many more there are at present, until ctx is done or there is
// an error, which it returns. fn must not keep the data's slice for longer
// than it lives, and must not change it.
func (l *link) follow(ctx context.Context, stream string, from uint64, buffered int, fn func(seq, more uint64, data []byte) error) error {
	cctx, cancel := context.WithTimeout(ctx, callTime)
	defer cancel()
	consumer, err := l.js.CreateConsumer(cctx, stream, js.ConsumerConfig{
		DeliverPolicy: js.DeliverByStartSequencePolicy, OptStartSeq: max(from, 1), AckPolicy: js.AckNonePolicy,
		InactiveThreshold: time.Minute, MemoryStorage: true, Replicas: 1,
	})
	if err != nil {
		return err
	}
	defer func() { // so that the server need not find out
		dctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), time.Second)
		defer cancel()
		if l.nc.IsConnected() {
			_ = l.js.DeleteConsumer(dctx, stream, consumer.CachedInfo().Name)
		}
	}()
	messages, err := consumer.Messages(js.PullMaxMessagesWithBytesLimit(500, buffered), js.PullHeartbeat(2*time.Second), js.PullExpiry(10*time.Second))
	if err != nil {
		return err
	}
	defer messages.Stop()
	for {
		m, err := messages.Next(js.NextContext(ctx))
		if err != nil {
			if ctx.Err() != nil {
				return ctx.Err()
			}
			return err
		}
		meta, err := m.Metadata()
		if err != nil {
			return err
		}
		if err := fn(meta.Sequence.Stream, meta.NumPending, m.Data()); err != nil {
			return err
		}
	}
}
