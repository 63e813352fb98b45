package chat

import (
	"context"
	"net/netip"
	"time"

	"github.com/owncast-go/owncast/repository"
)

// Events are the functions of the host that a room asks, and those that it
// tells what has happened. Nil ones are skipped.
//
// Those named Before are asked in the goroutine of the request, and refuse
// with an error, whose reason the client is told if it is a [*RejectError].
// The others hear of things one at a time and in the order of the room, in a
// goroutine of their own; the room does not wait for them, and loses events if
// they are thousands behind. Their context is done when the room shuts down.
type Events struct {
	// BeforeRegister is asked about a new user, whose name it may change.
	BeforeRegister func(context.Context, *Registration) error
	// BeforeJoin is asked about a connection.
	BeforeJoin func(context.Context, Join) error

	MessageSent       func(context.Context, MessageSent)
	MessageHeld       func(context.Context, MessageHeld)
	UserJoined        func(context.Context, UserJoined)
	UserParted        func(context.Context, UserParted)
	NameChanged       func(context.Context, NameChanged)
	ColorChanged      func(context.Context, ColorChanged)
	VisibilityChanged func(context.Context, VisibilityChanged)
	UserDisabled      func(context.Context, UserDisabled)
	UserEnabled       func(context.Context, UserEnabled)
	UserTimedOut      func(context.Context, UserTimedOut)
	RoleChanged       func(context.Context, RoleChanged)
}

// Join is a connection that is about to be let in.
type Join struct {
	User      repository.User
	Address   netip.Addr // zero if unknown
	UserAgent string
}

// MessageSent is a message that clients get, of a user, a program or the
// server. What is for one client alone is not told.
type MessageSent struct {
	Message Message
	Raw     string // as it was written
}

// MessageHeld is a message that waits for a moderator.
type MessageHeld struct{ Held Held }

// UserJoined is a user whose first connection is there. One who comes back
// within ten seconds has not left.
type UserJoined struct {
	ID       string // of the event
	At       time.Time
	User     repository.User
	ClientID uint64
	Online   bool // there is a broadcast
	Shown    bool // clients are told
}

// UserParted is a user whose last connection has been gone for ten seconds.
type UserParted struct {
	ID     string
	At     time.Time
	User   repository.User
	Online bool
	Shown  bool
}

// NameChanged is a user with a new name.
type NameChanged struct {
	ID       string
	At       time.Time
	User     repository.User // with the new name
	OldName  string
	ClientID uint64 // 0 if it came from none
}

// ColorChanged is a user with a new color.
type ColorChanged struct {
	User     repository.User
	ClientID uint64 // 0 if it came from none
}

// VisibilityChanged are messages that were hidden, or are shown again.
type VisibilityChanged struct {
	ID       string
	At       time.Time
	Messages []string // their ids
	Visible  bool
	By       Actor
}

// UserDisabled is a user who may not take part any more.
type UserDisabled struct {
	User repository.User
	By   Actor
}

// UserEnabled is a user who may take part again.
type UserEnabled struct {
	User repository.User
	By   Actor
}

// UserTimedOut is a user who may not write for a while.
type UserTimedOut struct {
	UserID string
	Until  time.Time // zero if the time-out was lifted
	Reason string
	By     Actor
}

// RoleChanged is a user who has become a moderator, or is none any more.
type RoleChanged struct {
	User repository.User
	By   Actor
}
