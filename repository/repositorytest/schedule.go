package repositorytest

import (
	"context"
	"math"
	"testing"
	"time"

	"github.com/owncast-go/owncast/repository"
)

func scheduleChecks() []check[repository.Schedule] {
	return []check[repository.Schedule]{
		{"Events", testEvents},
		{"Ranges", testEventRanges},
		{"EventSeries", testEventSeries},
		{"CanceledContext", testScheduleContext},
	}
}

func wantEvents(t *testing.T, s repository.Schedule, from, to time.Time, ids ...string) {
	t.Helper()
	es, err := s.Events(t.Context(), from, to)
	ok(t, "Events", err)
	equal(t, "Events", mapped(es, func(e repository.Event) string { return e.ID }), ids)
}

func testEvents(t *testing.T, s repository.Schedule) {
	full := repository.Event{
		ID: "a", SeriesID: "s", Name: "n", Description: "d", ReminderMessage: "r", StartsAt: at(1), Duration: time.Hour,
		Timezone: "Europe/Berlin", Status: repository.EventCancelled, CreatedAt: at(2), StartedAt: at(3), EndedAt: at(4), Done: []string{"warning"},
	}
	_, err := s.Event(t.Context(), "a")
	fails(t, "Event that is not there", err, repository.ErrNotFound)
	fails(t, "DeleteEvent that is not there", s.DeleteEvent(t.Context(), "a"), repository.ErrNotFound)
	ok(t, "PutEvents", s.PutEvents(t.Context(), full, repository.Event{ID: "b"}))
	got, err := s.Event(t.Context(), "a")
	ok(t, "Event", err)
	equal(t, "Event", got, full)
	fails(t, "PutEvents with an invalid one", s.PutEvents(t.Context(), repository.Event{ID: "c"}, repository.Event{}), repository.ErrInvalid)
	_, err = s.Event(t.Context(), "c")
	fails(t, "Event next to an invalid one", err, repository.ErrNotFound)
	full.StartsAt, full.SeriesID = at(50), ""
	ok(t, "PutEvents", s.PutEvents(t.Context(), full))
	wantEvents(t, s, at(0), at(40))
	wantEvents(t, s, at(40), at(60), "a")
	ok(t, "DeleteEvent", s.DeleteEvent(t.Context(), "a"))
	wantEvents(t, s, time.Time{}, time.Time{}, "b")
}

func testEventRanges(t *testing.T, s repository.Schedule) {
	ok(t, "PutEvents", s.PutEvents(t.Context(),
		repository.Event{ID: "c", StartsAt: at(2)}, repository.Event{ID: "a", StartsAt: at(1).In(elsewhere())},
		repository.Event{ID: "d", StartsAt: at(3)}, repository.Event{ID: "b", StartsAt: at(2)},
		repository.Event{ID: "old", StartsAt: time.Date(1900, 1, 1, 0, 0, 0, 0, time.UTC)}))
	var zero time.Time
	wantEvents(t, s, zero, zero, "old", "a", "b", "c", "d")
	wantEvents(t, s, at(1), zero, "a", "b", "c", "d")
	wantEvents(t, s, at(2), at(3), "b", "c")
	wantEvents(t, s, zero, at(2), "old", "a")
	wantEvents(t, s, at(3).Add(1), zero)
	wantEvents(t, s, at(3), at(1))
}

func testEventSeries(t *testing.T, s repository.Schedule) {
	want := func(series ...repository.EventSeries) {
		t.Helper()
		all, err := s.AllEventSeries(t.Context())
		ok(t, "AllEventSeries", err)
		equal(t, "AllEventSeries", all, series)
	}
	want()
	full := repository.EventSeries{
		ID: "s", Name: "n", Description: "d", ReminderMessage: "r", Recurrence: "DTSTART:20260101T000000Z\nRRULE:FREQ=WEEKLY",
		Duration: time.Minute, Timezone: "UTC", Active: true, CreatedAt: at(2), ExpandedUntil: at(3),
	}
	other := repository.EventSeries{ID: "t", CreatedAt: at(1)}
	ok(t, "PutEventSeries", s.PutEventSeries(t.Context(), full))
	ok(t, "PutEventSeries", s.PutEventSeries(t.Context(), other))
	want(other, full)
	full.Active = false
	ok(t, "PutEventSeries", s.PutEventSeries(t.Context(), full))
	want(other, full)
	fails(t, "PutEventSeries without an id", s.PutEventSeries(t.Context(), repository.EventSeries{}), repository.ErrInvalid)

	ok(t, "PutEvents", s.PutEvents(t.Context(),
		repository.Event{ID: "s1", SeriesID: "s", StartsAt: at(1)}, repository.Event{ID: "s2", SeriesID: "s", StartsAt: at(2)},
		repository.Event{ID: "t2", SeriesID: "t", StartsAt: at(3)}, repository.Event{ID: "alone", StartsAt: at(4)}))
	fails(t, "DeleteEventSeries that is not there", s.DeleteEventSeries(t.Context(), "x", time.Time{}), repository.ErrNotFound)
	ok(t, "DeleteEventSeries", s.DeleteEventSeries(t.Context(), "s", at(2)))
	wantEvents(t, s, time.Time{}, time.Time{}, "s1", "t2", "alone")
	ok(t, "DeleteEventSeries", s.DeleteEventSeries(t.Context(), "t", time.Time{}))
	wantEvents(t, s, time.Time{}, time.Time{}, "s1", "alone")
	want()
}

func testScheduleContext(t *testing.T, s repository.Schedule) {
	ok(t, "PutEvents", s.PutEvents(t.Context(), repository.Event{ID: "a"}))
	ok(t, "PutEventSeries", s.PutEventSeries(t.Context(), repository.EventSeries{ID: "s"}))
	refusesDoneContexts(t, map[string]func(context.Context) error{
		"Event":       func(ctx context.Context) error { _, err := s.Event(ctx, "a"); return err },
		"Events":      func(ctx context.Context) error { _, err := s.Events(ctx, at(0), at(1)); return err },
		"PutEvents":   func(ctx context.Context) error { return s.PutEvents(ctx, repository.Event{ID: "b"}) },
		"DeleteEvent": func(ctx context.Context) error { return s.DeleteEvent(ctx, "a") },

		"AllEventSeries":    func(ctx context.Context) error { _, err := s.AllEventSeries(ctx); return err },
		"PutEventSeries":    func(ctx context.Context) error { return s.PutEventSeries(ctx, repository.EventSeries{ID: "t"}) },
		"DeleteEventSeries": func(ctx context.Context) error { return s.DeleteEventSeries(ctx, "s", at(0)) },
	})
	wantEvents(t, s, time.Time{}, time.Time{}, "a")
}

func seriesChecks() []check[repository.Series] {
	return []check[repository.Series]{
		{"AppendThenRead", testSeries},
		{"Prune", testSeriesPrune},
		{"Invalid", testSeriesInvalid},
		{"CanceledContext", testSeriesContext},
	}
}

// moment is the beginning of the n-th interval.
func moment(n int) time.Time {
	return time.Date(2026, 5, 1, 23, 0, 0, 0, time.UTC).Add(time.Duration(n) * repository.SampleInterval)
}

func record(t *testing.T, s repository.Series, name string, at time.Time, value float64) {
	t.Helper()
	err := s.AppendSamples(t.Context(), repository.SeriesSample{Series: name, Sample: repository.Sample{At: at, Value: value}})
	ok(t, "AppendSamples", err)
}

func wantSamples(t *testing.T, s repository.Series, name string, from, to time.Time, values ...float64) {
	t.Helper()
	got, err := s.Samples(t.Context(), name, from, to)
	ok(t, "Samples", err)
	equal(t, "samples of "+name, mapped(got, func(s repository.Sample) float64 { return s.Value }), values)
}

func testSeries(t *testing.T, s repository.Series) {
	var zero time.Time
	wantSamples(t, s, "a", zero, zero)
	record(t, s, "a", moment(0).Add(9*time.Second).In(elsewhere()), 1)
	record(t, s, "a", moment(400), 3) // in another hour
	record(t, s, "a", moment(2), -2.5)
	record(t, s, "a", moment(100_000), math.MaxFloat64)
	record(t, s, "ab", moment(1), 9)
	record(t, s, "b", moment(0), 0)
	wantSamples(t, s, "a", zero, zero, 1, -2.5, 3, math.MaxFloat64)
	wantSamples(t, s, "b", zero, zero, 0)
	wantSamples(t, s, "", zero, zero)
	wantSamples(t, s, long(), zero, zero)
	got, err := s.Samples(t.Context(), "a", zero, moment(1))
	ok(t, "Samples", err)
	equal(t, "sample", got, []repository.Sample{{At: moment(0), Value: 1}})
	wantSamples(t, s, "a", moment(0), moment(400), 1, -2.5)
	wantSamples(t, s, "a", moment(0).Add(1), moment(400).Add(1), -2.5, 3)
	wantSamples(t, s, "a", moment(400), moment(400))
	record(t, s, "a", moment(0), 7) // the last one of the interval counts
	wantSamples(t, s, "a", zero, moment(1), 7)
	ok(t, "AppendSamples of none", s.AppendSamples(t.Context()))

	n := 500
	var batch []repository.SeriesSample
	for i := range n {
		batch = append(batch, repository.SeriesSample{Series: "many", Sample: repository.Sample{At: moment(i), Value: float64(i)}})
	}
	ok(t, "AppendSamples", s.AppendSamples(t.Context(), batch...))
	got, err = s.Samples(t.Context(), "many", moment(10), moment(490))
	ok(t, "Samples", err)
	if len(got) != 480 || got[0].Value != 10 || got[479] != (repository.Sample{At: moment(489), Value: 489}) {
		t.Errorf("of %d samples %d are in a part", n, len(got))
	}
}

func testSeriesPrune(t *testing.T, s repository.Series) {
	var zero time.Time
	for _, name := range []string{"a", "b"} {
		for _, n := range []int{0, 1, 500, 501, 1000} {
			record(t, s, name, moment(n), float64(n))
		}
	}
	record(t, s, "new", moment(1000), 1)
	for _, c := range []struct {
		before time.Time
		left   []float64
	}{
		{zero, []float64{0, 1, 500, 501, 1000}},
		{moment(1), []float64{1, 500, 501, 1000}},
		{moment(500).Add(1), []float64{501, 1000}},
		{moment(502), []float64{1000}},
		{moment(2000), nil},
	} {
		ok(t, "PruneSamples", s.PruneSamples(t.Context(), c.before))
		wantSamples(t, s, "a", zero, zero, c.left...)
		wantSamples(t, s, "b", zero, zero, c.left...)
	}
	wantSamples(t, s, "new", zero, zero)
}

func testSeriesInvalid(t *testing.T, s repository.Series) {
	good := repository.SeriesSample{Series: "a", Sample: repository.Sample{At: moment(0), Value: 1}}
	for name, bad := range map[string]repository.SeriesSample{
		"no name":       {Sample: good.Sample},
		"a long name":   {Series: long(), Sample: good.Sample},
		"no time":       {Series: "a"},
		"a distant one": {Series: "a", Sample: repository.Sample{At: time.Unix(1<<40, 0)}},
		"no number":     {Series: "a", Sample: repository.Sample{At: moment(0), Value: math.NaN()}},
		"infinity":      {Series: "a", Sample: repository.Sample{At: moment(0), Value: math.Inf(-1)}},
	} {
		fails(t, "AppendSamples with "+name, s.AppendSamples(t.Context(), good, bad), repository.ErrInvalid)
	}
	wantSamples(t, s, "a", time.Time{}, time.Time{})
}

func testSeriesContext(t *testing.T, s repository.Series) {
	record(t, s, "a", moment(0), 1)
	refusesDoneContexts(t, map[string]func(context.Context) error{
		"AppendSamples": func(ctx context.Context) error {
			return s.AppendSamples(ctx, repository.SeriesSample{Series: "a", Sample: repository.Sample{At: moment(0), Value: 2}})
		},
		"Samples":      func(ctx context.Context) error { _, err := s.Samples(ctx, "a", time.Time{}, time.Time{}); return err },
		"PruneSamples": func(ctx context.Context) error { return s.PruneSamples(ctx, moment(5)) },
	})
	wantSamples(t, s, "a", time.Time{}, time.Time{}, 1)
}
