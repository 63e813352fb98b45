package chat

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"strings"
	"sync"
	"time"

	"github.com/coder/websocket"

	"github.com/owncast-go/owncast/repository"
)

const (
	// maxFrame is how long a frame of a client may be; a longer one ends the
	// connection.
	maxFrame = 4096
	// silence is for how long nothing may be heard of a client, which is asked
	// for a sign of life in time.
	silence   = 60 * time.Second
	pingEvery = 54 * time.Second
	// What the library reads and writes through. Frames of ours do not go
	// through either.
	readBuffer  = 512
	writeBuffer = 128 // control frames have 127 bytes at the most
	// maxAgent is how many bytes of a User-Agent header are kept.
	maxAgent = 256
)

// Visitor is who wants to connect.
type Visitor struct {
	// User is who that is, as somebody has found out.
	User repository.User
	// Refusal is why it must not be let in: [ErrUnknownUser] or
	// [ErrUserDisabled], which a client is told by the WebSocket. Nil lets
	// it in, unless the user is disabled.
	Refusal error
	// Token is the hash of the access token that told who it is; zero if
	// there was none.
	Token   repository.Hash
	Address netip.Addr // zero if unknown
	// Mount is the path that the App has for the visitor, without a slash at
	// the end.
	Mount string
}

// HandshakeError is a request that cannot become a WebSocket.
type HandshakeError struct {
	Status int // of HTTP
	Err    error
}

func (e *HandshakeError) Error() string { return "chat: no WebSocket: " + e.Err.Error() }

// Unwrap returns e.Err.
func (e *HandshakeError) Unwrap() error { return e.Err }

// Admit tells whether there is a place for who comes from an address, before
// anything else is found out about them. The error matches [ErrDisabled],
// [ErrBanned], [ErrFull] or [ErrAddressFull].
func (s *Server) Admit(ctx context.Context, addr netip.Addr) error {
	set, err := s.cfg.Settings(ctx)
	if err != nil {
		return err
	}
	if set.Disabled {
		return ErrDisabled
	}
	if err := s.CheckAddress(ctx, addr); err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.room(addressGroup(addr), set.Limits)
}

// room tells whether there is some for one more. The caller holds mu.
func (s *Server) room(group netip.Prefix, l Limits) error {
	switch {
	case !s.running || s.closed:
		return ErrClosed
	case l.Clients > 0 && len(s.clients)+len(s.visitors) >= l.Clients:
		s.count.refused.Add(1)
		return ErrFull
	case l.ClientsPerAddress > 0 && group.IsValid() && s.byAddr[group] >= l.ClientsPerAddress:
		s.count.refused.Add(1)
		return ErrAddressFull
	default:
		return nil
	}
}

// Connect makes a WebSocket of a request and lets the visitor into the room, or
// tells by the WebSocket why not. It returns when the visitor is in; the
// connection lives on without the request. An error means that nothing was
// answered yet: one of [Server.Admit], a [*RejectError] or another error of
// BeforeJoin, or a [*HandshakeError].
func (s *Server) Connect(w http.ResponseWriter, r *http.Request, v Visitor) error {
	ctx := r.Context()
	set, err := s.cfg.Settings(ctx)
	if err != nil {
		return err
	}
	if set.Disabled {
		return ErrDisabled
	}
	agent := r.UserAgent()
	if len(agent) > maxAgent {
		agent = strings.ToValidUTF8(agent[:maxAgent], "")
	}
	if v.Refusal == nil && v.User.Disabled() {
		v.Refusal = ErrUserDisabled
	}
	if f := s.cfg.Events.BeforeJoin; f != nil && v.Refusal == nil {
		if err := f(ctx, Join{User: v.User, Address: v.Address, UserAgent: agent}); err != nil {
			return err
		}
	}
	group := addressGroup(v.Address)
	leave, err := s.reserve(group, set.Limits)
	if err != nil {
		return err
	}
	ws, nc, err := s.upgrade(w, r)
	if err != nil {
		leave()
		return err
	}
	c := &client{
		token: v.Token, addr: v.Address, group: group, conn: nc,
		agent: strings.Clone(agent), mount: strings.Clone(v.Mount), connected: time.Now().UTC(),
	}
	if v.Refusal != nil {
		defer leave()
		s.turnAway(ws, nc, v.Refusal)
		return nil
	}
	return s.admit(c, ws, v.User, &set, leave)
}

// reserve takes a place. Leave gives it back, and must be called once.
func (s *Server) reserve(group netip.Prefix, l Limits) (leave func(), err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.room(group, l); err != nil {
		return nil, err
	}
	s.readers.Add(1)
	if group.IsValid() {
		s.byAddr[group]++
	}
	return func() {
		defer s.readers.Done()
		if !group.IsValid() {
			return
		}
		s.mu.Lock()
		defer s.mu.Unlock()
		if s.byAddr[group]--; s.byAddr[group] <= 0 {
			delete(s.byAddr, group)
		}
	}, nil
}

// upgrade answers the request with a WebSocket.
func (s *Server) upgrade(w http.ResponseWriter, r *http.Request) (*websocket.Conn, *conn, error) {
	hw := &handshake{ResponseWriter: w, writers: &s.readers}
	ws, err := websocket.Accept(hw, r, &websocket.AcceptOptions{
		InsecureSkipVerify: true, // who calls Connect knows whether credentials came by themselves
		CompressionMode:    websocket.CompressionDisabled,
		OnPongReceived: func(context.Context, []byte) {
			hw.conn.renew()
		},
	})
	if err != nil {
		if hw.status == 0 {
			hw.status = http.StatusInternalServerError
		}
		return nil, nil, &HandshakeError{Status: hw.status, Err: err}
	}
	hw.ResponseWriter = nil // the library keeps hw, and through it the request would stay
	ws.SetReadLimit(maxFrame)
	return ws, hw.conn, nil
}

// handshake is the answer to a request that becomes a WebSocket: it gives the
// library a connection of ours, with small buffers, and keeps what the library
// says of requests that it does not like.
type handshake struct {
	http.ResponseWriter
	writers *sync.WaitGroup
	conn    *conn
	status  int // of a failure
}

// WriteHeader lets through what is no failure.
func (h *handshake) WriteHeader(status int) {
	if status == http.StatusSwitchingProtocols {
		h.ResponseWriter.WriteHeader(status)
		return
	}
	h.status = status
}

// Write is for the texts of failures.
func (h *handshake) Write(p []byte) (int, error) { return len(p), nil }

// Hijack takes the connection over.
func (h *handshake) Hijack() (net.Conn, *bufio.ReadWriter, error) {
	nc, rw, err := http.NewResponseController(h.ResponseWriter).Hijack()
	if err != nil {
		return nil, nil, fmt.Errorf("hijack: %w", err)
	}
	var first []byte
	if n := rw.Reader.Buffered(); n > 0 {
		peeked, _ := rw.Peek(n)
		first = append(first, peeked...)
	}
	_ = nc.SetDeadline(time.Time{})
	h.conn = newConn(nc, first, h.writers)
	return h.conn, bufio.NewReadWriter(bufio.NewReaderSize(h.conn, readBuffer), bufio.NewWriterSize(h.conn, writeBuffer)), nil
}

// turnAway tells a visitor why it is not let in, and waits for it to go.
func (s *Server) turnAway(ws *websocket.Conn, nc *conn, why error) {
	s.mu.Lock()
	closed := s.closed
	s.visitors[nc] = struct{}{}
	s.mu.Unlock()
	defer func() {
		s.mu.Lock()
		delete(s.visitors, nc)
		s.mu.Unlock()
		nc.end()
	}()
	if closed {
		return
	}
	kind := kindNeedsRegistration
	if errors.Is(why, ErrUserDisabled) {
		kind = kindUserDisabled
	}
	nc.send(newFrame(refusalDocument(kind)))
	// An error means that the client has gone without saying so.
	_ = ws.Close(websocket.StatusPolicyViolation, string(kind))
}

// admit lets a client into the room, and starts reading what it sends.
func (s *Server) admit(c *client, ws *websocket.Conn, u repository.User, set *Settings, leave func()) error {
	if err := s.stream.enter(s.ctx); err != nil {
		c.conn.end()
		leave()
		return nil //nolint:nilerr // the room is closing, and the answer has been given
	}
	defer s.stream.leave()
	s.mu.Lock()
	if s.closed {
		s.mu.Unlock()
		c.conn.end()
		leave()
		return nil
	}
	s.lastID++
	c.id = s.lastID
	c.shard = int(c.id % uint64(len(s.shards)))
	c.conn.slow = func() { s.count.slow.Add(1) }
	s.clients[c.id] = c
	s.joins(c, u, set)
	s.mu.Unlock()
	go func() { // ends with the connection, for which Shutdown waits
		defer leave()
		defer s.forget(c)
		s.read(c, ws)
	}()
	return nil
}

// forget takes a client out of the room.
func (s *Server) forget(c *client) {
	c.conn.end()
	s.mu.Lock()
	defer s.mu.Unlock()
	c.left = true
	delete(s.clients, c.id)
	if !s.closed {
		s.relay(Relayed{Effect: EffectLeft, ClientID: c.id})
	}
	s.agenda.cancel(c.welcome)
	s.agenda.cancel(c.ping)
	c.welcome, c.ping = nil, nil
	s.detach(c)
	if sh := s.shards[c.shard]; sh.gone.Add(1) == sweepAt {
		s.stream.push(event{})
	}
}
