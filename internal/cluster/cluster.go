// Package cluster makes one channel of several nodes. The media and the status
// of the node with the publisher go to the others, which serve the same
// playlists as it does; nodes tell one another things in one order, and how many
// viewers they have; one of them has the place of the publisher, and one leads.
package cluster

import (
	"context"
	"encoding/json"
	"log/slog"
	"sync"
	"time"

	"github.com/owncast-go/owncast/video"
	"github.com/owncast-go/owncast/video/hls"
)

const (
	// look is how often the status is looked at.
	look = 250 * time.Millisecond
	// heartbeat is how often it is sent while there is a broadcast.
	heartbeat = 2 * time.Second
	// silent is how long nothing may come of a node before another one may
	// have the publisher.
	silent = 4 * heartbeat
	// gone is how long nothing may come of it before its session is over.
	gone = 30 * time.Second
	// pause is between two tries to send, and between two demands.
	pause = time.Second
	// joinTime is how long Join waits.
	joinTime = 5 * time.Second
)

// Kinds of messages, which their first byte is.
const (
	kindVideo  = 'v'
	kindStatus = 's'
)

// Link passes messages between nodes.
type Link interface {
	// ID is the name of this node, another one each time.
	ID() string
	// Send gives the others a message. After an error those before it may be
	// lost, too.
	Send(ctx context.Context, message []byte) error
	// Receive calls fn with the others' messages until ctx is done, one after
	// the other, as each has sent them and from those of some time ago on;
	// more tells that others are there already. fn may keep them.
	Receive(ctx context.Context, fn func(message []byte, more bool)) error
	// Publish gives all nodes a message, this one too. After an error it may
	// have.
	Publish(ctx context.Context, message []byte) error
	// Subscribe calls fn with what is published from now on until ctx is
	// done, in one order for all nodes, one after the other. fn may keep it.
	Subscribe(ctx context.Context, fn func(from string, message []byte)) error
	// Acquire takes something for this node alone, or keeps it: for ten
	// seconds from before the call on.
	Acquire(ctx context.Context, name string) (bool, error)
	// Release gives it back, if this node has it.
	Release(ctx context.Context, name string) error
	// Err says why nothing can be passed at present; nil if it can.
	Err() error
}

// Config is what a Node is made of. Link and State are required, and nil
// functions are skipped.
type Config struct {
	Link  Link
	State *video.State
	// Viewers counts those of this node.
	Viewers func() int
	// Disconnect ends the session of this node, if it has one.
	Disconnect func() bool
	// Told hears of what nodes Tell, this one too, in one order for all.
	Told func(ctx context.Context, from string, message []byte)
	// Arrived hears of nodes that were not there before, of this one when it
	// was away, and Lost of those that are there no longer. They are called in
	// the order of Told.
	Arrived, Lost func(node string)
	Logger        *slog.Logger // nil discards
}

// Node is this process's part. Make one with [New], Start and Stop it.
type Node struct {
	cfg      Config
	link     Link
	state    *video.State
	replica  *hls.Replica // nil before Start
	log      *slog.Logger
	running  context.Context //nolint:containedctx // from Start to Stop
	cancel   context.CancelFunc
	wg       sync.WaitGroup
	told     sync.Mutex    // held while something is told
	current  chan struct{} // closed when the backlog of the others' messages has come
	joined   chan struct{} // closed when this node hears what nodes tell
	join     func()        // closes it
	peers    peers
	leading  lease
	place    lease         // of the publisher
	claiming chan struct{} // has a value while somebody claims the place
	posting  chan struct{} // has a value while somebody tells: guards number, and keeps the order
	number   uint64
	counts   counts

	mu     sync.Mutex // guards the rest
	remote video.Status
	ended  string    // the session that was given up last
	heard  time.Time // when the remote status came, or the link came back
}

// New returns a Node. It starts nothing.
func New(c Config) *Node {
	if c.Logger == nil {
		c.Logger = slog.New(slog.DiscardHandler)
	}
	n := &Node{cfg: c, link: c.Link, state: c.State, log: c.Logger, claiming: make(chan struct{}, 1), posting: make(chan struct{}, 1)}
	n.leading = lease{link: c.Link, name: "leader"}
	n.place = lease{link: c.Link, name: "publisher"}
	n.current = make(chan struct{})
	n.joined = make(chan struct{})
	n.join = sync.OnceFunc(func() { close(n.joined) })
	return n
}

// Start begins to pass on what p and the state have of their own, and to show
// on them what other nodes pass on, until Stop: ctx gives its values alone.
func (n *Node) Start(ctx context.Context, p *hls.Packager) {
	ctx, n.cancel = context.WithCancel(context.WithoutCancel(ctx))
	n.running = ctx
	n.replica = p.NewReplica()
	n.replica.Hold(true) // until everything has come that is there
	feed := p.NewFeed()
	n.wg.Go(func() {
		defer feed.Close()
		n.sendVideo(ctx, feed)
	})
	for _, run := range []func(context.Context){n.sendStatus, n.receive, n.show, n.watch, n.listen, n.greet, n.lead, n.keepPlace} {
		n.wg.Go(func() { run(ctx) })
	}
}

// Join waits until this node hears what nodes tell one another, for a few
// seconds at the most. It does not hear what was told before.
func (n *Node) Join(ctx context.Context) {
	t := time.NewTimer(joinTime)
	defer t.Stop()
	select {
	case <-n.joined:
	case <-t.C:
		n.log.WarnContext(ctx, "cluster: nothing is heard of other nodes yet")
	case <-ctx.Done():
	}
}

// Stop passes on the last there is, for which it takes a few seconds at the
// most, and waits.
func (n *Node) Stop() {
	if n.cancel == nil {
		return
	}
	n.cancel()
	n.wg.Wait()
}

// ID is the name of this node.
func (n *Node) ID() string { return n.link.ID() }

// Err says why other nodes cannot be reached; nil if they can.
func (n *Node) Err() error { return n.link.Err() }

// Busy tells whether another node has the publisher. After a few seconds
// without a word of it, it has not.
func (n *Node) Busy() bool {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.remote.Online() && time.Since(n.heard) < silent
}

// sendVideo passes on what feed tells.
func (n *Node) sendVideo(ctx context.Context, feed *hls.Feed) {
	for {
		messages, err := feed.Next(ctx)
		if err != nil {
			break
		}
		if err := n.sendAll(ctx, messages); err != nil {
			feed.Repeat(true)
			n.log.Debug("cluster: video was not sent", "err", err)
			if !wait(ctx, pause) {
				break
			}
		}
	}
	// The end of the session, most likely.
	last, cancel := context.WithTimeout(context.WithoutCancel(ctx), time.Second)
	defer cancel()
	if messages, err := feed.Next(ctx); err == nil { // without waiting
		if err := n.sendAll(last, messages); err != nil {
			n.log.Warn("cluster: the end of the video was not sent", "err", err)
		}
	}
}

func (n *Node) sendAll(ctx context.Context, messages [][]byte) error {
	for _, m := range messages {
		if err := n.pass(ctx, kindVideo, m); err != nil {
			return err
		}
	}
	return nil
}

// pass gives the others a message.
func (n *Node) pass(ctx context.Context, kind byte, m []byte) error {
	err := n.link.Send(ctx, append([]byte{kind}, m...))
	n.counts.passed(len(m), err)
	return err
}

// wait waits for d or ctx, and tells whether ctx is not done.
func wait(ctx context.Context, d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return true
	case <-ctx.Done():
		return false
	}
}

// sendStatus passes on what the stream does here: again and again while there
// is one, and once more when it is over.
func (n *Node) sendStatus(ctx context.Context) {
	var sent video.Status
	var at time.Time
	send := func(ctx context.Context) {
		own := n.state.Own()
		changed := own.Phase != sent.Phase || own.SessionID != sent.SessionID
		if !changed && (!own.Online() || time.Since(at) < heartbeat) {
			return
		}
		if err := n.send(ctx, own); err == nil {
			sent, at = own, time.Now()
		}
	}
	sent.SessionID = n.state.Own().SessionID // one that is over is no news
	for wait(ctx, look) {
		send(ctx)
	}
	last, cancel := context.WithTimeout(context.WithoutCancel(ctx), time.Second)
	defer cancel()
	send(last)
}

// status is a video.Status as it is passed on.
type status struct {
	Phase     video.Phase
	SessionID string
	StartedAt time.Time
	EndedAt   time.Time
	Ingest    *video.Ingest
}

func (n *Node) send(ctx context.Context, s video.Status) error {
	b, err := json.Marshal(status{s.Phase, s.SessionID, s.StartedAt, s.EndedAt, s.Ingest})
	if err != nil {
		return err
	}
	return n.pass(ctx, kindStatus, b)
}

// receive takes what the others pass on.
func (n *Node) receive(ctx context.Context) {
	behind := true
	err := n.link.Receive(ctx, func(m []byte, more bool) {
		if len(m) > 0 {
			n.counts.received.Add(int64(len(m)))
			n.take(m[0], m[1:])
		}
		if behind && !more {
			behind = false
			close(n.current)
		}
	})
	if err != nil && ctx.Err() == nil {
		n.log.Error("cluster: nothing is received any more", "err", err)
	}
}

func (n *Node) take(kind byte, m []byte) {
	switch kind {
	case kindVideo:
		if _, err := n.replica.Apply(m); err != nil {
			n.log.Debug("cluster: a message was not understood", "err", err)
		}
	case kindStatus:
		var s status
		if err := json.Unmarshal(m, &s); err != nil || s.Phase > video.Reconnecting {
			n.log.Debug("cluster: a status was not understood", "err", err)
			return
		}
		n.learn(video.Status{Phase: s.Phase, SessionID: s.SessionID, StartedAt: s.StartedAt, EndedAt: s.EndedAt, Ingest: s.Ingest})
	}
}

// learn takes the status of another node, unless it is of an older session
// than one that goes on, or of one that was given up.
func (n *Node) learn(s video.Status) {
	n.mu.Lock()
	defer n.mu.Unlock()
	switch {
	case s.SessionID == n.ended:
		return
	case n.remote.Online() && s.SessionID != n.remote.SessionID && s.StartedAt.Before(n.remote.StartedAt):
		return
	}
	n.remote, n.heard = s, time.Now()
	n.state.SetRemote(s)
}

// watch lets go of nodes of which nothing comes any more, and of the session of
// the one with the publisher.
func (n *Node) watch(ctx context.Context) {
	away := false
	for wait(ctx, pause) {
		now, reachable := time.Now(), n.link.Err() == nil
		if away && reachable {
			n.arrived(n.link.ID())
		}
		away = !reachable
		for _, id := range n.peers.lost(now, reachable) {
			n.log.Warn("cluster: a node is gone", "node", id)
			n.told.Lock()
			if n.cfg.Lost != nil {
				n.cfg.Lost(id)
			}
			n.told.Unlock()
		}
		if away {
			n.mu.Lock()
			n.heard = now // it is not the other node that is away
			n.mu.Unlock()
			continue
		}
		n.giveUp()
	}
}

func (n *Node) giveUp() {
	n.mu.Lock()
	if !n.remote.Online() || time.Since(n.heard) < gone {
		n.mu.Unlock()
		return
	}
	n.remote.Phase, n.remote.EndedAt, n.remote.Ingest = video.Offline, time.Now(), nil
	session := n.remote.SessionID
	n.ended = session
	n.state.SetRemote(n.remote)
	n.mu.Unlock()
	n.replica.End(session)
	n.log.Warn("cluster: the node with the publisher is gone", "session", session)
}
