// Package jsonhook sends notifications as JSON to a URL, for services that
// there is no package for:
//
//	{
//	  "id": "03e6ljtc00000…", "kind": "stream-started", "server": "My channel",
//	  "message": "I've gone live!", "title": "What is on", "when": "",
//	  "url": "https://live.example", "icon": "https://live.example/logo/external",
//	  "at": "2026-05-01T18:00:00Z", "text": "I've gone live!\nWhat is on\n\nhttps://live.example"
//	}
//
// The kind is "stream-started", "event-reminder", which has an "event" too, or
// "test". Text is all of it in one.
package jsonhook

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"time"

	"github.com/owncast-go/owncast/webhooks"
	"github.com/owncast-go/owncast/webhooks/internal/request"
)

// Config is where to send.
type Config struct {
	URL string
	// Secret, unless empty, signs what is sent, as [webhooks.Sign] does.
	Secret string
	// Header is sent besides, such as Authorization. It may be nil.
	Header http.Header
	// Client sends. Nil is one that follows no redirects.
	Client *http.Client
}

// Notifier sends to one URL. It is a [webhooks.Notifier].
type Notifier struct{ cfg Config }

var _ webhooks.Notifier = (*Notifier)(nil)

// New returns a Notifier.
func New(c Config) *Notifier { return &Notifier{c} }

// Name returns "json".
func (*Notifier) Name() string { return "json" }

type message struct {
	ID      string                    `json:"id"`
	Kind    webhooks.NotificationKind `json:"kind"`
	Server  string                    `json:"server"`
	Message string                    `json:"message"`
	Title   string                    `json:"title"`
	When    string                    `json:"when"`
	URL     string                    `json:"url"`
	Icon    string                    `json:"icon"`
	At      time.Time                 `json:"at"`
	Text    string                    `json:"text"`
	Event   *webhooks.ScheduledEvent  `json:"event,omitempty"`
}

// Notify sends n. Another try has the same id, in the body and in the header
// Owncast-Delivery.
func (j *Notifier) Notify(ctx context.Context, n webhooks.Notification) error {
	body, err := json.Marshal(message{n.ID, n.Kind, n.Server, n.Message, n.Title, n.When, n.URL, n.Icon, n.At, n.Text(), n.Event})
	if err != nil {
		return fmt.Errorf("%w: %w", webhooks.ErrPermanent, err)
	}
	header := j.cfg.Header.Clone()
	if header == nil {
		header = http.Header{}
	}
	header.Set("Content-Type", "application/json")
	header.Set(webhooks.HeaderDelivery, n.ID)
	if j.cfg.Secret != "" {
		header.Set(webhooks.HeaderSignature, webhooks.Sign(j.cfg.Secret, time.Now(), body))
	}
	_, err = request.Send(ctx, request.Request{Client: j.cfg.Client, URL: j.cfg.URL, Header: header, Body: body}, j.cfg.URL, j.cfg.Secret)
	return err
}
