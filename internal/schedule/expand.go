package schedule

import (
	"context"
	"errors"
	"strings"
	"time"

	"github.com/owncast-go/owncast/repository"
)

// expandAll makes the events of all series up to the horizon.
func (s *Service) expandAll(ctx context.Context, now time.Time) error {
	all, err := s.cfg.Store.AllEventSeries(ctx)
	if err != nil {
		return err
	}
	for _, es := range all {
		if !es.Active || es.ExpandedUntil.After(now.Add(horizon-dayAhead)) {
			continue
		}
		if err := s.expand(ctx, now, es); err != nil {
			return err
		}
	}
	return nil
}

// expand makes the events of a series that are missing up to the horizon.
func (s *Service) expand(ctx context.Context, now time.Time, es repository.EventSeries) error {
	r, err := ruleOf(es)
	if err != nil {
		// It was checked when it was made: the zone may be unknown to this
		// machine. It is no use to look at it every minute.
		s.log.WarnContext(ctx, "a series of scheduled events cannot be worked out, and is suspended", "series", es.ID, "err", err)
		es.Active = false
		return s.cfg.Store.PutEventSeries(ctx, es)
	}
	from, to := now, now.Add(horizon)
	if es.ExpandedUntil.After(from) {
		from = es.ExpandedUntil
	}
	there, err := s.cfg.Store.Events(ctx, from.Add(-lookBack), time.Time{})
	if err != nil {
		return err
	}
	var made []repository.Event
	for _, at := range r.between(from, to) {
		if e := occurrence(es, at); !known(there, e) {
			e.CreatedAt = now.UTC()
			made = append(made, e)
		}
	}
	if len(made) > 0 {
		if err := s.cfg.Store.PutEvents(ctx, made...); err != nil {
			return err
		}
	}
	es.ExpandedUntil = to.UTC()
	if err := s.cfg.Store.PutEventSeries(ctx, es); err != nil {
		return err
	}
	for _, e := range made {
		s.changed(EventCreated, e)
	}
	return nil
}

// known tells whether an event is there, under its own id or, as one that
// another program has made, under another.
func known(there []repository.Event, e repository.Event) bool {
	for _, o := range there {
		if o.ID == e.ID || o.SeriesID == e.SeriesID && o.StartsAt.Equal(e.StartsAt) {
			return true
		}
	}
	return false
}

// ruleOf reads the rule of a series.
func ruleOf(es repository.EventSeries) (*rule, error) {
	zone, err := loadZone(es.Timezone)
	if err != nil {
		return nil, err
	}
	return parseRule(es.Recurrence, zone)
}

// occurrence is the event of a series at a time, not changed by anybody. Its id
// says which one it is, so that it is made once.
func occurrence(es repository.EventSeries, at time.Time) repository.Event {
	return repository.Event{
		ID: es.ID + "-" + at.UTC().Format(stamp), SeriesID: es.ID, Name: es.Name, Description: es.Description,
		ReminderMessage: es.ReminderMessage, StartsAt: at.UTC(), Duration: es.Duration, Timezone: es.Timezone,
	}
}

// originalStart is when an event of a series was to begin by its rule.
func originalStart(e repository.Event) time.Time {
	if text, ok := strings.CutPrefix(e.ID, e.SeriesID+"-"); ok && e.SeriesID != "" {
		if at, err := time.Parse(stamp, text); err == nil {
			return at
		}
	}
	return e.StartsAt
}

// find returns an event, also one beyond the horizon. The caller holds mu.
func (s *Service) find(ctx context.Context, id string) (repository.Event, error) {
	e, err := s.cfg.Store.Event(ctx, id)
	if !errors.Is(err, repository.ErrNotFound) {
		return e, err
	}
	series, text, ok := cutLast(id, "-")
	at, parseErr := time.Parse(stamp, text)
	if !ok || parseErr != nil {
		return e, err
	}
	es, seriesErr := s.findSeries(ctx, series)
	if seriesErr != nil {
		return e, errors.Join(err, seriesErr)
	}
	r, ruleErr := ruleOf(es)
	if ruleErr != nil || !es.Active || !r.has(at) {
		return e, err
	}
	return occurrence(es, at), nil
}

func cutLast(s, sep string) (before, after string, found bool) {
	if i := strings.LastIndex(s, sep); i >= 0 {
		return s[:i], s[i+len(sep):], true
	}
	return s, "", false
}

// findSeries returns a series, or an error matching [repository.ErrNotFound].
func (s *Service) findSeries(ctx context.Context, id string) (repository.EventSeries, error) {
	all, err := s.cfg.Store.AllEventSeries(ctx)
	if err != nil {
		return repository.EventSeries{}, err
	}
	for _, es := range all {
		if es.ID == id {
			return es, nil
		}
	}
	return repository.EventSeries{}, repository.ErrNotFound
}
