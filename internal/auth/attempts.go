package auth

import (
	"context"
	"fmt"
	"net/netip"
	"sync"
	"time"
)

// How guessing is slowed down.
const (
	freeAttempts  = 5                      // that may fail before there is a delay
	firstDelay    = 250 * time.Millisecond // doubles with each further failure
	maxDelay      = 8 * time.Second
	maxWait       = 30 * time.Second // in the queue of one address
	forgetAfter   = 15 * time.Minute // without an attempt
	maxAddresses  = 4096             // remembered
	maxPending    = 256              // waiting or under way, from anywhere
	ipv6PrefixLen = 64               // what one customer has at least
)

// TooManyAttemptsError reports an attempt that was refused without checking it,
// because too many others from the same address, or in total, are waiting.
type TooManyAttemptsError struct {
	RetryAfter time.Duration
}

func (e *TooManyAttemptsError) Error() string {
	return fmt.Sprintf("auth: too many attempts, try again in %v", e.RetryAfter)
}

// Attempts slows down guessing. It counts failures per address (per /64 for
// IPv6) and delays further attempts from there: by a quarter of a second after
// the fifth failure, then twice as long each time up to eight seconds. Attempts
// from one address wait in line, count as failures until they succeed, and a
// success clears the count. The number of addresses and waiting attempts is
// bounded.
//
// Create one with [NewAttempts]. It is safe for concurrent use.
type Attempts struct {
	now func() time.Time

	mu      sync.Mutex
	addrs   map[netip.Prefix]*attempts // guarded by mu
	pending int                        // of all, guarded by mu
}

type attempts struct {
	failures int
	pending  int       // under way
	next     time.Time // when the next one may begin
	last     time.Time // when the last one began or ended
}

// NewAttempts returns an Attempts that uses now as its clock; nil stands for
// [time.Now].
func NewAttempts(now func() time.Time) *Attempts {
	if now == nil {
		now = time.Now
	}
	return &Attempts{now: now, addrs: map[netip.Prefix]*attempts{}}
}

// Try waits for as long as the failures from addr require, until ctx is done,
// and then calls check and returns its result. If check returns false and no
// error, that counts as a failure; an error counts as neither failure nor
// success. If the wait would be too long, Try does not call check and returns a
// [*TooManyAttemptsError].
//
// All attempts without a valid address share one count.
func (a *Attempts) Try(ctx context.Context, addr netip.Addr, check func(context.Context) (bool, error)) (bool, error) {
	if err := ctx.Err(); err != nil {
		return false, err
	}
	key := attemptKey(addr)
	wait, err := a.begin(key)
	if err != nil {
		return false, err
	}
	ok, failures := false, 0
	defer func() { a.end(key, ok, failures) }() // even if check panics
	if err := sleep(ctx, wait); err != nil {
		return false, err
	}
	valid, err := check(ctx)
	if err != nil {
		return false, err
	}
	if ok = valid; !ok {
		failures = 1
	}
	return ok, nil
}

// attemptKey is what addr is counted under.
func attemptKey(addr netip.Addr) netip.Prefix {
	addr = addr.Unmap()
	bits := addr.BitLen()
	if addr.Is6() {
		bits = ipv6PrefixLen
	}
	p, _ := addr.Prefix(bits) // the zero Prefix for the zero Addr
	return p
}

// begin counts an attempt and returns how long it must wait.
func (a *Attempts) begin(key netip.Prefix) (time.Duration, error) {
	now := a.now()
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.pending >= maxPending {
		return 0, &TooManyAttemptsError{RetryAfter: maxDelay}
	}
	e := a.entry(key, now)
	delay := delayAfter(e.failures + e.pending)
	start := now
	if delay > 0 {
		start = later(now, e.next).Add(delay)
	}
	if wait := start.Sub(now); wait > maxWait {
		return 0, &TooManyAttemptsError{RetryAfter: wait - maxWait}
	}
	e.pending++
	a.pending++
	e.next, e.last = start, now
	return start.Sub(now), nil
}

// end counts the outcome of an attempt.
func (a *Attempts) end(key netip.Prefix, ok bool, failures int) {
	now := a.now()
	a.mu.Lock()
	defer a.mu.Unlock()
	e := a.addrs[key] // is there: entries with pending attempts are kept
	e.pending--
	a.pending--
	e.failures += failures
	e.last = now
	if ok {
		e.failures, e.next = 0, time.Time{}
	}
	if e.failures == 0 && e.pending == 0 {
		delete(a.addrs, key)
	}
}

// entry returns the entry of key, which it makes if need be: a is locked.
func (a *Attempts) entry(key netip.Prefix, now time.Time) *attempts {
	if e, ok := a.addrs[key]; ok {
		if e.pending == 0 && now.Sub(e.last) > forgetAfter {
			*e = attempts{}
		}
		return e
	}
	if len(a.addrs) >= maxAddresses {
		a.forget(now)
	}
	e := &attempts{}
	a.addrs[key] = e
	return e
}

// forget makes room: it drops the entries that are too old, or, if none is,
// the oldest. Attempts under way keep theirs.
func (a *Attempts) forget(now time.Time) {
	var oldest netip.Prefix
	var last time.Time
	found := false
	for key, e := range a.addrs {
		switch {
		case e.pending > 0:
		case now.Sub(e.last) > forgetAfter:
			delete(a.addrs, key)
		case !found || e.last.Before(last):
			oldest, last, found = key, e.last, true
		}
	}
	if found && len(a.addrs) >= maxAddresses {
		delete(a.addrs, oldest)
	}
}

// delayAfter is how long an attempt waits after n failures.
func delayAfter(n int) time.Duration {
	if n < freeAttempts {
		return 0
	}
	return min(maxDelay, firstDelay<<min(n-freeAttempts, 10))
}

func later(t, u time.Time) time.Time {
	if t.After(u) {
		return t
	}
	return u
}

// sleep waits for d, or until ctx is done.
func sleep(ctx context.Context, d time.Duration) error {
	if d <= 0 {
		return ctx.Err()
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
