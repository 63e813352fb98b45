package owncast

import (
	"github.com/owncast-go/owncast/internal/health"
	"github.com/owncast-go/owncast/internal/httpx"
	"github.com/owncast-go/owncast/webhooks"
)

// WebhookProblems is what is wrong with webhooks.
func WebhookProblems(all []webhooks.Endpoint) []health.Problem { return webhookProblems(all) }

// WithStrangers says how servers are reached that strangers name, for servers
// of tests.
func WithStrangers(reach httpx.ClientConfig) Option {
	return func(c *config) error {
		c.strangers = reach
		return nil
	}
}
