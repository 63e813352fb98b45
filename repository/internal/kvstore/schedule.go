package kvstore

import (
	"bytes"
	"context"
	"sort"
	"time"

	"github.com/owncast-go/owncast/repository"
)

type schedule struct{ store }

func (s schedule) Event(ctx context.Context, id string) (e repository.Event, err error) {
	err = s.view(ctx, "event", func(tx Tx) error {
		e, err = get(tx, Events, []byte(id), eventFields)
		return err
	})
	return e, err
}

func (s schedule) Events(ctx context.Context, from, to time.Time) (es []repository.Event, err error) {
	err = s.view(ctx, "events", func(tx Tx) error {
		var start, end []byte
		if !from.IsZero() {
			start = timeKey(nil, from)
		}
		if !to.IsZero() {
			end = timeKey(nil, to)
		}
		var keys [][]byte
		for k := range tx.Ascend(EventsByTime, start) {
			if end != nil && bytes.Compare(k, end) >= 0 {
				break
			}
			keys = append(keys, bytes.Clone(k))
		}
		es, err = records(tx, Events, keys, timeLen, eventFields)
		return err
	})
	if err != nil {
		return nil, err
	}
	return es, nil
}

func eventEntries(e repository.Event) []entry {
	start := append(timeKey(nil, e.StartsAt), e.ID...)
	entries := []entry{{EventsByTime, start, present()}}
	if e.SeriesID != "" {
		entries = append(entries, entry{EventsBySeries, append(textKey(nil, e.SeriesID), start...), present()})
	}
	return entries
}

func (s schedule) PutEvents(ctx context.Context, events ...repository.Event) error {
	for _, e := range events {
		if err := e.Check(); err != nil {
			return err
		}
	}
	return s.update(ctx, "put events", func(tx Tx) error {
		for _, e := range events {
			var before []entry
			if data := tx.Get(Events, []byte(e.ID)); data != nil {
				old, err := decode(data, eventFields)
				if err != nil {
					return err
				}
				before = eventEntries(old)
			}
			reindex(tx, before, eventEntries(e))
			tx.Put(Events, []byte(e.ID), encode(e, eventFields))
		}
		return nil
	})
}

func (s schedule) DeleteEvent(ctx context.Context, id string) error {
	return s.update(ctx, "delete event", func(tx Tx) error { return deleteEvent(tx, id) })
}

func deleteEvent(tx Tx, id string) error {
	e, err := get(tx, Events, []byte(id), eventFields)
	if err != nil {
		return err
	}
	reindex(tx, eventEntries(e), nil)
	tx.Delete(Events, []byte(id))
	return nil
}

func (s schedule) AllEventSeries(ctx context.Context) (all []repository.EventSeries, err error) {
	err = s.view(ctx, "series of events", func(tx Tx) error {
		all, err = every(tx, EventSeries, eventSeriesFields)
		return err
	})
	if err != nil {
		return nil, err
	}
	sort.SliceStable(all, func(i, j int) bool { return all[i].CreatedAt.Before(all[j].CreatedAt) })
	return all, nil
}

func (s schedule) PutEventSeries(ctx context.Context, es repository.EventSeries) error {
	if err := es.Check(); err != nil {
		return err
	}
	return s.update(ctx, "put series of events", func(tx Tx) error {
		tx.Put(EventSeries, []byte(es.ID), encode(es, eventSeriesFields))
		return nil
	})
}

func (s schedule) DeleteEventSeries(ctx context.Context, id string, from time.Time) error {
	return s.update(ctx, "delete series of events", func(tx Tx) error {
		if tx.Get(EventSeries, []byte(id)) == nil {
			return repository.ErrNotFound
		}
		prefix := textKey(nil, id)
		start := prefix
		if !from.IsZero() {
			start = timeKey(bytes.Clone(prefix), from)
		}
		var ids []string
		for k := range tx.Ascend(EventsBySeries, start) {
			if !bytes.HasPrefix(k, prefix) {
				break
			}
			if len(k) < len(prefix)+timeLen {
				return corrupt("key of %d bytes", len(k))
			}
			ids = append(ids, string(k[len(prefix)+timeLen:]))
		}
		for _, id := range ids {
			if err := deleteEvent(tx, id); err != nil {
				return lost(err)
			}
		}
		tx.Delete(EventSeries, []byte(id))
		return nil
	})
}
