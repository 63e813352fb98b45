package repository

import (
	"context"
	"time"
)

// Follower is an actor of the fediverse that follows the stream, or has asked
// to.
type Follower struct {
	ActorIRI       string // unique among the followers; never changes
	Revision       int64  // counts the times it was saved; see [Followers]
	InboxIRI       string
	SharedInboxIRI string // empty if its server has none
	Name           string
	Username       string // user@host
	ImageURL       string

	FollowIRI string // the id of the activity that asked
	Follow    []byte // that activity, as JSON

	CreatedAt  time.Time
	ApprovedAt time.Time // zero while it waits for an answer
	DisabledAt time.Time // zero unless it was rejected or blocked

	ValidatedAt  time.Time // when the actor was last seen to be there
	FailingSince time.Time // zero unless it was not since then

	Directory bool // lists streams, and follows in order to
}

// State is what became of the wish to follow.
func (f Follower) State() FollowerState {
	switch {
	case !f.DisabledAt.IsZero():
		return FollowersBlocked
	case f.ApprovedAt.IsZero():
		return FollowersPending
	default:
		return FollowersApproved
	}
}

// Check returns an error matching [ErrInvalid] unless f may be stored.
// Implementations call it first in SaveFollower.
func (f Follower) Check() error {
	if err := checkKey("IRI of a follower", f.ActorIRI); err != nil {
		return err
	}
	if f.Revision < 0 {
		return invalid("revision %d of a follower", f.Revision)
	}
	if len(f.SharedInboxIRI) > MaxKeyLen {
		return invalid("IRI of a shared inbox of %d bytes", len(f.SharedInboxIRI))
	}
	return checkKey("IRI of an inbox", f.InboxIRI)
}

// DeliveryInbox is where posts for the follower go.
func (f Follower) DeliveryInbox() string {
	if f.SharedInboxIRI != "" {
		return f.SharedInboxIRI
	}
	return f.InboxIRI
}

// FollowerState selects followers by what became of their wish.
type FollowerState uint8

// The states of a follower. FollowersAll is none of them.
const (
	FollowersAll FollowerState = iota
	FollowersApproved
	FollowersPending
	FollowersBlocked
)

// FollowerQuery selects followers that meet all conditions, the newest first.
// The zero FollowerQuery selects all.
type FollowerQuery struct {
	State           FollowerState
	Directory       bool      // directories only
	ValidatedBefore time.Time // those last validated before; zero is any time
	Page            Page
}

// Inbox is a place that posts for all followers go to, once.
type Inbox struct {
	IRI       string
	Followers int // how many it is for
}

// Followers stores who follows the stream.
type Followers interface {
	// Follower returns a follower, or an error matching [ErrNotFound].
	Follower(ctx context.Context, actorIRI string) (Follower, error)
	// Followers returns the page of the followers that the query selects, by
	// CreatedAt with the newest first, and how many it selects in all.
	Followers(ctx context.Context, q FollowerQuery) (page []Follower, total int, err error)
	// Inboxes returns the different inboxes of the followers that are
	// approved, the shared one where there is one, in no particular order.
	Inboxes(ctx context.Context) ([]Inbox, error)
	// SaveFollower stores f as the revision after f.Revision, which is 0 for a
	// new follower, and returns what it stored. The error matches
	// [ErrConflict] if f.Revision is not the stored one, [ErrTaken], too, if
	// a new follower is there already, and [ErrInvalid] if f.Check does.
	SaveFollower(ctx context.Context, f Follower) (Follower, error)
	// DeleteFollower forgets a follower, or returns an error matching
	// [ErrNotFound].
	DeleteFollower(ctx context.Context, actorIRI string) error
}

// UpdateFollower changes a follower with fn as [UpdateUser] does a user.
func UpdateFollower(ctx context.Context, followers Followers, actorIRI string, fn func(*Follower) error) (Follower, error) {
	return update(ctx,
		func() (Follower, error) { return followers.Follower(ctx, actorIRI) },
		func(f Follower) (Follower, error) { return followers.SaveFollower(ctx, f) }, fn)
}
