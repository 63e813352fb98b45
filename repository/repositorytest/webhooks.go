package repositorytest

import (
	"context"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/owncast-go/owncast/repository"
)

func webhooksChecks() []check[repository.Webhooks] {
	return []check[repository.Webhooks]{
		{"CreateAndDelete", testWebhooks},
		{"Log", testWebhookLog},
		{"LogIsCut", testWebhookLogIsCut},
		{"LogPages", testWebhookLogPages},
		{"CanceledContext", testWebhooksContext},
	}
}

func wantWebhooks(t *testing.T, s repository.Webhooks, want ...repository.Webhook) {
	t.Helper()
	got, err := s.Webhooks(t.Context())
	ok(t, "Webhooks", err)
	equal(t, "Webhooks", got, want)
}

func createWebhook(t *testing.T, s repository.Webhooks, w repository.Webhook) repository.Webhook {
	t.Helper()
	created, err := s.CreateWebhook(t.Context(), w)
	ok(t, "CreateWebhook", err)
	w.ID = created.ID
	if equal(t, "what CreateWebhook returns", created, w); w.ID <= 0 {
		t.Errorf("CreateWebhook gives ID %d", w.ID)
	}
	return created
}

func testWebhooks(t *testing.T, s repository.Webhooks) {
	wantWebhooks(t, s)
	full := repository.Webhook{
		ID: 77, URL: "https://example.org/hook", Secret: "s", Events: []string{"CHAT", "STREAM_STARTED"}, CreatedAt: at(1),
		Last: repository.WebhookResult{At: at(2), Status: 500, Error: "e"},
	}
	a := createWebhook(t, s, full)
	b := createWebhook(t, s, repository.Webhook{URL: "x"})
	wantWebhooks(t, s, a, b)
	_, err := s.CreateWebhook(t.Context(), repository.Webhook{})
	fails(t, "CreateWebhook without a URL", err, repository.ErrInvalid)

	ok(t, "DeleteWebhook", s.DeleteWebhook(t.Context(), b.ID))
	for _, id := range []int64{b.ID, 0, -1, 99} {
		fails(t, "DeleteWebhook that is not there", s.DeleteWebhook(t.Context(), id), repository.ErrNotFound)
	}
	wantWebhooks(t, s, a)
	if c := createWebhook(t, s, repository.Webhook{URL: "x"}); c.ID <= b.ID {
		t.Errorf("ID %d is given after %d", c.ID, b.ID)
	}
}

// logged is an entry of the log of a webhook.
func logged(w repository.Webhook, id string, seconds int) repository.WebhookDelivery {
	return repository.WebhookDelivery{WebhookID: w.ID, ID: id, Last: repository.WebhookResult{At: at(seconds), Status: 204}}
}

func wantLog(t *testing.T, s repository.Webhooks, w repository.Webhook, want ...repository.WebhookDelivery) {
	t.Helper()
	got, err := s.LoggedDeliveries(t.Context(), w.ID, "", 0)
	ok(t, "LoggedDeliveries", err)
	equal(t, "LoggedDeliveries", got, want)
	for _, d := range want {
		got, err := s.LoggedDelivery(t.Context(), w.ID, d.ID)
		ok(t, "LoggedDelivery", err)
		equal(t, "LoggedDelivery", got, d)
	}
}

func testWebhookLog(t *testing.T, s repository.Webhooks) {
	a, b := createWebhook(t, s, repository.Webhook{URL: "a"}), createWebhook(t, s, repository.Webhook{URL: "b"})
	wantLog(t, s, a)
	full := repository.WebhookDelivery{
		WebhookID: a.ID, ID: "2", Event: "CHAT", Payload: []byte("p"), CreatedAt: at(1), State: repository.DeliveryGivenUp, Attempts: 3,
		Last: repository.WebhookResult{At: at(3), Status: 500, Error: "e"}, Duration: time.Second, Answer: "no",
	}
	first, other := logged(a, "1", 2), logged(b, "2", 9)
	ok(t, "RecordDeliveries", s.RecordDeliveries(t.Context(), 9, full, first, other))
	wantLog(t, s, a, full, first)
	wantLog(t, s, b, other)
	a.Last, b.Last = full.Last, other.Last // the latest, whichever was recorded last
	wantWebhooks(t, s, a, b)

	full.State, full.Attempts, full.Last = repository.DeliveryDelivered, 4, repository.WebhookResult{At: at(5), Status: 200}
	ok(t, "RecordDeliveries again", s.RecordDeliveries(t.Context(), 9, full))
	wantLog(t, s, a, full, first)
	a.Last = full.Last
	wantWebhooks(t, s, a, b)

	gone := logged(repository.Webhook{ID: 99}, "1", 1)
	fails(t, "RecordDeliveries without an ID", s.RecordDeliveries(t.Context(), 9, logged(a, "9", 99), logged(a, "", 1)), repository.ErrInvalid)
	fails(t, "RecordDeliveries with a long ID", s.RecordDeliveries(t.Context(), 9, logged(a, long(), 1)), repository.ErrInvalid)
	ok(t, "RecordDeliveries of no webhook", s.RecordDeliveries(t.Context(), 9, gone))
	wantLog(t, s, repository.Webhook{ID: 99})
	wantLog(t, s, a, full, first)
	for _, id := range []string{"3", "", long()} {
		_, err := s.LoggedDelivery(t.Context(), a.ID, id)
		fails(t, "LoggedDelivery that is not there", err, repository.ErrNotFound)
	}

	ok(t, "DeleteWebhook", s.DeleteWebhook(t.Context(), a.ID))
	wantLog(t, s, a)
	wantLog(t, s, b, other)
	ok(t, "RecordDeliveries of a deleted webhook", s.RecordDeliveries(t.Context(), 9, first))
	wantLog(t, s, a)
}

func testWebhookLogIsCut(t *testing.T, s repository.Webhooks) {
	a, b := createWebhook(t, s, repository.Webhook{URL: "a"}), createWebhook(t, s, repository.Webhook{URL: "b"})
	for _, w := range []repository.Webhook{a, b} {
		for _, id := range []string{"1", "3", "2"} {
			ok(t, "RecordDeliveries", s.RecordDeliveries(t.Context(), 0, logged(w, id, 1)))
		}
	}
	ok(t, "RecordDeliveries", s.RecordDeliveries(t.Context(), 2, logged(a, "4", 1), logged(a, "5", 1)))
	wantLog(t, s, a, logged(a, "5", 1), logged(a, "4", 1))
	wantLog(t, s, b, logged(b, "3", 1), logged(b, "2", 1), logged(b, "1", 1))
	ok(t, "RecordDeliveries of one that is there", s.RecordDeliveries(t.Context(), 3, logged(b, "2", 2)))
	wantLog(t, s, b, logged(b, "3", 1), logged(b, "2", 2), logged(b, "1", 1))
}

func testWebhookLogPages(t *testing.T, s repository.Webhooks) {
	w, next := createWebhook(t, s, repository.Webhook{URL: "a"}), createWebhook(t, s, repository.Webhook{URL: "b"})
	var want []string
	for i := range 5 {
		id := fmt.Sprint("id", i)
		want = append([]string{id}, want...)
		ok(t, "RecordDeliveries", s.RecordDeliveries(t.Context(), 0, logged(w, id, i), logged(next, id, i)))
	}
	var got []string
	before := ""
	for range 3 {
		page, err := s.LoggedDeliveries(t.Context(), w.ID, before, 2)
		ok(t, "LoggedDeliveries", err)
		for _, d := range page {
			got, before = append(got, d.ID), d.ID
		}
	}
	if !slices.Equal(got, want) {
		t.Errorf("pages have %v, want %v", got, want)
	}
	page, err := s.LoggedDeliveries(t.Context(), w.ID, long(), 2)
	if err != nil || len(page) > 2 {
		t.Errorf("LoggedDeliveries before a long ID = %v, %v", page, err)
	}
}

func testWebhooksContext(t *testing.T, s repository.Webhooks) {
	w := createWebhook(t, s, repository.Webhook{URL: "x"})
	d := logged(w, "1", 1)
	ok(t, "RecordDeliveries", s.RecordDeliveries(t.Context(), 1, d))
	w.Last = d.Last
	refusesDoneContexts(t, map[string]func(context.Context) error{
		"CreateWebhook":    func(ctx context.Context) error { _, err := s.CreateWebhook(ctx, w); return err },
		"Webhooks":         func(ctx context.Context) error { _, err := s.Webhooks(ctx); return err },
		"DeleteWebhook":    func(ctx context.Context) error { return s.DeleteWebhook(ctx, w.ID) },
		"RecordDeliveries": func(ctx context.Context) error { return s.RecordDeliveries(ctx, 1, logged(w, "2", 2)) },
		"LoggedDelivery":   func(ctx context.Context) error { _, err := s.LoggedDelivery(ctx, w.ID, "1"); return err },
		"LoggedDeliveries": func(ctx context.Context) error { _, err := s.LoggedDeliveries(ctx, w.ID, "", 1); return err },
	})
	wantWebhooks(t, s, w)
	wantLog(t, s, w, d)
}
