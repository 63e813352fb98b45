// Package jetstream keeps the repository of several nodes in NATS JetStream:
// every node has a copy of it.
//
// # The repository
//
// JetStream keeps a log of transactions, and every node follows it: what it
// leads to is in the memory of each. So what is read is read from memory,
// whether NATS is there or not, and costs as much as without a cluster.
//
// A transaction runs on the node's own copy, and what it has written is
// appended to the log on the condition that the log ends where the copy is. If
// another node was faster, the copy catches up and the transaction runs again.
// So transactions are one after the other over all nodes, those of all stores
// together, and a node sees its own at once and those of others as soon as the
// log reaches it, usually within a millisecond. Transactions that wait while
// one is on its way go together in the next record.
//
// A bucket of JetStream's key-value store for each kind of record would have
// no transactions over two of them, and every list, page and index would be a
// question to the server. What the log costs in exchange is memory: a node has
// all of the repository, about 75 bytes for each record and each of its
// indexes on top of the bytes themselves. A million lines of chat take about
// 270 MB; [Config].MaxBytes bounds it.
//
// The log is shortened from time to time: a node saves a snapshot into another
// stream, and takes out what led to it. A node that starts
// loads the last snapshot and follows the log from there.
//
// # Live video
//
// A second stream, in the memory of NATS, has the last two minutes of what the
// node with the publisher makes, 256 MiB at the most: every part once, and
// again and again what is listed. Nodes that come late, or were away, begin
// with the oldest of it. NATS needs about as much of the network for each node
// as the bit rate of all renditions.
//
// # What nodes tell one another
//
// A third stream has the last five minutes of what nodes tell one another, 64
// MiB at the most: all get it in one order, and none gets it before it has
// what the teller had in the repository. Leases, which one node has at a time,
// are in a bucket whose keys expire.
//
// # When NATS is away
//
// Reads go on. Writes fail with an error matching
// [repository.ErrUnavailable], and work again when NATS does. An error may
// come although the write was stored, when the connection was lost in between.
//
// What NATS has confirmed it has given to its operating system. It survives
// the end of its process; to survive a loss of power, have three servers and
// Config.Replicas of 3, or set sync_interval to always. If NATS loses the end
// of the log, or all of it, a node that is still running gives it back.
package jetstream

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"regexp"
	"sync"
	"sync/atomic"
	"time"

	"github.com/nats-io/nats.go"

	"github.com/owncast-go/owncast/repository"
	"github.com/owncast-go/owncast/repository/internal/dump"
	"github.com/owncast-go/owncast/repository/internal/kvstore"
)

// openTime is how long Open tries.
const openTime = 30 * time.Second

// Defaults of a [Config].
const (
	DefaultName     = "owncast"
	DefaultMaxBytes = 1 << 30
)

// Config is what a Cluster is made of.
type Config struct {
	// URL is where NATS is, several servers separated by commas. Required,
	// unless Options name servers.
	URL string
	// Options are for the connection: credentials, TLS and the like. What the
	// cluster needs is set after them.
	Options []nats.Option
	// Name tells clusters apart that share a NATS: one to 32 letters, digits,
	// - and _. The default is DefaultName.
	Name string
	// Replicas is how many servers of NATS have a copy of what it keeps: 1, 3
	// or 5. The default is 1. It holds for what is made from then on.
	Replicas int
	// MaxBytes is how large the repository may get, in bytes of keys and
	// values. Writes that would make it larger fail with an error matching
	// ErrTooLarge. The default is DefaultMaxBytes.
	MaxBytes int64
}

// Errors of a Cluster.
var (
	// ErrTooLarge reports a repository that is larger than it may be.
	ErrTooLarge = dump.ErrTooLarge
	// ErrReplaced reports a log that belongs to another repository: the one
	// that this node has is gone from NATS. It goes on reading what it has;
	// started anew, it takes over what is in NATS.
	ErrReplaced = errors.New("repository/jetstream: the log is another repository's")
)

// SchemaError is a log, or a snapshot, that a newer version of this package has
// written.
type SchemaError = dump.SchemaError

// Cluster is this process's part in a cluster. Make one with [New]; an App
// opens and closes it. It is safe for concurrent use.
type Cluster struct {
	cfg  Config
	open atomic.Pointer[open] // nil before Open

	mu     sync.Mutex // guards closed, and held by Open and Close
	closed bool
}

// open is what Open starts and Close ends.
type open struct {
	link      *link
	store     *store
	writer    *writer
	reader    *reader
	backups   *snapshots
	leases    *leases
	relay     *relay
	events    *events
	compactor *compactor
	cancel    context.CancelFunc
	wg        sync.WaitGroup
}

// New returns a Cluster. It starts nothing.
func New(cfg Config) *Cluster {
	if cfg.Name == "" {
		cfg.Name = DefaultName
	}
	if cfg.Replicas == 0 {
		cfg.Replicas = 1
	}
	if cfg.MaxBytes == 0 {
		cfg.MaxBytes = DefaultMaxBytes
	}
	return &Cluster{cfg: cfg}
}

func (c *Config) logName() string       { return c.Name + "-repository" }
func (c *Config) snapshotsName() string { return c.Name + "-snapshots" }
func (c *Config) leasesName() string    { return c.Name + "-leases" }

// Validate returns an error unless the Config can be used.
func (c *Cluster) Validate() error {
	var errs []error
	if c.cfg.URL == "" && len(c.cfg.Options) == 0 {
		errs = append(errs, errors.New("no URL of NATS"))
	}
	if ok, err := regexp.MatchString(`^[A-Za-z0-9_-]{1,32}$`, c.cfg.Name); err != nil || !ok {
		errs = append(errs, fmt.Errorf("name %q", c.cfg.Name))
	}
	if r := c.cfg.Replicas; r != 1 && r != 3 && r != 5 {
		errs = append(errs, fmt.Errorf("%d replicas", r))
	}
	if c.cfg.MaxBytes < 0 {
		errs = append(errs, errors.New("negative size"))
	}
	if len(errs) > 0 {
		return fmt.Errorf("repository/jetstream: %w", errors.Join(errs...))
	}
	return nil
}

// Open connects to NATS and reads the repository. ctx bounds the opening
// alone, which takes half a minute at the most. The error matches [repository.ErrUnavailable] if NATS cannot be
// reached, and is a [*SchemaError] if a newer program has written the log. An
// Open that failed may be repeated. Nil discards what is logged.
func (c *Cluster) Open(ctx context.Context, log *slog.Logger) error {
	if log == nil {
		log = slog.New(slog.DiscardHandler)
	}
	if err := c.Validate(); err != nil {
		return err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.closed || c.open.Load() != nil {
		return errors.New("repository/jetstream: open or closed already")
	}
	o, err := c.cfg.start(ctx, log)
	if err != nil {
		return fmt.Errorf("repository/jetstream: open: %w", err)
	}
	c.open.Store(o)
	return nil
}

func (c *Config) start(ctx context.Context, log *slog.Logger) (*open, error) {
	ctx, stop := context.WithTimeout(ctx, openTime)
	defer stop()
	running, cancel := context.WithCancel(context.WithoutCancel(ctx))
	l, err := dial(ctx, running, c, log)
	if err != nil {
		cancel()
		return nil, err
	}
	o := &open{link: l, store: newStore(log), leases: &leases{l, c}, relay: newRelay(l, c), cancel: cancel}
	o.events = &events{link: l, store: o.store, cfg: c, id: o.relay.id}
	o.backups = &snapshots{link: l, cfg: c}
	o.writer = &writer{link: l, store: o.store, stream: c.logName(), limit: c.MaxBytes, wake: make(chan struct{}, 1), stopped: make(chan struct{})}
	o.reader = &reader{link: l, store: o.store, backups: o.backups, writer: o.writer, cfg: c, ready: make(chan struct{}), fresh: true}
	o.backups.verify = o.reader.is
	o.compactor = &compactor{
		store: o.store, backups: o.backups, leases: o.leases, owner: fmt.Sprintf("%016x", uint64(newRecordID())), nudge: make(chan struct{}, 1),
	}
	o.wg.Go(func() { o.reader.run(running) })
	o.wg.Go(func() { o.writer.run(running) })
	o.wg.Go(func() { o.compactor.run(running) })
	select {
	case <-o.reader.ready:
		err = o.store.failure()
	case <-ctx.Done():
		err = unavailable(errors.Join(ctx.Err(), o.reader.trouble()))
	}
	if err != nil {
		o.close()
		return nil, err
	}
	return o, nil
}

// close ends it all.
func (o *open) close() {
	o.writer.stop()
	o.store.closed.Store(true)
	o.cancel()
	o.link.close()
	o.wg.Wait()
}

// Close waits for the writes in progress and leaves the cluster. Closing again
// does nothing.
func (c *Cluster) Close() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if o := c.open.Load(); o != nil && !c.closed {
		o.close()
	}
	c.closed = true
	return nil
}

// Repository returns the stores, which all nodes share. They answer with
// errors matching [repository.ErrClosed] before Open and after Close.
func (c *Cluster) Repository() repository.Repository {
	return kvstore.New(kv{c}, "repository/jetstream")
}

// kv is a Cluster as the stores use it.
type kv struct{ c *Cluster }

func (d kv) View(ctx context.Context, fn func(kvstore.Tx) error) error {
	o := d.c.open.Load()
	if o == nil {
		return repository.ErrClosed
	}
	return o.store.View(ctx, fn)
}

func (d kv) Update(ctx context.Context, fn func(kvstore.Tx) error) error {
	o := d.c.open.Load()
	if o == nil {
		return repository.ErrClosed
	}
	return o.writer.Update(ctx, fn)
}
