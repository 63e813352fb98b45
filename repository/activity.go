package repository

import (
	"context"
	"time"
)

// Activity is what the stream has published in the fediverse.
type Activity struct {
	IRI       string // unique among the activities
	Type      string // such as "Create"
	Data      []byte // the JSON document
	CreatedAt time.Time
	Live      bool // says that the stream went live
}

// Check returns an error matching [ErrInvalid] unless a may be stored.
func (a Activity) Check() error { return checkKey("IRI of an activity", a.IRI) }

// Outbox stores what was published.
type Outbox interface {
	// Activity returns an activity, or an error matching [ErrNotFound].
	Activity(ctx context.Context, iri string) (Activity, error)
	// Activities returns a page of all, by CreatedAt with the newest first,
	// and how many there are.
	Activities(ctx context.Context, p Page) (page []Activity, total int, err error)
	// PutActivity stores a, in the place of one with the same IRI. The error
	// matches [ErrInvalid] if a.Check does.
	PutActivity(ctx context.Context, a Activity) error
	// DeleteActivity removes an activity, or returns an error matching
	// [ErrNotFound].
	DeleteActivity(ctx context.Context, iri string) error
}

// InboundActivity is what somebody else has sent.
type InboundActivity struct {
	IRI      string // the id of the activity; unique among those seen
	ActorIRI string
	Type     string // such as "Follow"
	At       time.Time
	// Engagement is set if administrators want to see it: somebody followed,
	// liked or shared. Most of what arrives is not.
	Engagement bool
}

// Check returns an error matching [ErrInvalid] unless a may be stored.
func (a InboundActivity) Check() error { return checkKey("IRI of an activity", a.IRI) }

// Inbound remembers what has arrived, so that each activity is handled once.
type Inbound interface {
	// SeeActivity stores a and reports true, unless there is an activity of
	// the same IRI, which stays as it is. Of any number of calls at the same
	// time, one gets true.
	SeeActivity(ctx context.Context, a InboundActivity) (first bool, err error)
	// ForgetActivity removes what SeeActivity has stored, if handling it did
	// not work and it may be sent again. It does nothing if there is none.
	ForgetActivity(ctx context.Context, iri string) error
	// Engagements returns a page of those with Engagement set, by At with the
	// newest first, and how many there are.
	Engagements(ctx context.Context, p Page) (page []InboundActivity, total int, err error)
	// PruneActivities removes the oldest that were seen before a time and have
	// no Engagement set, [MaxPrune] of them at the most, and returns how many.
	PruneActivities(ctx context.Context, before time.Time) (int, error)
}
