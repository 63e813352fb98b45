package main

import (
	"context"
	"slices"
	"time"

	"github.com/owncast-go/owncast/repository"
)

const (
	kindEvents = "scheduled events"
	kindSeries = "event series"
)

// eventTable and seriesTable are the tables of the schedule, "" if there is
// none. Their names have changed while it was being made.
func eventTable(s *source) string {
	return s.tableOf("scheduled_events", "stream_events")
}

func seriesTable(s *source) string {
	return s.tableOf("scheduled_event_series", "stream_event_series", "event_series")
}

// tableOf returns the first of the names that a table has.
func (s *source) tableOf(names ...string) string {
	if i := slices.IndexFunc(names, func(name string) bool { return s.tables[name] != nil }); i >= 0 {
		return names[i]
	}
	return ""
}

// schedule carries over announced streams.
func (im *importer) schedule(ctx context.Context) error {
	err := im.src.each(ctx, seriesTable(im.src), "created_at", []column{
		must("id"), must("name"), may("description"), may("reminder_message"), must("recurrence", "rrule"),
		may("duration_minutes", "duration"), may("timezone"), may("active", "is_active"), may("created_at"),
	}, func(r row) error {
		s := repository.EventSeries{
			ID: r.text("id"), Name: r.text("name"), Description: r.text("description"), ReminderMessage: r.text("reminder_message"),
			Recurrence: r.text("recurrence"), Duration: minutes(r), Timezone: zone(r), CreatedAt: r.time("created_at"),
			Active: r["active"] == nil || r.flag("active"),
		}
		return im.took(kindSeries, s.ID, im.repo.Schedule.PutEventSeries(ctx, s))
	})
	if err != nil {
		return err
	}
	return im.src.each(ctx, eventTable(im.src), "start_time", []column{
		must("id"), may("series_id"), must("name"), may("description"), may("reminder_message"), must("start_time", "starts_at"),
		may("duration_minutes", "duration"), may("timezone"), may("status"), may("created_at"), may("started_at"), may("ended_at"),
	}, func(r row) error {
		e := repository.Event{
			ID: r.text("id"), SeriesID: r.text("series_id"), Name: r.text("name"), Description: r.text("description"),
			ReminderMessage: r.text("reminder_message"), StartsAt: r.time("start_time"), Duration: minutes(r), Timezone: zone(r),
			CreatedAt: r.time("created_at"), StartedAt: r.time("started_at"), EndedAt: r.time("ended_at"),
		}
		if r.text("status") == "cancelled" {
			e.Status = repository.EventCancelled
		}
		if e.StartsAt.IsZero() {
			im.rep.skip(kindEvents, "without a time", e.ID)
			return nil
		}
		return im.took(kindEvents, e.ID, im.repo.Schedule.PutEvents(ctx, e))
	})
}

// minutes is how long an event lasts: an hour, where that is not said.
func minutes(r row) time.Duration {
	if n := r.number("duration_minutes"); n > 0 {
		return time.Duration(n) * time.Minute
	}
	return time.Hour
}

func zone(r row) string {
	if name := r.text("timezone"); name != "" {
		return name
	}
	return "UTC"
}
