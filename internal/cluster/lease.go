package cluster

import (
	"context"
	"sync"
	"time"

	"github.com/owncast-go/owncast/video"
)

const (
	// leaseTime is how long a lease is believed to be had that is not
	// renewed: a second less than it is.
	leaseTime = 9 * time.Second
	// renewEvery is how often it is renewed.
	renewEvery = 3 * time.Second
	// claimTime is how long a claim of the publisher's place may take.
	claimTime = 5 * time.Second
)

// lease is what one node has at a time.
type lease struct {
	link Link
	name string

	mu    sync.Mutex // guards the rest
	until time.Time  // zero if this node has it not
	taken time.Time
}

// acquire takes or renews it; with anew it is had from now on, whether it was
// before or not.
func (l *lease) acquire(ctx context.Context, anew bool) (bool, error) {
	ctx, cancel := context.WithTimeout(ctx, claimTime)
	defer cancel()
	now := time.Now()
	held, err := l.link.Acquire(ctx, l.name)
	if err != nil {
		return false, err
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	switch {
	case !held:
		l.until = time.Time{}
	default:
		if anew || l.until.IsZero() {
			l.taken = now
		}
		l.until = now.Add(leaseTime)
	}
	return held, nil
}

// release gives it back.
func (l *lease) release(ctx context.Context) {
	l.mu.Lock()
	had := !l.until.IsZero()
	l.until = time.Time{}
	l.mu.Unlock()
	if !had || l.link.Err() != nil {
		return // it is over by itself soon
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), lastWords)
	defer cancel()
	_ = l.link.Release(ctx, l.name) // or it is over by itself
}

// held tells whether this node has it, and since when.
func (l *lease) held() (bool, time.Time) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return time.Now().Before(l.until), l.taken
}

// Leader tells whether this node is the one that does what one node is to do.
// There may be none for some seconds, and never two.
func (n *Node) Leader() bool {
	held, _ := n.leading.held()
	return held
}

// lead is, or waits to be, the leader.
func (n *Node) lead(ctx context.Context) {
	for next := time.Duration(0); wait(ctx, next); next = renewEvery {
		if _, err := n.leading.acquire(ctx, false); err != nil {
			n.log.Debug("cluster: no leader is found", "err", err)
		}
	}
	n.leading.release(ctx)
}

// Claim takes the place of the publisher for this node: that of a node whose
// publisher is away, and with takeOver that of any, which disconnects. The error
// is [video.ErrAlreadyLive] if another node has it. While nodes cannot be
// reached a place is free that was when they could be last.
func (n *Node) Claim(ctx context.Context, takeOver bool) error {
	select {
	case n.claiming <- struct{}{}:
	case <-ctx.Done():
		return ctx.Err()
	}
	defer func() { <-n.claiming }()
	if n.state.Own().Online() {
		return nil // it has it
	}
	ctx, cancel := context.WithTimeout(ctx, claimTime)
	defer cancel()
	asked := ""
	for {
		held, err := n.place.acquire(ctx, true)
		if held {
			return nil
		}
		if err != nil {
			if n.Busy() {
				return video.ErrAlreadyLive
			}
			return nil
		}
		remote := n.remoteStatus()
		if remote.Online() && !takeOver && remote.Phase != video.Reconnecting {
			return video.ErrAlreadyLive
		}
		if remote.Online() && remote.SessionID != asked {
			asked = remote.SessionID
			_ = n.post(ctx, kindDisconnect, []byte(asked)) // the end of ctx is seen below
		}
		if !wait(ctx, look) {
			return video.ErrAlreadyLive
		}
	}
}

func (n *Node) remoteStatus() video.Status {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.remote
}

// Disconnect ends the session of another node, and tells whether there is one
// that can be reached.
func (n *Node) Disconnect() bool {
	remote := n.remoteStatus()
	if !remote.Online() || n.running == nil || n.link.Err() != nil {
		return false
	}
	ctx, cancel := context.WithTimeout(n.running, claimTime)
	defer cancel()
	return n.post(ctx, kindDisconnect, []byte(remote.SessionID)) == nil
}

// keepPlace keeps the place of the publisher for as long as this node has one.
// One who has claimed it and does not begin loses it when the lease is over.
func (n *Node) keepPlace(ctx context.Context) {
	var renewed, used time.Time // used is when the place was taken that a publisher has had
	for wait(ctx, look) {
		if n.state.Own().Online() {
			if time.Since(renewed) >= renewEvery {
				renewed = time.Now()
				n.renewPlace(ctx)
			}
			_, used = n.place.held()
			continue
		}
		renewed = time.Time{}
		select {
		case n.claiming <- struct{}{}:
		default:
			continue // somebody is on the way in
		}
		held, since := n.place.held()
		if held && !n.state.Own().Online() && since.Equal(used) {
			n.place.release(ctx)
		}
		<-n.claiming
	}
	n.place.release(ctx)
}

// renewPlace keeps the place, or gives way to who has got it while this node
// could not be reached.
func (n *Node) renewPlace(ctx context.Context) {
	held, err := n.place.acquire(ctx, false)
	if err != nil || held || !n.Busy() {
		return
	}
	n.log.Warn("cluster: another node has taken the place of the publisher")
	if n.cfg.Disconnect != nil {
		n.cfg.Disconnect()
	}
}
