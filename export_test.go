package owncast

import (
	"net/http"

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

// NotifyProblems is what is wrong with channels to people.
func NotifyProblems(list []webhooks.ChannelStatus) []health.Problem { return notifyProblems(list) }

// WithPushClient sends to push services of tests.
func WithPushClient(client *http.Client) Option {
	return func(c *config) error {
		c.pushClient = client
		return nil
	}
}

// Listable tells whether a directory may list an App with these options.
func Listable(opts ...Option) bool {
	c, err := newConfig(opts)
	return err == nil && !c.viewers.any()
}
