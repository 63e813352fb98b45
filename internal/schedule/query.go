package schedule

import (
	"cmp"
	"context"
	"slices"
	"strings"
	"time"

	"github.com/owncast-go/owncast/repository"
)

// MaxRange is how long a range of [Service.Between] may be.
const MaxRange = 366 * 24 * time.Hour

// Between returns the events that start at from or later and before to, by
// their start: also those of series beyond the horizon, which have no
// CreatedAt. Errors about the range are an [*InputError].
func (s *Service) Between(ctx context.Context, from, to time.Time) ([]repository.Event, error) {
	switch {
	case !to.After(from):
		return nil, bad("to must be after from")
	case to.Sub(from) > MaxRange:
		return nil, bad("requested schedule range is too large")
	}
	events, err := s.cfg.Store.Events(ctx, from, to)
	if err != nil {
		return nil, err
	}
	all, err := s.cfg.Store.AllEventSeries(ctx)
	if err != nil {
		return nil, err
	}
	now := time.Now()
	for _, es := range all {
		begin := es.ExpandedUntil
		for _, t := range []time.Time{from, now} {
			if begin.Before(t) {
				begin = t
			}
		}
		if !es.Active || !to.After(begin) {
			continue
		}
		r, err := ruleOf(es)
		if err != nil {
			continue // see expand
		}
		for _, at := range r.between(begin, to) {
			if e := occurrence(es, at); !s.stored(ctx, events, e) {
				events = append(events, e)
			}
		}
	}
	return inOrder(events), nil
}

// inOrder sorts events by their beginning. It sorts pointers, of which there
// is sorting code in every program; that for events would be 10 kB.
func inOrder(events []repository.Event) []repository.Event {
	order := make([]*repository.Event, len(events))
	for i := range events {
		order[i] = &events[i]
	}
	slices.SortFunc(order, func(x, y *repository.Event) int {
		return cmp.Or(x.StartsAt.Compare(y.StartsAt), strings.Compare(x.ID, y.ID))
	})
	sorted := make([]repository.Event, len(order))
	for i, e := range order {
		sorted[i] = *e
	}
	return sorted
}

// stored tells whether an event beyond the horizon is there, because somebody
// has changed it: it may even have been moved out of the range.
func (s *Service) stored(ctx context.Context, there []repository.Event, e repository.Event) bool {
	if known(there, e) {
		return true
	}
	_, err := s.cfg.Store.Event(ctx, e.ID)
	return err == nil
}

// All returns what administrators see: every series, and the events from
// three months ago on that are stored.
func (s *Service) All(ctx context.Context) ([]repository.EventSeries, []repository.Event, error) {
	series, err := s.cfg.Store.AllEventSeries(ctx)
	if err != nil {
		return nil, nil, err
	}
	events, err := s.cfg.Store.Events(ctx, time.Now().AddDate(0, -3, 0), time.Time{})
	return series, events, err
}
