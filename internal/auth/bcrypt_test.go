package auth_test

import (
	"context"
	"crypto/sha512"
	"errors"
	"strings"
	"testing"

	"golang.org/x/crypto/bcrypt"

	"github.com/owncast-go/owncast/internal/auth"
)

func TestAnImportedBcryptHashIsVerified(t *testing.T) {
	hashOf := func(input []byte) string {
		hash, err := bcrypt.GenerateFromPassword(input, bcrypt.MinCost)
		if err != nil {
			t.Fatal(err)
		}
		return string(hash)
	}
	long := strings.Repeat("long ", 20)
	sum := sha512.Sum512([]byte(long))
	at72 := strings.Repeat("x", 72)
	h := auth.NewHasher()
	for name, tt := range map[string]struct{ hash, right, wrong string }{
		"another's hash":    {"$2a$06$m0CrhHm10qJ3lXRY.5zDGO3rS2KdeeWLuGmsfGlMfOxih58VYVfxe", "a", "b"}, // of jBCrypt's tests
		"a short password":  {hashOf([]byte("abc123")), "abc123", "abc124"},
		"72 bytes":          {hashOf([]byte(at72)), at72, at72 + "x"},
		"more than 72":      {hashOf(sum[:]), long, long + "x"},
		"its first 72 only": {hashOf(sum[:]), long, long[:72]},
	} {
		t.Run(name, func(t *testing.T) {
			if ok, err := h.VerifyPassword(t.Context(), tt.hash, tt.right); !ok || err != nil {
				t.Errorf("the right password: %v, %v", ok, err)
			}
			if ok, err := h.VerifyPassword(t.Context(), tt.hash, tt.wrong); ok || err != nil {
				t.Errorf("a wrong password: %v, %v", ok, err)
			}
			if err := auth.CheckPasswordHash(tt.hash); err != nil {
				t.Error(err)
			}
		})
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := h.VerifyPassword(ctx, hashOf([]byte("x")), "x"); !errors.Is(err, context.Canceled) {
		t.Errorf("with a context that is done: %v", err)
	}
}

func TestBcryptHashesThatAreNoneAreRefused(t *testing.T) {
	const good = "$2a$10$N9qo8uLOickgx2ZMRZoMyeIjZAgcfl7p92ldGxad68LJZdL17lhWy"
	h := auth.NewHasher()
	for name, hash := range map[string]string{
		"a prefix alone":   "$2a$",
		"cut short":        good[:59],
		"something behind": good + "x",
		"no cost":          strings.Replace(good, "$10$", "$xx$", 1),
		"too low a cost":   strings.Replace(good, "$10$", "$03$", 1),
		"too high a cost":  strings.Replace(good, "$10$", "$15$", 1),
		"a forged cost":    strings.Replace(good, "$10$", "$31$", 1),
	} {
		ok, err := h.VerifyPassword(t.Context(), hash, "x")
		if ok || !errors.Is(err, auth.ErrPasswordHash) || strings.Contains(err.Error(), hash) && hash != "$2a$" {
			t.Errorf("%s: %v, %v; want ErrPasswordHash", name, ok, err)
		}
	}
}
