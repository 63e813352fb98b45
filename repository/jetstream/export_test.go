package jetstream

import "context"

// CompactNow has the log shortened, however short it is. It tells whether that
// was tried.
func (c *Cluster) CompactNow(ctx context.Context) (bool, error) {
	o := c.open.Load()
	o.store.mu.Lock()
	least := o.store.least
	o.store.least, o.store.grown = growth{1, 0}, growth{1, 1 << 40}
	o.store.mu.Unlock()
	defer func() {
		o.store.mu.Lock()
		defer o.store.mu.Unlock()
		o.store.least = least
	}()
	_, _, due := o.store.compactable()
	return due, o.compactor.look(ctx)
}

// Seq is the number of the record that the node has come to.
func (c *Cluster) Seq() uint64 { return c.open.Load().store.current.Load().seq }

// Cut closes the connection of the node, which makes another one.
func (c *Cluster) Cut() error { return c.open.Load().link.nc.ForceReconnect() }

// Size is how many bytes of records the node has.
func (c *Cluster) Size() int64 { return c.open.Load().store.current.Load().state.Size() }
