package cluster

import "context"

// show shows what the others pass on, when the backlog has come and it is clear
// whether this node has their storage: what is not listed then never is.
func (n *Node) show(ctx context.Context) {
	select {
	case <-n.current:
	case <-ctx.Done():
		return
	}
	failing := n.prove(ctx, false)
	n.replica.Hold(false)
	for wait(ctx, pause) {
		failing = n.prove(ctx, failing)
	}
}

// prove looks for what the node with the publisher has stored, and tells whether
// the storage did not answer.
func (n *Node) prove(ctx context.Context, failed bool) bool {
	proven, err := n.replica.ProveStorage(ctx)
	n.counts.shared.Store(proven)
	if err != nil && !failed && ctx.Err() == nil {
		n.log.Warn("cluster: it is not clear whether the storage is that of the node with the publisher", "err", err)
	}
	return err != nil
}
