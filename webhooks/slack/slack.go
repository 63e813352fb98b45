// Package slack sends notifications to a channel of Slack, or of a service that
// takes the same, such as Mattermost and Rocket.Chat, by an incoming webhook.
package slack

import (
	"context"
	"net/http"
	"strings"

	"github.com/owncast-go/owncast/webhooks"
	"github.com/owncast-go/owncast/webhooks/internal/request"
)

// maxText is how many characters are sent; Slack cuts longer texts.
const maxText = 4000

// Config is where to send.
type Config struct {
	// URL is that of an incoming webhook. It is a secret.
	URL string
	// Client sends. Nil is one that follows no redirects.
	Client *http.Client
}

// Notifier sends to one channel. It is a [webhooks.Notifier].
type Notifier struct{ cfg Config }

var _ webhooks.Notifier = (*Notifier)(nil)

// New returns a Notifier.
func New(c Config) *Notifier { return &Notifier{c} }

// Name returns "slack".
func (*Notifier) Name() string { return "slack" }

// message is the payload of an incoming webhook. Slack itself has the name and
// the icon of the app in place of these.
type message struct {
	Text     string `json:"text"`
	Username string `json:"username,omitempty"`
	IconURL  string `json:"icon_url,omitempty"`
}

// Notify sends n.
func (s *Notifier) Notify(ctx context.Context, n webhooks.Notification) error {
	_, err := request.JSON(ctx, request.Request{Client: s.cfg.Client, URL: s.cfg.URL},
		message{Text: escape(request.Cut(n.Text(), maxText)), Username: n.Server, IconURL: n.Icon}, s.cfg.URL)
	return err
}

// escape keeps text from being taken for markup, such as a mention of everybody.
func escape(s string) string {
	return strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;").Replace(s)
}
