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
	Error  string // why there was none
}

// Check returns an error matching [ErrInvalid] unless w may be stored.
func (w Webhook) Check() error { return checkKey("URL of a webhook", w.URL) }

// Webhooks stores who hears of events.
type Webhooks interface {
	// CreateWebhook stores w under a new ID, and returns what it stored. The
	// error matches [ErrInvalid] if w.Check does.
	CreateWebhook(ctx context.Context, w Webhook) (Webhook, error)
	// Webhooks returns all, by ID.
	Webhooks(ctx context.Context) ([]Webhook, error)
	// RecordWebhook stores the result of a delivery as the last, unless that is
	// later, or returns an error matching [ErrNotFound].
	RecordWebhook(ctx context.Context, id int64, r WebhookResult) error
	// DeleteWebhook removes a webhook, or returns an error matching
	// [ErrNotFound].
	DeleteWebhook(ctx context.Context, id int64) error
}
