package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"time"

	"github.com/owncast-go/owncast"
	"github.com/owncast-go/owncast/repository"
	"github.com/owncast-go/owncast/repository/bolt"
	"github.com/owncast-go/owncast/repository/memory"
)

const databaseName = "owncast.db"

// errInhabited refuses to mix two servers by mistake.
var errInhabited = errors.New("there is a database already; -add adds to it")

// importer carries one server over.
type importer struct {
	options
	src  *source
	repo repository.Repository
	rep  *report
	now  time.Time
	data string // where files go: the data directory, or a temporary one for a dry run
}

// run carries over what there is. The report is nil if nothing was read.
func run(ctx context.Context, o options) (rep *report, err error) {
	if o.database == "" {
		o.database = filepath.Join(o.from, databaseName)
	}
	scratch, err := os.MkdirTemp("", "owncast-import-")
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(scratch)) }()
	src, err := openSource(ctx, o.database, scratch)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, src.Close()) }()
	im := &importer{options: o, src: src, rep: newReport(), now: time.Now().UTC(), data: o.to}
	if o.dryRun {
		im.repo, im.data = memory.New(), filepath.Join(scratch, "data")
		return im.rep, im.carry(ctx)
	}
	return im.rep, im.into(ctx, filepath.Join(o.to, databaseName))
}

// into writes to a database. A new one has its name only when it is complete.
func (im *importer) into(ctx context.Context, path string) error {
	if err := os.MkdirAll(im.to, 0o700); err != nil {
		return err
	}
	_, err := os.Stat(path)
	there := err == nil
	switch {
	case there && !im.add:
		return fmt.Errorf("%s: %w", path, errInhabited)
	case there:
		return im.write(ctx, path, true)
	case !errors.Is(err, os.ErrNotExist):
		return err
	}
	unfinished := path + ".unfinished"
	if err := os.Remove(unfinished); err != nil && !errors.Is(err, os.ErrNotExist) {
		return err
	}
	if err := im.write(ctx, unfinished, false); err != nil {
		return errors.Join(err, os.Remove(unfinished))
	}
	return os.Rename(unfinished, path)
}

// write opens the database and carries everything over.
func (im *importer) write(ctx context.Context, path string, backUp bool) (err error) {
	var opts []bolt.Option
	if !backUp {
		opts = append(opts, bolt.WithDeferredSync()) // a file that is of no use unless it is complete
	}
	db, err := bolt.Open(path, opts...)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	if backUp {
		if err := backup(ctx, db, filepath.Join(im.to, "before-import.db")); err != nil {
			return err
		}
	}
	im.repo = db.Repository()
	return im.carry(ctx)
}

// backup copies the database to path, which must not exist.
func backup(ctx context.Context, db *bolt.DB, path string) error {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return fmt.Errorf("copy of the database as it is: %w", err)
	}
	return errors.Join(db.Snapshot(ctx, f), f.Sync(), f.Close())
}

// carry carries everything over: first the records, for which the App must not
// run, and then what the App itself checks and keeps.
func (im *importer) carry(ctx context.Context) error {
	values, err := im.src.values(ctx)
	if err != nil {
		return err
	}
	for _, step := range []func(context.Context) error{
		im.people, im.messages, im.bans, im.webhooks, im.notifications, im.followers, im.activities, im.servers, im.schedule, im.otherTables,
	} {
		if err := step(ctx); err != nil {
			return err
		}
	}
	if err := im.keys(ctx, values); err != nil {
		return err
	}
	if err := im.past(ctx, values); err != nil {
		return err
	}
	return im.throughApp(ctx, values)
}

// throughApp starts an App on what was written, for its settings and pictures.
func (im *importer) throughApp(ctx context.Context, values values) (err error) {
	app, err := owncast.New(
		owncast.WithDataDir(im.data), owncast.WithRepository(im.repo), owncast.WithLogger(discard()),
		owncast.WithAuthenticator(itself()), owncast.WithS3(noS3), owncast.WithWebUI(nil),
		owncast.WithChatStore(memory.New().Chat), // its chat would remove messages that are older than its settings keep
	)
	if err != nil {
		return err
	}
	if err := app.Start(ctx); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, app.Shutdown(context.WithoutCancel(ctx))) }()
	if err := im.settings(ctx, app, values); err != nil {
		return err
	}
	return im.files(ctx, app, values)
}

// otherTables says which tables are not carried over.
func (im *importer) otherTables(ctx context.Context) error {
	known := map[string]string{
		"config": "", "datastore": "", "users": "", "user_access_tokens": "", "auth": "", "messages": "", "ip_bans": "",
		"webhooks": "", "notifications": "", "ap_followers": "", "ap_outbox": "", "ap_accepted_activities": "", "goose_db_version": "",
		"federated_servers": "",
		eventTable(im.src):  "", seriesTable(im.src): "",
		"ap_delivery_queue": "waiting for delivery, which Owncast would try again and this does not",
	}
	for table := range im.src.tables {
		reason, ok := known[table]
		if ok && reason == "" {
			continue
		}
		if !ok {
			reason = "not known to this program"
		}
		n, err := im.src.count(ctx, table)
		if err != nil {
			return err
		}
		for range n {
			im.rep.skip("table "+table, reason, "a row")
		}
	}
	return nil
}

// took counts what was stored, unless err says that it was not. Errors that
// are not about the record itself end the import.
func (im *importer) took(kind, detail string, err error) error {
	switch {
	case err == nil:
		im.rep.took(kind)
	case errors.Is(err, repository.ErrConflict):
		im.rep.skip(kind, "there already", detail)
	case errors.Is(err, repository.ErrInvalid):
		im.rep.skip(kind, "not valid", detail)
	default:
		return fmt.Errorf("%s %s: %w", kind, detail, err)
	}
	return nil
}

func discard() *slog.Logger { return slog.New(slog.DiscardHandler) }
