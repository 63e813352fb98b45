package main

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
)

// column is a column of a table of Owncast: one of its names, as they have
// changed from one version to the next.
type column struct {
	names    []string
	optional bool
}

func must(names ...string) column { return column{names: names} }
func may(names ...string) column  { return column{names: names, optional: true} }

// row is a row of a table, by the first name of each column. A column that is
// NULL, or that the table does not have, is nil.
type row map[string][]byte

// each calls f with every row of a table, in the order of a column. A table
// that is not there has no rows. f must not use the source.
func (s *source) each(ctx context.Context, table, order string, columns []column, f func(row) error) error {
	there := s.tables[table]
	if there == nil {
		return nil
	}
	var keys, exprs []string
	for _, c := range columns {
		i := slices.IndexFunc(c.names, func(name string) bool { return slices.Contains(there, name) })
		switch {
		case i >= 0:
			keys = append(keys, c.names[0])
			// As bytes: drivers make something of their own of times.
			exprs = append(exprs, fmt.Sprintf("CAST(%q AS BLOB)", c.names[i]))
		case !c.optional:
			return fmt.Errorf("table %s: %w: it has no column %s", table, errNoDatabase, c.names[0])
		}
	}
	query := fmt.Sprintf("SELECT %s FROM %q", strings.Join(exprs, ", "), table)
	if slices.Contains(there, order) {
		query += fmt.Sprintf(" ORDER BY %q, rowid", order)
	}
	rows, err := s.db.QueryContext(ctx, query)
	if err != nil {
		return fmt.Errorf("table %s: %w", table, err)
	}
	defer rows.Close()
	for rows.Next() {
		values := make([][]byte, len(keys))
		targets := make([]any, len(keys))
		for i := range values {
			targets[i] = &values[i]
		}
		if err := rows.Scan(targets...); err != nil {
			return fmt.Errorf("table %s: %w", table, err)
		}
		r := row{}
		for i, key := range keys {
			r[key] = values[i]
		}
		if err := f(r); err != nil {
			return fmt.Errorf("table %s: %w", table, err)
		}
	}
	if err := rows.Err(); err != nil {
		return fmt.Errorf("table %s: %w", table, err)
	}
	return nil
}

// count returns how many rows a table has.
func (s *source) count(ctx context.Context, table string) (n int, err error) {
	err = s.db.QueryRowContext(ctx, fmt.Sprintf("SELECT count(*) FROM %q", table)).Scan(&n)
	return n, err
}

func (r row) text(name string) string { return strings.ToValidUTF8(string(r[name]), "\uFFFD") }

func (r row) number(name string) int {
	n, err := strconv.ParseFloat(r.text(name), 64)
	if err != nil {
		return 0
	}
	return int(n)
}

func (r row) flag(name string) bool {
	text := strings.ToLower(r.text(name))
	return text == "true" || r.number(name) != 0
}

// list is a column with names separated by commas, without empty ones.
func (r row) list(name string) []string { return split(r.text(name)) }

func split(text string) []string {
	var list []string
	for item := range strings.SplitSeq(text, ",") {
		if item = strings.TrimSpace(item); item != "" {
			list = append(list, item)
		}
	}
	return list
}

// time is zero for NULL and for what is no time.
func (r row) time(name string) time.Time {
	text, _, _ := strings.Cut(r.text(name), " m=") // of a Go time with a monotonic clock
	for _, layout := range []string{
		"2006-01-02 15:04:05.999999999-07:00", // what Owncast's driver writes
		"2006-01-02 15:04:05.999999999",       // CURRENT_TIMESTAMP
		time.RFC3339Nano,
		"2006-01-02T15:04:05.999999999",
		"2006-01-02 15:04:05.999999999 -0700 MST",
		"2006-01-02 15:04:05.999999999 -0700 -0700",
		time.DateOnly,
	} {
		if t, err := time.Parse(layout, text); err == nil {
			return t.UTC()
		}
	}
	if seconds, err := strconv.ParseInt(text, 10, 64); err == nil && seconds > 0 && seconds < 1<<34 {
		return time.Unix(seconds, 0).UTC()
	}
	return time.Time{}
}
