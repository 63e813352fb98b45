package httpapi

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"time"

	"github.com/owncast-go/owncast/internal/httpx"
	"github.com/owncast-go/owncast/repository"
	"github.com/owncast-go/owncast/webhooks"
)

const (
	maxWebhookBody = 8 << 10
	deliveryPage   = 50 // deliveries in an answer, unless the request says otherwise
)

// webhookSender is what sends events to webhooks.
type webhookSender interface {
	Endpoints(ctx context.Context) ([]webhooks.Endpoint, error)
	Create(ctx context.Context, url string, events []webhooks.EventType, secret string) (repository.Webhook, error)
	Delete(ctx context.Context, webhook int64) error
	Test(ctx context.Context, webhook int64) (repository.WebhookDelivery, error)
	Log(ctx context.Context, webhook int64, before string, limit int) ([]repository.WebhookDelivery, error)
	Logged(ctx context.Context, webhook int64, id string) (repository.WebhookDelivery, error)
	Replay(ctx context.Context, webhook int64, id string) error
}

// webhookBody is a webhook. Secret is part of the answer that makes it, and of
// no other.
type webhookBody struct {
	ID           int64      `json:"id"`
	URL          string     `json:"url"`
	Events       []string   `json:"events"`
	Timestamp    time.Time  `json:"timestamp"`
	LastUsed     *time.Time `json:"lastUsed"`
	Secret       string     `json:"secret,omitempty"`
	Signed       bool       `json:"signed"`
	LastStatus   int        `json:"lastStatus"` // 0 if there was no answer
	LastError    string     `json:"lastError"`
	Waiting      int        `json:"waiting"`
	Failures     int        `json:"failures"`
	FailingSince *time.Time `json:"failingSince"`
	NextTry      *time.Time `json:"nextTry"` // null unless it has to wait
	Dropped      int64      `json:"dropped"`
}

func webhook(e webhooks.Endpoint) webhookBody {
	return webhookBody{
		ID: e.ID, URL: e.URL, Events: append([]string{}, e.Events...), Timestamp: e.CreatedAt, LastUsed: instant(e.Last.At),
		Signed: e.Signed, LastStatus: e.Last.Status, LastError: e.Last.Error, Waiting: e.Waiting,
		Failures: e.Failures, FailingSince: instant(e.FailingSince), NextTry: instant(e.HeldUntil), Dropped: e.Dropped,
	}
}

// instant is t, or null if there is none.
func instant(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	t = t.UTC()
	return &t
}

func (a *api) adminWebhooks(w http.ResponseWriter, r *http.Request) error {
	list, err := a.Webhooks.Endpoints(r.Context())
	if err != nil {
		return err
	}
	body := make([]webhookBody, 0, len(list))
	for _, e := range list {
		body = append(body, webhook(e))
	}
	return httpx.JSON(w, http.StatusOK, body)
}

func (a *api) adminCreateWebhook(w http.ResponseWriter, r *http.Request) error {
	var body struct {
		URL    string               `json:"url"`
		Events []webhooks.EventType `json:"events"`
		Secret string               `json:"secret"`
	}
	if err := httpx.DecodeJSON(w, r, maxWebhookBody, &body); err != nil {
		return err
	}
	if len(body.Events) == 0 {
		return httpx.BadRequest(`field "events" is required`)
	}
	made, err := a.Webhooks.Create(r.Context(), body.URL, body.Events, body.Secret)
	switch {
	case errors.Is(err, webhooks.ErrEvent):
		return httpx.BadRequest("one or more invalid event provided")
	case errors.Is(err, webhooks.ErrURL):
		return httpx.BadRequest(`field "url" is not an http or https URL, has a user in it, or is too long`)
	case errors.Is(err, webhooks.ErrSecret):
		return httpx.BadRequest(`field "secret" is too long`)
	case errors.Is(err, webhooks.ErrTooMany):
		return httpx.BadRequest("there are too many webhooks, delete some")
	case err != nil:
		return err
	}
	target(r, "webhook "+strconv.FormatInt(made.ID, 10))
	answer := webhook(webhooks.Endpoint{Webhook: made, Signed: true})
	answer.Secret = made.Secret
	return httpx.JSON(w, http.StatusOK, answer)
}

func (a *api) adminDeleteWebhook(w http.ResponseWriter, r *http.Request) error {
	var body struct {
		ID *int64 `json:"id"`
	}
	if err := httpx.DecodeJSON(w, r, maxWebhookBody, &body); err != nil {
		return err
	}
	if body.ID == nil {
		return httpx.BadRequest(`field "id" is required`)
	}
	target(r, "webhook "+strconv.FormatInt(*body.ID, 10))
	if err := a.Webhooks.Delete(r.Context(), *body.ID); err != nil {
		return err
	}
	return httpx.JSON(w, http.StatusOK, resultBody{Success: true, Message: "deleted webhook"})
}

// deliveryBody is what was sent to a webhook, and what came of it. Payload is
// part of the answer for a single delivery alone.
type deliveryBody struct {
	ID          string          `json:"id"`
	Event       string          `json:"event"`
	CreatedAt   time.Time       `json:"createdAt"`
	State       string          `json:"state"` // delivered, retrying or failed
	Attempts    int             `json:"attempts"`
	LastAttempt time.Time       `json:"lastAttempt"`
	Status      int             `json:"status"` // 0 if there was no answer
	Error       string          `json:"error"`
	DurationMS  int64           `json:"durationMs"`
	Answer      string          `json:"answer"` // its beginning
	Payload     json.RawMessage `json:"payload,omitempty"`
}

func delivery(d repository.WebhookDelivery) deliveryBody {
	state := map[repository.DeliveryState]string{
		repository.DeliveryDelivered: "delivered", repository.DeliveryRetrying: "retrying", repository.DeliveryGivenUp: "failed",
	}
	return deliveryBody{
		ID: d.ID, Event: d.Event, CreatedAt: d.CreatedAt, State: state[d.State], Attempts: d.Attempts, LastAttempt: d.Last.At,
		Status: d.Last.Status, Error: d.Last.Error, DurationMS: d.Duration.Milliseconds(), Answer: d.Answer,
	}
}

// webhookID is that in the path of r.
func webhookID(r *http.Request) (int64, error) {
	id, err := strconv.ParseInt(r.PathValue("id"), 10, 64)
	if err != nil {
		return 0, fmt.Errorf("%w: %w", httpx.ErrNotFound, err)
	}
	return id, nil
}

func (a *api) adminTestWebhook(w http.ResponseWriter, r *http.Request) error {
	id, err := webhookID(r)
	if err != nil {
		return err
	}
	d, err := a.Webhooks.Test(r.Context(), id)
	if err != nil {
		return err
	}
	return httpx.JSON(w, http.StatusOK, delivery(d))
}

func (a *api) adminDeliveries(w http.ResponseWriter, r *http.Request) error {
	id, err := webhookID(r)
	if err != nil {
		return err
	}
	query := r.URL.Query()
	limit, err := number(query.Get("limit"), deliveryPage)
	if err != nil || limit == 0 {
		return httpx.BadRequest(`query parameter "limit" must be a number over 0`)
	}
	list, err := a.Webhooks.Log(r.Context(), id, query.Get("before"), int(min(limit, webhooks.LogSize)))
	if err != nil {
		return err
	}
	body := make([]deliveryBody, 0, len(list))
	for _, d := range list {
		body = append(body, delivery(d))
	}
	return httpx.JSON(w, http.StatusOK, body)
}

func (a *api) adminDelivery(w http.ResponseWriter, r *http.Request) error {
	id, err := webhookID(r)
	if err != nil {
		return err
	}
	d, err := a.Webhooks.Logged(r.Context(), id, r.PathValue("delivery"))
	if err != nil {
		return err
	}
	body := delivery(d)
	body.Payload = d.Payload
	return httpx.JSON(w, http.StatusOK, body)
}

func (a *api) adminReplay(w http.ResponseWriter, r *http.Request) error {
	id, err := webhookID(r)
	if err != nil {
		return err
	}
	err = a.Webhooks.Replay(r.Context(), id, r.PathValue("delivery"))
	if errors.Is(err, repository.ErrFull) {
		return httpx.TooManyRequests(time.Minute)
	}
	if err != nil {
		return err
	}
	return httpx.JSON(w, http.StatusAccepted, resultBody{Success: true, Message: "it is sent again"})
}
