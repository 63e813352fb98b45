package chat

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/owncast-go/owncast/repository"
)

// maxIdentities is how many identities a user may have.
const maxIdentities = 20

// LinkIdentity tells the room that whoever has an access token has proved to
// be somebody elsewhere, and returns the user that the token stands for from
// now on.
//
// An identity that nobody has becomes one of the token's user. If another user
// has it, the token becomes that user's: connections with the token go on as
// that user, and the one they were before stays behind with what it has said.
// The error matches [ErrUnknownUser] for a wrong token, and [ErrUserDisabled]
// if either user is disabled: so a ban holds for the identity, too. It matches
// [ErrIdentities] if the user has too many.
func (s *Server) LinkIdentity(ctx context.Context, token, kind, subject string) (repository.User, error) {
	for {
		u, err := s.Authenticate(ctx, token)
		if err != nil {
			return u, err
		}
		if u.Disabled() {
			return u, ErrUserDisabled
		}
		owner, err := s.cfg.Stores.Users.UserByIdentity(ctx, kind, subject)
		switch {
		case errors.Is(err, repository.ErrNotFound):
			linked, err := s.addIdentity(ctx, u.ID, kind, subject)
			if errors.Is(err, repository.ErrTaken) {
				continue // somebody else was faster
			}
			return linked, err
		case err != nil:
			return u, err
		case owner.Disabled():
			return u, ErrUserDisabled
		case owner.ID == u.ID:
			return u, nil
		default:
			return owner, s.become(ctx, token, u, owner)
		}
	}
}

// addIdentity gives a user an identity that nobody has.
func (s *Server) addIdentity(ctx context.Context, id, kind, subject string) (repository.User, error) {
	u, err := repository.UpdateUser(ctx, s.cfg.Stores.Users, id, func(u *repository.User) error {
		same := func(i repository.Identity) bool { return i.Kind == kind && i.Subject == subject }
		if !slices.ContainsFunc(u.Identities, same) {
			if len(u.Identities) >= maxIdentities {
				return ErrIdentities
			}
			u.Identities = append(u.Identities, repository.Identity{Kind: kind, Subject: subject, LinkedAt: time.Now().UTC()})
		}
		return nil
	})
	if err != nil {
		return u, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.update(u, func() {})
	return u, nil
}

// become makes a token another user's.
func (s *Server) become(ctx context.Context, token string, from, to repository.User) error {
	hash := repository.HashSecret(token)
	err := s.cfg.Stores.Credentials.PutCredential(ctx, repository.Credential{Hash: hash, UserID: to.ID, CreatedAt: time.Now().UTC()})
	if err != nil {
		return err
	}
	var doc []byte
	if from.DisplayName != to.DisplayName {
		doc = s.actionDocument(ctx, "**"+escape(from.DisplayName)+"** is now authenticated as **"+escape(to.DisplayName)+"**", "").encode()
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.switchUser(hash, to)
	if doc != nil {
		s.broadcast(doc)
	}
	return nil
}

// switchUser puts the clients with a token to another user. The caller holds
// mu.
func (s *Server) switchUser(token repository.Hash, to repository.User) {
	var moved []*client
	for _, c := range s.clients {
		if c.token == token && c.member.user.ID != to.ID {
			moved = append(moved, c)
		}
	}
	if len(moved) == 0 {
		return
	}
	m := s.members[to.ID]
	if m == nil {
		m = &member{}
		s.members[to.ID] = m
	}
	s.agenda.cancel(m.leaving)
	m.leaving, m.user = nil, to
	for _, c := range moved {
		s.detach(c)
		c.member = m
		m.clients = append(m.clients, c)
	}
	s.stream.push(event{doc: infoDocument(to), to: moved})
}
