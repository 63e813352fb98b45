package auth_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/owncast-go/owncast/internal/auth"
	"github.com/owncast-go/owncast/repository"
	"github.com/owncast-go/owncast/repository/memory"
)

func TestThatATokenWasUsedIsStoredOnceAMinute(t *testing.T) {
	now := time.Unix(1_000_000, 0)
	store := &touches{tokenStore: memory.New().Tokens}
	tokens := auth.NewTokens(store, func() time.Time { return now })
	tok, secret, err := tokens.Create(t.Context(), " bot ", []string{auth.ScopeAdmin})
	if err != nil || tok.Name != "bot" {
		t.Fatalf("%+v, %v", tok, err)
	}
	for _, step := range []struct {
		later time.Duration
		want  int
	}{{0, 1}, {time.Second, 1}, {58 * time.Second, 1}, {time.Second, 2}, {time.Hour, 3}, {0, 3}} {
		now = now.Add(step.later)
		if _, err := tokens.Authenticate(t.Context(), secret); err != nil {
			t.Fatal(err)
		}
		if store.n != step.want {
			t.Errorf("after %v: %d writes, want %d", step.later, store.n, step.want)
		}
	}
	// Another process, or this one after a restart, knows it from the store.
	if _, err := auth.NewTokens(store, func() time.Time { return now }).Authenticate(t.Context(), secret); err != nil || store.n != 3 {
		t.Errorf("%v, %d writes", err, store.n)
	}
}

// tokenStore has a name that is no method of it.
type tokenStore = repository.Tokens

type touches struct {
	tokenStore
	n int
}

func (s *touches) TouchToken(ctx context.Context, id string, at time.Time) error {
	s.n++
	return s.tokenStore.TouchToken(ctx, id, at)
}

func TestTheNumberOfTokensIsBounded(t *testing.T) {
	store := memory.New().Tokens
	for i := range auth.MaxTokens {
		id := fmt.Sprint(i)
		if err := store.CreateToken(t.Context(), repository.Token{ID: id, Hash: repository.HashSecret(id)}); err != nil {
			t.Fatal(err)
		}
	}
	_, _, err := auth.NewTokens(store, nil).Create(t.Context(), "n", []string{auth.ScopeAdmin})
	if !errors.Is(err, auth.ErrTokenCount) {
		t.Errorf("Create = %v", err)
	}
}
