package repository

import (
	"context"
	"time"
)

// Destination is an address that somebody wants to be notified at.
type Destination struct {
	Channel string // how to notify, such as "BROWSER_PUSH_NOTIFICATION"
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

// Notifications stores where notifications are sent.
type Notifications interface {
	// PutDestination stores d and replaces a destination with the same channel
	// and address. The error matches [ErrInvalid] if d.Check fails.
	PutDestination(ctx context.Context, d Destination) error
	// DeleteDestination removes a destination, if it exists.
	DeleteDestination(ctx context.Context, channel, address string) error
	// Destinations returns all destinations of a channel, in no particular
	// order.
	Destinations(ctx context.Context, channel string) ([]Destination, error)
}
