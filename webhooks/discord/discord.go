// Package discord sends notifications to a channel of a Discord server.
package discord

import (
	"context"
	"net/http"
	"strings"

	"github.com/owncast-go/owncast/webhooks"
	"github.com/owncast-go/owncast/webhooks/internal/request"
)

// What Discord takes.
const (
	maxContent  = 2000
	maxUsername = 80
)

// Config is where to send.
type Config struct {
	// URL is that of a webhook of the channel, which Discord makes under
	// "Integrations". It is a secret.
	URL string
	// Client sends. Nil is one that follows no redirects.
	Client *http.Client
}

// Notifier sends to one channel. It is a [webhooks.Notifier].
type Notifier struct{ cfg Config }

var _ webhooks.Notifier = (*Notifier)(nil)

// New returns a Notifier.
func New(c Config) *Notifier { return &Notifier{c} }

// Name returns "discord".
func (*Notifier) Name() string { return "discord" }

// message is the body of "Execute Webhook".
type message struct {
	Username  string `json:"username,omitempty"`
	Content   string `json:"content"`
	AvatarURL string `json:"avatar_url,omitempty"`
}

// Notify sends n.
func (d *Notifier) Notify(ctx context.Context, n webhooks.Notification) error {
	_, err := request.JSON(ctx, request.Request{Client: d.cfg.Client, URL: d.cfg.URL}, message{
		Username: username(n.Server), Content: request.Cut(n.Text(), maxContent), AvatarURL: n.Icon,
	}, d.cfg.URL)
	return err
}

// username is a name that Discord takes, or nothing, which is the webhook's
// own.
func username(name string) string {
	lower := strings.ToLower(name)
	if strings.Contains(lower, "discord") || strings.Contains(lower, "clyde") {
		return ""
	}
	return strings.TrimSpace(request.Cut(strings.TrimSpace(name), maxUsername))
}
