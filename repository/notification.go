package repository

import (
	"context"
	"time"
)

// Destination is where somebody wants to be notified.
type Destination struct {
	Channel string // the way there, such as "BROWSER_PUSH_NOTIFICATION"
	// Address is what the channel needs, such as the JSON of a push
	// subscription. It is a secret.
	Address   string
	CreatedAt time.Time
}

// Check returns an error matching [ErrInvalid] unless d may be stored.
func (d Destination) Check() error {
	if d.Address == "" {
		return invalid("destination without an address")
	}
	return checkKey("channel of a destination", d.Channel)
}

// Notifications stores who wants to be notified.
type Notifications interface {
	// PutDestination stores d, in the place of one with the same channel and
	// address. The error matches [ErrInvalid] if d.Check does.
	PutDestination(ctx context.Context, d Destination) error
	// DeleteDestination removes a destination. It does nothing if there is
	// none.
	DeleteDestination(ctx context.Context, channel, address string) error
	// Destinations returns all of a channel, in no particular order.
	Destinations(ctx context.Context, channel string) ([]Destination, error)
}
