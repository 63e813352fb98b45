package jetstream

import (
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/owncast-go/owncast/repository"
	"github.com/owncast-go/owncast/repository/internal/kvstore"
)

// Snapshot writes a copy of the repository to w, as this node has it at one
// time. [Cluster.Restore] reads it. The repository can be used meanwhile. The
// copy holds all the secrets that the repository does.
func (c *Cluster) Snapshot(ctx context.Context, w io.Writer) error {
	o := c.open.Load()
	if o == nil || o.store.closed.Load() {
		return repository.ErrClosed
	}
	if err := o.store.current.Load().dump(&careful{ctx, w}); err != nil {
		return fmt.Errorf("repository/jetstream: snapshot: %w", err)
	}
	return nil
}

// careful is a writer that stops when its context does.
type careful struct {
	ctx context.Context //nolint:containedctx // of the one call that it is made for
	w   io.Writer
}

func (c *careful) Write(b []byte) (int, error) {
	if err := c.ctx.Err(); err != nil {
		return 0, err
	}
	return c.w.Write(b)
}

// Restore puts what [Cluster.Snapshot] wrote, or the Dump of package bolt, in
// the place of all there is, on all nodes. Nothing changes unless all of it can
// be read: the error matches [repository.ErrCorrupt] if it cannot, is a
// [*SchemaError] if it is a newer program's, and matches [ErrTooLarge] if it is
// larger than the repository may be. What nodes have in memory of the old one,
// such as who is signed in, is theirs to notice: it is best done while nobody
// uses them.
func (c *Cluster) Restore(ctx context.Context, r io.Reader) error {
	o := c.open.Load()
	if o == nil || o.store.closed.Load() {
		return repository.ErrClosed
	}
	if err := c.cfg.restore(ctx, o, r); err != nil {
		return fmt.Errorf("repository/jetstream: restore: %w", err)
	}
	return nil
}

func (c *Config) restore(ctx context.Context, o *open, r io.Reader) error {
	v, err := readVersion(r, c.MaxBytes)
	if err != nil {
		return err
	}
	t := v.state.Begin()
	t.ReadOnly = true
	if err := kvstore.Check(t); err != nil {
		return err
	}
	if err := o.writer.ready(); err != nil {
		return err
	}
	name := newRestoreName()
	if err := o.backups.save(ctx, v, name); err != nil {
		return unavailable(err)
	}
	seq, err := o.writer.replaceAll(ctx, name)
	if err != nil {
		return err
	}
	if err := o.store.wait(ctx, func(v *version) bool { return v.seq >= seq }); err != nil {
		return unavailable(err)
	}
	select {
	case o.compactor.nudge <- struct{}{}:
	default:
	}
	return nil
}

// replaceAll appends a record that puts a snapshot in the place of everything,
// and returns its number.
func (w *writer) replaceAll(ctx context.Context, snapshot string) (uint64, error) {
	ctx, cancel := context.WithTimeout(ctx, writeTime)
	defer cancel()
	for {
		if err := w.ready(); err != nil {
			return 0, err
		}
		v := w.settled(ctx)
		rec := record{id: newRecordID(), prev: v.last, kind: kindRestore, pieces: 1, data: []byte(snapshot)}
		err := w.append(ctx, v.seq, &rec)
		if !errors.Is(err, errOvertaken) {
			return v.seq + 1, err
		}
	}
}
