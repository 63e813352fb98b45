package rtmp

import (
	"net"

	gortmp "github.com/yutopp/go-rtmp"
)

// handoff is a net.Listener that hands one connection to a go-rtmp server of
// its own, which can be given connections in no other way, and then keeps
// Serve from returning until wait does.
type handoff struct {
	conn   net.Conn
	server *gortmp.Server
	wait   func()
	given  bool
}

func (h *handoff) Accept() (net.Conn, error) {
	if !h.given {
		h.given = true
		return h.conn, nil
	}
	h.wait()
	_ = h.server.Close() // makes Serve return instead of accepting again
	return nil, net.ErrClosed
}

// Close does nothing: the connection's end is not the listener's.
func (h *handoff) Close() error { return nil }

// Addr returns the connection's own address.
func (h *handoff) Addr() net.Addr { return h.conn.LocalAddr() }
