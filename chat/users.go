package chat

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"errors"
	"fmt"
	"net/netip"
	"time"

	"github.com/owncast-go/owncast/repository"
)

// IdentityHost is the kind of the identities that users of the host have: the
// subject is the id that the host knows the user by.
const IdentityHost = "host"

// Registration is somebody who wants to be a user.
type Registration struct {
	Name    string     // that is wished for; empty makes one up
	Address netip.Addr // zero if unknown
}

// RateError refuses what comes too often from one address.
type RateError struct{ RetryAfter time.Duration }

func (e *RateError) Error() string { return "chat: too many from one address" }

// window counts what an address does in an hour.
type window struct {
	until time.Time
	n     int
}

// maxWindows is how many addresses may be counted; beyond it all share one.
const maxWindows = 100_000

// Register makes a user and returns the access token that proves who it is,
// which nobody can be told later. The name is the one that was wished for, if
// it can be had. The error matches [ErrDisabled] or [ErrBanned], or is a
// [*RateError], or a [*RejectError] or another error of BeforeRegister.
func (s *Server) Register(ctx context.Context, r Registration) (u repository.User, token string, err error) {
	set, err := s.cfg.Settings(ctx)
	if err != nil {
		return u, "", err
	}
	if set.Disabled {
		return u, "", ErrDisabled
	}
	if err := s.CheckAddress(ctx, r.Address); err != nil {
		return u, "", err
	}
	if err := s.countRegistration(r.Address, set.Limits.Registrations); err != nil {
		return u, "", err
	}
	if f := s.cfg.Events.BeforeRegister; f != nil {
		if err := f(ctx, &r); err != nil {
			return u, "", err
		}
	}
	name, err := s.freeName(ctx, &set, r.Name)
	if err != nil {
		return u, "", err
	}
	u, err = s.cfg.Stores.Users.SaveUser(ctx, newUser(name))
	if err != nil {
		return u, "", fmt.Errorf("register: %w", err)
	}
	if token, err = s.newToken(ctx, u.ID); err != nil {
		return u, "", err
	}
	return u, token, nil
}

// newUser is somebody nobody knows yet.
func newUser(name string) repository.User {
	var b [1]byte
	_, _ = rand.Read(b[:]) // never fails
	return repository.User{
		ID: newID(), DisplayName: name, PreviousNames: []string{name}, Color: int(b[0] % Colors), CreatedAt: time.Now().UTC(),
	}
}

// newToken makes an access token of a user.
func (s *Server) newToken(ctx context.Context, userID string) (string, error) {
	var b [32]byte
	_, _ = rand.Read(b[:]) // never fails
	token := base64.URLEncoding.EncodeToString(b[:])
	err := s.cfg.Stores.Credentials.PutCredential(ctx, repository.Credential{
		Hash: repository.HashSecret(token), UserID: userID, CreatedAt: time.Now().UTC(),
	})
	if err != nil {
		return "", fmt.Errorf("make a token: %w", err)
	}
	return token, nil
}

// countRegistration lets no address register too often.
func (s *Server) countRegistration(addr netip.Addr, limit int) error {
	group := addressGroup(addr)
	if limit <= 0 || !group.IsValid() {
		return nil
	}
	now := time.Now()
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.registered[group] == nil && len(s.registered) >= maxWindows {
		group = netip.Prefix{}
	}
	w := s.registered[group]
	if w == nil || now.After(w.until) {
		w = &window{until: now.Add(time.Hour)}
		s.registered[group] = w
	}
	if w.n >= limit {
		return &RateError{RetryAfter: w.until.Sub(now)}
	}
	w.n++
	return nil
}

// forgetRegistrations drops what is over.
func (s *Server) forgetRegistrations() {
	now := time.Now()
	s.mu.Lock()
	defer s.mu.Unlock()
	for group, w := range s.registered {
		if now.After(w.until) {
			delete(s.registered, group)
		}
	}
}

// Authenticate returns the user whose access token it is, who may be disabled,
// or an error matching [ErrUnknownUser].
func (s *Server) Authenticate(ctx context.Context, token string) (repository.User, error) {
	if token == "" {
		return repository.User{}, ErrUnknownUser
	}
	// What the lookup takes tells about the hash of a guess, which says
	// nothing about another guess.
	c, err := s.cfg.Stores.Credentials.Credential(ctx, repository.HashSecret(token))
	if err != nil {
		return repository.User{}, unknown(err)
	}
	u, err := s.cfg.Stores.Users.User(ctx, c.UserID)
	return u, unknown(err)
}

// unknown is ErrUnknownUser for what is not found.
func unknown(err error) error {
	if errors.Is(err, repository.ErrNotFound) {
		return fmt.Errorf("%w: %w", ErrUnknownUser, err)
	}
	return err
}

// HostUser returns the user that somebody whom the host knows has in the chat,
// and makes it if there is none. The id is the host's, and so are the name and
// the role: they are taken over each time. The name is free of what names must
// not have, but may be anybody's. The error matches [ErrUserDisabled] for a
// user that the host has disabled.
func (s *Server) HostUser(ctx context.Context, h repository.User) (repository.User, error) {
	if h.Disabled() {
		return repository.User{}, ErrUserDisabled
	}
	name := s.cleanName(h.DisplayName)
	if name == "" {
		name = s.cleanName(h.ID)
	}
	for {
		u, err := s.cfg.Stores.Users.UserByIdentity(ctx, IdentityHost, h.ID)
		if errors.Is(err, repository.ErrNotFound) {
			u = newUser(name)
			u.Role, u.Identities = h.Role, []repository.Identity{{Kind: IdentityHost, Subject: h.ID, LinkedAt: u.CreatedAt}}
			u, err = s.cfg.Stores.Users.SaveUser(ctx, u)
			if errors.Is(err, repository.ErrConflict) && ctx.Err() == nil {
				continue // another request of the same user was faster
			}
		}
		if err != nil || u.DisplayName == name && u.Role == h.Role {
			return u, err
		}
		if u.Role != h.Role {
			if u, err = s.setRole(ctx, u.ID, h.Role); err != nil {
				return u, err
			}
		}
		if u.DisplayName != name {
			return s.rename(ctx, nil, u.ID, name)
		}
		return u, nil
	}
}

// setRole gives a user a role, and the user's clients learn of it.
func (s *Server) setRole(ctx context.Context, id string, role repository.Role) (repository.User, error) {
	u, err := repository.UpdateUser(ctx, s.cfg.Stores.Users, id, func(u *repository.User) error {
		u.Role = role
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
