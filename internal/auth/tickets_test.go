package auth_test

import (
	"fmt"
	"net/netip"
	"sync"
	"testing"
	"time"

	"github.com/owncast-go/owncast/internal/auth"
)

// clock is one that tests put forward.
type clock struct {
	mu  sync.Mutex
	now time.Time
}

func newClock() *clock { return &clock{now: time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)} }

func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *clock) forward(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

func TestATicketIsGoodOnceAndForAWhile(t *testing.T) {
	c := newClock()
	tickets := auth.NewTickets[string](auth.TicketLimits{Life: time.Minute, Total: 3, PerOwner: 2}, c.Now)
	issue := func(owner, value string) string {
		t.Helper()
		secret, ok := tickets.Issue(owner, value)
		if !ok || len(secret) != 43 {
			t.Fatalf("Issue(%s) = %q, %v", value, secret, ok)
		}
		return secret
	}
	take := func(secret, want string) {
		t.Helper()
		if v, ok := tickets.Take(secret); v != want || ok != (want != "") {
			t.Errorf("Take = %q, %v; want %q", v, ok, want)
		}
	}
	a1 := issue("a", "a1")
	take(a1, "a1")
	take(a1, "")
	take("", "")
	take("nonsense", "")

	a1 = issue("a", "a1")
	c.forward(time.Second)
	a2 := issue("a", "a2")
	c.forward(time.Second)
	a3 := issue("a", "a3") // in place of a1
	take(a1, "")
	b1 := issue("b", "b1")
	if _, ok := tickets.Issue("c", "c1"); ok {
		t.Error("there is room for a fourth")
	}
	a4 := issue("a", "a4") // in place of a2
	take(a2, "")
	take(a3, "a3")
	take(a4, "a4")
	c.forward(time.Minute)
	take(b1, "")

	c1 := issue("c", "c1")
	c.forward(time.Minute - 1)
	take(c1, "c1")
	for i := range 3 {
		issue(fmt.Sprint(i), "x")
	}
	c.forward(time.Minute)
	for i := range 3 {
		issue(fmt.Sprint(i), "y") // those before are over
	}
}

func TestAQuotaCountsWithinAWindow(t *testing.T) {
	c := newClock()
	q := auth.NewQuota(2, time.Minute, c.Now)
	want := func(key string, wait time.Duration) {
		t.Helper()
		if got := q.Take(key); got != wait {
			t.Errorf("Take(%s) = %v, want %v", key, got, wait)
		}
	}
	want("a", 0)
	c.forward(10 * time.Second)
	want("a", 0)
	want("a", 50*time.Second)
	want("b", 0)
	c.forward(50 * time.Second)
	want("a", 0)
	want("a", 0)
	want("a", time.Minute)
}

func TestAQuotaRemembersNotEverybody(t *testing.T) {
	c := newClock()
	q := auth.NewQuota(1, time.Minute, c.Now)
	for i := range 50_000 {
		if wait := q.Take(fmt.Sprint(i)); wait != 0 {
			t.Fatalf("%d: %v", i, wait)
		}
	}
	if wait := q.Take("one more"); wait != 0 {
		t.Errorf("%v", wait)
	}
	if wait := q.Take("and another"); wait == 0 {
		t.Error("those beyond do not share a count")
	}
	c.forward(time.Minute)
	if wait := q.Take("and another"); wait != 0 {
		t.Errorf("%v", wait)
	}
}

func TestAddressesOfOneCustomerShareAKey(t *testing.T) {
	for _, pair := range [][3]string{
		{"192.0.2.1", "::ffff:192.0.2.1", "same"},
		{"192.0.2.1", "192.0.2.2", ""},
		{"2001:db8::1", "2001:db8::ffff:1", "same"},
		{"2001:db8::1", "2001:db8:0:1::1", ""},
	} {
		a, b := auth.AddressKey(netip.MustParseAddr(pair[0])), auth.AddressKey(netip.MustParseAddr(pair[1]))
		if (a == b) != (pair[2] == "same") {
			t.Errorf("%s and %s: %s and %s", pair[0], pair[1], a, b)
		}
	}
	if auth.AddressKey(netip.Addr{}) == auth.AddressKey(netip.MustParseAddr("0.0.0.0")) {
		t.Error("no address is one")
	}
}
