package chat

import (
	"context"
	"encoding/json"
	"errors"
	"net/netip"

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
)

// Relayed is something that has happened in a room and concerns the same room
// in other processes. Messages, users and bans are in the stores that all
// share: nothing relayed is stored again, and no function of the host hears
// of it a second time.
type Relayed struct {
	Document json.RawMessage `json:"document,omitempty"` // what clients are shown; nil if nothing
	UserID   string          `json:"userId,omitempty"`
	Prefix   string          `json:"prefix,omitempty"`
	Effect   Effect          `json:"effect,omitempty"`
}

// Relay connects the same room in several processes. The order of what one
// process relays must be kept; that of several processes is the Relay's
// choice.
type Relay interface {
	// Publish hands over what has happened here. It is called in the order of
	// the room, with a lock held, and must neither block nor call the room.
	Publish(Relayed)
	// Receive calls f with what has happened in other processes, one at a
	// time, until stop is called, which waits for a call that is under way.
	Receive(f func(context.Context, Relayed)) (stop func())
}

// relay hands something over. The caller holds mu.
func (s *Server) relay(r Relayed) {
	if s.cfg.Relay != nil {
		s.cfg.Relay.Publish(r)
	}
}

// receiveRelayed does what has happened elsewhere to the clients of this
// process.
func (s *Server) receiveRelayed(ctx context.Context, r Relayed) {
	var u repository.User
	if r.UserID != "" {
		var err error
		if u, err = s.cfg.Stores.Users.User(ctx, r.UserID); err != nil && !errors.Is(err, repository.ErrNotFound) {
			s.log.WarnContext(ctx, "chat: relayed user cannot be read", "user", r.UserID, "err", err)
			return
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.recent.forget()
	if r.Document != nil {
		s.stream.push(event{doc: r.Document})
	}
	m := s.members[r.UserID]
	switch {
	case r.Effect == EffectUser && m != nil && u.ID != "":
		m.user = u
		if len(m.clients) > 0 {
			s.stream.push(event{doc: infoDocument(u), to: append([]*client(nil), m.clients...)})
		}
	case r.Effect == EffectDisable && m != nil:
		if u.ID != "" {
			m.user = u
		}
		s.expel(append([]*client(nil), m.clients...))
	case r.Effect == EffectBan:
		if p, err := netip.ParsePrefix(r.Prefix); err == nil {
			s.expelFrom(p)
		}
	}
}
