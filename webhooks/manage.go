package webhooks

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"time"

	"github.com/owncast-go/owncast/repository"
)

const (
	maxURL    = 2000 // bytes
	maxSecret = 200  // bytes
)

// Errors of changing webhooks.
var (
	// ErrURL is a URL that nothing can be sent to.
	ErrURL = errors.New("webhooks: the URL is no http or https URL, has a user in it, or is too long")
	// ErrEvent is an event that a webhook cannot ask for.
	ErrEvent = errors.New("webhooks: there is no such event")
	// ErrSecret is a secret that is too long.
	ErrSecret = fmt.Errorf("webhooks: the secret is longer than %d bytes", maxSecret)
	// ErrTooMany is one webhook more than there may be.
	ErrTooMany = fmt.Errorf("webhooks: there are %d already", MaxWebhooks)
	// ErrWaiting is a delivery that is to be sent again and is still waiting
	// to be sent.
	ErrWaiting = fmt.Errorf("webhooks: the delivery is still being tried: %w", repository.ErrConflict)
)

// Create adds a webhook for the events. Without a secret one is made. It
// returns the webhook with its secret, which [Dispatcher.Endpoints] does not
// have. Events of the same name count once.
func (d *Dispatcher) Create(ctx context.Context, rawURL string, events []EventType, secret string) (repository.Webhook, error) {
	if err := checkURL(rawURL); err != nil {
		return repository.Webhook{}, err
	}
	if len(secret) > maxSecret {
		return repository.Webhook{}, ErrSecret
	}
	var asked []string
	for _, t := range events {
		if !slices.Contains(EventTypes(), t) {
			return repository.Webhook{}, fmt.Errorf("%w: %.50q", ErrEvent, t)
		}
		if !slices.Contains(asked, string(t)) {
			asked = append(asked, string(t))
		}
	}
	if secret == "" {
		secret = newSecret()
	}
	d.changing.Lock()
	defer d.changing.Unlock()
	all, err := d.cfg.Webhooks.Webhooks(ctx)
	if err != nil {
		return repository.Webhook{}, err
	}
	if len(all) >= MaxWebhooks {
		return repository.Webhook{}, ErrTooMany
	}
	w, err := d.cfg.Webhooks.CreateWebhook(ctx, repository.Webhook{URL: rawURL, Secret: secret, Events: asked, CreatedAt: time.Now().UTC()})
	if err != nil {
		return repository.Webhook{}, err
	}
	return w, d.reload(ctx)
}

func checkURL(rawURL string) error {
	u, err := url.Parse(rawURL)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Hostname() == "" || u.User != nil || len(rawURL) > maxURL {
		return ErrURL
	}
	return nil
}

// Delete removes a webhook and what waits for it. The error matches
// [repository.ErrNotFound] if there is none.
func (d *Dispatcher) Delete(ctx context.Context, webhook int64) error {
	d.changing.Lock()
	defer d.changing.Unlock()
	if err := d.cfg.Webhooks.DeleteWebhook(ctx, webhook); err != nil {
		return err
	}
	err := d.reload(ctx)
	_, dropErr := d.cfg.Queue.DropHost(ctx, hostOf(webhook))
	return errors.Join(err, dropErr)
}

// find returns a webhook, or an error matching [repository.ErrNotFound].
func (d *Dispatcher) find(ctx context.Context, webhook int64) (repository.Webhook, error) {
	all, err := d.cfg.Webhooks.Webhooks(ctx)
	if err != nil {
		return repository.Webhook{}, err
	}
	for _, w := range all {
		if w.ID == webhook {
			return w, nil
		}
	}
	return repository.Webhook{}, fmt.Errorf("webhook %d: %w", webhook, repository.ErrNotFound)
}

// Test sends an EventPing to a webhook, whatever it has asked for, and returns
// what came of it. It waits for the answer, for ten seconds at the most, and
// does not try again. The error matches [repository.ErrNotFound] if there is
// no such webhook; that the delivery fails is none.
func (d *Dispatcher) Test(ctx context.Context, webhook int64) (repository.WebhookDelivery, error) {
	w, err := d.find(ctx, webhook)
	if err != nil {
		return repository.WebhookDelivery{}, err
	}
	s, err := d.cfg.Describe(ctx)
	if err != nil {
		return repository.WebhookDelivery{}, err
	}
	e := Event{Type: EventPing, At: time.Now().UTC()}
	e.ID = d.names.next(e.At)
	body, err := e.body(s)
	if err != nil {
		return repository.WebhookDelivery{}, err
	}
	x := repository.Delivery{Kind: string(e.Type), Address: e.ID, Payload: body, CreatedAt: e.At, Attempts: 1}
	a := d.try(ctx, w, x.Kind, x.Address, x.Payload)
	if err := ctx.Err(); err != nil {
		return repository.WebhookDelivery{}, err
	}
	logged := entry(w, x, a)
	if a.err != nil {
		logged.State = repository.DeliveryGivenUp
	}
	return logged, d.cfg.Webhooks.RecordDeliveries(ctx, LogSize, logged)
}

// Log returns the deliveries to a webhook that were tried last, the newest
// first: those before one of an ID, if that is not empty, and as many as limit
// says. The error matches [repository.ErrNotFound] if there is no such
// webhook.
func (d *Dispatcher) Log(ctx context.Context, webhook int64, before string, limit int) ([]repository.WebhookDelivery, error) {
	if _, err := d.find(ctx, webhook); err != nil {
		return nil, err
	}
	return d.cfg.Webhooks.LoggedDeliveries(ctx, webhook, before, limit)
}

// Logged returns a delivery of the log, or an error matching
// [repository.ErrNotFound].
func (d *Dispatcher) Logged(ctx context.Context, webhook int64, id string) (repository.WebhookDelivery, error) {
	return d.cfg.Webhooks.LoggedDelivery(ctx, webhook, id)
}

// Replay puts a delivery of the log into the queue again, under the same ID.
// The error matches [repository.ErrNotFound] if there is no such delivery,
// [ErrWaiting] if it is still being tried, and [repository.ErrFull] if there is no
// room in it.
func (d *Dispatcher) Replay(ctx context.Context, webhook int64, id string) error {
	x, err := d.cfg.Webhooks.LoggedDelivery(ctx, webhook, id)
	if err != nil {
		return err
	}
	n, err := d.cfg.Queue.CountHost(ctx, hostOf(webhook))
	switch {
	case err != nil:
		return err
	case n > 0 && x.State == repository.DeliveryRetrying:
		return ErrWaiting
	case n >= MaxWaiting:
		return repository.ErrFull
	}
	_, err = d.cfg.Queue.Enqueue(ctx, repository.Batch{
		Kind: x.Event, Payload: x.Payload, At: time.Now().UTC(),
		Targets: []repository.Target{{Host: hostOf(webhook), Address: x.ID, Key: hostOf(webhook) + " " + x.ID}},
	})
	d.wakeUp()
	return err
}
