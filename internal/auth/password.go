package auth

import (
	"context"
	"crypto/rand"
	"crypto/subtle"
	"errors"

	"golang.org/x/crypto/argon2"
)

// MaxPasswordLen is the maximum length of a password in bytes.
const MaxPasswordLen = 1024

// Errors about passwords.
var (
	ErrPasswordEmpty   = errors.New("auth: the password is empty")
	ErrPasswordTooLong = errors.New("auth: the password is too long")
	// ErrPasswordHash reports a stored hash that cannot be checked.
	ErrPasswordHash = errors.New("auth: not a password hash")
)

// Hasher hashes passwords with Argon2id. As a hash takes 19 MiB and tens of
// milliseconds, a Hasher computes at most two at a time and makes others wait.
// Create one with [NewHasher]. It is safe for concurrent use.
type Hasher struct {
	slots chan struct{}
}

// NewHasher returns a Hasher.
func NewHasher() *Hasher {
	return &Hasher{slots: make(chan struct{}, 2)}
}

// HashPassword returns a hash of password with a new salt, in PHC string
// format. It waits for its turn until ctx is done. The error matches
// [ErrPasswordEmpty] or [ErrPasswordTooLong] if the password is empty or too
// long.
func (h *Hasher) HashPassword(ctx context.Context, password string) (string, error) {
	switch {
	case password == "":
		return "", ErrPasswordEmpty
	case len(password) > MaxPasswordLen:
		return "", ErrPasswordTooLong
	}
	p := passwordHash{memory: 19 * 1024, time: 2, threads: 1, salt: make([]byte, 16)}
	_, _ = rand.Read(p.salt) // never fails
	key, err := h.derive(ctx, password, p, 32)
	if err != nil {
		return "", err
	}
	p.key = key
	return p.String(), nil
}

// VerifyPassword reports whether hash is a hash of password. It takes as long
// for a wrong password as for the right one, and waits for its turn until ctx is
// done. The error matches [ErrPasswordHash] if hash is of an unknown kind.
// Besides its own hashes, a Hasher verifies the bcrypt hashes of Owncast
// servers.
func (h *Hasher) VerifyPassword(ctx context.Context, hash, password string) (bool, error) {
	if isBcrypt(hash) {
		return h.verifyBcrypt(ctx, hash, password)
	}
	p, err := parseHash(hash)
	if err != nil {
		return false, err
	}
	if len(password) > MaxPasswordLen {
		return false, nil // no hash was ever made of it
	}
	key, err := h.derive(ctx, password, p, uint32(len(p.key)))
	if err != nil {
		return false, err
	}
	return subtle.ConstantTimeCompare(key, p.key) == 1, nil
}

func (h *Hasher) derive(ctx context.Context, password string, p passwordHash, size uint32) ([]byte, error) {
	release, err := h.acquire(ctx)
	if err != nil {
		return nil, err
	}
	defer release()
	return argon2.IDKey([]byte(password), p.salt, p.time, p.memory, p.threads, size), nil
}

// acquire waits for a slot.
func (h *Hasher) acquire(ctx context.Context) (release func(), err error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	select {
	case h.slots <- struct{}{}:
		return func() { <-h.slots }, nil
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}
