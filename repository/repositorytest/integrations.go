package repositorytest

import (
	"context"
	"slices"
	"strings"
	"testing"

	"github.com/owncast-go/owncast/repository"
)

func notificationsChecks() []check[repository.Notifications] {
	return []check[repository.Notifications]{
		{"PutAndDelete", testNotifications},
		{"CanceledContext", testNotificationsContext},
	}
}

func wantDestinations(t *testing.T, s repository.Notifications, channel string, want ...repository.Destination) {
	t.Helper()
	got, err := s.Destinations(t.Context(), channel)
	ok(t, "Destinations", err)
	slices.SortFunc(got, func(a, b repository.Destination) int { return strings.Compare(a.Address, b.Address) })
	equal(t, "Destinations of "+channel, got, want)
}

func testNotifications(t *testing.T, s repository.Notifications) {
	wantDestinations(t, s, "c")
	a := repository.Destination{Channel: "c", Address: "a", CreatedAt: at(1)}
	big := repository.Destination{Channel: "c", Address: strings.Repeat("b", 10_000), CreatedAt: at(1)}
	for _, d := range []repository.Destination{a, big, {Channel: "ca", Address: "a"}, {Channel: "d", Address: "a"}} {
		ok(t, "PutDestination", s.PutDestination(t.Context(), d))
	}
	a.CreatedAt = at(2)
	ok(t, "PutDestination again", s.PutDestination(t.Context(), a))
	wantDestinations(t, s, "c", a, big)
	for _, bad := range []repository.Destination{{Channel: "c"}, {Address: "a"}, {Channel: long(), Address: "a"}} {
		fails(t, "PutDestination", s.PutDestination(t.Context(), bad), repository.ErrInvalid)
	}
	for range 2 {
		ok(t, "DeleteDestination", s.DeleteDestination(t.Context(), "c", "a"))
	}
	ok(t, "DeleteDestination of nothing", s.DeleteDestination(t.Context(), long(), "a"))
	wantDestinations(t, s, "c", big)
	wantDestinations(t, s, "ca", repository.Destination{Channel: "ca", Address: "a"})
	wantDestinations(t, s, long())
}

func testNotificationsContext(t *testing.T, s repository.Notifications) {
	d := repository.Destination{Channel: "c", Address: "a"}
	ok(t, "PutDestination", s.PutDestination(t.Context(), d))
	refusesDoneContexts(t, map[string]func(context.Context) error{
		"PutDestination": func(ctx context.Context) error {
			return s.PutDestination(ctx, repository.Destination{Channel: "c", Address: "b"})
		},
		"DeleteDestination": func(ctx context.Context) error { return s.DeleteDestination(ctx, "c", "a") },
		"Destinations":      func(ctx context.Context) error { _, err := s.Destinations(ctx, "c"); return err },
	})
	wantDestinations(t, s, "c", d)
}

func webhooksChecks() []check[repository.Webhooks] {
	return []check[repository.Webhooks]{
		{"CreateAndDelete", testWebhooks},
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

	b.Last = repository.WebhookResult{At: at(5), Status: 204}
	ok(t, "RecordWebhook", s.RecordWebhook(t.Context(), b.ID, b.Last))
	ok(t, "RecordWebhook of an earlier one", s.RecordWebhook(t.Context(), b.ID, repository.WebhookResult{At: at(4), Error: "x"}))
	wantWebhooks(t, s, a, b)
	ok(t, "DeleteWebhook", s.DeleteWebhook(t.Context(), b.ID))
	for _, id := range []int64{b.ID, 0, -1, 99} {
		fails(t, "DeleteWebhook that is not there", s.DeleteWebhook(t.Context(), id), repository.ErrNotFound)
		fails(t, "RecordWebhook that is not there", s.RecordWebhook(t.Context(), id, b.Last), repository.ErrNotFound)
	}
	wantWebhooks(t, s, a)
	if c := createWebhook(t, s, repository.Webhook{URL: "x"}); c.ID <= b.ID {
		t.Errorf("ID %d is given after %d", c.ID, b.ID)
	}
}

func testWebhooksContext(t *testing.T, s repository.Webhooks) {
	w := createWebhook(t, s, repository.Webhook{URL: "x"})
	refusesDoneContexts(t, map[string]func(context.Context) error{
		"CreateWebhook": func(ctx context.Context) error { _, err := s.CreateWebhook(ctx, w); return err },
		"Webhooks":      func(ctx context.Context) error { _, err := s.Webhooks(ctx); return err },
		"RecordWebhook": func(ctx context.Context) error {
			return s.RecordWebhook(ctx, w.ID, repository.WebhookResult{At: at(1)})
		},
		"DeleteWebhook": func(ctx context.Context) error { return s.DeleteWebhook(ctx, w.ID) },
	})
	wantWebhooks(t, s, w)
}

func tokensChecks() []check[repository.Tokens] {
	return []check[repository.Tokens]{
		{"CreateAndDelete", testTokens},
		{"CanceledContext", testTokensContext},
	}
}

func wantTokens(t *testing.T, s repository.Tokens, want ...repository.Token) {
	t.Helper()
	got, err := s.Tokens(t.Context())
	ok(t, "Tokens", err)
	equal(t, "Tokens", got, want)
	for _, w := range want {
		got, err := s.TokenByHash(t.Context(), w.Hash)
		ok(t, "TokenByHash", err)
		equal(t, "TokenByHash", got, w)
	}
}

func testTokens(t *testing.T, s repository.Tokens) {
	hash := repository.HashSecret
	wantTokens(t, s)
	a := repository.Token{ID: "b", Hash: hash("1"), Name: "ü", Color: 3, Scopes: []string{"X", "Y"}, CreatedAt: at(1), LastUsedAt: at(2)}
	b := repository.Token{ID: "a", Hash: hash("2"), CreatedAt: at(2)}
	ok(t, "CreateToken", s.CreateToken(t.Context(), b))
	ok(t, "CreateToken", s.CreateToken(t.Context(), a))
	wantTokens(t, s, a, b)
	fails(t, "CreateToken with a taken id", s.CreateToken(t.Context(), repository.Token{ID: "a", Hash: hash("3")}), repository.ErrConflict)
	fails(t, "CreateToken with a taken hash", s.CreateToken(t.Context(), repository.Token{ID: "c", Hash: hash("1")}), repository.ErrConflict)
	fails(t, "CreateToken without an id", s.CreateToken(t.Context(), repository.Token{Hash: hash("3")}), repository.ErrInvalid)
	fails(t, "CreateToken without a hash", s.CreateToken(t.Context(), repository.Token{ID: "c"}), repository.ErrInvalid)
	_, err := s.TokenByHash(t.Context(), hash("3"))
	fails(t, "TokenByHash of none", err, repository.ErrNotFound)

	b.LastUsedAt = at(9)
	ok(t, "TouchToken", s.TouchToken(t.Context(), "a", at(9)))
	ok(t, "TouchToken earlier", s.TouchToken(t.Context(), "a", at(8)))
	wantTokens(t, s, a, b)
	ok(t, "DeleteToken", s.DeleteToken(t.Context(), "a"))
	fails(t, "DeleteToken again", s.DeleteToken(t.Context(), "a"), repository.ErrNotFound)
	fails(t, "TouchToken of none", s.TouchToken(t.Context(), "a", at(9)), repository.ErrNotFound)
	_, err = s.TokenByHash(t.Context(), hash("2"))
	fails(t, "TokenByHash of one that was deleted", err, repository.ErrNotFound)
	wantTokens(t, s, a)
	ok(t, "CreateToken again", s.CreateToken(t.Context(), b))
}

func testTokensContext(t *testing.T, s repository.Tokens) {
	a := repository.Token{ID: "a", Hash: repository.HashSecret("a")}
	ok(t, "CreateToken", s.CreateToken(t.Context(), a))
	refusesDoneContexts(t, map[string]func(context.Context) error{
		"CreateToken": func(ctx context.Context) error {
			return s.CreateToken(ctx, repository.Token{ID: "b", Hash: repository.HashSecret("b")})
		},
		"TokenByHash": func(ctx context.Context) error { _, err := s.TokenByHash(ctx, a.Hash); return err },
		"Tokens":      func(ctx context.Context) error { _, err := s.Tokens(ctx); return err },
		"TouchToken":  func(ctx context.Context) error { return s.TouchToken(ctx, "a", at(1)) },
		"DeleteToken": func(ctx context.Context) error { return s.DeleteToken(ctx, "a") },
	})
	wantTokens(t, s, a)
}

func testQueuesAreApart(t *testing.T, r repository.Repository) {
	enqueue(t, r.Deliveries, 0, "federation", 1, target("h", "1", "key"))
	enqueue(t, r.WebhookDeliveries, 0, "webhook", 1, target("h", "2", "key"))
	d := wantLease(t, r.WebhookDeliveries, 0, "2")[0]
	equal(t, "payload", string(d.Payload), "webhook")
	report(t, r.WebhookDeliveries, done(d))
	wantCounts(t, r.WebhookDeliveries, repository.QueueCounts{Delivered: 1})
	wantCounts(t, r.Deliveries, repository.QueueCounts{Waiting: 1, Hosts: 1})
	wantLease(t, r.Deliveries, 0, "1")
}
