package owncast

import (
	"context"
	"errors"
	"io"
	"log/slog"

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
	// Send gives the other nodes a message. After an error those before it may
	// be lost, too.
	Send(ctx context.Context, message []byte) error
	// Receive calls fn with the messages of the other nodes until ctx is done,
	// one after the other, in the order in which each has sent them, and from
	// those of some time ago on; more tells that others are there already. fn
	// may keep a message.
	Receive(ctx context.Context, fn func(message []byte, more bool)) error
	// Err says why other nodes cannot be reached at present; nil if they can.
	Err() error
}

// WithCluster makes the App a node of c: it has the repository of the cluster
// in place of its own, and viewers see on every node what is broadcast on any,
// with the same URLs, names and numbers, so that a load balancer may send them
// anywhere at any time.
//
// The publisher goes to any one of the nodes. While it is there, the others
// refuse publishers with [ErrAlreadyLive]; if the node is gone, they take one
// after eight seconds, and end its session after thirty. Viewers of other nodes
// can see what there was until then. While NATS is away nodes serve what they
// have, and the node with the publisher goes on.
//
// Each node has a data directory of its own; with [WithStorage] or [WithS3]
// give all of them the same storage. Viewers of a node without the publisher
// can go back as far as the live window. What people write in the chat goes
// to those on the same node, and to others when they come next; viewers are
// counted, and events told to hooks, by each node for itself.
//
// The App opens c and closes it; after a Start that failed behind that, it
// cannot be opened again.
func WithCluster(c Cluster) Option {
	return func(cfg *config) error {
		cfg.cluster = c
		return notNil("WithCluster", c == nil)
	}
}

// validCluster returns an error if an option does not go with WithCluster.
func (c *config) validCluster() error {
	if c.cluster != nil && c.repo != nil {
		return option("WithRepository", errors.New("there is a repository by WithCluster"))
	}
	return nil
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
	return nil
}

// join begins to show what other nodes do, and to show them what this one does.
func (a *App) join(ctx context.Context, p *parts) {
	if a.cfg.cluster != nil {
		p.node.Store(cluster.Start(ctx, a.cfg.cluster, a.state, p.packager, a.cfg.log))
	}
}

// leave ends what join began.
func (p *parts) leave() {
	if n := p.node.Load(); n != nil {
		n.Stop()
	}
}

// exclusive refuses publishers while another node has one.
func (p *parts) exclusive(next video.PublishAuthorizer) video.PublishAuthorizer {
	return video.PublishAuthorizerFunc(func(ctx context.Context, req video.PublishRequest) error {
		if n := p.node.Load(); n != nil && n.Busy() {
			return video.ErrAlreadyLive
		}
		return next.AuthorizePublish(ctx, req)
	})
}

// clusterProblems are why other nodes cannot be reached.
func (p *parts) clusterProblems(context.Context) []health.Problem {
	n := p.node.Load()
	if n == nil {
		return nil
	}
	if err := n.Err(); err != nil {
		return []health.Problem{problem("cluster-unreachable", "The other nodes of the cluster cannot be reached.", err.Error())}
	}
	return nil
}
