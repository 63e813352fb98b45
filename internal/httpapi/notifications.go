package httpapi

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/owncast-go/owncast/internal/httpx"
	"github.com/owncast-go/owncast/webhooks"
)

// announcer tells people of streams and events.
type announcer interface {
	Status(ctx context.Context) ([]webhooks.ChannelStatus, webhooks.StreamStatus, error)
	Test(ctx context.Context, channel string) (webhooks.Result, error)
}

// pusher tells people by their browsers.
type pusher interface {
	PublicKey(ctx context.Context) (string, error)
	Subscribe(ctx context.Context, subscription string) error
}

// maxSubscription is how large what a browser registers with may be, in bytes.
const maxSubscription = 8 << 10

// registerNotifications adds the browser of a user of the chat.
func (a *api) registerNotifications(w http.ResponseWriter, r *http.Request) error {
	var body struct {
		Channel     string `json:"channel"`
		Destination string `json:"destination"`
	}
	if err := httpx.DecodeJSON(w, r, maxSubscription, &body); err != nil {
		return err
	}
	if body.Channel != webhooks.ChannelBrowserPush {
		return httpx.BadRequest(fmt.Sprintf("invalid notification channel: %.40s", body.Channel))
	}
	push, err := a.browserPush(r.Context())
	if err != nil {
		return err
	}
	if !push.Enabled {
		return httpx.BadRequest("notifications of browsers are switched off")
	}
	switch err := a.Push.Subscribe(r.Context(), body.Destination); {
	case errors.Is(err, webhooks.ErrSubscription):
		return &httpx.BadRequestError{Message: `field "destination" is not a push subscription`, Err: err}
	case errors.Is(err, webhooks.ErrSubscriptions):
		return httpx.TooManyRequests(time.Hour)
	case err != nil:
		return err
	}
	w.WriteHeader(http.StatusOK)
	return nil
}

// browserPush is what a browser needs to know to have notifications.
func (a *api) browserPush(ctx context.Context) (body browserBody, err error) {
	if a.Push == nil {
		return body, nil
	}
	s, err := a.Settings.Notifications.Peek(ctx)
	if err != nil || !s.Browser.Enabled {
		return body, err
	}
	body.Enabled = true
	body.PublicKey, err = a.Push.PublicKey(ctx)
	return body, err
}

// resultOfNotifying is what came of telling something on a channel.
type resultOfNotifying struct {
	Kind     string    `json:"kind"` // stream-started, event-reminder or test
	At       time.Time `json:"at"`
	Success  bool      `json:"success"`
	Error    string    `json:"error"`
	Attempts int       `json:"attempts"`
	Retrying bool      `json:"retrying"`
}

func notified(r webhooks.Result) resultOfNotifying {
	return resultOfNotifying{
		Kind: string(r.Kind), At: r.At, Success: r.Error == "", Error: r.Error, Attempts: r.Attempts, Retrying: r.Retrying,
	}
}

type channelBody struct {
	Name    string             `json:"name"`
	Enabled bool               `json:"enabled"`
	Last    *resultOfNotifying `json:"last"` // null if nothing was told yet
}

// adminNotifications says how the channels do, and what becomes of the
// announcement of the stream.
func (a *api) adminNotifications(w http.ResponseWriter, r *http.Request) error {
	channels, stream, err := a.Notifications.Status(r.Context())
	if err != nil {
		return err
	}
	type streamBody struct {
		State string     `json:"state"` // none, waiting, interrupted, announced or throttled
		At    *time.Time `json:"at"`
	}
	body := struct {
		Channels []channelBody `json:"channels"`
		Stream   streamBody    `json:"stream"`
	}{[]channelBody{}, streamBody{stream.State, instant(stream.At)}}
	for _, ch := range channels {
		b := channelBody{Name: ch.Name, Enabled: ch.On}
		if !ch.Last.At.IsZero() {
			b.Last = new(notified(ch.Last))
		}
		body.Channels = append(body.Channels, b)
	}
	return httpx.JSON(w, http.StatusOK, body)
}

func (a *api) adminTestNotification(w http.ResponseWriter, r *http.Request) error {
	result, err := a.Notifications.Test(r.Context(), r.PathValue("channel"))
	if err != nil {
		return err
	}
	return httpx.JSON(w, http.StatusOK, notified(result))
}
