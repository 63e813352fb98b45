package jetstream

import (
	"context"
	"time"
)

const (
	// compactRecords and compactBytes is how long the log gets at least before
	// a snapshot takes its place.
	compactRecords = 20_000
	compactBytes   = 8 << 20
	// compactEvery is how often that is looked at.
	compactEvery = 5 * time.Second
	// leaseCompact is the lease of who saves a snapshot.
	leaseCompact = "compact"
)

// compactor keeps the log short.
type compactor struct {
	store   *store
	backups *snapshots
	leases  *leases
	owner   string
	nudge   chan struct{} // looks at once
}

func (c *compactor) run(ctx context.Context) {
	t := time.NewTicker(compactEvery)
	defer t.Stop()
	for {
		select {
		case <-t.C:
		case <-c.nudge:
		case <-ctx.Done():
			return
		}
		if err := c.look(ctx); err != nil && ctx.Err() == nil {
			c.store.log.Warn("the log of the repository cannot be shortened", "err", err)
		}
	}
}

// look saves a snapshot if it is time, and if no other node does so.
func (c *compactor) look(ctx context.Context) error {
	v, restored, due := c.store.compactable()
	if !due {
		return nil
	}
	held, _, err := c.leases.acquire(ctx, leaseCompact, c.owner)
	if err != nil || !held {
		return err
	}
	defer func() { _ = c.leases.release(context.WithoutCancel(ctx), leaseCompact, c.owner) }() // it ends by itself
	keep := uint64(remembered)
	if restored != "" {
		keep = 0 // the record that names it goes, too
	}
	done, err := c.backups.compact(ctx, v, keep)
	if err != nil || !done {
		return err
	}
	c.store.log.Debug("the log of the repository was shortened", "record", v.seq)
	c.store.compacted(v, restored)
	if restored != "" {
		return c.backups.delete(ctx, restored)
	}
	return nil
}
