package cluster

import (
	"sync/atomic"
	"time"
)

// Stats are the figures of a Node. Those that count only grow.
type Stats struct {
	Reachable bool // the other nodes can be reached
	Nodes     int  // that are there, with this one
	Viewers   int  // of the others
	Leader    bool
	// Following tells that another node has the publisher, and Silence since
	// when nothing has come of it, while nodes can be reached: its status comes
	// every two seconds.
	Following bool
	Silence   time.Duration
	// RoundTrip is how long the last greeting, which is for all nodes, took to
	// come back to this one. It is zero before the first.
	RoundTrip time.Duration
	// Shared tells that this node has the storage of the one with the
	// publisher.
	Shared   bool
	Sent     int64 // bytes of video and status
	Received int64 // of them
	Failures int64 // messages of video and status that could not be sent
}

// counts are what Stats is made of that is kept nowhere else.
type counts struct {
	sent, received, failures atomic.Int64
	shared                   atomic.Bool
	greeting                 atomic.Pointer[timed] // the last one
	trip                     atomic.Int64          // nanoseconds
}

// timed is a message, by its number, and when it was told.
type timed struct {
	number uint64
	at     time.Time
}

func (c *counts) passed(length int, err error) {
	if err != nil {
		c.failures.Add(1)
		return
	}
	c.sent.Add(int64(length) + 1)
}

// heard notes that this node has heard a message of its own.
func (c *counts) heard(number uint64) {
	if g := c.greeting.Load(); g != nil && g.number == number && c.greeting.CompareAndSwap(g, nil) {
		c.trip.Store(int64(time.Since(g.at)))
	}
}

// Stats returns the figures as they are now.
func (n *Node) Stats() Stats {
	s := Stats{
		Reachable: n.link.Err() == nil, Leader: n.Leader(), Viewers: n.Viewers(), RoundTrip: time.Duration(n.counts.trip.Load()),
		Sent: n.counts.sent.Load(), Received: n.counts.received.Load(), Failures: n.counts.failures.Load(),
	}
	n.peers.mu.Lock()
	s.Nodes = 1 + len(n.peers.known)
	n.peers.mu.Unlock()
	n.mu.Lock()
	defer n.mu.Unlock()
	if s.Following = n.remote.Online(); s.Following {
		s.Silence, s.Shared = max(time.Since(n.heard), 0), n.counts.shared.Load()
	}
	return s
}
