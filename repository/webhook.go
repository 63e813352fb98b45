package repository

import (
	"context"
	"time"
)

// Webhook is a URL that hears of events.
type Webhook struct {
	ID        int64 // the store's choice, greater than those before
	URL       string
	Secret    string   // signs what is sent; may be empty
	Events    []string // what it wants to hear; names that package webhooks defines
	CreatedAt time.Time
	Last      WebhookResult // of the last delivery
}

// WebhookResult is what became of a delivery. It is zero before the first.
type WebhookResult struct {
	At     time.Time
	Status int    // of HTTP; 0 if there was no answer
	Error  string // why the delivery failed; empty if it did not
}

// Check returns an error matching [ErrInvalid] unless w may be stored.
func (w Webhook) Check() error { return checkKey("URL of a webhook", w.URL) }

// DeliveryState is how far a [WebhookDelivery] has come.
type DeliveryState uint8

// The choices of DeliveryState.
const (
	DeliveryRetrying  DeliveryState = iota // failed, and will be tried again
	DeliveryDelivered                      // done
	DeliveryGivenUp                        // failed for good
)

// WebhookDelivery is an entry of the delivery log of a webhook: an event that
// was sent to it, or that could not be sent.
type WebhookDelivery struct {
	WebhookID int64
	// ID names the delivery among those of its webhook. IDs sort by when they
	// were made: the log is kept in their order.
	ID        string
	Event     string // a name that package webhooks defines
	Payload   []byte // the body of the request
	CreatedAt time.Time
	State     DeliveryState
	Attempts  int           // so far
	Last      WebhookResult // of the last attempt
	Duration  time.Duration // of the last attempt
	Answer    string        // the beginning of the body of the last answer
}

// Check returns an error matching [ErrInvalid] unless d may be stored.
func (d WebhookDelivery) Check() error { return checkKey("id of a delivery", d.ID) }

// Webhooks stores who hears of events, and what was sent to them.
type Webhooks interface {
	// CreateWebhook stores w under a new ID, and returns what it stored. The
	// error matches [ErrInvalid] if w.Check fails.
	CreateWebhook(ctx context.Context, w Webhook) (Webhook, error)
	// Webhooks returns all, by ID.
	Webhooks(ctx context.Context) ([]Webhook, error)
	// DeleteWebhook removes a webhook and its log, or returns an error
	// matching [ErrNotFound].
	DeleteWebhook(ctx context.Context, id int64) error

	// RecordDeliveries stores entries of the logs, all or none, each in the
	// place of one with the same webhook and ID, and makes the result of each
	// the last one of its webhook, unless that is later. It keeps the newest
	// entries of each webhook, as many as keep says; 0 and less is all. Entries
	// of webhooks that do not exist are skipped. The error matches
	// [ErrInvalid] if Check fails for an entry.
	RecordDeliveries(ctx context.Context, keep int, ds ...WebhookDelivery) error
	// LoggedDelivery returns an entry, or an error matching [ErrNotFound].
	LoggedDelivery(ctx context.Context, webhook int64, id string) (WebhookDelivery, error)
	// LoggedDeliveries returns the entries of a webhook whose IDs sort before
	// an ID, or all if that is empty, with the newest first, as many as limit
	// says at the most; 0 and less is all.
	LoggedDeliveries(ctx context.Context, webhook int64, before string, limit int) ([]WebhookDelivery, error)
}
