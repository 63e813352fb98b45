package chat

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"runtime/debug"
	"time"

	"github.com/coder/websocket"
	"golang.org/x/time/rate"

	"github.com/owncast-go/owncast/repository"
)

const (
	// MaxMessage is how many bytes a frame of a client may have to be looked
	// at.
	MaxMessage = 2048
	// established is how old an account is that EstablishedOnly lets write.
	established = 15 * time.Minute
)

// What clients are told of what was not taken.
const (
	textTooLong     = "Sorry, that message exceeded the maximum size and can't be delivered."
	textFlood       = "You are temporarily blocked from sending chat messages due to perceived flooding."
	textLanguage    = "Sorry, that message contained language that is not allowed in this chat."
	textEstablished = "You have not been an established chat participant long enough to take part in chat. Please enjoy the stream and try again later."
	textAway        = "Sorry, messages cannot be sent at present. Try again in a moment."
	textSignIn      = "Authentication is required to participate in chat."
)

// inbound is what clients send. Everything else in it is ignored.
type inbound struct {
	Type     Kind   `json:"type"`
	Body     string `json:"body"`
	NewName  string `json:"newName"`
	NewColor *int   `json:"newColor"`
}

// text is what somebody has written in it.
func (in *inbound) text() string {
	if in.Type == kindNameChange {
		return in.NewName
	}
	return in.Body
}

// read reads what a client sends until it is gone.
func (s *Server) read(c *client, ws *websocket.Conn) {
	defer func() { _ = ws.CloseNow() }() // for what the library holds; the connection is ours to close
	defer func() {
		if v := recover(); v != nil {
			s.log.Error("chat: panic recovered", "client", c.id, "panic", v, "stack", string(debug.Stack()))
		}
	}()
	c.conn.renew()
	// Without an end of its own, for which the library would start a timer
	// for each frame: the connection has one.
	ctx := context.WithoutCancel(s.ctx)
	for {
		_, r, err := ws.Reader(ctx)
		if err != nil {
			return
		}
		data, err := io.ReadAll(r)
		if err != nil {
			return
		}
		if !s.receive(c, data) {
			return
		}
	}
}

// receive takes a frame of a client. It reports false for one too many.
func (s *Server) receive(c *client, data []byte) bool {
	set, err := s.cfg.Settings(s.ctx)
	if err != nil {
		s.log.Error("chat: settings cannot be read", "err", err)
		return true
	}
	if set.Limits.Frames > 0 && c.frames.add(time.Now()) > set.Limits.Frames {
		s.count.floods.Add(1)
		c.conn.leave(statusPolicyViolation)
		return false
	}
	if err := s.stream.enter(s.ctx); err != nil {
		return false
	}
	defer s.stream.leave()
	if !s.pace(c, &set, len(data)) || set.Disabled {
		return true
	}
	var in inbound
	if json.Unmarshal(bytes.ReplaceAll(data, []byte{'\n'}, []byte{' '}), &in) != nil {
		return true
	}
	switch in.Type {
	case KindMessage, kindNameChange, kindColorChange:
	default:
		return true // clients of other times have others
	}
	s.handle(c, &set, &in)
	return true
}

// pace tells whether a frame comes at a good time and is not too long.
func (s *Server) pace(c *client, set *Settings, size int) bool {
	if size > MaxMessage {
		s.notify(c, textTooLong)
		return false
	}
	now := time.Now()
	s.mu.Lock()
	m := c.member
	silent, flood := now.Before(m.silent), false
	if !silent && set.SpamProtection && set.Limits.Messages > 0 && m.user.Role < repository.RoleModerator {
		if m.pace == nil || m.rate != set.Limits {
			m.pace, m.rate = newPace(set.Limits), set.Limits
		}
		flood = !m.pace.AllowN(now, 1)
	}
	if flood {
		m.silent = now.Add(time.Duration(set.Limits.FloodTimeout) * time.Second)
	}
	s.mu.Unlock()
	if flood {
		s.notify(c, textFlood)
	}
	return !silent && !flood
}

func newPace(l Limits) *rate.Limiter {
	return rate.NewLimiter(rate.Limit(float64(l.Messages)/60), 1)
}

// handle does what a client asks for, if it may.
func (s *Server) handle(c *client, set *Settings, in *inbound) {
	u, ok := s.current(c)
	if !ok {
		return
	}
	staff := u.Role >= repository.RoleModerator
	switch {
	case !staff && s.matcher(set).blocks(in.text()):
		s.notify(c, textLanguage)
	case !staff && set.EstablishedOnly && time.Since(u.CreatedAt) < established:
		s.notify(c, textEstablished)
	case !staff && set.RequireAuthentication && !u.Authenticated():
		s.notify(c, textSignIn)
	case in.Type == KindMessage:
		s.say(c, set, u, in.Body)
	case in.Type == kindNameChange:
		s.changeName(c, set, u, in.NewName)
	case in.NewColor != nil:
		s.changeColor(c, u, *in.NewColor)
	}
}

// current returns the user of a client as it is stored: it may have been
// changed by others than the room. One who is not there any more, or was
// disabled, does nothing.
func (s *Server) current(c *client) (repository.User, bool) {
	s.mu.Lock()
	id := c.member.user.ID
	s.mu.Unlock()
	u, err := s.cfg.Stores.Users.User(s.ctx, id)
	if err != nil {
		s.log.Warn("chat: user cannot be read", "user", id, "err", err)
		return u, false
	}
	return u, !u.Disabled()
}

// notify tells one client something, in Markdown.
func (s *Server) notify(c *client, text string) {
	doc := s.actionDocument(s.ctx, text, c.mount).encode()
	s.mu.Lock()
	defer s.mu.Unlock()
	s.stream.push(event{doc: doc, to: []*client{c}})
}

// inform tells a client who its user is.
func (s *Server) inform(c *client, u repository.User) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.stream.push(event{doc: infoDocument(u), to: []*client{c}})
}
