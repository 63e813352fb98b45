package auth_test

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/owncast-go/owncast/internal/auth"
)

// cheap is a hash, but for its key, that takes no time.
const cheap = "$argon2id$v=19$m=8,t=1,p=1$c29tZXNhbHQ$"

func TestAHashOfTheReferenceCodeIsVerified(t *testing.T) {
	// By libargon2, the reference code of RFC 9106.
	const hash = "$argon2id$v=19$m=19456,t=2,p=1$MDEyMzQ1Njc4OWFiY2RlZg$rk2Mi3E4dgRMg0fHaYaptWVZRKqs//6b6k3/nntqGJk"
	h := auth.NewHasher()
	if ok, err := h.VerifyPassword(t.Context(), hash, "correct horse"); !ok || err != nil {
		t.Errorf("VerifyPassword of the right password = %v, %v", ok, err)
	}
	if ok, err := h.VerifyPassword(t.Context(), hash, "correct horsf"); ok || err != nil {
		t.Errorf("VerifyPassword of a wrong password = %v, %v", ok, err)
	}
}

func TestAPasswordIsVerifiedByItsHash(t *testing.T) {
	h := auth.NewHasher()
	for _, password := range []string{"ü🎥\x00 ", strings.Repeat("x", auth.MaxPasswordLen)} {
		hash, err := h.HashPassword(t.Context(), password)
		if err != nil {
			t.Fatal(err)
		}
		if !strings.HasPrefix(hash, "$argon2id$v=19$m=19456,t=2,p=1$") {
			t.Errorf("hash is %q", hash)
		}
		if ok, err := h.VerifyPassword(t.Context(), hash, password); !ok || err != nil {
			t.Errorf("VerifyPassword of the right password = %v, %v", ok, err)
		}
		for _, wrong := range []string{"", password[:len(password)-1], strings.Repeat("x", auth.MaxPasswordLen+1)} {
			if ok, err := h.VerifyPassword(t.Context(), hash, wrong); ok || err != nil {
				t.Errorf("VerifyPassword of a wrong password = %v, %v", ok, err)
			}
		}
	}
}

func TestEveryHashHasItsOwnSalt(t *testing.T) {
	h := auth.NewHasher()
	one, err1 := h.HashPassword(t.Context(), "same")
	two, err2 := h.HashPassword(t.Context(), "same")
	if err := errors.Join(err1, err2); err != nil || one == two {
		t.Errorf("two hashes of one password: %q, %q, %v", one, two, err)
	}
}

func TestPasswordsThatAreNoneAreRefused(t *testing.T) {
	h := auth.NewHasher()
	if _, err := h.HashPassword(t.Context(), ""); !errors.Is(err, auth.ErrPasswordEmpty) {
		t.Errorf("HashPassword of nothing = %v", err)
	}
	if _, err := h.HashPassword(t.Context(), strings.Repeat("x", auth.MaxPasswordLen+1)); !errors.Is(err, auth.ErrPasswordTooLong) {
		t.Errorf("HashPassword of too much = %v", err)
	}
}

func TestHashingHeedsItsContext(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	h := auth.NewHasher()
	if _, err := h.HashPassword(ctx, "x"); !errors.Is(err, context.Canceled) {
		t.Errorf("HashPassword = %v", err)
	}
	if _, err := h.VerifyPassword(ctx, cheap+strings.Repeat("A", 43), "x"); !errors.Is(err, context.Canceled) {
		t.Errorf("VerifyPassword = %v", err)
	}
}

func TestHashesThatAreNoneAreRefused(t *testing.T) {
	h := auth.NewHasher()
	key := strings.Repeat("A", 43)
	if _, err := h.VerifyPassword(t.Context(), cheap+key, "x"); err != nil {
		t.Fatalf("the hash to start from is refused: %v", err)
	}
	for name, hash := range map[string]string{
		"empty":              "",
		"plain text":         "hunter2",
		"argon2i":            strings.Replace(cheap, "argon2id", "argon2i", 1) + key,
		"another version":    strings.Replace(cheap, "v=19", "v=16", 1) + key,
		"no version":         strings.Replace(cheap, "v=19$", "", 1) + key,
		"no parameters":      "$argon2id$v=19$$c29tZXNhbHQ$" + key,
		"too much memory":    strings.Replace(cheap, "m=8", "m=4194304", 1) + key,
		"no memory":          strings.Replace(cheap, "m=8", "m=0", 1) + key,
		"too much time":      strings.Replace(cheap, "t=1", "t=1000", 1) + key,
		"no time":            strings.Replace(cheap, "t=1", "t=0", 1) + key,
		"too many threads":   strings.Replace(cheap, "p=1", "p=255", 1) + key,
		"a number that is +": strings.Replace(cheap, "p=1", "p=+1", 1) + key,
		"another order":      strings.Replace(cheap, "m=8,t=1", "t=1,m=8", 1) + key,
		"more parameters":    strings.Replace(cheap, "p=1", "p=1,keyid=x", 1) + key,
		"no key":             cheap,
		"a short key":        cheap + "AAAA",
		"a long key":         cheap + strings.Repeat("A", 400),
		"a short salt":       strings.Replace(cheap, "c29tZXNhbHQ", "AAAA", 1) + key,
		"a key of no base64": cheap + strings.Repeat("!", 43),
		"something behind":   cheap + key + "$",
		"a line's end":       cheap + key + "\n",
	} {
		ok, err := h.VerifyPassword(t.Context(), hash, "x")
		if ok || !errors.Is(err, auth.ErrPasswordHash) {
			t.Errorf("VerifyPassword by a hash with %s = %v, %v; want ErrPasswordHash", name, ok, err)
		}
		if err != nil && hash != "" && strings.Contains(err.Error(), hash) {
			t.Errorf("the error quotes the hash: %v", err)
		}
	}
}

func BenchmarkVerifyPassword(b *testing.B) {
	h := auth.NewHasher()
	hash, err := h.HashPassword(b.Context(), "hunter2")
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		if ok, err := h.VerifyPassword(b.Context(), hash, "hunter2"); !ok || err != nil {
			b.Fatal(ok, err)
		}
	}
}
