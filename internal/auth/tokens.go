package auth

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"
	"unicode/utf8"

	"github.com/owncast-go/owncast/repository"
)

// The scopes of tokens, by their names in the API. No scope implies another.
const (
	ScopeSendMessages       = "CAN_SEND_MESSAGES"
	ScopeSendSystemMessages = "CAN_SEND_SYSTEM_MESSAGES"
	ScopeAdmin              = "HAS_ADMIN_ACCESS"
)

// Limits of tokens.
const (
	MaxTokens       = 1000
	MaxTokenNameLen = 100 // characters
)

// touchInterval is how exact it is known when a token was last used.
const touchInterval = time.Minute

// Errors about tokens.
var (
	ErrTokenName   = errors.New("auth: a token needs a name of text that is not too long")
	ErrTokenScopes = errors.New("auth: a token needs scopes, known ones and each once")
	ErrTokenCount  = errors.New("auth: there are too many tokens")
)

// Tokens manages the access tokens of programs. Only hashes of the secrets are
// stored. Create one with [NewTokens]. It is safe for concurrent use.
type Tokens struct {
	store repository.Tokens
	now   func() time.Time

	mu      sync.Mutex
	touched map[string]time.Time // by id, when the store was told; guarded by mu
}

// NewTokens returns a Tokens for store that uses now as its clock; nil stands for
// [time.Now].
func NewTokens(store repository.Tokens, now func() time.Time) *Tokens {
	if now == nil {
		now = time.Now
	}
	return &Tokens{store: store, now: now, touched: map[string]time.Time{}}
}

// Create creates a token and returns it with its secret, which cannot be
// retrieved later. The error matches [ErrTokenName], [ErrTokenScopes], or
// [ErrTokenCount] if the name or scopes are invalid or there are too many tokens.
func (t *Tokens) Create(ctx context.Context, name string, scopes []string) (tok repository.Token, secret string, err error) {
	name = strings.TrimSpace(name)
	if name == "" || !utf8.ValidString(name) || utf8.RuneCountInString(name) > MaxTokenNameLen {
		return tok, "", ErrTokenName
	}
	if err := checkScopes(scopes); err != nil {
		return tok, "", err
	}
	all, err := t.store.Tokens(ctx)
	if err != nil {
		return tok, "", err
	}
	if len(all) >= MaxTokens {
		return tok, "", ErrTokenCount
	}
	secret = newToken()
	hash := repository.HashSecret(secret)
	tok = repository.Token{
		ID: strings.ToLower(rand.Text()), Hash: hash, Name: name, Color: int(hash[0] % 8),
		Scopes: slices.Clone(scopes), CreatedAt: t.now().UTC(),
	}
	if err := t.store.CreateToken(ctx, tok); err != nil {
		return repository.Token{}, "", fmt.Errorf("create token: %w", err)
	}
	return tok, secret, nil
}

func checkScopes(scopes []string) error {
	known := []string{ScopeSendMessages, ScopeSendSystemMessages, ScopeAdmin}
	for i, s := range scopes {
		if !slices.Contains(known, s) || slices.Contains(scopes[:i], s) {
			return ErrTokenScopes
		}
	}
	if len(scopes) == 0 {
		return ErrTokenScopes
	}
	return nil
}

// All returns all tokens, oldest first.
func (t *Tokens) All(ctx context.Context) ([]repository.Token, error) { return t.store.Tokens(ctx) }

// Authenticate returns the token with this secret, or an error matching
// [repository.ErrNotFound]. It records the use of a token at most once a minute.
func (t *Tokens) Authenticate(ctx context.Context, secret string) (repository.Token, error) {
	// What the lookup takes tells about the hash of a guess, which says
	// nothing about another guess.
	tok, err := t.store.TokenByHash(ctx, repository.HashSecret(secret))
	if err != nil {
		return repository.Token{}, err
	}
	return tok, t.touch(ctx, tok)
}

// touch stores that tok was used, unless that was done lately.
func (t *Tokens) touch(ctx context.Context, tok repository.Token) error {
	now := t.now()
	t.mu.Lock()
	last := tok.LastUsedAt
	if at := t.touched[tok.ID]; at.After(last) {
		last = at
	}
	due := now.Sub(last) >= touchInterval
	if due {
		t.touched[tok.ID] = now
	}
	t.mu.Unlock()
	if !due {
		return nil
	}
	err := t.store.TouchToken(ctx, tok.ID, now.UTC())
	if errors.Is(err, repository.ErrNotFound) {
		t.forget(tok.ID)
	}
	if err != nil {
		return fmt.Errorf("note that a token was used: %w", err)
	}
	return nil
}

func (t *Tokens) forget(id string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	delete(t.touched, id)
}

// Delete removes the token with this id or this secret, and returns its id.
// The error matches [repository.ErrNotFound] if there is none.
func (t *Tokens) Delete(ctx context.Context, idOrSecret string) (id string, err error) {
	id = idOrSecret
	tok, err := t.store.TokenByHash(ctx, repository.HashSecret(idOrSecret))
	switch {
	case err == nil:
		id = tok.ID
	case !errors.Is(err, repository.ErrNotFound):
		return "", err
	}
	if err := t.store.DeleteToken(ctx, id); err != nil {
		return "", err
	}
	t.forget(id)
	return id, nil
}
