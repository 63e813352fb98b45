package chat

import (
	"cmp"
	"crypto/rand"
	"encoding/binary"
	"net/netip"
	"slices"
	"time"

	"golang.org/x/time/rate"

	"github.com/owncast-go/owncast/repository"
)

// member is a user who is in the room, or was a moment ago.
type member struct {
	user    repository.User // as it was last seen
	clients []*client
	leaving *task // tells of the leaving; nil while there are clients

	pace    *rate.Limiter // of messages
	rate    Limits        // that pace is made of
	silent  time.Time     // until when what comes is dropped, for it was too much
	written int           // messages, of all connections
}

// client is a connection. What has no comment of its own never changes.
type client struct {
	id        uint64
	token     repository.Hash // zero if it came without one
	addr      netip.Addr
	group     netip.Prefix // what it counts for; zero if for nothing
	agent     string
	mount     string
	connected time.Time
	conn      *conn
	shard     int

	member   *member // guarded by the lock of the room
	messages int     // that were sent; guarded by the lock of the room
	welcome  *task   // guarded by the lock of the room
	ping     *task   // guarded by the lock of the room
	left     bool    // guarded by the lock of the room

	passed uint64 // the last pass it had something of its own in; the shard's
	frames burst  // that have come; the reader's
}

// burst counts things in a second.
type burst struct {
	since time.Time
	n     int
}

// add counts one and returns how many there were, more or less, in the last
// second.
func (b *burst) add(now time.Time) int {
	if passed := now.Sub(b.since); passed >= time.Second {
		b.since, b.n = now, 0
	}
	b.n++
	return b.n
}

// Client is a connection, for those who keep order.
type Client struct {
	ID          uint64
	User        repository.User
	Address     netip.Addr // zero if unknown
	UserAgent   string
	ConnectedAt time.Time
	Messages    int // that were sent
}

func (c *client) describe() Client {
	return Client{
		ID: c.id, User: c.member.user, Address: c.addr, UserAgent: c.agent, ConnectedAt: c.connected, Messages: c.messages,
	}
}

// Clients returns all connections, the oldest first.
func (s *Server) Clients() []Client {
	s.mu.Lock()
	all := make([]Client, 0, len(s.clients))
	for _, c := range s.clients {
		all = append(all, c.describe())
	}
	others := s.elsewhere.of("")
	s.mu.Unlock()
	return oldestFirst(append(all, s.describe(others)...))
}

// oldestFirst sorts connections. In one process, their numbers are in the order
// in which they came.
func oldestFirst(all []Client) []Client {
	const process = ^uint64(1<<32 - 1)
	slices.SortFunc(all, func(a, b Client) int {
		if a.ID&process == b.ID&process {
			return cmp.Compare(a.ID, b.ID)
		}
		return cmp.Or(a.ConnectedAt.Compare(b.ConnectedAt), cmp.Compare(a.ID, b.ID))
	})
	return all
}

// firstID is before the numbers of the connections of a process that is not
// alone. They are below 2^52, for clients that count in JavaScript.
func firstID() uint64 {
	var b [4]byte
	_, _ = rand.Read(b[:]) // never fails
	return uint64(binary.BigEndian.Uint32(b[:])>>12) << 32
}

// ClientsOf returns the connections of a user, the oldest first.
func (s *Server) ClientsOf(userID string) []Client {
	s.mu.Lock()
	var all []Client
	if m := s.members[userID]; m != nil {
		for _, c := range m.clients {
			all = append(all, c.describe())
		}
	}
	others := s.elsewhere.of(userID)
	s.mu.Unlock()
	return oldestFirst(append(all, s.describe(others)...))
}

// addressGroup is what limits by address count by; zero for addresses that
// they do not hold for.
func addressGroup(addr netip.Addr) netip.Prefix {
	switch {
	case !addr.IsValid(), addr.IsLoopback(), addr.IsPrivate(), addr.IsLinkLocalUnicast():
		return netip.Prefix{}
	case addr.Is4():
		return netip.PrefixFrom(addr, 32)
	}
	p, err := addr.Prefix(64)
	if err != nil {
		return netip.Prefix{}
	}
	return p
}
