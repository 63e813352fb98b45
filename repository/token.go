package repository

import (
	"context"
	"time"
)

// Token lets a program use the API.
type Token struct {
	ID         string // unique among the tokens; never changes
	Hash       Hash   // of the secret; unique among the tokens
	Name       string // of the program, for people
	Color      int    // of the name, as in [User]
	Scopes     []string
	CreatedAt  time.Time
	LastUsedAt time.Time // zero if never
}

// Check returns an error matching [ErrInvalid] unless t may be stored.
func (t Token) Check() error {
	if t.Hash == (Hash{}) {
		return invalid("token without a hash")
	}
	return checkKey("id of a token", t.ID)
}

// Tokens stores which programs may use the API.
type Tokens interface {
	// CreateToken stores t. The error matches [ErrConflict] if its ID or Hash
	// is another one's, and [ErrInvalid] if t.Check does.
	CreateToken(ctx context.Context, t Token) error
	// TokenByHash returns the token with this hash, or an error matching
	// [ErrNotFound].
	TokenByHash(ctx context.Context, hash Hash) (Token, error)
	// Tokens returns all, by CreatedAt with the oldest first.
	Tokens(ctx context.Context) ([]Token, error)
	// TouchToken stores when a token was used, unless it was used later, or
	// returns an error matching [ErrNotFound]. It is a write: callers do not
	// tell of every request.
	TouchToken(ctx context.Context, id string, at time.Time) error
	// DeleteToken removes a token, or returns an error matching [ErrNotFound].
	DeleteToken(ctx context.Context, id string) error
}
