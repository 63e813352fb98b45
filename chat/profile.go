package chat

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/owncast-go/owncast/repository"
)

// Colors is how many colors names may have.
const Colors = 8

// maxPreviousNames is how many names of a user are remembered.
const maxPreviousNames = 50

// changeName gives a user the name that a client asks for, or says why not.
// Either way the client learns what the name is now.
func (s *Server) changeName(c *client, set *Settings, u repository.User, wanted string) {
	name := s.cleanName(wanted)
	switch {
	case name == "":
		s.notify(c, "Display name cannot be empty or contain only whitespace.")
	case name == u.DisplayName:
	case s.hostNamed(u):
		s.notify(c, "Your name is that of your account on this site.")
	case forbidden(set.ForbiddenNames, name):
		s.notify(c, "You cannot change your name to **"+escape(name)+"**.")
	default:
		taken, err := s.taken(s.ctx, name, u.ID)
		if err == nil && taken {
			s.notify(c, "The name **"+escape(name)+"** has already been registered. If this is your name, please authenticate.")
			break
		}
		if err == nil {
			_, err = s.rename(s.ctx, c, u.ID, name)
		}
		if err != nil {
			s.log.Error("chat: name not changed", "user", u.ID, "err", err)
		}
		return // rename has told everybody, or nothing has happened
	}
	s.inform(c, u)
}

// hostNamed tells whether the name of a user is the host's to change.
func (s *Server) hostNamed(u repository.User) bool {
	return slices.ContainsFunc(u.Identities, func(i repository.Identity) bool { return i.Kind == IdentityHost })
}

// rename gives a user a name and tells everybody. The client may be nil.
func (s *Server) rename(ctx context.Context, c *client, userID, name string) (repository.User, error) {
	old := ""
	u, err := repository.UpdateUser(ctx, s.cfg.Stores.Users, userID, func(u *repository.User) error {
		old = u.DisplayName
		u.DisplayName, u.NameChangedAt = name, time.Now().UTC()
		u.PreviousNames = append(u.PreviousNames, name)
		if n := len(u.PreviousNames); n > maxPreviousNames {
			u.PreviousNames = slices.Clone(u.PreviousNames[n-maxPreviousNames:])
		}
		return nil
	})
	if err != nil {
		return u, err
	}
	d := newDocument(kindNameChange)
	d.User, d.OldName = InfoOf(u), &old
	e := NameChanged{ID: d.ID, At: d.Timestamp, User: u, OldName: old}
	if c != nil {
		e.ClientID = c.id
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.update(u, func() { s.broadcast(d.encode()) })
	tell(s.tales, s.cfg.Events.NameChanged, e)
	return u, nil
}

// changeColor gives a user a color. Of a number that is none the client learns
// that nothing has changed.
func (s *Server) changeColor(c *client, u repository.User, color int) {
	if color < 0 || color >= Colors {
		s.inform(c, u)
		return
	}
	u, err := repository.UpdateUser(s.ctx, s.cfg.Stores.Users, u.ID, func(u *repository.User) error {
		u.Color = color
		return nil
	})
	if err != nil {
		if !errors.Is(err, repository.ErrNotFound) {
			s.log.Error("chat: color not changed", "user", u.ID, "err", err)
		}
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.update(u, func() {})
	tell(s.tales, s.cfg.Events.ColorChanged, ColorChanged{User: u, ClientID: c.id})
}

// update makes the room know a user who was changed: between, and then each of
// the user's clients learns who it is. The caller holds mu.
func (s *Server) update(u repository.User, between func()) {
	s.recent.forget()
	between()
	if s.out == nil {
		s.changed(u)
		return
	}
	if m := s.members[u.ID]; m != nil && m.user.Revision <= u.Revision {
		m.user = u
	}
	s.relay(Relayed{UserID: u.ID, Effect: EffectUser})
}
