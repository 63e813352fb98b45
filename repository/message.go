package repository

import (
	"context"
	"time"
)

// Message is a line of chat that was sent.
type Message struct {
	// Seq is the place of the message in the history: the store gives each
	// message a greater one than those before. It ignores what it is given.
	Seq    uint64
	ID     string // made by the caller, who makes each only once
	Kind   string // what kind of line it is; names that package chat defines
	UserID string // empty if nobody sent it
	Body   string
	SentAt time.Time

	HiddenAt time.Time // zero while everybody may see it

	// What some kinds have besides.
	Title, Subtitle, Image, Link string
}

// Hidden reports whether the message was hidden.
func (m Message) Hidden() bool { return !m.HiddenAt.IsZero() }

// Check returns an error matching [ErrInvalid] unless m may be stored.
// Implementations call it first in AppendMessages.
func (m Message) Check() error {
	if err := checkKey("id of a message", m.ID); err != nil {
		return err
	}
	if len(m.UserID) > MaxKeyLen {
		return invalid("id of a message's user of %d bytes", len(m.UserID))
	}
	return nil
}

// MessageQuery selects messages that meet all conditions, the newest first.
// The zero MessageQuery selects all that are not hidden.
type MessageQuery struct {
	Before uint64   // those with a lower Seq; 0 begins with the newest
	UserID string   // of this user; empty is anybody
	Kinds  []string // of one of these kinds; none is all
	Hidden bool     // those that are hidden, too
	Limit  int      // how many to return at the most; 0 and less is all
}

// Chat stores the history of the chat.
type Chat interface {
	// AppendMessages stores messages, in their order: all of them or, if there
	// is an error, none. It matches [ErrInvalid] if a message's Check does. A
	// store may let a call wait a little, to write its messages together with
	// those of other calls; they are stored when it returns.
	AppendMessages(ctx context.Context, ms ...Message) error
	// Messages returns the messages that q selects, the newest first.
	Messages(ctx context.Context, q MessageQuery) ([]Message, error)
	// CountMessages returns how many there are, hidden ones too.
	CountMessages(ctx context.Context) (int, error)
	// HideMessages hides messages from at on or, if at is zero, shows them
	// again. It returns the ids of those that it changed: others are there no
	// more, or were so already.
	HideMessages(ctx context.Context, at time.Time, ids ...string) ([]string, error)
	// HideUserMessages does so with all messages of a user.
	HideUserMessages(ctx context.Context, at time.Time, userID string) ([]string, error)
	// DeleteUserMessages removes all messages of a user, and returns how many.
	DeleteUserMessages(ctx context.Context, userID string) (int, error)
	// PruneMessages removes the first messages of the history that r does not
	// keep, [MaxPrune] of them at the most, and returns how many. Those behind
	// one that is kept are kept, whatever their times.
	PruneMessages(ctx context.Context, r Retention) (int, error)
}
