package repository

import (
	"context"
	"time"
)

// Activity is an activity that the channel has published to the fediverse.
type Activity struct {
	IRI       string // unique among activities
	Type      string // such as "Create"
	Data      []byte // the JSON document
	CreatedAt time.Time
	Live      bool // whether it announces that the stream is live
}

// Check returns an error matching [ErrInvalid] unless a may be stored.
func (a Activity) Check() error { return checkKey("IRI of an activity", a.IRI) }

// Outbox stores published activities.
type Outbox interface {
	// Activity returns an activity, or an error matching [ErrNotFound].
	Activity(ctx context.Context, iri string) (Activity, error)
	// Activities returns a page of the activities by CreatedAt, newest first,
	// and their total number.
	Activities(ctx context.Context, p Page) (page []Activity, total int, err error)
	// PutActivity stores a and replaces an activity with the same IRI. The error
	// matches [ErrInvalid] if a.Check fails.
	PutActivity(ctx context.Context, a Activity) error
	// DeleteActivity removes an activity, or returns an error matching
	// [ErrNotFound].
	DeleteActivity(ctx context.Context, iri string) error
}

// InboundActivity is an activity that was received.
type InboundActivity struct {
	IRI      string // ID of the activity; unique among those seen
	ActorIRI string
	Type     string // such as "Follow"
	At       time.Time
	// Engagement is set if it is of interest to administrators: somebody
	// followed, liked, or shared. Most activities are not.
	Engagement bool
}

// Check returns an error matching [ErrInvalid] unless a may be stored.
func (a InboundActivity) Check() error { return checkKey("IRI of an activity", a.IRI) }

// Inbound remembers which activities were received, so that each is handled
// only once.
type Inbound interface {
	// SeeActivity stores a and returns true, unless an activity with the same
	// IRI is stored already, which is left unchanged. Exactly one of several
	// concurrent calls with the same IRI returns true.
	SeeActivity(ctx context.Context, a InboundActivity) (first bool, err error)
	// ActivitySeen reports whether SeeActivity has stored an activity.
	ActivitySeen(ctx context.Context, iri string) (bool, error)
	// ForgetActivity removes what SeeActivity has stored, for an activity that
	// could not be handled and may be sent again. It does nothing if there is
	// none.
	ForgetActivity(ctx context.Context, iri string) error
	// Engagements returns a page of the activities with Engagement set by At,
	// newest first, and their total number.
	Engagements(ctx context.Context, p Page) (page []InboundActivity, total int, err error)
	// PruneActivities removes the oldest activities without Engagement that were
	// seen before a time, at most [MaxPrune] of them, and returns how many it
	// removed.
	PruneActivities(ctx context.Context, before time.Time) (int, error)
}
