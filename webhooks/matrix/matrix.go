// Package matrix sends notifications to a room of Matrix, as a user who has
// joined it.
package matrix

import (
	"context"
	"net/http"
	"net/url"
	"strings"

	"github.com/owncast-go/owncast/webhooks"
	"github.com/owncast-go/owncast/webhooks/internal/request"
)

// maxBody is how many characters are sent: an event may have 64 KiB.
const maxBody = 8000

// Config is where to send, and as whom.
type Config struct {
	Homeserver  string // its URL, such as "https://matrix.example.org"
	AccessToken string // of the user; a secret
	RoomID      string // such as "!abc:example.org"; an alias is not one
	// Client sends. Nil is one that follows no redirects.
	Client *http.Client
}

// Notifier sends to one room. It is a [webhooks.Notifier].
type Notifier struct{ cfg Config }

var _ webhooks.Notifier = (*Notifier)(nil)

// New returns a Notifier.
func New(c Config) *Notifier { return &Notifier{c} }

// Name returns "matrix".
func (*Notifier) Name() string { return "matrix" }

// message is the content of an m.room.message.
type message struct {
	Type string `json:"msgtype"`
	Body string `json:"body"`
}

// Notify sends n. Another try is the same transaction, which the homeserver
// makes once.
func (m *Notifier) Notify(ctx context.Context, n webhooks.Notification) error {
	at := strings.TrimRight(m.cfg.Homeserver, "/") + "/_matrix/client/v3/rooms/" + url.PathEscape(m.cfg.RoomID) +
		"/send/m.room.message/" + url.PathEscape("owncast-"+n.ID)
	_, err := request.JSON(ctx, request.Request{
		Client: m.cfg.Client, Method: http.MethodPut, URL: at, Header: http.Header{"Authorization": {"Bearer " + m.cfg.AccessToken}},
	}, message{"m.text", request.Cut(n.Text(), maxBody)}, m.cfg.AccessToken)
	return err
}
