package chat

import (
	"context"
	"encoding/json"
	"errors"
	"net/netip"
	"slices"
	"time"

	"github.com/owncast-go/owncast/repository"
)

// Effect is what a [Relayed] event does besides being shown.
type Effect string

// The effects.
const (
	EffectNone    Effect = ""
	EffectUser    Effect = "user"    // the user has changed: see the store
	EffectDisable Effect = "disable" // the user is disabled: the connections have to go
	EffectBan     Effect = "ban"     // so do those from the prefix
	EffectTimeOut Effect = "timeout" // the user may not write until the time
	EffectClients Effect = "clients" // of the process: these have come, or are all there are
	EffectLeft    Effect = "left"    // of the process: the client has gone
)

// Relayed is something that has happened in a room and concerns the same room
// in other processes. Messages, users and bans are in the stores that all
// share: nothing relayed is stored again, and no function of the host hears
// of it a second time.
type Relayed struct {
	// Document is what clients are shown; nil if nothing. It is for the client
	// with the number, or for all of the user if it is Only for those.
	Document json.RawMessage `json:"document,omitempty"`
	Only     bool            `json:"only,omitempty"`
	ClientID uint64          `json:"clientId,omitempty"`
	UserID   string          `json:"userId,omitempty"`
	Message  string          `json:"message,omitempty"` // the id of what the user has written
	Prefix   string          `json:"prefix,omitempty"`
	Effect   Effect          `json:"effect,omitempty"`
	At       time.Time       `json:"at,omitzero"` // of the message, or the end of a time-out
	Clients  []RelayedClient `json:"clients,omitempty"`
	All      bool            `json:"all,omitempty"` // those that were known before are not there any more
}

// RelayedClient is a connection in another process.
type RelayedClient struct {
	ID          uint64     `json:"id"`
	UserID      string     `json:"userId"`
	Address     netip.Addr `json:"address,omitzero"`
	UserAgent   string     `json:"userAgent,omitempty"`
	ConnectedAt time.Time  `json:"connectedAt"`
	Messages    int        `json:"messages,omitempty"`
}

// Relay connects the same room in several processes. Its order is the one in
// which all clients see things: what happens in a room is shown when it has
// come back.
type Relay interface {
	// Publish gives the rooms in all processes, this one too, what has
	// happened here, all of it or nothing. It is called by one goroutine and
	// tries until ctx is done.
	Publish(ctx context.Context, events []Relayed) error
	// Receive hands over the functions that are called with what has happened
	// in any process, one at a time, until stop is called, which waits for a
	// call that is under way.
	Receive(Receiver) (stop func())
	// Err says why nothing can be published at present; nil if it can.
	Err() error
}

// Receiver is called by a [Relay].
type Receiver struct {
	// Happened is for each thing that was published: own tells that it was in
	// this process.
	Happened func(ctx context.Context, from string, own bool, r Relayed)
	// Arrived is for a process that has not heard what was published before,
	// and Lost for one that is gone.
	Arrived, Lost func(from string)
}

// relay hands over what has happened, or shows it if there is nobody else. The
// caller holds mu.
func (s *Server) relay(r Relayed) {
	if s.out != nil {
		s.out.add(r)
		return
	}
	if r.Document != nil {
		s.show(&r)
	}
}

// show pushes a document to those that it is for. The caller holds mu.
func (s *Server) show(r *Relayed) {
	e := event{doc: r.Document}
	switch {
	case r.ClientID != 0 && r.Message == "":
		c := s.clients[r.ClientID]
		if c == nil {
			return
		}
		e.to = []*client{c}
	case r.Only:
		m := s.members[r.UserID]
		if m == nil || len(m.clients) == 0 {
			return
		}
		e.to = slices.Clone(m.clients)
	}
	s.stream.push(e)
}

// receiver is what a relay calls.
func (s *Server) receiver() Receiver {
	return Receiver{
		Happened: s.happened,
		Arrived:  func(string) { s.tellClients() },
		Lost: func(from string) {
			s.mu.Lock()
			defer s.mu.Unlock()
			s.elsewhere.lose(from)
		},
	}
}

// happened does what has happened in some process to the clients of this one.
// What happened here has had its effects here.
func (s *Server) happened(ctx context.Context, from string, own bool, r Relayed) {
	var u repository.User
	if r.Effect == EffectUser || r.Effect == EffectDisable {
		var err error
		if u, err = s.cfg.Stores.Users.User(ctx, r.UserID); err != nil && !errors.Is(err, repository.ErrNotFound) {
			s.log.WarnContext(ctx, "chat: relayed user cannot be read", "user", r.UserID, "err", err)
			return
		}
	}
	if r.Document != nil {
		if s.stream.enter(ctx) != nil {
			return
		}
		defer s.stream.leave()
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.recent.forget()
	if r.Document != nil {
		s.show(&r)
	}
	if r.Effect == EffectUser {
		s.changed(u)
	}
	if !own {
		s.affect(from, u, &r)
	}
}

// changed makes clients know who their user is. The caller holds mu.
func (s *Server) changed(u repository.User) {
	m := s.members[u.ID]
	if m == nil || m.user.Revision > u.Revision {
		return
	}
	m.user = u
	if len(m.clients) > 0 {
		s.stream.push(event{doc: infoDocument(u), to: slices.Clone(m.clients)})
	}
}

// affect does what comes of something in another process. The caller holds mu.
func (s *Server) affect(from string, u repository.User, r *Relayed) {
	switch r.Effect {
	case EffectNone:
		if r.Message != "" && r.UserID != "" {
			s.authors.add(r.Message, r.UserID)
			s.wrote(r.UserID, r.At)
			s.elsewhere.wrote(from, r.ClientID)
		}
	case EffectDisable:
		m := s.members[r.UserID]
		if m == nil {
			return
		}
		if u.ID != "" {
			m.user = u
		} else {
			m.user.DisabledAt = time.Now().UTC() // it is deleted already
		}
		s.expel(slices.Clone(m.clients))
	case EffectBan:
		if p, err := netip.ParsePrefix(r.Prefix); err == nil {
			s.expelFrom(p)
		}
	case EffectTimeOut:
		if x := s.restraint(r.UserID); x != nil {
			x.until = r.At
		}
	case EffectClients:
		s.elsewhere.come(from, r.Clients, r.All)
	case EffectLeft:
		s.elsewhere.leave(from, r.ClientID)
	}
}
