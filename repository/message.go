package repository

import (
	"context"
	"time"
)

// Message is a line of the chat.
type Message struct {
	// Seq is the position of the message in the history. The store assigns it,
	// in increasing order, and ignores any value that is set.
	Seq    uint64
	ID     string // chosen by the caller, and unique
	Kind   string // kind of line, defined by package chat
	UserID string // sender; empty if it was not sent by a user
	Body   string
	SentAt time.Time

	HiddenAt time.Time // zero unless the message is hidden

	// Further fields that some kinds use.
	Title, Subtitle, Image, Link string
}

// Hidden reports whether the message is hidden.
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

// MessageQuery selects the messages that meet all of its conditions, newest
// first. The zero MessageQuery selects all messages that are not hidden.
type MessageQuery struct {
	Before uint64   // messages with a lower Seq; 0 starts with the newest
	UserID string   // messages of this user; empty selects all users
	Kinds  []string // messages of these kinds; empty selects all kinds
	Hidden bool     // include hidden messages
	Limit  int      // maximum number to return; all if not positive
}

// Chat stores the history of the chat.
type Chat interface {
	// AppendMessages stores messages in the given order: all of them or, if it
	// returns an error, none. The error matches [ErrInvalid] if Check fails for
	// a message. A store may delay a call briefly to write its messages together
	// with those of other calls; they are durable when it returns.
	AppendMessages(ctx context.Context, ms ...Message) error
	// Messages returns the messages that q selects, newest first.
	Messages(ctx context.Context, q MessageQuery) ([]Message, error)
	// CountMessages returns the number of messages, including hidden ones.
	CountMessages(ctx context.Context) (int, error)
	// HideMessages marks messages as hidden at a time, or shows them again if
	// at is zero. It returns the IDs of the messages that it changed; the others
	// no longer exist or were in that state already.
	HideMessages(ctx context.Context, at time.Time, ids ...string) ([]string, error)
	// HideUserMessages does the same with all messages of a user.
	HideUserMessages(ctx context.Context, at time.Time, userID string) ([]string, error)
	// DeleteMessages removes messages by ID and returns how many there were.
	DeleteMessages(ctx context.Context, ids ...string) (int, error)
	// DeleteUserMessages removes all messages of a user and returns how many
	// there were.
	DeleteUserMessages(ctx context.Context, userID string) (int, error)
	// PruneMessages removes messages from the beginning of the history, at most
	// [MaxPrune] of them, up to the first one that r keeps, and returns how many
	// it removed. Messages after that one are kept whatever their times.
	PruneMessages(ctx context.Context, r Retention) (int, error)
}
