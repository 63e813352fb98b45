package repository

import (
	"context"
	"time"
)

// Follower is an actor of the fediverse that follows the channel, or has asked
// to.
type Follower struct {
	ActorIRI       string // unique among followers; never changes
	Revision       int64  // counts how often the follower was saved; see [Followers]
	InboxIRI       string
	SharedInboxIRI string // empty if its server has none
	Name           string
	Username       string // user@host
	ImageURL       string

	FollowIRI string // ID of the Follow activity
	Follow    []byte // that activity, as JSON

	CreatedAt  time.Time
	ApprovedAt time.Time // zero while the request is pending
	DisabledAt time.Time // zero unless it was rejected or blocked

	ValidatedAt  time.Time // when the actor was last found to exist
	FailingSince time.Time // since when it was not; zero if it was

	Directory bool // whether it is a directory that lists streams
}

// State returns the state of the request to follow.
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

// DeliveryInbox returns the inbox that posts for the follower are sent to: the
// shared one, if there is one.
func (f Follower) DeliveryInbox() string {
	if f.SharedInboxIRI != "" {
		return f.SharedInboxIRI
	}
	return f.InboxIRI
}

// FollowerState is the state of a request to follow.
type FollowerState uint8

// The states of a follower. FollowersAll is for queries alone.
const (
	FollowersAll FollowerState = iota
	FollowersApproved
	FollowersPending
	FollowersBlocked
)

// FollowerKind selects followers by what they are.
type FollowerKind uint8

// The values of FollowerKind.
const (
	FollowersAnyKind FollowerKind = iota
	FollowersPeople               // all but directories
	FollowersDirectories
)

// FollowerQuery selects the followers that meet all of its conditions, newest
// first. The zero FollowerQuery selects all. A query with a State and a Kind
// and without ValidatedBefore is fast however many followers there are.
type FollowerQuery struct {
	State           FollowerState
	Kind            FollowerKind
	ValidatedBefore time.Time // last validated before this time; zero selects all
	Page            Page
}

// Inbox is an address that a post for all followers is sent to once.
type Inbox struct {
	IRI       string
	Followers int // number of followers behind it
}

// Followers stores who follows the channel.
type Followers interface {
	// Follower returns a follower, or an error matching [ErrNotFound].
	Follower(ctx context.Context, actorIRI string) (Follower, error)
	// Followers returns a page of the followers that the query selects by
	// CreatedAt, newest first, and the total number that it selects.
	Followers(ctx context.Context, q FollowerQuery) (page []Follower, total int, err error)
	// Inboxes returns the distinct delivery inboxes of approved followers, in no
	// particular order.
	Inboxes(ctx context.Context) ([]Inbox, error)
	// SaveFollower stores f as the revision that follows f.Revision, and returns
	// the stored follower. The Revision of a new follower is 0. The error
	// matches [ErrConflict] if f.Revision is not the current one; [ErrTaken] as
	// well if a new follower exists already; and [ErrInvalid] if f.Check fails.
	SaveFollower(ctx context.Context, f Follower) (Follower, error)
	// DeleteFollower removes a follower, or returns an error matching
	// [ErrNotFound].
	DeleteFollower(ctx context.Context, actorIRI string) error
}

// UpdateFollower changes a follower with fn, as [UpdateUser] does with a user.
func UpdateFollower(ctx context.Context, followers Followers, actorIRI string, fn func(*Follower) error) (Follower, error) {
	return update(ctx,
		func() (Follower, error) { return followers.Follower(ctx, actorIRI) },
		func(f Follower) (Follower, error) { return followers.SaveFollower(ctx, f) }, fn)
}
