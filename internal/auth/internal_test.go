package auth

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

func TestNoMoreThanTwoHashesAtATime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := NewHasher()
		h.slots <- struct{}{}
		h.slots <- struct{}{} // two are under way
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		if _, err := h.HashPassword(ctx, "x"); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("a third HashPassword = %v, want it to wait until its context ends", err)
		}
		<-h.slots
		if _, err := h.HashPassword(t.Context(), "x"); err != nil {
			t.Errorf("HashPassword when there is a place = %v", err)
		}
		if len(h.slots) != 1 {
			t.Errorf("%d places are taken, want one", len(h.slots))
		}
	})
}

func FuzzParseHash(f *testing.F) {
	f.Add("$argon2id$v=19$m=19456,t=2,p=1$c29tZXNhbHQ$" + strings.Repeat("A", 43))
	f.Add("$argon2id$v=19$m=4294967295,t=1,p=1$c29tZXNhbHQ$AAAA")
	f.Fuzz(func(t *testing.T, s string) {
		p, err := parseHash(s)
		if err != nil {
			if !errors.Is(err, ErrPasswordHash) {
				t.Errorf("parseHash(%q) = %v, which is no ErrPasswordHash", s, err)
			}
			return
		}
		if p.memory > maxHashMemory || p.time == 0 || p.threads == 0 || len(p.salt) > maxHashBytes || len(p.key) > maxHashBytes {
			t.Errorf("parseHash(%q) is out of bounds: %+v", s, p)
		}
		if p.String() != s {
			t.Errorf("parseHash(%q) is %q when written again", s, p)
		}
	})
}

var (
	alice = netip.MustParseAddr("192.0.2.1")
	bob   = netip.MustParseAddr("192.0.2.2")
)

// try makes an attempt with the given outcome and returns how long it took.
func try(t *testing.T, a *Attempts, addr netip.Addr, right bool) time.Duration {
	t.Helper()
	start := time.Now()
	ok, err := a.Try(t.Context(), addr, func(context.Context) (bool, error) { return right, nil })
	if err != nil || ok != right {
		t.Errorf("Try = %v, %v; want %v", ok, err, right)
	}
	return time.Since(start)
}

func TestFailuresMakeTheNextAttemptsWait(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := NewAttempts(nil)
		ms := time.Millisecond
		for i, want := range []time.Duration{0, 0, 0, 0, 0, 250 * ms, 500 * ms, 1000 * ms, 2000 * ms, 4000 * ms, 8000 * ms, 8000 * ms} {
			if got := try(t, a, alice, false); got != want {
				t.Errorf("attempt %d waits %v, want %v", i+1, got, want)
			}
		}
		if got := try(t, a, bob, false); got != 0 {
			t.Errorf("an attempt from elsewhere waits %v", got)
		}
		if got := try(t, a, alice, true); got != 8*time.Second {
			t.Errorf("the right attempt waits %v, like any other", got)
		}
		for range freeAttempts {
			if got := try(t, a, alice, false); got != 0 {
				t.Errorf("after a success an attempt waits %v", got)
			}
		}
	})
}

func TestFailuresAreForgottenInTime(t *testing.T) {
	now := time.Unix(0, 0)
	a := NewAttempts(func() time.Time { return now })
	for range freeAttempts {
		try(t, a, alice, false)
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Millisecond)
	defer cancel()
	if _, err := a.Try(ctx, alice, nil); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("Try = %v, want it to wait", err)
	}
	now = now.Add(forgetAfter + time.Second)
	try(t, a, alice, false)
	if e := a.addrs[attemptKey(alice)]; e == nil || e.failures != 1 {
		t.Errorf("after %v the entry is %+v, want one failure", forgetAfter, e)
	}
}

func TestOneNetworkIsOneAddress(t *testing.T) {
	for _, c := range []struct {
		a, b string
		same bool
	}{
		{"192.0.2.1", "192.0.2.1", true},
		{"192.0.2.1", "192.0.2.2", false},
		{"192.0.2.1", "::ffff:192.0.2.1", true},
		{"2001:db8::1", "2001:db8::ffff:ffff:ffff:ffff", true},
		{"2001:db8::1", "2001:db8:0:1::1", false},
		{"fe80::1%eth0", "fe80::1%eth1", true},
	} {
		a, b := attemptKey(netip.MustParseAddr(c.a)), attemptKey(netip.MustParseAddr(c.b))
		if (a == b) != c.same {
			t.Errorf("%s counts as %v and %s as %v; want the same: %v", c.a, a, c.b, b, c.same)
		}
	}
	if attemptKey(netip.Addr{}) == attemptKey(netip.MustParseAddr("0.0.0.0")) {
		t.Error("no address counts as 0.0.0.0")
	}
}

func TestAttemptsOfOneAddressWaitInLine(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := NewAttempts(nil)
		const n = 100
		results := make(chan error, n)
		checked := make(chan time.Time, n)
		for range n {
			go func() {
				_, err := a.Try(t.Context(), alice, func(context.Context) (bool, error) {
					checked <- time.Now()
					time.Sleep(time.Second) // so that all come in before one fails
					return false, nil
				})
				results <- err
			}()
		}
		refused := 0
		for range n {
			var tooMany *TooManyAttemptsError
			if errors.As(<-results, &tooMany) {
				refused++
				if tooMany.RetryAfter <= 0 {
					t.Errorf("retry after %v", tooMany.RetryAfter)
				}
			}
		}
		close(checked)
		at := map[time.Time]int{}
		for c := range checked {
			at[c]++
		}
		// Five at once, then after 0.25, 0.75, 1.75, 3.75, 7.75, 15.75 and
		// 23.75 s; the next would be beyond 30 s.
		if len(at) != 8 || refused != n-freeAttempts-7 {
			t.Errorf("%d attempts at once were checked at %d moments and %d refused", n, len(at), refused)
		}
		for _, c := range at {
			if c > freeAttempts {
				t.Errorf("%d attempts were checked at once", c)
			}
		}
		if e := a.addrs[attemptKey(alice)]; e.pending != 0 {
			t.Errorf("%d attempts are still pending", e.pending)
		}
	})
}

func TestAnErrorIsNoFailure(t *testing.T) {
	a := NewAttempts(nil)
	boom := errors.New("boom")
	for range freeAttempts + 1 {
		if ok, err := a.Try(t.Context(), alice, func(context.Context) (bool, error) { return true, boom }); ok || !errors.Is(err, boom) {
			t.Errorf("Try = %v, %v; want false and the error of the check", ok, err)
		}
	}
	func() {
		defer func() { _ = recover() }()
		_, _ = a.Try(t.Context(), alice, func(context.Context) (bool, error) { panic("boom") })
	}()
	if len(a.addrs) != 0 {
		t.Errorf("%d addresses are remembered after nothing but errors", len(a.addrs))
	}
}

func TestACanceledAttemptChecksNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := NewAttempts(nil)
		for range freeAttempts {
			try(t, a, alice, false)
		}
		ctx, cancel := context.WithTimeout(t.Context(), firstDelay/2)
		defer cancel()
		for range 2 { // while it waits, and before
			_, err := a.Try(ctx, alice, func(context.Context) (bool, error) {
				t.Error("the check was called")
				return true, nil
			})
			if !errors.Is(err, context.DeadlineExceeded) {
				t.Errorf("Try = %v", err)
			}
		}
		if e := a.addrs[attemptKey(alice)]; e.pending != 0 || e.failures != freeAttempts {
			t.Errorf("after a canceled attempt the entry is %+v", e)
		}
	})
}

func TestTheNumberOfAddressesIsBounded(t *testing.T) {
	now := time.Unix(0, 0)
	a := NewAttempts(func() time.Time { now = now.Add(time.Millisecond); return now })
	addr := func(i int) netip.Addr { return netip.MustParseAddr(fmt.Sprintf("2001:db8:%x:%x::1", i>>16, i&0xffff)) }
	for i := range maxAddresses + 100 {
		try(t, a, addr(i), false)
		if len(a.addrs) > maxAddresses {
			t.Fatalf("%d addresses are remembered", len(a.addrs))
		}
	}
	if a.addrs[attemptKey(addr(0))] != nil || a.addrs[attemptKey(addr(maxAddresses+99))] == nil {
		t.Error("it is not the oldest that was forgotten")
	}
	now = now.Add(forgetAfter + time.Minute)
	try(t, a, alice, false)
	if len(a.addrs) != 1 {
		t.Errorf("%d addresses are remembered after %v", len(a.addrs), forgetAfter)
	}
}

func TestTheNumberOfWaitingAttemptsIsBounded(t *testing.T) {
	a := NewAttempts(nil)
	release := make(chan struct{})
	var wg sync.WaitGroup
	var busy atomic.Int32
	for i := range 2 * maxPending {
		addr := netip.AddrFrom4([4]byte{10, 0, byte(i >> 8), byte(i)})
		wg.Go(func() {
			_, err := a.Try(t.Context(), addr, func(context.Context) (bool, error) {
				<-release
				return false, nil
			})
			if many := new(TooManyAttemptsError); errors.As(err, &many) {
				if busy.Add(1) == maxPending {
					close(release) // the others have a place, each from an address of its own
				}
			}
		})
	}
	wg.Wait()
	if n := busy.Load(); n != maxPending {
		t.Errorf("%d attempts were refused, want %d", n, maxPending)
	}
	try(t, a, alice, true)
}
