// Package ntfy sends notifications to a topic of ntfy, which phones and
// browsers subscribe to.
package ntfy

import (
	"cmp"
	"context"
	"net/http"
	"strings"

	"github.com/owncast-go/owncast/webhooks"
	"github.com/owncast-go/owncast/webhooks/internal/request"
)

// maxMessage is how many bytes a message may have; ntfy makes a file of a
// longer one.
const maxMessage = 4000

// Config is where to send.
type Config struct {
	// Server is its URL. Empty is "https://ntfy.sh".
	Server string
	// Topic is as good as a secret where reading it needs no token.
	Topic string
	// Token is an access token. It may be empty.
	Token string
	// Client sends. Nil is one that follows no redirects.
	Client *http.Client
}

// Notifier sends to one topic. It is a [webhooks.Notifier].
type Notifier struct{ cfg Config }

var _ webhooks.Notifier = (*Notifier)(nil)

// New returns a Notifier.
func New(c Config) *Notifier { return &Notifier{c} }

// Name returns "ntfy".
func (*Notifier) Name() string { return "ntfy" }

// message is what ntfy takes as JSON.
type message struct {
	Topic   string `json:"topic"`
	Title   string `json:"title,omitempty"`
	Message string `json:"message"`
	Click   string `json:"click,omitempty"` // to open
	Icon    string `json:"icon,omitempty"`
}

// Notify sends n.
func (t *Notifier) Notify(ctx context.Context, n webhooks.Notification) error {
	m := message{Topic: t.cfg.Topic, Title: n.Server, Click: n.URL, Icon: n.Icon}
	n.URL = "" // it is opened, not read
	if m.Message = n.Text(); len(m.Message) > maxMessage {
		m.Message = strings.ToValidUTF8(m.Message[:maxMessage], "")
	}
	var header http.Header
	if t.cfg.Token != "" {
		header = http.Header{"Authorization": {"Bearer " + t.cfg.Token}}
	}
	_, err := request.JSON(ctx, request.Request{Client: t.cfg.Client, URL: cmp.Or(t.cfg.Server, "https://ntfy.sh"), Header: header}, m, t.cfg.Token)
	return err
}
