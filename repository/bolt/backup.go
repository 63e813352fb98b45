package bolt

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"

	"go.etcd.io/bbolt"

	"github.com/owncast-go/owncast/repository"
	"github.com/owncast-go/owncast/repository/internal/dump"
	"github.com/owncast-go/owncast/repository/internal/kvstore"
)

// Snapshot writes a copy of the database to w, as it is at one time. It is a
// database file; [Restore] reads it. The database can be used meanwhile, but
// its file grows if w is slow, as nothing that is copied may be overwritten.
// The copy holds all the secrets that the database does.
func (d *DB) Snapshot(ctx context.Context, w io.Writer) error {
	err := d.view(ctx, func(tx *bbolt.Tx) error {
		_, err := tx.WriteTo(&careful{ctx: ctx, w: w})
		return err
	})
	if err != nil {
		return fmt.Errorf("repository/bolt: snapshot: %w", err)
	}
	return nil
}

// Dump writes all records to w, as they are at one time, in a form that does
// not depend on the kind of database: Restore of repository/jetstream reads it,
// for example. It holds all the secrets that the database does.
func (d *DB) Dump(ctx context.Context, w io.Writer) error {
	err := d.view(ctx, inside(func(tx kvstore.Tx) error {
		return dump.Write(&careful{ctx: ctx, w: w}, tx, dump.Place{})
	}))
	if err != nil {
		return fmt.Errorf("repository/bolt: dump: %w", err)
	}
	return nil
}

// careful is a writer of somebody else's: it stops when its context does, and a
// panic in it is an error of its own and no damage to the database.
type careful struct {
	ctx context.Context //nolint:containedctx // of the one call that it is made for
	w   io.Writer
}

func (c *careful) Write(b []byte) (n int, err error) {
	if err := c.ctx.Err(); err != nil {
		return 0, err
	}
	defer func() {
		if reason := recover(); reason != nil {
			n, err = 0, fmt.Errorf("the writer panics: %v", reason)
		}
	}()
	return c.w.Write(b)
}

// Restore makes what [DB.Snapshot] wrote the database file at path, in the
// place of one that may be there. Nothing changes unless all of it can be read:
// the error matches [repository.ErrCorrupt] if it cannot, and is a
// [*SchemaError] if it is a newer program's. A snapshot of an older schema is
// brought up to date.
//
// The database at path must be closed; the error matches [repository.ErrLocked]
// if it is not. That it may be damaged is no hindrance.
func Restore(ctx context.Context, path string, r io.Reader, opts ...Option) error {
	c := config{lockTimeout: time.Second}
	for _, o := range opts {
		o(&c)
	}
	if err := restore(ctx, path, r, c); err != nil {
		return fmt.Errorf("repository/bolt: restore %s: %w", path, err)
	}
	return nil
}

func restore(ctx context.Context, path string, r io.Reader, c config) (err error) {
	if err := ctx.Err(); err != nil {
		return err
	}
	dir := filepath.Dir(path)
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	temp, err := os.CreateTemp(dir, filepath.Base(path)+".restore-*") // for its owner alone
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			_ = os.Remove(temp.Name())
		}
	}()
	_, err = io.Copy(&careful{ctx: ctx, w: temp}, r)
	if err == nil {
		err = temp.Sync()
	}
	if err := errors.Join(err, temp.Close()); err != nil {
		return err
	}
	if err := verify(ctx, temp.Name()); err != nil {
		if schema := new(SchemaError); errors.As(err, &schema) {
			schema.File = "the snapshot"
		}
		return err
	}
	return replace(path, temp.Name(), c)
}

// verify opens a database, brings it up to date and reads all of it.
func verify(ctx context.Context, path string) (err error) {
	if info, err := os.Stat(path); err != nil {
		return err
	} else if info.Size() < minSize() {
		return fmt.Errorf("%d bytes: %w", info.Size(), repository.ErrCorrupt)
	}
	d, err := Open(path)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, d.Close()) }()
	return d.view(ctx, inside(kvstore.Check))
}

// replace puts the file temp in the place of the one at path, which nobody else
// may have open.
func replace(path, temp string, c config) error {
	old := &DB{}
	if _, err := os.Stat(path); err == nil {
		err := old.open(path, c)
		if errors.Is(err, repository.ErrLocked) {
			return err
		}
		// Where files that are open cannot be replaced, the lock has to be
		// given back before; elsewhere it is held until the end.
		held := err == nil
		if held && !replacesOpenFiles {
			if err := old.db.Close(); err != nil {
				return err
			}
			held = false
		}
		if held {
			defer func() { _ = old.db.Close() }()
		}
	}
	if err := os.Rename(temp, path); err != nil {
		return err
	}
	return syncDir(filepath.Dir(path))
}

// syncDir makes the names in a directory survive a loss of power, where that
// can be asked for.
func syncDir(dir string) error {
	if !replacesOpenFiles {
		return nil
	}
	f, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(f.Sync(), f.Close())
}

// settingsExport is the JSON of ExportSettings.
type settingsExport struct {
	Format   string                     `json:"format"`
	Sections map[string]json.RawMessage `json:"sections"`
}

const (
	settingsFormat = "owncast-settings-1"
	maxSettings    = 64 << 20 // bytes of an export that are read
)

// ExportSettings writes all settings to w as JSON, which people can read and
// [DB.ImportSettings] does. There are secrets among them. A section whose name
// is not UTF-8 is an error matching [repository.ErrInvalid].
func (d *DB) ExportSettings(ctx context.Context, w io.Writer) error {
	export := settingsExport{Format: settingsFormat}
	err := d.view(ctx, inside(func(tx kvstore.Tx) (err error) {
		export.Sections, err = kvstore.ExportSettings(tx)
		return err
	}))
	if err == nil {
		e := json.NewEncoder(&careful{ctx: ctx, w: w})
		e.SetEscapeHTML(false)
		e.SetIndent("", "  ")
		err = e.Encode(export)
	}
	if err != nil {
		return fmt.Errorf("repository/bolt: export settings: %w", err)
	}
	return nil
}

// ImportSettings saves the settings that [DB.ExportSettings] wrote: all or, if
// there is an error, none. It matches [repository.ErrInvalid] if r is not such
// an export. Sections that are not in it stay as they are. Whether the values
// obey the rules of their sections is not checked.
func (d *DB) ImportSettings(ctx context.Context, r io.Reader) error {
	sections, err := readSettings(r)
	if err == nil {
		err = d.update(ctx, inside(func(tx kvstore.Tx) error { return kvstore.ImportSettings(tx, sections) }))
	}
	if err != nil {
		return fmt.Errorf("repository/bolt: import settings: %w", err)
	}
	return nil
}

func readSettings(r io.Reader) (map[string]json.RawMessage, error) {
	data, err := io.ReadAll(io.LimitReader(r, maxSettings+1))
	if err != nil {
		return nil, err
	}
	var export settingsExport
	if len(data) > maxSettings || json.Unmarshal(data, &export) != nil || export.Format != settingsFormat {
		return nil, fmt.Errorf("not an export of settings: %w", repository.ErrInvalid)
	}
	for section, data := range export.Sections {
		if err := repository.CheckDocument(section, data); err != nil {
			return nil, err
		}
	}
	return export.Sections, nil
}
