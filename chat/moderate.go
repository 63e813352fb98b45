package chat

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/owncast-go/owncast/repository"
)

const (
	// maxVisibility is how many messages one call may hide or show.
	maxVisibility = 1000
	// disabledLinger is how long somebody who was disabled has to read so.
	disabledLinger = 2 * time.Second
	// MaxTimeOut is the longest time-out.
	MaxTimeOut = 14 * 24 * time.Hour
)

// Actor is who keeps order.
type Actor struct {
	ID   string // of a user or of a program; empty if it is neither
	Name string
	// Role says on whom the actor may act: administrators on everybody,
	// others on users with a lower role.
	Role repository.Role
}

// over tells whether the actor may act on a user.
func (a Actor) over(u repository.User) bool { return a.Role >= repository.RoleAdmin || a.Role > u.Role }

// SetVisible hides messages, or shows them again, and tells everybody. Unknown
// ones are told as well, since clients may have some that are not in the
// history any more. The error matches [ErrHierarchy] if one is of somebody
// whom the actor may not act on, and is then the error for all.
func (s *Server) SetVisible(ctx context.Context, by Actor, visible bool, ids ...string) error {
	if len(ids) == 0 || len(ids) > maxVisibility {
		return fmt.Errorf("%w: %d messages", ErrTooLong, len(ids))
	}
	if err := s.checkAuthors(ctx, by, ids); err != nil {
		return err
	}
	if err := s.past.settled(ctx); err != nil {
		return err
	}
	if _, err := s.cfg.Stores.Messages.HideMessages(ctx, hiddenAt(visible), ids...); err != nil {
		return err
	}
	s.tellVisibility(by, visible, ids)
	return nil
}

// hiddenAt is what stores have for it.
func hiddenAt(visible bool) time.Time {
	if visible {
		return time.Time{}
	}
	return time.Now().UTC()
}

// tellVisibility tells everybody what to hide or to show.
func (s *Server) tellVisibility(by Actor, visible bool, ids []string) {
	d := newDocument(kindVisibility)
	d.IDs, d.Visible = ids, &visible
	s.mu.Lock()
	defer s.mu.Unlock()
	s.recent.forget()
	s.broadcast(d.encode())
	tell(s.tales, s.cfg.Events.VisibilityChanged, VisibilityChanged{
		ID: d.ID, At: d.Timestamp, Messages: slices.Clone(ids), Visible: visible, By: by,
	})
}

// checkAuthors tells whether the actor may act on those who wrote messages.
func (s *Server) checkAuthors(ctx context.Context, by Actor, ids []string) error {
	if by.Role >= repository.RoleAdmin {
		return nil
	}
	authors, err := s.authorsOf(ctx, ids)
	if err != nil {
		return err
	}
	users := s.newAuthors()
	for _, id := range authors {
		u, err := users.find(ctx, id)
		if err != nil {
			return err
		}
		if u != nil && u.ID != by.ID && !by.over(*u) {
			return ErrHierarchy
		}
	}
	return nil
}

// target returns the user that the actor wants to act on.
func (s *Server) target(ctx context.Context, by Actor, id string) (repository.User, error) {
	u, err := s.cfg.Stores.Users.User(ctx, id)
	if err == nil && !by.over(u) {
		err = ErrHierarchy
	}
	return u, err
}

// Disable keeps a user out of the room until [Server.Enable]: what the user
// wrote is hidden, connections are closed, and their addresses are banned, but
// for those that may be everybody's. Nothing of the user is shown after it has
// returned. The error matches [repository.ErrNotFound] or [ErrHierarchy].
func (s *Server) Disable(ctx context.Context, by Actor, id, reason string) error {
	if _, err := s.target(ctx, by, id); err != nil {
		return err
	}
	u, err := repository.UpdateUser(ctx, s.cfg.Stores.Users, id, func(u *repository.User) error {
		if !by.over(*u) {
			return ErrHierarchy
		}
		if !u.Disabled() {
			u.DisabledAt = time.Now().UTC()
		}
		u.DisabledReason = reason
		return nil
	})
	if err != nil {
		return err
	}
	clients := s.silence(u)
	if err := s.past.settled(ctx); err != nil {
		return err
	}
	hidden, err := s.cfg.Stores.Messages.HideUserMessages(ctx, time.Now().UTC(), id)
	if err != nil {
		return err
	}
	if err := s.dropHeld(ctx, id); err != nil {
		return err
	}
	for part := range slices.Chunk(hidden, maxVisibility) {
		s.tellVisibility(by, false, part)
	}
	s.remove(ctx, u, by, clients)
	addresses := s.addressesElsewhere(id)
	for _, c := range clients {
		addresses = append(addresses, c.addr)
	}
	for _, addr := range addresses {
		if err := s.banAddress(ctx, by, addr, "Banning of "+u.DisplayName); err != nil {
			return err
		}
	}
	return s.settled(ctx)
}

// silence makes the room know that a user is disabled, after which nothing of
// the user gets in, and returns the user's clients.
func (s *Server) silence(u repository.User) []*client {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.recent.forget()
	s.relay(Relayed{UserID: u.ID, Effect: EffectDisable})
	m := s.members[u.ID]
	if m == nil {
		return nil
	}
	m.user = u
	return slices.Clone(m.clients)
}

// remove tells a user, and everybody, that the user has been removed.
func (s *Server) remove(ctx context.Context, u repository.User, by Actor, clients []*client) {
	doc := s.actionDocument(ctx, "**"+escape(u.DisplayName)+"** has been removed from chat.", "").encode()
	s.mu.Lock()
	defer s.mu.Unlock()
	s.expel(clients)
	s.broadcast(doc)
	tell(s.tales, s.cfg.Events.UserDisabled, UserDisabled{User: u, By: by})
}

// expel closes connections, soon after it has said why. The caller holds mu.
func (s *Server) expel(clients []*client) {
	if len(clients) == 0 {
		return
	}
	d := newDocument(kindUserDisabled)
	d.User = nobody{}
	s.stream.push(event{doc: d.encode(), to: clients})
	s.agenda.after(disabledLinger, func() {
		for _, c := range clients {
			c.conn.leave(statusPolicyViolation)
		}
	})
}

// Enable lets a user take part again. What was hidden stays hidden, and banned
// addresses stay banned. The error matches [repository.ErrNotFound] or
// [ErrHierarchy].
func (s *Server) Enable(ctx context.Context, by Actor, id string) error {
	u, err := s.target(ctx, by, id)
	if err != nil || !u.Disabled() {
		return err
	}
	u, err = repository.UpdateUser(ctx, s.cfg.Stores.Users, id, func(u *repository.User) error {
		u.DisabledAt, u.DisabledReason = time.Time{}, ""
		return nil
	})
	if err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.update(u, func() {})
	tell(s.tales, s.cfg.Events.UserEnabled, UserEnabled{User: u, By: by})
	return nil
}

// TimeOut keeps a user from writing for a while, at most [MaxTimeOut], and
// replaces one that there is; 0 lifts it. The user may go on reading. It is
// forgotten with the process. The error matches [repository.ErrNotFound],
// [ErrHierarchy] or [ErrTooLong].
func (s *Server) TimeOut(ctx context.Context, by Actor, id string, d time.Duration, reason string) error {
	if d < 0 || d > MaxTimeOut {
		return fmt.Errorf("%w: a time-out of %v", ErrTooLong, d)
	}
	u, err := s.target(ctx, by, id)
	if err != nil {
		return err
	}
	text := "You can write again."
	e := UserTimedOut{UserID: u.ID, Reason: reason, By: by}
	if d > 0 {
		e.Until = time.Now().Add(d).UTC()
		text = "You have been timed out and can write again in " + seconds(d) + "."
		if reason != "" {
			text += " " + escape(reason)
		}
	}
	doc := s.actionDocument(ctx, text, "").encode()
	s.mu.Lock()
	defer s.mu.Unlock()
	r := s.restraint(id)
	if r == nil {
		return ErrFull
	}
	r.until, r.reason = e.Until, reason
	s.relay(Relayed{Document: doc, Only: true, UserID: id, Effect: EffectTimeOut, At: e.Until})
	tell(s.tales, s.cfg.Events.UserTimedOut, e)
	return nil
}

// SetModerator makes a user a moderator, or one no more. The error matches
// [repository.ErrNotFound], or [ErrHierarchy] for actors who are no
// administrators, and for users who are.
func (s *Server) SetModerator(ctx context.Context, by Actor, id string, moderator bool) error {
	u, err := s.target(ctx, by, id)
	if err != nil {
		return err
	}
	if by.Role < repository.RoleAdmin || u.Role >= repository.RoleAdmin {
		return ErrHierarchy
	}
	role := repository.RoleViewer
	if moderator {
		role = repository.RoleModerator
	}
	if u, err = s.setRole(ctx, id, role); err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	tell(s.tales, s.cfg.Events.RoleChanged, RoleChanged{User: u, By: by})
	return nil
}

// Delete removes a user with everything there is of the user: messages, which
// clients are told to hide, access tokens and connections. The error matches
// [repository.ErrNotFound] or [ErrHierarchy].
func (s *Server) Delete(ctx context.Context, by Actor, id string) error {
	u, err := s.target(ctx, by, id)
	if err != nil {
		return err
	}
	u.DisabledAt = time.Now().UTC() // for what is under way
	clients := s.silence(u)
	if err := s.past.settled(ctx); err != nil {
		return err
	}
	hidden, err := s.cfg.Stores.Messages.HideUserMessages(ctx, u.DisabledAt, id)
	if err != nil {
		return err
	}
	if err := s.dropHeld(ctx, id); err != nil {
		return err
	}
	for part := range slices.Chunk(hidden, maxVisibility) {
		s.tellVisibility(by, false, part)
	}
	if _, err := s.cfg.Stores.Messages.DeleteUserMessages(ctx, id); err != nil {
		return err
	}
	if _, err := s.cfg.Stores.Credentials.DeleteCredentials(ctx, id); err != nil {
		return err
	}
	if err := s.cfg.Stores.Users.DeleteUser(ctx, id); err != nil {
		return err
	}
	s.mu.Lock()
	s.expel(clients)
	s.recent.forget()
	s.mu.Unlock()
	return s.settled(ctx)
}

// settled waits until what was sent so far was delivered, or was handed to the
// relay.
func (s *Server) settled(ctx context.Context) error {
	if err := s.out.settled(ctx); err != nil {
		return err
	}
	return s.stream.settled(ctx)
}
