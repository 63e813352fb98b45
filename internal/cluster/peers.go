package cluster

import (
	"context"
	"encoding/binary"
	"encoding/json"
	"sync"
	"time"
)

const (
	// greetEvery is how often nodes say that they are there.
	greetEvery = 2 * time.Second
	// lostAfter is how long nothing may come of one before it is not.
	lostAfter = 10 * time.Second
	// maxPeers is how many other nodes are known at the most.
	maxPeers = 256
	// numberLength is that of the number before what nodes tell one another.
	numberLength = 8
	// lastWords is how long something that is told may take when the node
	// stops.
	lastWords = 2 * time.Second
)

// Kinds of what nodes tell one another, which their byte after the number is.
const (
	kindGreeting   = 'g'
	kindFarewell   = 'f'
	kindTold       = 't'
	kindDisconnect = 'd' // the session, by its id
)

// greeting is what a node says of itself.
type greeting struct {
	Viewers int `json:"viewers"`
}

// peer is another node.
type peer struct {
	viewers int
	number  uint64 // of what it has told last
	heard   time.Time
}

// peers are the other nodes that are there.
type peers struct {
	mu    sync.Mutex // guards the rest
	known map[string]*peer
	since time.Time // when nodes could not be reached last
	away  time.Time // since when they cannot be; zero if they can
}

// hear notes that something has come of a node. It tells whether the node was
// not known, and whether what has come is new.
func (p *peers) hear(id string, number uint64, now time.Time) (arrived, fresh bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	x := p.known[id]
	if x == nil {
		if len(p.known) >= maxPeers {
			return false, false
		}
		if p.known == nil {
			p.known = map[string]*peer{}
		}
		x = &peer{}
		p.known[id] = x
		arrived = true
	}
	x.heard = now
	if number <= x.number {
		return arrived, false
	}
	x.number = number
	return arrived, true
}

func (p *peers) greeted(id string, g greeting) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if x := p.known[id]; x != nil {
		x.viewers = max(g.Viewers, 0)
	}
}

// lost forgets the nodes of which nothing has come for long, and returns them.
// While nodes cannot be reached these are those that were silent before.
func (p *peers) lost(now time.Time, reachable bool) []string {
	p.mu.Lock()
	defer p.mu.Unlock()
	switch {
	case reachable:
		p.away = time.Time{}
	case p.away.IsZero():
		p.since, p.away = now, now
	default:
		p.since = now
	}
	var ids []string
	for id, x := range p.known {
		silent := now.Sub(x.heard) >= lostAfter
		switch {
		case !reachable:
			silent = silent && p.away.Sub(x.heard) > 2*greetEvery
		default:
			silent = silent && now.Sub(p.since) >= lostAfter
		}
		if silent {
			delete(p.known, id)
			ids = append(ids, id)
		}
	}
	return ids
}

// forget forgets a node that has said that it goes, and tells whether it was
// known.
func (p *peers) forget(id string) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	_, ok := p.known[id]
	delete(p.known, id)
	return ok
}

// Viewers is how many viewers the other nodes have. Of one that is gone it
// knows so after ten seconds.
func (n *Node) Viewers() int {
	n.peers.mu.Lock()
	defer n.peers.mu.Unlock()
	sum := 0
	for _, p := range n.peers.known {
		sum += p.viewers
	}
	return sum
}

// Tell has [Config.Told] of all nodes called with a message, once. What one node
// tells stays in its order. It tries until ctx is done.
func (n *Node) Tell(ctx context.Context, message []byte) error {
	return n.post(ctx, kindTold, message)
}

func (n *Node) post(ctx context.Context, kind byte, message []byte) error {
	select {
	case n.posting <- struct{}{}:
	case <-ctx.Done():
		return ctx.Err()
	}
	defer func() { <-n.posting }()
	n.number++
	if kind == kindGreeting {
		n.counts.greeting.Store(&timed{n.number, time.Now()})
	}
	b := binary.BigEndian.AppendUint64(make([]byte, 0, numberLength+1+len(message)), n.number)
	b = append(append(b, kind), message...)
	for {
		err := n.link.Publish(ctx, b)
		if err == nil {
			return nil
		}
		if !wait(ctx, look) {
			return err
		}
	}
}

// greet says that this node is there, until ctx is done, and then that it goes.
// It says so often until it hears itself.
func (n *Node) greet(ctx context.Context) {
	for next := time.Duration(0); wait(ctx, next); {
		select {
		case <-n.joined:
			next = greetEvery
		default:
			next = look
		}
		var g greeting
		if n.cfg.Viewers != nil {
			g.Viewers = n.cfg.Viewers()
		}
		b, err := json.Marshal(g)
		if err == nil && n.link.Err() == nil {
			err = n.post(ctx, kindGreeting, b)
		}
		if err != nil {
			n.log.Debug("cluster: not greeted", "err", err)
		}
	}
	last, cancel := context.WithTimeout(context.WithoutCancel(ctx), lastWords)
	defer cancel()
	if n.link.Err() == nil {
		_ = n.post(last, kindFarewell, nil) // or the others find out
	}
}

// listen takes what nodes tell.
func (n *Node) listen(ctx context.Context) {
	err := n.link.Subscribe(ctx, func(from string, m []byte) {
		if len(m) <= numberLength {
			return
		}
		n.hear(ctx, from, binary.BigEndian.Uint64(m), m[numberLength], m[numberLength+1:])
	})
	if err != nil && ctx.Err() == nil {
		n.log.Error("cluster: nothing is heard any more", "err", err)
	}
}

func (n *Node) hear(ctx context.Context, from string, number uint64, kind byte, m []byte) {
	if from == n.link.ID() {
		n.join()
		n.counts.heard(number)
	} else {
		arrived, fresh := n.peers.hear(from, number, time.Now())
		if arrived {
			n.arrived(from)
		}
		if !fresh {
			return // it was tried twice
		}
	}
	switch kind {
	case kindGreeting:
		var g greeting
		if err := json.Unmarshal(m, &g); err != nil {
			n.log.Debug("cluster: a greeting was not understood", "err", err)
			return
		}
		n.peers.greeted(from, g)
	case kindFarewell:
		n.told.Lock()
		defer n.told.Unlock()
		if n.peers.forget(from) && n.cfg.Lost != nil {
			n.cfg.Lost(from)
		}
	case kindTold:
		n.told.Lock()
		defer n.told.Unlock()
		if n.cfg.Told != nil {
			n.cfg.Told(ctx, from, m)
		}
	case kindDisconnect:
		if own := n.state.Own(); own.SessionID == string(m) && n.cfg.Disconnect != nil {
			n.cfg.Disconnect()
		}
	}
}

func (n *Node) arrived(id string) {
	n.told.Lock()
	defer n.told.Unlock()
	if n.cfg.Arrived != nil {
		n.cfg.Arrived(id)
	}
}
