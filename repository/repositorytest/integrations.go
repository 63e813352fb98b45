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
