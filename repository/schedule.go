package repository

import (
	"context"
	"time"
)

// EventStatus is whether an event takes place.
type EventStatus uint8

// The choices of EventStatus.
const (
	EventScheduled EventStatus = iota
	EventCancelled
)

// Event is a broadcast that is announced.
type Event struct {
	ID              string // unique among the events
	SeriesID        string // of the [EventSeries] it is one of; empty if of none
	Name            string
	Description     string
	ReminderMessage string // for those who want to be reminded
	StartsAt        time.Time
	Duration        time.Duration
	Timezone        string // where StartsAt was chosen, by its name in the time zone database
	Status          EventStatus

	CreatedAt time.Time
	StartedAt time.Time // zero until the broadcast has begun
	EndedAt   time.Time // zero until it has ended
	// Done names what was done for the event and must not be done again, such
	// as a reminder that was sent.
	Done []string
}

// Check returns an error matching [ErrInvalid] unless e may be stored.
func (e Event) Check() error {
	if len(e.SeriesID) > MaxKeyLen {
		return invalid("id of an event's series of %d bytes", len(e.SeriesID))
	}
	return checkKey("id of an event", e.ID)
}

// EventSeries is an announcement that comes again.
type EventSeries struct {
	ID              string // unique among the series
	Name            string
	Description     string
	ReminderMessage string
	Recurrence      string // the rule, as in RFC 5545, with its DTSTART
	Duration        time.Duration
	Timezone        string
	Active          bool
	CreatedAt       time.Time
	ExpandedUntil   time.Time // the events before exist
}

// Check returns an error matching [ErrInvalid] unless s may be stored.
func (s EventSeries) Check() error { return checkKey("id of a series", s.ID) }

// Schedule stores what is announced.
type Schedule interface {
	// Event returns an event, or an error matching [ErrNotFound].
	Event(ctx context.Context, id string) (Event, error)
	// Events returns those that start at from or later and before to, by
	// StartsAt and then by ID. A zero time is no bound.
	Events(ctx context.Context, from, to time.Time) ([]Event, error)
	// PutEvents stores events, all or none, each in the place of one with the
	// same ID. The error matches [ErrInvalid] if an event's Check does.
	PutEvents(ctx context.Context, events ...Event) error
	// DeleteEvent removes an event, or returns an error matching
	// [ErrNotFound].
	DeleteEvent(ctx context.Context, id string) error

	// AllEventSeries returns all series, by CreatedAt with the oldest first,
	// then by ID.
	AllEventSeries(ctx context.Context) ([]EventSeries, error)
	// PutEventSeries stores s, in the place of one with the same ID. The error
	// matches [ErrInvalid] if s.Check does.
	PutEventSeries(ctx context.Context, s EventSeries) error
	// DeleteEventSeries removes a series and those of its events that start at
	// from or later, or returns an error matching [ErrNotFound]. A zero from
	// is all of its events.
	DeleteEventSeries(ctx context.Context, id string, from time.Time) error
}
