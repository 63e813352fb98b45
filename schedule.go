package owncast

import (
	"context"
	"time"

	"github.com/owncast-go/owncast/internal/schedule"
	"github.com/owncast-go/owncast/repository"
	"github.com/owncast-go/owncast/video"
	"github.com/owncast-go/owncast/webhooks"
)

// ScheduledEvent is a broadcast that is announced.
type ScheduledEvent = repository.Event

// EventSeries is an announcement that comes again.
type EventSeries = repository.EventSeries

// EventInput is what [Schedule.Put] makes an event or a series of.
type EventInput = schedule.Input

// EventInputError is what is wrong with it.
type EventInputError = schedule.InputError

// EventChange is an event that was made, changed or removed.
type EventChange = schedule.Change

// EventReminder is for those who want to be reminded of an event.
type EventReminder = schedule.Reminder

// The kinds of [EventChange].
const (
	EventCreated = schedule.EventCreated
	EventUpdated = schedule.EventUpdated // also when it is cancelled
	EventDeleted = schedule.EventDeleted
)

// Schedule is the broadcasts that are announced. What becomes of them is set by
// [Settings.UpdateSchedule]; while that has them switched off they are kept,
// and nobody hears of them.
type Schedule struct{ app *App }

// Schedule returns what can be seen and changed of it while the App runs.
func (a *App) Schedule() *Schedule { return &Schedule{app: a} }

// Events returns the events that start at from or later and before to, by their
// start, with those that series will make. The range is of 366 days at the
// most.
func (s *Schedule) Events(ctx context.Context, from, to time.Time) ([]ScheduledEvent, error) {
	p, err := s.app.live()
	if err != nil {
		return nil, err
	}
	return p.schedule.Between(ctx, from, to)
}

// Series returns all series, those that end too.
func (s *Schedule) Series(ctx context.Context) ([]EventSeries, error) {
	p, err := s.app.live()
	if err != nil {
		return nil, err
	}
	series, _, err := p.schedule.All(ctx)
	return series, err
}

// Put makes an event, or a series of events, or changes the one with the ID of
// in, and returns its id. What is wrong with in is an [*EventInputError].
//
// A series has a recurrence as in RFC 5545, with DTSTART and RRULE on lines of
// their own, daily or less often, and makes its events 30 days ahead. When it
// is changed, events that were changed by themselves stay so if they are still
// part of it. Time zones are those of the host's time zone database, or of
// package time/tzdata.
func (s *Schedule) Put(ctx context.Context, in EventInput) (id string, err error) {
	p, err := s.app.live()
	if err != nil {
		return "", err
	}
	return p.schedule.Put(ctx, in)
}

// Remove removes an event, or a series with its events to come. With cancel it
// stays there as cancelled. The error is an [*EventInputError] if there is
// neither.
func (s *Schedule) Remove(ctx context.Context, id string, cancel bool) error {
	p, err := s.app.live()
	if err != nil {
		return err
	}
	return p.schedule.Remove(ctx, id, cancel)
}

func newSchedule(c config, p *parts, state *video.State) (*schedule.Service, error) {
	return schedule.New(schedule.Config{
		Store: p.repo.Schedule, Settings: p.settings.sections.Schedule.Get, Logger: c.log,
		Online: func() bool { return state.Status().Online() }, Lead: p.leads,
		Events: scheduleEvents(append([]Hooks{p.scheduleHooks(c)}, c.hooks...)),
	})
}

// scheduleHooks are what the App itself does with events of the schedule.
func (p *parts) scheduleHooks(c config) Hooks {
	tell := func(action webhooks.ScheduleAction) func(context.Context, ScheduledEvent) {
		return func(_ context.Context, e ScheduledEvent) {
			p.outbound.webhooks.Send(webhooks.Event{Type: webhooks.EventScheduled, Data: webhooks.Schedule{Action: action, Event: announced(e)}})
		}
	}
	return Hooks{
		EventWarned: tell(webhooks.ScheduleWarning), EventEnded: tell(webhooks.ScheduleEnded),
		EventStarted: func(ctx context.Context, e ScheduledEvent) {
			p.entitle(ctx, c, e)
			tell(webhooks.ScheduleStarted)(ctx, e)
		},
	}
}

// entitle calls the stream what its event is called.
func (p *parts) entitle(ctx context.Context, c config, e ScheduledEvent) {
	_, err := p.settings.sections.Instance.Update(ctx, func(i *Instance) error {
		i.StreamTitle = e.Name
		return nil
	})
	if err != nil {
		c.log.WarnContext(ctx, "the stream is not called what its scheduled event is called", "event", e.ID, "err", err)
	}
}

// announced is e as receivers of webhooks are told.
func announced(e ScheduledEvent) webhooks.ScheduledEvent {
	status := "scheduled"
	if e.Status == repository.EventCancelled {
		status = "cancelled"
	}
	return webhooks.ScheduledEvent{
		ID: e.ID, SeriesID: e.SeriesID, Name: e.Name, Description: e.Description, ReminderMessage: e.ReminderMessage,
		StartTime: e.StartsAt, DurationMinutes: int(e.Duration / time.Minute), Timezone: e.Timezone, Status: status,
	}
}

// scheduleEvents does for the schedule what events does for streams.
func scheduleEvents(hooks []Hooks) schedule.Events {
	event := func(pick func(Hooks) func(context.Context, ScheduledEvent)) func(context.Context, ScheduledEvent) {
		return each(hooks, pick)
	}
	return schedule.Events{
		Changed:  each(hooks, func(h Hooks) func(context.Context, EventChange) { return h.EventChanged }),
		Reminder: each(hooks, func(h Hooks) func(context.Context, EventReminder) { return h.EventReminder }),
		Warned:   event(func(h Hooks) func(context.Context, ScheduledEvent) { return h.EventWarned }),
		Started:  event(func(h Hooks) func(context.Context, ScheduledEvent) { return h.EventStarted }),
		Ended:    event(func(h Hooks) func(context.Context, ScheduledEvent) { return h.EventEnded }),
		Missed:   event(func(h Hooks) func(context.Context, ScheduledEvent) { return h.EventMissed }),
	}
}
