package chat

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"sync"
	"time"

	"github.com/owncast-go/owncast/repository"
)

// maxHeld is how many messages may wait for moderators. Further ones are
// refused.
const maxHeld = 1000

// What writers are told of messages that are not shown at once.
const (
	textHeld     = "Your message will be shown when a moderator has approved it."
	textHeldFull = "Sorry, too many messages wait for moderators. Try again later."
)

// linkLike is what becomes a link, or is meant to be typed as one.
var linkLike = regexp.MustCompile(`(?i)\b(?:[a-z][a-z0-9+.-]*://|www\.|[a-z0-9-]+\.(?:com|net|org|info|io|gg|tv|co|ly|link|xyz|site|online|shop|app|dev|ru)\b)`)

// Held is a message that waits for a moderator.
type Held struct {
	ID     string
	User   repository.User
	Body   string // as it was written
	SentAt time.Time
	Reason string // empty for one from before the start of the program
}

// waitingRoom are the messages that wait. They are in the store as well, as
// hidden ones of a kind of their own.
type waitingRoom struct {
	mu     sync.Mutex // guards the rest, and comes before the lock of the room
	shared bool       // with other processes: what is in the store counts
	loaded bool
	list   []heldMessage // the oldest first
}

type heldMessage struct {
	repository.Message // with the mount in Link
	reason             string
}

// load reads what waited when the process began, or waits in any. The caller holds mu.
func (w *waitingRoom) load(ctx context.Context, store Store) error {
	if w.loaded && !w.shared {
		return nil
	}
	ms, err := store.Messages(ctx, repository.MessageQuery{Kinds: []string{string(kindHeld)}, Hidden: true, Limit: maxHeld})
	if err != nil {
		return err
	}
	reasons := map[string]string{}
	for _, m := range w.list {
		reasons[m.ID] = m.reason
	}
	w.list = nil
	for _, m := range slices.Backward(ms) {
		w.list = append(w.list, heldMessage{m, reasons[m.ID]})
	}
	w.loaded = true
	return nil
}

// holds says why a message has to wait for a moderator; empty is not at all.
func (s *Server) holds(ctx context.Context, set *Settings, d *draft) string {
	switch {
	case s.matcher(set).holds.Find(d.Body):
		return "It has a word that moderators look at."
	case set.HoldLinks && linkLike.MatchString(d.Body):
		return "It has a link."
	case set.HoldFirst && s.first(ctx, d.User):
		return "It is the first one of this user."
	default:
		return ""
	}
}

// first tells whether somebody has not written anything yet that was kept.
func (s *Server) first(ctx context.Context, u repository.User) bool {
	s.mu.Lock()
	m := s.members[u.ID]
	written := m != nil && m.written > 0
	s.mu.Unlock()
	if written {
		return false
	}
	ms, err := s.cfg.Stores.Messages.Messages(ctx, repository.MessageQuery{UserID: u.ID, Kinds: []string{string(KindMessage)}, Limit: 1})
	return err == nil && len(ms) == 0
}

// hold keeps a message for moderators.
func (s *Server) hold(c *client, d *draft, reason string) {
	switch err := s.keepHeld(s.ctx, d, reason); {
	case errors.Is(err, errHeldFull):
		s.notify(c, textHeldFull)
		return
	case err != nil:
		s.log.Error("chat: message not held", "err", err)
		return
	}
	s.count.held.Add(1)
	s.notify(c, textHeld)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.wrote(d.User.ID, d.SentAt)
	tell(s.tales, s.cfg.Events.MessageHeld, MessageHeld{Held{ID: d.ID, User: d.User, Body: d.Body, SentAt: d.SentAt, Reason: reason}})
}

// errHeldFull refuses a message that there is no place for.
var errHeldFull = errors.New("chat: too many messages wait for moderators")

// keepHeld stores a message where nobody but moderators sees it.
func (s *Server) keepHeld(ctx context.Context, d *draft, reason string) error {
	s.held.mu.Lock()
	defer s.held.mu.Unlock()
	if err := s.held.load(ctx, s.cfg.Stores.Messages); err != nil {
		return err
	}
	if len(s.held.list) >= maxHeld {
		return errHeldFull
	}
	m := repository.Message{
		ID: d.ID, Kind: string(kindHeld), UserID: d.User.ID, Body: d.Body, SentAt: d.SentAt, HiddenAt: d.SentAt, Link: d.mount,
	}
	if err := s.cfg.Stores.Messages.AppendMessages(ctx, m); err != nil {
		return err
	}
	s.held.list = append(s.held.list, heldMessage{m, reason})
	return nil
}

// Held returns the messages that wait for a moderator, the oldest first.
func (s *Server) Held(ctx context.Context) ([]Held, error) {
	s.held.mu.Lock()
	defer s.held.mu.Unlock()
	if err := s.held.load(ctx, s.cfg.Stores.Messages); err != nil {
		return nil, err
	}
	users := s.newAuthors()
	held := []Held{}
	for _, m := range s.held.list {
		u, err := users.find(ctx, m.UserID)
		if err != nil {
			return nil, err
		}
		if u != nil {
			held = append(held, Held{ID: m.ID, User: *u, Body: m.Body, SentAt: m.SentAt, Reason: m.reason})
		}
	}
	return held, nil
}

// Approve sends a message that waits, as of now. The error matches
// [repository.ErrNotFound] if it does not wait, [ErrUserDisabled], or
// [ErrHierarchy].
func (s *Server) Approve(ctx context.Context, by Actor, id string) error {
	if err := s.stream.enter(ctx); err != nil {
		return err
	}
	defer s.stream.leave()
	m, u, err := s.takeHeld(ctx, by, id)
	if err != nil {
		return err
	}
	msg := Message{ID: m.ID, Kind: KindMessage, SentAt: time.Now().UTC(), Body: s.html(ctx, m.Body, m.Link), User: InfoOf(u)}
	doc := msg.encode()
	s.mu.Lock()
	defer s.mu.Unlock()
	if mb := s.members[u.ID]; mb != nil {
		mb.written++
	}
	s.publish(&msg, doc, m.Body)
	return nil
}

// Reject drops a message that waits. The errors are those of Approve.
func (s *Server) Reject(ctx context.Context, by Actor, id string) error {
	_, _, err := s.takeHeld(ctx, by, id)
	return err
}

// takeHeld takes a message from those that wait.
func (s *Server) takeHeld(ctx context.Context, by Actor, id string) (m repository.Message, u repository.User, err error) {
	s.held.mu.Lock()
	defer s.held.mu.Unlock()
	if err := s.held.load(ctx, s.cfg.Stores.Messages); err != nil {
		return m, u, err
	}
	i := slices.IndexFunc(s.held.list, func(m heldMessage) bool { return m.ID == id })
	if i < 0 {
		return m, u, fmt.Errorf("held message %q: %w", id, repository.ErrNotFound)
	}
	m = s.held.list[i].Message
	u, err = s.cfg.Stores.Users.User(ctx, m.UserID)
	switch {
	case err != nil:
		return m, u, err
	case u.Disabled():
		return m, u, ErrUserDisabled
	case !by.over(u):
		return m, u, ErrHierarchy
	}
	n, err := s.cfg.Stores.Messages.DeleteMessages(ctx, id)
	if err == nil && n == 0 {
		err = fmt.Errorf("held message %q: %w", id, repository.ErrNotFound) // another process was faster
	}
	if err != nil {
		return m, u, err
	}
	s.held.list = slices.Delete(s.held.list, i, i+1)
	return m, u, nil
}

// dropHeld drops what a user has waiting.
func (s *Server) dropHeld(ctx context.Context, userID string) error {
	s.held.mu.Lock()
	defer s.held.mu.Unlock()
	if err := s.held.load(ctx, s.cfg.Stores.Messages); err != nil {
		return err
	}
	var ids []string
	for _, m := range s.held.list {
		if m.UserID == userID {
			ids = append(ids, m.ID)
		}
	}
	if len(ids) == 0 {
		return nil
	}
	if _, err := s.cfg.Stores.Messages.DeleteMessages(ctx, ids...); err != nil {
		return err
	}
	s.held.list = slices.DeleteFunc(s.held.list, func(m heldMessage) bool { return m.UserID == userID })
	return nil
}

// forgetHeld drops what is older than a time, as the store does.
func (s *Server) forgetHeld(before time.Time) {
	s.held.mu.Lock()
	defer s.held.mu.Unlock()
	s.held.list = slices.DeleteFunc(s.held.list, func(m heldMessage) bool { return m.SentAt.Before(before) })
}
