package repository

import (
	"context"
	"time"
)

// Token authorizes a program to use the API.
type Token struct {
	ID         string // unique among tokens; never changes
	Hash       Hash   // of the secret; unique among tokens
	Name       string // display name of the program
	Color      int    // as in [User]
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

// Tokens stores the access tokens of programs.
type Tokens interface {
	// CreateToken stores t. The error matches [ErrConflict] if its ID or Hash
	// belongs to another token, and [ErrInvalid] if t.Check fails.
	CreateToken(ctx context.Context, t Token) error
	// TokenByHash returns the token with this hash, or an error matching
	// [ErrNotFound].
	TokenByHash(ctx context.Context, hash Hash) (Token, error)
	// Tokens returns all tokens by CreatedAt, oldest first.
	Tokens(ctx context.Context) ([]Token, error)
	// TouchToken records that a token was used at a time, unless a later use is
	// recorded, or returns an error matching [ErrNotFound]. As it is a write,
	// callers should not make it for every request.
	TouchToken(ctx context.Context, id string, at time.Time) error
	// DeleteToken removes a token, or returns an error matching [ErrNotFound].
	DeleteToken(ctx context.Context, id string) error
}
