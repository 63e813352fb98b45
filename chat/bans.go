package chat

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"time"

	"github.com/owncast-go/owncast/repository"
)

// CheckAddress returns [ErrBanned] for a banned address.
func (s *Server) CheckAddress(ctx context.Context, addr netip.Addr) error {
	if !addr.IsValid() {
		return nil
	}
	_, err := s.cfg.Stores.Bans.BanOf(ctx, addr)
	switch {
	case err == nil:
		return ErrBanned
	case errors.Is(err, repository.ErrNotFound):
		return nil
	default:
		return err
	}
}

// AddressPrefix is what is banned when somebody bans an address: that one of
// IPv4, and in IPv6 the /64 that it is in, since everybody has one of those.
func AddressPrefix(addr netip.Addr) netip.Prefix {
	addr = addr.Unmap().WithZone("")
	if addr.Is4() {
		return netip.PrefixFrom(addr, 32)
	}
	p, _ := addr.Prefix(64) // the zero Prefix if it is no address
	return p
}

// Ban keeps the addresses of a prefix out of the room, and closes the
// connections from there. The error matches [repository.ErrConflict] if that
// very prefix is banned already, and [repository.ErrInvalid].
func (s *Server) Ban(ctx context.Context, by Actor, p netip.Prefix, note string) error {
	p = repository.NormalPrefix(p)
	err := s.cfg.Stores.Bans.AddBan(ctx, repository.Ban{Prefix: p, CreatedAt: time.Now().UTC(), By: by.ID, Note: note})
	if err != nil {
		return fmt.Errorf("ban %v: %w", p, err)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.relay(Relayed{Prefix: p.String(), Effect: EffectBan})
	s.expelFrom(p)
	return nil
}

// expelFrom closes the connections from the addresses of a prefix. The caller
// holds mu.
func (s *Server) expelFrom(p netip.Prefix) {
	var clients []*client
	for _, c := range s.clients {
		if c.addr.IsValid() && p.Contains(c.addr) {
			clients = append(clients, c)
		}
	}
	s.expel(clients)
}

// Unban lifts the ban of that very prefix, or returns an error matching
// [repository.ErrNotFound].
func (s *Server) Unban(ctx context.Context, p netip.Prefix) error {
	return s.cfg.Stores.Bans.DeleteBan(ctx, repository.NormalPrefix(p))
}

// Bans returns the banned prefixes, the newest first.
func (s *Server) Bans(ctx context.Context) ([]repository.Ban, error) {
	return s.cfg.Stores.Bans.Bans(ctx)
}

// banAddress bans an address, unless that may be everybody's: of
// this machine, or of a network around it, where proxies are.
func (s *Server) banAddress(ctx context.Context, by Actor, addr netip.Addr, note string) error {
	if !addressGroup(addr).IsValid() {
		return nil
	}
	err := s.Ban(ctx, by, AddressPrefix(addr), note)
	if errors.Is(err, repository.ErrConflict) {
		return nil
	}
	return err
}

// BanIdentity keeps whoever proves to be somebody out of the room: the user who
// has done so already, or else one that is made for it. [Server.Enable] of
// that user lifts it. The error matches [ErrHierarchy].
func (s *Server) BanIdentity(ctx context.Context, by Actor, kind, subject, reason string) (repository.User, error) {
	for {
		u, err := s.cfg.Stores.Users.UserByIdentity(ctx, kind, subject)
		if err == nil {
			err = s.Disable(ctx, by, u.ID, reason)
			return u, err
		}
		if !errors.Is(err, repository.ErrNotFound) {
			return u, err
		}
		u = newUser(s.cleanName(subject))
		u.Identities = []repository.Identity{{Kind: kind, Subject: subject, LinkedAt: u.CreatedAt}}
		u.DisabledAt, u.DisabledReason = u.CreatedAt, reason
		saved, err := s.cfg.Stores.Users.SaveUser(ctx, u)
		if errors.Is(err, repository.ErrTaken) && ctx.Err() == nil {
			continue // somebody has proved it just now
		}
		return saved, err
	}
}

// maxAuthors is how many messages the room remembers who wrote.
const maxAuthors = 4096

// authors remembers who wrote the last messages, for moderators to act on.
type authors struct {
	of   map[string]string // ids of users, by ids of messages
	ring []string          // ids of messages
	next int
}

func (a *authors) add(message, user string) {
	if a.of == nil {
		a.of, a.ring = map[string]string{}, make([]string, maxAuthors)
	}
	delete(a.of, a.ring[a.next])
	a.ring[a.next] = message
	a.of[message] = user
	a.next = (a.next + 1) % maxAuthors
}

// authorsOf returns the ids of the users who wrote messages; those that are
// not known any more are left out.
func (s *Server) authorsOf(ctx context.Context, ids []string) ([]string, error) {
	var users, rest []string
	s.mu.Lock()
	for _, id := range ids {
		if u, ok := s.authors.of[id]; ok {
			users = append(users, u)
		} else {
			rest = append(rest, id)
		}
	}
	s.mu.Unlock()
	if len(rest) == 0 {
		return users, nil
	}
	// They are older, maybe than the process.
	ms, err := s.cfg.Stores.Messages.Messages(ctx, repository.MessageQuery{Hidden: true, Limit: 2 * maxAuthors})
	if err != nil {
		return nil, err
	}
	for _, m := range ms {
		if slices.Contains(rest, m.ID) && m.UserID != "" {
			users = append(users, m.UserID)
		}
	}
	return users, nil
}
