package owncast

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"sync"

	"github.com/owncast-go/owncast/chat"
	"github.com/owncast-go/owncast/internal/cluster"
	"github.com/owncast-go/owncast/internal/health"
	"github.com/owncast-go/owncast/video"
)

// Cluster joins Apps in several processes to one channel; package
// repository/jetstream has one, over NATS. Its methods are safe for concurrent
// use.
type Cluster interface {
	// Open joins the cluster; ctx bounds that alone.
	Open(ctx context.Context, log *slog.Logger) error
	// Close leaves it.
	Close() error
	// Repository returns the stores, which all nodes share.
	Repository() Repository
	// Snapshot writes a copy of what is in them.
	Snapshot(ctx context.Context, w io.Writer) error
	// ID is the name of this node, another one each time it is opened.
	ID() string
	// Send gives the other nodes a message. After an error those before it may
	// be lost, too.
	Send(ctx context.Context, message []byte) error
	// Receive calls fn with the messages of the other nodes until ctx is done,
	// one after the other, in the order in which each has sent them, and from
	// those of some time ago on; more tells that others are there already. fn
	// may keep a message.
	Receive(ctx context.Context, fn func(message []byte, more bool)) error
	// Publish gives all nodes a message, this one too, of up to 900 kB. What is
	// in the Repository here is in that of a node before it gets it. After an
	// error the message may have been published all the same.
	Publish(ctx context.Context, message []byte) error
	// Subscribe calls fn with what is published from now on until ctx is done,
	// in one order for all nodes, one after the other; from is the ID of the
	// node. fn may keep a message.
	Subscribe(ctx context.Context, fn func(from string, message []byte)) error
	// Acquire takes something for this node alone, or keeps it, and tells
	// whether this node has it: for ten seconds from before the call on.
	Acquire(ctx context.Context, name string) (bool, error)
	// Release gives it back, if this node has it.
	Release(ctx context.Context, name string) error
	// Err says why other nodes cannot be reached at present; nil if they can.
	Err() error
}

// WithCluster makes the App a node of c: it has the repository of the cluster
// in place of its own, and viewers see on every node what is broadcast on any,
// with the same URLs, names and numbers, so that a load balancer may send them
// anywhere at any time.
//
// The publisher goes to any one of the nodes. While it is there, the others
// refuse publishers with [ErrAlreadyLive], or take over if that is the policy
// of [WithPublishPolicy]. If the publisher's connection is lost it may come
// back to any node, which begins a new session. If its node is gone, others
// take a publisher after ten seconds, and end its session after thirty;
// viewers of other nodes can see what there was until then. While NATS is away
// nodes serve what they have, and the node with the publisher goes on.
//
// The chat is one room: what is said is stored first, and then shown on all
// nodes in one order. While NATS is away nobody can write, and is told so.
// Viewers and people in the chat are added up; those of a node that is gone
// count for ten seconds. An administrator's disconnect works on every node.
// What the time brings, such as reminders, is done by one of the nodes, and
// what waits to be delivered to others is taken by any of them.
//
// Each node has a data directory of its own; with [WithStorage] or [WithS3]
// give all of them the same storage. A node finds out whether it has that of
// the one with the publisher, by a segment that the other has stored. If so, its
// viewers can go back as far as [WithDVR] says, also when the other node is gone;
// otherwise as far as the live window. Two channels need two storages, as they
// do without a cluster.
//
// Hooks hear of what their own node does, of a broadcast that of the publisher,
// and of a message that of its writer. What the function of [WithViewerCount]
// returns is added by one node, the one that leads: for some seconds by none
// when that is gone. Nodes do not record: [WithRecording] is an error, for one
// that begins would take what another is recording for left behind.
// App.Metrics has figures of the nodes, from "owncast_cluster_nodes" on.
//
// The App opens c and closes it; after a Start that failed behind that, it
// cannot be opened again.
func WithCluster(c Cluster) Option {
	return func(cfg *config) error {
		cfg.cluster = c
		return notNil("WithCluster", c == nil)
	}
}

// validCluster returns an error for each option that does not go with
// WithCluster.
func (c *config) validCluster() (errs []error) {
	if c.cluster == nil {
		return nil
	}
	if c.repo != nil {
		errs = append(errs, option("WithRepository", errors.New("there is a repository by WithCluster")))
	}
	if c.recording != nil {
		errs = append(errs, option("WithRecording", errors.New("nodes of a cluster do not record")))
	}
	return errs
}

// openCluster opens the repository that all nodes have.
func (a *App) openCluster(ctx context.Context, c config, p *parts) error {
	if err := c.cluster.Open(ctx, c.log); err != nil {
		return err
	}
	p.repo = c.cluster.Repository()
	p.settings = newSettingsSource(c, p.repo)
	if p.snapshot == nil {
		p.snapshot = c.cluster.Snapshot
	}
	p.close = c.cluster.Close
	p.node = cluster.New(cluster.Config{
		Link: c.cluster, State: a.state, Logger: c.log,
		Viewers:    func() int { return p.audience.Own() },
		Disconnect: func() bool { return p.video.Disconnect() },
		Told:       p.crowd.told, Arrived: p.crowd.arrived, Lost: p.crowd.lost,
	})
	p.crowd.node = p.node
	return nil
}

// join begins to show what other nodes do, and to show them what this one does.
func (a *App) join(ctx context.Context, p *parts) {
	if p.node != nil {
		p.node.Start(ctx, p.packager)
		p.node.Join(ctx) // before people come: they would miss something
	}
}

// leave ends what join began.
func (p *parts) leave() {
	if p.node != nil {
		p.node.Stop()
	}
}

// exclusive has publishers that may come take the place of the one publisher of
// all nodes.
func (p *parts) exclusive(next video.PublishAuthorizer, policy video.Policy) video.PublishAuthorizer {
	if p.node == nil {
		return next
	}
	return video.PublishAuthorizerFunc(func(ctx context.Context, req video.PublishRequest) error {
		if err := next.AuthorizePublish(ctx, req); err != nil {
			return err
		}
		return p.node.Claim(ctx, policy == video.TakeOver)
	})
}

// leads tells whether this node does what one is to do for all.
func (p *parts) leads() bool { return p.node == nil || p.node.Leader() }

// alone tells whether no other node can have a publisher.
func (p *parts) alone() bool { return p.node == nil || p.node.Err() == nil }

// disconnect ends the session and its publisher, on whichever node that is.
func (p *parts) disconnect() bool {
	return p.video.Disconnect() || p.node != nil && p.node.Disconnect()
}

// broadcast is the broadcast for administrators.
type broadcast struct {
	*video.Server
	parts *parts
}

// Disconnect ends the session and its publisher, on whichever node that is.
func (b broadcast) Disconnect() bool { return b.parts.disconnect() }

// elsewhere adds the viewers of other nodes to those that f counts.
func (p *parts) elsewhere() func() int {
	if p.node == nil {
		return nil
	}
	return p.node.Viewers
}

// crowd is the chat of all nodes: what the room of each hands over.
type crowd struct {
	node *cluster.Node

	mu sync.Mutex // guards the rest
	to chat.Receiver
}

// relay is what the room gets; nil without a cluster.
func (c *crowd) relay() chat.Relay {
	if c.node == nil {
		return nil
	}
	return c
}

// Publish is for the room.
func (c *crowd) Publish(ctx context.Context, events []chat.Relayed) error {
	b, err := json.Marshal(events)
	if err != nil {
		return err
	}
	return c.node.Tell(ctx, b)
}

// Receive is for the room.
func (c *crowd) Receive(r chat.Receiver) (stop func()) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.to = r
	return func() {
		c.mu.Lock()
		defer c.mu.Unlock()
		c.to = chat.Receiver{}
	}
}

// Err is for the room.
func (c *crowd) Err() error { return c.node.Err() }

func (c *crowd) told(ctx context.Context, from string, message []byte) {
	c.mu.Lock()
	defer c.mu.Unlock()
	var events []chat.Relayed
	if c.to.Happened == nil || json.Unmarshal(message, &events) != nil {
		return
	}
	for _, e := range events {
		c.to.Happened(ctx, from, from == c.node.ID(), e)
	}
}

func (c *crowd) arrived(id string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.to.Arrived != nil {
		c.to.Arrived(id)
	}
}

func (c *crowd) lost(id string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.to.Lost != nil {
		c.to.Lost(id)
	}
}

// clusterProblems are why other nodes cannot be reached.
func (p *parts) clusterProblems(context.Context) []health.Problem {
	if p.node == nil {
		return nil
	}
	if err := p.node.Err(); err != nil {
		return []health.Problem{problem("cluster-unreachable", "The other nodes of the cluster cannot be reached.", err.Error())}
	}
	return nil
}

// cluster has what a node knows of the others; nothing without a cluster.
func (l *metricList) cluster(n *cluster.Node) {
	if n == nil {
		return
	}
	s := n.Stats()
	l.gauge("owncast_cluster_reachable", "Whether the other nodes can be reached.", number(s.Reachable))
	l.gauge("owncast_cluster_nodes", "Nodes that are there, with this one.", float64(s.Nodes))
	l.gauge("owncast_cluster_leader", "Whether this node does what one node is to do for all.", number(s.Leader))
	l.gauge("owncast_cluster_other_viewers", "Viewers of the other nodes.", float64(s.Viewers))
	l.gauge("owncast_cluster_following", "Whether another node has the publisher.", number(s.Following))
	l.gauge("owncast_cluster_silence_seconds", "Since when nothing has come of the node with the publisher; its status comes every two seconds.", s.Silence.Seconds())
	l.gauge("owncast_cluster_round_trip_seconds", "How long the last message to all nodes took to come back to this one.", s.RoundTrip.Seconds())
	l.gauge("owncast_cluster_storage_shared", "Whether this node has the storage of the node with the publisher.", number(s.Shared))
	l.counter("owncast_cluster_sent_bytes_total", "Video and status that this node has given the others.", s.Sent)
	l.counter("owncast_cluster_received_bytes_total", "Video and status that have come of the others.", s.Received)
	l.counter("owncast_cluster_send_failures_total", "Messages of video and status that could not be sent.", s.Failures)
}
