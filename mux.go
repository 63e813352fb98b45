package owncast

import (
	"cmp"
	"context"
	"errors"
	"log/slog"
	"net"
	"sync"

	"github.com/owncast-go/owncast/video"
	"github.com/owncast-go/owncast/video/rtmp"
)

// WithRTMPLimits bounds what publishers may cost, and who is none yet: how many
// connections there are, how long each may be silent, and how large what it
// sends. The default is that of [rtmp.Limits]. What is beyond it is closed.
func WithRTMPLimits(l rtmp.Limits) Option {
	return func(c *config) error {
		c.rtmpLimits = l
		return option("WithRTMPLimits", l.Validate())
	}
}

// RTMPMux serves one RTMP listener for several Apps. A publisher goes to the
// Apps that are registered under the RTMP app name of its URL, which is
// "name" in rtmp://host/name/key; if there are several, the first one that
// knows the stream key has it. Make one with [NewRTMPMux]. Its methods are
// safe for concurrent use.
//
// The mux closes its listeners and connections, not the Apps: shut it down
// after them, so that their publishers learn why they are disconnected.
type RTMPMux struct {
	server *rtmp.Server

	mu   sync.RWMutex
	apps map[string][]video.Publisher
}

// NewRTMPMux returns a mux without Apps. It logs to l; nil is
// [slog.Default].
func NewRTMPMux(l *slog.Logger) (*RTMPMux, error) {
	m := &RTMPMux{apps: map[string][]video.Publisher{}}
	var err error
	m.server, err = rtmp.NewServer(rtmp.Config{Publisher: m, Logger: cmp.Or(l, slog.Default())})
	return m, err
}

// Handle registers p, usually an [*App], under an RTMP app name. It may be
// called while the mux serves.
func (m *RTMPMux) Handle(name string, p video.Publisher) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.apps[name] = append(m.apps[name][:len(m.apps[name]):len(m.apps[name])], p)
}

// Remove takes p from everywhere it was registered.
func (m *RTMPMux) Remove(p video.Publisher) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for name, list := range m.apps {
		var rest []video.Publisher
		for _, q := range list {
			if q != p {
				rest = append(rest, q)
			}
		}
		if m.apps[name] = rest; rest == nil {
			delete(m.apps, name)
		}
	}
}

// Publish hands a publisher to the App it belongs to. An error other than
// [ErrStreamKey] of an App that was asked is final: the key was right.
func (m *RTMPMux) Publish(ctx context.Context, req PublishRequest) (video.Publication, error) {
	m.mu.RLock()
	list := m.apps[req.App]
	m.mu.RUnlock()
	for _, p := range list {
		pub, err := p.Publish(ctx, req)
		if !errors.Is(err, ErrStreamKey) && !errors.Is(err, ErrClosed) && !errors.Is(err, ErrNotStarted) {
			return pub, err
		}
	}
	return nil, ErrStreamKey
}

// Serve takes publishers from l until Shutdown, and then returns [ErrClosed].
// It closes l.
func (m *RTMPMux) Serve(l net.Listener) error { return closedError(m.server.Serve(l)) }

// ServeConn serves one publisher over a connection that the host has accepted,
// as [App.ServeRTMPConn] does. It closes c, and returns when the connection has
// ended.
func (m *RTMPMux) ServeConn(c net.Conn) error { return closedError(m.server.ServeConn(c)) }

// Shutdown closes the listeners and the connections, and waits for them or
// for ctx. It may be called more than once.
func (m *RTMPMux) Shutdown(ctx context.Context) error { return m.server.Shutdown(ctx) }

var _ video.Publisher = (*RTMPMux)(nil)
