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

// Event is an announced broadcast.
type Event struct {
	ID              string // unique among events
	SeriesID        string // the [EventSeries] that it belongs to; empty if none
	Name            string
	Description     string
	ReminderMessage string // sent to those who want to be reminded
	StartsAt        time.Time
	Duration        time.Duration
	Timezone        string // IANA name of the time zone that StartsAt was chosen in
	Status          EventStatus

	CreatedAt time.Time
	StartedAt time.Time // zero until the broadcast has begun
	EndedAt   time.Time // zero until it has ended
	// Done lists actions that were performed for the event and must not be
	// repeated, such as sending a reminder.
	Done []string
}

// Check returns an error matching [ErrInvalid] unless e may be stored.
func (e Event) Check() error {
	if len(e.SeriesID) > MaxKeyLen {
		return invalid("id of an event's series of %d bytes", len(e.SeriesID))
	}
	return checkKey("id of an event", e.ID)
}

// EventSeries is a recurring event.
type EventSeries struct {
	ID              string // unique among series
	Name            string
	Description     string
	ReminderMessage string
	Recurrence      string // rule as in RFC 5545, including DTSTART
	Duration        time.Duration
	Timezone        string
	Active          bool
	CreatedAt       time.Time
	ExpandedUntil   time.Time // events before this time were created
}

// Check returns an error matching [ErrInvalid] unless s may be stored.
func (s EventSeries) Check() error { return checkKey("id of a series", s.ID) }

// Schedule stores announced broadcasts.
type Schedule interface {
	// Event returns an event, or an error matching [ErrNotFound].
	Event(ctx context.Context, id string) (Event, error)
	// Events returns the events that start at or after from and before to, by
	// StartsAt, then ID. A zero time is no bound.
	Events(ctx context.Context, from, to time.Time) ([]Event, error)
	// PutEvents stores events, all or none, and replaces those with the same
	// ID. The error matches [ErrInvalid] if Check fails for an event.
	PutEvents(ctx context.Context, events ...Event) error
	// DeleteEvent removes an event, or returns an error matching
	// [ErrNotFound].
	DeleteEvent(ctx context.Context, id string) error

	// AllEventSeries returns all series by CreatedAt, oldest first, then ID.
	AllEventSeries(ctx context.Context) ([]EventSeries, error)
	// PutEventSeries stores s and replaces a series with the same ID. The error
	// matches [ErrInvalid] if s.Check fails.
	PutEventSeries(ctx context.Context, s EventSeries) error
	// DeleteEventSeries removes a series and its events that start at or after
	// from, or returns an error matching [ErrNotFound]. A zero from removes all
	// of its events.
	DeleteEventSeries(ctx context.Context, id string, from time.Time) error
}
