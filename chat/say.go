package chat

import (
	"context"
	"fmt"
	"math"
	"time"

	"github.com/owncast-go/owncast/repository"
)

// openAfter is for how long the room stays open when a broadcast is over.
const openAfter = 5 * time.Minute

// open tells whether users may write.
func (s *Server) open() bool {
	st := s.cfg.Channel.Stream()
	now := time.Now()
	return st.Online || st.EndedAt.IsZero() || now.Sub(st.EndedAt) <= openAfter || s.cfg.Channel.Open(now)
}

// draft is a message that is being looked at.
type draft struct {
	Draft
	mount string
}

// say sends what a user has written, unless something speaks against it.
func (s *Server) say(c *client, set *Settings, u repository.User, raw string) {
	if s.html(s.ctx, raw, c.mount) == "" || !s.open() {
		return
	}
	if s.out.busy() {
		s.notify(c, textAway)
		return
	}
	if wait := s.restrained(set, &u); wait != "" {
		s.notify(c, wait)
		return
	}
	d := draft{Draft{ID: newID(), User: u, ClientID: c.id, Address: c.addr, Body: raw, SentAt: time.Now().UTC()}, c.mount}
	v := s.judge(s.ctx, set, &d)
	switch v.action {
	case drop:
		s.count.dropped.Add(1)
		if v.Reason != "" {
			s.notify(c, escape(v.Reason))
		}
	case hold:
		s.hold(c, &d, v.Reason)
	default:
		s.send(c, &d)
	}
}

// send puts a message into the room.
func (s *Server) send(c *client, d *draft) {
	body := s.html(s.ctx, d.Body, d.mount)
	if body == "" {
		return
	}
	m := Message{ID: d.ID, Kind: KindMessage, SentAt: d.SentAt, Body: body, User: InfoOf(d.User), ClientID: c.id}
	doc := m.encode()
	s.mu.Lock()
	defer s.mu.Unlock()
	// Who was disabled while the message was looked at says nothing any more.
	if c.left || s.closed || c.member.user.ID != d.User.ID || c.member.user.Disabled() {
		return
	}
	c.messages++
	c.member.written++
	s.wrote(d.User.ID, d.SentAt)
	s.publish(&m, doc, d.Body)
}

// publish puts a message into the history, before everybody, and tells of it.
// The caller holds mu.
func (s *Server) publish(m *Message, doc []byte, raw string) {
	s.count.sent.Add(1)
	s.authors.add(m.ID, m.User.ID)
	s.past.add(m.record())
	s.recent.forget()
	s.relay(Relayed{Document: doc, Message: m.ID, UserID: m.User.ID, ClientID: m.ClientID, At: m.SentAt})
	tell(s.tales, s.cfg.Events.MessageSent, MessageSent{Message: *m, Raw: raw})
}

// broadcast sends a document to everybody. The caller holds mu.
func (s *Server) broadcast(doc []byte) {
	s.relay(Relayed{Document: doc})
}

// unstored tells who has written a message that could not be kept.
func (s *Server) unstored(r Relayed) {
	s.mu.Lock()
	c := s.clients[r.ClientID]
	s.mu.Unlock()
	if c != nil {
		s.notify(c, textAway)
	}
}

// html renders what somebody has written.
func (s *Server) html(ctx context.Context, text, mount string) string {
	return s.cfg.Text.HTML(ctx, calm(text), mount)
}

// restraint is what keeps a user from writing for a while.
type restraint struct {
	until  time.Time // of a time-out
	reason string
	last   time.Time // that something was written
}

// restrained tells a user who has to wait so; empty is who may write.
func (s *Server) restrained(set *Settings, u *repository.User) string {
	if u.Role >= repository.RoleModerator {
		return ""
	}
	now := time.Now()
	s.mu.Lock()
	defer s.mu.Unlock()
	r := s.restraints[u.ID]
	if r == nil {
		return ""
	}
	if left := r.until.Sub(now); left > 0 {
		return fmt.Sprintf("You have been timed out and can write again in %s.", seconds(left))
	}
	slow := time.Duration(set.SlowMode) * time.Second
	if left := r.last.Add(slow).Sub(now); slow > 0 && left > 0 {
		return fmt.Sprintf("Slow mode is on. You can write again in %s.", seconds(left))
	}
	return ""
}

func seconds(d time.Duration) string {
	n := int(math.Ceil(d.Seconds()))
	if n == 1 {
		return "1 second"
	}
	return fmt.Sprintf("%d seconds", n)
}

// wrote notes that a user has. The caller holds mu.
func (s *Server) wrote(userID string, at time.Time) {
	if r := s.restraint(userID); r != nil {
		r.last = at
	}
}

// maxRestraints is how many users may be remembered for having written lately.
const maxRestraints = 100_000

// restraint returns what is noted of a user; nil for one too many. The caller
// holds mu.
func (s *Server) restraint(userID string) *restraint {
	r := s.restraints[userID]
	if r == nil && len(s.restraints) < maxRestraints {
		r = &restraint{}
		s.restraints[userID] = r
	}
	return r
}

// forgetRestraints drops what is over.
func (s *Server) forgetRestraints(ctx context.Context) {
	set, err := s.cfg.Settings(ctx)
	if err != nil {
		return
	}
	now := time.Now()
	s.mu.Lock()
	defer s.mu.Unlock()
	for id, r := range s.restraints {
		if now.After(r.until) && now.Sub(r.last) > time.Duration(set.SlowMode)*time.Second {
			delete(s.restraints, id)
		}
	}
}
