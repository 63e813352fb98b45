package owncast

import (
	"github.com/owncast-go/owncast/internal/health"
	"github.com/owncast-go/owncast/webhooks"
)

// WebhookProblems is what is wrong with webhooks.
func WebhookProblems(all []webhooks.Endpoint) []health.Problem { return webhookProblems(all) }
