package webhooks

import (
	"context"
	"errors"
	"strings"
	"time"
)

// NotificationKind is what a [Notification] is about.
type NotificationKind string

// The kinds.
const (
	NotifyStream   NotificationKind = "stream-started"
	NotifyReminder NotificationKind = "event-reminder" // of a scheduled event
	NotifyTest     NotificationKind = "test"           // asked for by an administrator
)

// Notification is what people are told who are not on the page.
type Notification struct {
	// ID names what is told. It stays the same where telling is tried again.
	ID      string
	Kind    NotificationKind
	Server  string // what the server is called
	Message string // in the words of the administrator, for this channel; may be empty
	Title   string // of the stream or of the event; may be empty
	// When is when the event begins, in words, in its own time zone. Empty
	// unless the Kind is NotifyReminder.
	When string
	URL  string // of the page to look at; empty if unknown
	Icon string // URL of a picture of the server, which is no SVG; empty if unknown
	At   time.Time
	// Event is what a NotifyReminder is of, and nil otherwise.
	Event *ScheduledEvent
}

// Text is the notification as one text, for channels that have nothing else.
func (n Notification) Text() string {
	var b strings.Builder
	add := func(separator, s string) {
		if s != "" {
			if b.Len() > 0 {
				b.WriteString(separator)
			}
			b.WriteString(s)
		}
	}
	if n.Kind == NotifyReminder {
		add("", n.Message)
		add("\n\n", n.Title)
		add("\n", n.When)
		add("\n", n.URL)
		return b.String()
	}
	add("", n.Message)
	add("\n", n.Title)
	add("\n\n", n.URL)
	return b.String()
}

// Notifier tells people who are not on the page, in some way. Notify is called
// by one goroutine at a time. It returns when the notification was taken, or
// soon after ctx is done. If it fails it is called again after a while, with the
// same ID, unless the error matches [ErrPermanent]; a [*RetryError] says when.
// A panic in it counts as a failure.
//
// What further it can do a Notifier says by methods: Name() string is what
// administrators know it as, which is made of its type otherwise.
type Notifier interface {
	Notify(ctx context.Context, n Notification) error
}

// NotifierFunc lets a function be a Notifier.
type NotifierFunc func(ctx context.Context, n Notification) error

// Notify calls f.
func (f NotifierFunc) Notify(ctx context.Context, n Notification) error { return f(ctx, n) }

// named is a Notifier that says what it is called.
type named interface{ Name() string }

// ErrPermanent is a failure that it is no use to try again after.
var ErrPermanent = errors.New("webhooks: it is no use to try again")

// RetryError is a failure that says when to try again.
type RetryError struct {
	After time.Duration
	Err   error
}

func (e *RetryError) Error() string { return e.Err.Error() }

// Unwrap returns e.Err.
func (e *RetryError) Unwrap() error { return e.Err }
