package main

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"

	"modernc.org/sqlite" // which is the driver "sqlite", too
	sqlite3 "modernc.org/sqlite/lib"
)

// The schemas that are understood, by the numbers that Owncast keeps of them.
const (
	legacyFirst  = 7  // of "version" in table config: 0.2.3
	legacyLast   = 9  // the same, where goose takes over: 0.3
	gooseLast    = 12 // of the migrations of goose: the newest that is known
	valueVersion = 4  // of DATA_STORE_VERSION
)

// Errors of sources.
var (
	errNoDatabase = errors.New("not an Owncast database")
	errTooOld     = errors.New("the database is of an older Owncast: start Owncast 0.2.3 or newer on it once, which brings it up to date")
	errTooNew     = errors.New("the database is of a newer Owncast than this program knows")
	errDamaged    = errors.New("the database is damaged")
	errInUse      = errors.New("the database changed while it was copied: stop Owncast first")
)

// source is a copy of an Owncast database.
type source struct {
	db     *sql.DB
	tables map[string][]string // the columns of each
	legacy int                 // schema number of Owncast's own migrations
	goose  int                 // of those by goose; 0 if there were none
}

// openSource copies the database file at path to dir and opens the copy. The
// original is only read.
func openSource(ctx context.Context, path, dir string) (*source, error) {
	copied, err := copyDatabase(path, dir)
	if err != nil {
		return nil, err
	}
	db, err := sql.Open("sqlite", "file:"+filepath.ToSlash(copied)+"?_pragma=trusted_schema(0)")
	if err != nil {
		return nil, err
	}
	db.SetMaxOpenConns(1)
	s := &source{db: db, tables: map[string][]string{}}
	if err := s.inspect(ctx); err != nil {
		return nil, errors.Join(fmt.Errorf("%s: %w", path, err), db.Close())
	}
	return s, nil
}

func (s *source) Close() error { return s.db.Close() }

// inspect checks that the database is whole and of a schema that is known.
func (s *source) inspect(ctx context.Context) error {
	var verdict string
	err := s.db.QueryRowContext(ctx, "PRAGMA quick_check(1)").Scan(&verdict)
	if coded := new(sqlite.Error); errors.As(err, &coded) && coded.Code() == sqlite3.SQLITE_CORRUPT {
		return fmt.Errorf("%w: %w", errDamaged, err)
	}
	if err != nil {
		return fmt.Errorf("%w: %w", errNoDatabase, err)
	}
	if verdict != "ok" {
		return fmt.Errorf("%w: %s", errDamaged, verdict)
	}
	if _, err := s.db.ExecContext(ctx, "PRAGMA query_only(1)"); err != nil {
		return err
	}
	if err := s.readTables(ctx); err != nil {
		return err
	}
	for _, table := range []string{"config", "datastore", "users", "messages"} {
		if s.tables[table] == nil {
			return fmt.Errorf("%w: it has no table %s", errNoDatabase, table)
		}
	}
	return s.readVersion(ctx)
}

func (s *source) readTables(ctx context.Context) error {
	rows, err := s.db.QueryContext(ctx, `SELECT m.name, c.name FROM sqlite_master m, pragma_table_info(m.name) c
		WHERE m.type = 'table' AND m.name NOT LIKE 'sqlite\_%' ESCAPE '\' ORDER BY m.name, c.cid`)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		var table, column string
		if err := rows.Scan(&table, &column); err != nil {
			return err
		}
		s.tables[table] = append(s.tables[table], column)
	}
	return rows.Err()
}

// readVersion refuses what is not known.
func (s *source) readVersion(ctx context.Context) error {
	var number string
	err := s.db.QueryRowContext(ctx, `SELECT CAST(value AS TEXT) FROM config WHERE key = 'version'`).Scan(&number)
	if errors.Is(err, sql.ErrNoRows) {
		return fmt.Errorf("%w: its schema has no number", errNoDatabase)
	}
	if err != nil {
		return err
	}
	if s.legacy, err = strconv.Atoi(number); err != nil {
		return fmt.Errorf("%w: its schema has the number %q", errNoDatabase, number)
	}
	if s.tables["goose_db_version"] != nil {
		err := s.db.QueryRowContext(ctx, `SELECT COALESCE(MAX(version_id), 0) FROM goose_db_version WHERE is_applied`).Scan(&s.goose)
		if err != nil {
			return err
		}
	}
	switch {
	case s.legacy > legacyLast, s.goose > gooseLast:
		return fmt.Errorf("%w (schema %d.%d; %d.0 to %d.%d are known)", errTooNew, s.legacy, s.goose, legacyFirst, legacyLast, gooseLast)
	case s.legacy < legacyFirst:
		return fmt.Errorf("%w (schema %d.%d)", errTooOld, s.legacy, s.goose)
	}
	return nil
}

// copyDatabase copies the file at path, and what belongs to it that is not
// part of it yet.
func copyDatabase(path, dir string) (string, error) {
	before, err := fingerprint(path)
	if err != nil {
		return "", err
	}
	copied := filepath.Join(dir, "source.db")
	for suffix := range before {
		if err := copyFile(path+suffix, copied+suffix); err != nil {
			return "", err
		}
	}
	after, err := fingerprint(path)
	if err != nil {
		return "", err
	}
	for _, suffix := range []string{"", "-wal", "-journal"} {
		if before[suffix] != after[suffix] {
			return "", errInUse
		}
	}
	return copied, nil
}

// fingerprint changes when a file of the database does.
func fingerprint(path string) (map[string]string, error) {
	prints := map[string]string{}
	for _, suffix := range []string{"", "-wal", "-journal"} {
		info, err := os.Stat(path + suffix)
		if errors.Is(err, os.ErrNotExist) && suffix != "" {
			continue
		}
		if err != nil {
			return nil, err
		}
		if !info.Mode().IsRegular() {
			return nil, fmt.Errorf("%s: %w: not a file", path+suffix, errNoDatabase)
		}
		prints[suffix] = fmt.Sprint(info.Size(), info.ModTime())
	}
	return prints, nil
}

func copyFile(from, to string) error {
	src, err := os.Open(from)
	if err != nil {
		return err
	}
	defer src.Close()
	dst, err := os.OpenFile(to, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	_, err = io.Copy(dst, src)
	return errors.Join(err, dst.Close())
}
