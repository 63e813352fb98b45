package chat

import (
	"slices"
	"time"

	"github.com/owncast-go/owncast/repository"
)

const (
	// grace is how long somebody may be away without having left.
	grace = 10 * time.Second
	// crowd is how many clients a room may have for each joining and leaving
	// to be told. What is told to everybody of everybody grows with the
	// square of their number; a crowd is told how many there are.
	crowd         = 200
	presenceEvery = 10 * time.Second
	welcomeAfter  = 7 * time.Second
)

// joins puts a client that is in the room to its user, and tells who has to
// know. The caller holds mu.
func (s *Server) joins(c *client, u repository.User, set *Settings) {
	m := s.members[u.ID]
	if m == nil {
		m = &member{}
		s.members[u.ID] = m
	}
	m.user = u
	first := len(m.clients) == 0 && !s.agenda.cancel(m.leaving) && s.elsewhere.users[u.ID] == 0
	m.leaving = nil
	m.clients = append(m.clients, c)
	c.member = m
	c.ping = s.agenda.after(pingEvery, func() { s.pinged(c) })
	s.stream.push(event{doc: infoDocument(u), to: []*client{c}, joins: c})
	if first {
		s.tellJoined(c, u, set)
	}
	s.relay(Relayed{Effect: EffectClients, Clients: []RelayedClient{c.relayed()}})
	if s.cfg.Channel.Stream().Online {
		c.welcome = s.agenda.after(welcomeAfter, func() { s.welcomed(c) })
	}
}

// tellJoined tells of a user who was not there. The caller holds mu.
func (s *Server) tellJoined(c *client, u repository.User, set *Settings) {
	d := newDocument(kindJoined)
	d.User = InfoOf(u)
	online := s.cfg.Channel.Stream().Online
	shown := online && s.showsPresence(set)
	if shown {
		s.broadcast(d.encode())
	}
	tell(s.tales, s.cfg.Events.UserJoined, UserJoined{
		ID: d.ID, At: d.Timestamp, User: u, ClientID: c.id, Online: online, Shown: shown,
	})
}

// showsPresence tells whether clients are told who comes and goes. The caller
// holds mu.
func (s *Server) showsPresence(set *Settings) bool {
	return set.JoinMessages && !set.Disabled && s.total() <= crowd
}

// detach takes a client from its user. The caller holds mu.
func (s *Server) detach(c *client) {
	m := c.member
	if i := slices.Index(m.clients, c); i >= 0 {
		m.clients = slices.Delete(m.clients, i, i+1)
	}
	if len(m.clients) > 0 || s.closed {
		return
	}
	id := m.user.ID
	m.leaving = s.agenda.after(grace, func() { s.parted(id, m) })
}

// parted tells of a user who has left.
func (s *Server) parted(id string, m *member) {
	set, err := s.cfg.Settings(s.ctx)
	if err != nil {
		s.log.Warn("chat: settings cannot be read", "err", err)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.members[id] != m || len(m.clients) > 0 || s.closed {
		return
	}
	delete(s.members, id)
	if s.elsewhere.users[id] > 0 {
		return
	}
	d := newDocument(kindParted)
	d.User = InfoOf(m.user)
	shown := s.showsPresence(&set) && !m.user.Disabled()
	if shown {
		s.broadcast(d.encode())
	}
	tell(s.tales, s.cfg.Events.UserParted, UserParted{
		ID: d.ID, At: d.Timestamp, User: m.user, Online: s.cfg.Channel.Stream().Online, Shown: shown,
	})
}

// pinged asks a client for a sign of life.
func (s *Server) pinged(c *client) {
	s.mu.Lock()
	if c.left {
		s.mu.Unlock()
		return
	}
	c.ping = s.agenda.after(pingEvery, func() { s.pinged(c) })
	s.mu.Unlock()
	c.conn.send(&frame{b: header(nil, opPing, 0)})
}

// welcomed greets a client that has joined a while ago.
func (s *Server) welcomed(c *client) {
	set, err := s.cfg.Settings(s.ctx)
	if err != nil || set.WelcomeMessage == "" || set.Disabled {
		return
	}
	body := s.html(s.ctx, set.WelcomeMessage, c.mount)
	if body == "" {
		return
	}
	doc := s.systemDocument(s.ctx, body).encode()
	s.mu.Lock()
	defer s.mu.Unlock()
	if !c.left {
		s.stream.push(event{doc: doc, to: []*client{c}})
	}
}

// infoDocument tells a client who its user is.
func infoDocument(u repository.User) []byte {
	d := newDocument(kindUserInfo)
	d.User = InfoOf(u)
	return d.encode()
}

// headcount tells a crowd how many they are, if that has changed.
func (s *Server) headcount() {
	s.mu.Lock()
	defer s.mu.Unlock()
	n := s.total()
	if n <= crowd && s.announced <= crowd || n == s.announced {
		return
	}
	s.announced = n
	d := newDocument(kindPresence)
	d.Count = &n
	s.stream.push(event{doc: d.encode()})
}
