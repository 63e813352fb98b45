package auth

import (
	"context"
	"crypto/sha512"
	"errors"
	"fmt"
	"strings"

	"golang.org/x/crypto/bcrypt"
)

const (
	bcryptLen     = 60 // bytes of a hash
	maxBcryptCost = 14 // about a second; Owncast has 10
	// maxBcryptPassword is how many bytes of a password bcrypt uses. Owncast
	// hashes longer ones with SHA-512 first.
	maxBcryptPassword = 72
)

func isBcrypt(hash string) bool {
	return strings.HasPrefix(hash, "$2a$") || strings.HasPrefix(hash, "$2b$") || strings.HasPrefix(hash, "$2y$")
}

func checkBcrypt(hash string) error {
	cost, err := bcrypt.Cost([]byte(hash))
	if err != nil || len(hash) != bcryptLen || cost > maxBcryptCost {
		return fmt.Errorf("%w: a bcrypt hash that is malformed, or costs too much to check", ErrPasswordHash)
	}
	return nil
}

// verifyBcrypt is VerifyPassword for hashes that Owncast servers have made.
func (h *Hasher) verifyBcrypt(ctx context.Context, hash, password string) (bool, error) {
	if err := checkBcrypt(hash); err != nil {
		return false, err
	}
	if len(password) > MaxPasswordLen {
		return false, nil
	}
	release, err := h.acquire(ctx)
	if err != nil {
		return false, err
	}
	defer release()
	input := []byte(password)
	if len(input) > maxBcryptPassword {
		sum := sha512.Sum512(input)
		input = sum[:]
	}
	err = bcrypt.CompareHashAndPassword([]byte(hash), input)
	switch {
	case err == nil:
		return true, nil
	case errors.Is(err, bcrypt.ErrMismatchedHashAndPassword):
		return false, nil
	default:
		return false, fmt.Errorf("%w: bcrypt", ErrPasswordHash)
	}
}
