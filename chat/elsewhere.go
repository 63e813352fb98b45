package chat

import (
	"context"
	"net/netip"
	"slices"

	"github.com/owncast-go/owncast/repository"
)

const (
	// maxElsewhere is how many clients of other processes are known.
	maxElsewhere = 200_000
	// rosterPart is how many clients are told at a time.
	rosterPart = 500
)

// elsewhere is who is in the same room in other processes. The lock of the
// room guards it.
type elsewhere struct {
	processes map[string]map[uint64]RelayedClient
	users     map[string]int // how many clients they have
	clients   int
}

// come notes clients of a process; all says that there are no others.
func (e *elsewhere) come(from string, clients []RelayedClient, all bool) {
	if all {
		e.lose(from)
	}
	if e.processes == nil {
		e.processes, e.users = map[string]map[uint64]RelayedClient{}, map[string]int{}
	}
	known := e.processes[from]
	if known == nil {
		known = map[uint64]RelayedClient{}
		e.processes[from] = known
	}
	for _, c := range clients {
		if _, ok := known[c.ID]; ok || e.clients >= maxElsewhere {
			continue
		}
		known[c.ID] = c
		e.users[c.UserID]++
		e.clients++
	}
}

// leave forgets a client.
func (e *elsewhere) leave(from string, id uint64) {
	c, ok := e.processes[from][id]
	if !ok {
		return
	}
	delete(e.processes[from], id)
	e.clients--
	if e.users[c.UserID]--; e.users[c.UserID] <= 0 {
		delete(e.users, c.UserID)
	}
}

// lose forgets a process.
func (e *elsewhere) lose(from string) {
	for id := range e.processes[from] {
		e.leave(from, id)
	}
	delete(e.processes, from)
}

// wrote counts a message of a client.
func (e *elsewhere) wrote(from string, id uint64) {
	if c, ok := e.processes[from][id]; ok {
		c.Messages++
		e.processes[from][id] = c
	}
}

// of returns the clients of a user; of all for "".
func (e *elsewhere) of(userID string) []RelayedClient {
	if userID != "" && e.users[userID] == 0 {
		return nil
	}
	var all []RelayedClient
	for _, known := range e.processes {
		for _, c := range known {
			if userID == "" || c.UserID == userID {
				all = append(all, c)
			}
		}
	}
	return all
}

func (c *client) relayed() RelayedClient {
	return RelayedClient{
		ID: c.id, UserID: c.member.user.ID, Address: c.addr, UserAgent: c.agent, ConnectedAt: c.connected, Messages: c.messages,
	}
}

// tellClients tells the other processes of all clients there are.
func (s *Server) tellClients() {
	s.mu.Lock()
	defer s.mu.Unlock()
	list := make([]RelayedClient, 0, len(s.clients))
	for _, c := range s.clients {
		list = append(list, c.relayed())
	}
	all := true
	for part := range slices.Chunk(list, rosterPart) {
		s.relay(Relayed{Effect: EffectClients, Clients: part, All: all})
		all = false
	}
	if all {
		s.relay(Relayed{Effect: EffectClients, All: true})
	}
}

// total is how many clients there are in all processes. The caller holds mu.
func (s *Server) total() int { return len(s.clients) + s.elsewhere.clients }

// describe makes what is known of clients elsewhere what administrators see.
func (s *Server) describe(list []RelayedClient) []Client {
	users := s.newAuthors()
	all := make([]Client, 0, len(list))
	for _, c := range list {
		u, err := users.find(context.WithoutCancel(s.ctx), c.UserID)
		if err != nil || u == nil {
			u = &repository.User{ID: c.UserID} // it has just been deleted
		}
		all = append(all, Client{
			ID: c.ID, User: *u, Address: c.Address, UserAgent: c.UserAgent, ConnectedAt: c.ConnectedAt, Messages: c.Messages,
		})
	}
	return all
}

// addressesElsewhere are those that a user has in other processes.
func (s *Server) addressesElsewhere(userID string) []netip.Addr {
	s.mu.Lock()
	defer s.mu.Unlock()
	var list []netip.Addr
	for _, c := range s.elsewhere.of(userID) {
		if !slices.Contains(list, c.Address) {
			list = append(list, c.Address)
		}
	}
	return list
}
