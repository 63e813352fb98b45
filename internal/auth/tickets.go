package auth

import (
	"crypto/rand"
	"encoding/base64"
	"sync"
	"time"

	"github.com/owncast-go/owncast/repository"
)

// Tickets keeps values for whoever comes back with a secret: each once, and
// for a while. Secrets are kept as hashes alone. How many there are is
// bounded, and nothing runs in the background.
//
// Create one with [NewTickets]. It is safe for concurrent use.
type Tickets[T any] struct {
	limits TicketLimits
	now    func() time.Time

	mu  sync.Mutex
	all map[repository.Hash]ticket[T] // guarded by mu
}

// TicketLimits bounds Tickets. All fields are required.
type TicketLimits struct {
	Life     time.Duration
	Total    int
	PerOwner int // a further one takes the place of the owner's oldest
}

type ticket[T any] struct {
	value  T
	owner  string
	issued time.Time
}

// NewTickets returns a Tickets that uses now as its clock; nil stands for
// [time.Now].
func NewTickets[T any](l TicketLimits, now func() time.Time) *Tickets[T] {
	if now == nil {
		now = time.Now
	}
	return &Tickets[T]{limits: l, now: now, all: map[repository.Hash]ticket[T]{}}
}

// Issue keeps a value and returns its secret, of 256 random bits in characters
// that URLs need not escape. It returns false if there is no room.
func (t *Tickets[T]) Issue(owner string, value T) (secret string, ok bool) {
	secret = NewToken()
	now := t.now()
	t.mu.Lock()
	defer t.mu.Unlock()
	var oldest repository.Hash
	owned := 0
	for hash, one := range t.all {
		switch {
		case t.over(one, now):
			delete(t.all, hash)
		case one.owner == owner:
			if owned == 0 || one.issued.Before(t.all[oldest].issued) {
				oldest = hash
			}
			owned++
		}
	}
	if owned >= t.limits.PerOwner {
		delete(t.all, oldest)
	}
	if len(t.all) >= t.limits.Total {
		return "", false
	}
	t.all[repository.HashSecret(secret)] = ticket[T]{value, owner, now}
	return secret, true
}

// Take returns the value of a secret, which is worth nothing from then on. It
// returns false for a secret that is wrong, was used, or is too old.
func (t *Tickets[T]) Take(secret string) (value T, ok bool) {
	hash := repository.HashSecret(secret)
	t.mu.Lock()
	defer t.mu.Unlock()
	one, ok := t.all[hash]
	delete(t.all, hash)
	if !ok || t.over(one, t.now()) {
		return value, false
	}
	return one.value, true
}

func (t *Tickets[T]) over(one ticket[T], now time.Time) bool {
	return now.Sub(one.issued) >= t.limits.Life
}

// NewToken returns 256 random bits, in characters that URLs need not escape.
func NewToken() string {
	var b [32]byte
	_, _ = rand.Read(b[:]) // never fails
	return base64.RawURLEncoding.EncodeToString(b[:])
}
