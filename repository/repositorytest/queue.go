package repositorytest

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/owncast-go/owncast/repository"
)

func queueChecks() []check[repository.Queue] {
	return []check[repository.Queue]{
		{"DeliversInOrder", testQueueOrder},
		{"OnePerHost", testQueueOnePerHost},
		{"Next", testQueueNext},
		{"Retry", testQueueRetry},
		{"Hold", testQueueHold},
		{"LeasesEnd", testQueueLeasesEnd},
		{"Replace", testQueueReplace},
		{"ReplaceLeased", testQueueReplaceLeased},
		{"ReplaceInABatch", testQueueReplaceInABatch},
		{"ReplaceForAnotherHost", testQueueReplaceForAnotherHost},
		{"Full", testQueueFull},
		{"Invalid", testQueueInvalid},
		{"DropHost", testQueueDropHost},
		{"Counts", testQueueCounts},
		{"CountHost", testQueueCountHost},
		{"Concurrency", testQueueConcurrency},
		{"CanceledContext", testQueueContext},
	}
}

// enqueue adds a batch that is due at a time, and wants so many to be new.
func enqueue(t *testing.T, s repository.Queue, due int, payload string, added int, targets ...repository.Target) {
	t.Helper()
	n, err := s.Enqueue(t.Context(), repository.Batch{Kind: "kind", Payload: []byte(payload), At: at(due), Targets: targets})
	if err != nil || n != added {
		t.Fatalf("Enqueue = %d, %v; want %d", n, err, added)
	}
}

func target(host, address, key string) repository.Target {
	return repository.Target{Host: host, Address: address, Key: key}
}

// lease leases for ten seconds.
func lease(t *testing.T, s repository.Queue, now, limit int) []repository.Delivery {
	t.Helper()
	ds, _, err := s.Lease(t.Context(), repository.LeaseRequest{Now: at(now), Until: at(now + 10), Max: limit})
	ok(t, "Lease", err)
	return ds
}

// wantLease leases all and fails the test unless they are for these addresses.
func wantLease(t *testing.T, s repository.Queue, now int, addresses ...string) []repository.Delivery {
	t.Helper()
	ds := lease(t, s, now, 100)
	equal(t, fmt.Sprint("what is leased at ", now), mapped(ds, func(d repository.Delivery) string { return d.Address }), addresses)
	if len(ds) != len(addresses) {
		t.FailNow()
	}
	return ds
}

func done(d repository.Delivery) repository.Outcome {
	return repository.Outcome{ID: d.ID, Lease: d.Lease}
}

func report(t *testing.T, s repository.Queue, outcomes ...repository.Outcome) {
	t.Helper()
	ok(t, "Report", s.Report(t.Context(), outcomes...))
}

func wantCounts(t *testing.T, s repository.Queue, want repository.QueueCounts) {
	t.Helper()
	got, err := s.CountDeliveries(t.Context())
	ok(t, "CountDeliveries", err)
	equal(t, "CountDeliveries", got, want)
}

func testQueueOrder(t *testing.T, s repository.Queue) {
	wantLease(t, s, 0)
	enqueue(t, s, 2, "later", 1, target("h", "3", ""))
	enqueue(t, s, 1, "payload", 2, target("h", "1", ""), target("h", "2", ""))
	enqueue(t, s, 1, "", 0)
	first := wantLease(t, s, 5, "1")[0]
	want := repository.Delivery{
		ID: first.ID, Lease: first.Lease, Kind: "kind", Payload: []byte("payload"), Host: "h", Address: "1", Attempts: 1, CreatedAt: at(1),
	}
	if equal(t, "Delivery", first, want); first.ID == 0 || first.Lease == 0 {
		t.Errorf("Lease returns no ids: %+v", first)
	}
	first.Payload[0] = '#'
	report(t, s, done(first))
	second := wantLease(t, s, 5, "2")[0]
	equal(t, "payload", string(second.Payload), "payload")
	report(t, s, done(second))
	third := wantLease(t, s, 5, "3")[0]
	equal(t, "payload", string(third.Payload), "later")
	report(t, s, done(third))
	wantLease(t, s, 5)
	wantCounts(t, s, repository.QueueCounts{Delivered: 3})
}

func testQueueOnePerHost(t *testing.T, s repository.Queue) {
	enqueue(t, s, 0, "x", 5, target("a", "a1", ""), target("a", "a2", ""), target("b", "b1", ""), target("ab", "ab1", ""), target("a\x00", "a01", ""))
	ds := lease(t, s, 1, 2)
	equal(t, "number of leases", len(ds), 2)
	ds = append(ds, lease(t, s, 1, 100)...)
	hosts := map[string]bool{}
	for _, d := range ds {
		hosts[d.Host] = true
	}
	if len(ds) != 4 || len(hosts) != 4 {
		t.Errorf("leased %+v, want one for each of four hosts", ds)
	}
	equal(t, "leased when all hosts have one", lease(t, s, 1, 100), nil)
	equal(t, "leased none", lease(t, s, 1, 0), nil)
	for _, d := range ds {
		report(t, s, done(d))
	}
	wantLease(t, s, 1, "a2")
}

func testQueueNext(t *testing.T, s repository.Queue) {
	next := func(now, limit int, want time.Time) []repository.Delivery {
		t.Helper()
		ds, next, err := s.Lease(t.Context(), repository.LeaseRequest{Now: at(now), Until: at(now + 10), Max: limit})
		ok(t, "Lease", err)
		if !next.Equal(want) {
			t.Errorf("next is %v, want %v", next, want)
		}
		return ds
	}
	next(0, 1, time.Time{})
	enqueue(t, s, 5, "x", 2, target("a", "1", ""), target("b", "2", ""))
	next(0, 9, at(5))
	ds := next(5, 1, at(5))
	next(5, 9, at(15))
	report(t, s, repository.Outcome{ID: ds[0].ID, Lease: ds[0].Lease, RetryAt: at(12)})
	next(6, 9, at(12))
	_, _, err := s.Lease(t.Context(), repository.LeaseRequest{Now: at(1), Until: at(1), Max: 1})
	fails(t, "Lease for no time", err, repository.ErrInvalid)
}

func testQueueRetry(t *testing.T, s repository.Queue) {
	enqueue(t, s, 0, "x", 2, target("h", "1", ""), target("h", "2", ""))
	d := wantLease(t, s, 1, "1")[0]
	report(t, s, repository.Outcome{ID: d.ID, Lease: d.Lease, RetryAt: at(5), Error: "first"})
	other := wantLease(t, s, 2, "2")[0] // it does not wait for the first
	report(t, s, done(other))
	wantLease(t, s, 4)
	d = wantLease(t, s, 5, "1")[0]
	if d.Attempts != 2 || d.LastError != "first" || string(d.Payload) != "x" {
		t.Errorf("second attempt: %+v", d)
	}
	report(t, s, repository.Outcome{ID: d.ID, Lease: d.Lease, Error: "gone"})
	wantLease(t, s, 100)
	wantCounts(t, s, repository.QueueCounts{Delivered: 1, GivenUp: 1})
}

func testQueueHold(t *testing.T, s repository.Queue) {
	enqueue(t, s, 0, "x", 3, target("h", "1", ""), target("h", "2", ""), target("other", "3", ""))
	d := wantLease(t, s, 0, "1", "3")[0]
	report(t, s, repository.Outcome{ID: d.ID, Lease: d.Lease, RetryAt: at(2), HoldUntil: at(20), Error: "down"})
	enqueue(t, s, 1, "x", 1, target("h", "4", ""))
	wantLease(t, s, 9)
	two := wantLease(t, s, 20, "3", "2") // the lease of 3 is over
	report(t, s, done(two[1]))
	wantLease(t, s, 20, "4")
}

func testQueueLeasesEnd(t *testing.T, s repository.Queue) {
	enqueue(t, s, 0, "x", 1, target("h", "1", ""))
	first := wantLease(t, s, 0, "1")[0]
	wantLease(t, s, 9)
	second := wantLease(t, s, 10, "1")[0]
	if second.ID != first.ID || second.Lease == first.Lease || second.Attempts != 2 {
		t.Errorf("leased again: %+v after %+v", second, first)
	}
	report(t, s, done(first), repository.Outcome{ID: 999, Lease: 1}, repository.Outcome{ID: second.ID})
	wantCounts(t, s, repository.QueueCounts{Waiting: 1, Hosts: 1})
	wantLease(t, s, 11)
	report(t, s, done(second))
	report(t, s, done(second))
	wantCounts(t, s, repository.QueueCounts{Delivered: 1})
	// Nobody else has it: a late report counts.
	enqueue(t, s, 0, "x", 1, target("h", "1", ""))
	late := wantLease(t, s, 0, "1")[0]
	report(t, s, done(late))
	wantLease(t, s, 100)
}

func testQueueReplace(t *testing.T, s repository.Queue) {
	enqueue(t, s, 0, "old", 2, target("h", "1", "key"), target("h", "2", ""))
	enqueue(t, s, 5, "new", 1, target("h", "1b", "key"), target("h", "3", ""))
	wantCounts(t, s, repository.QueueCounts{Waiting: 3, Hosts: 1})
	for _, want := range []string{"2 old", "1b new", "3 new"} {
		ds := lease(t, s, 9, 9)
		if len(ds) != 1 || ds[0].Address+" "+string(ds[0].Payload) != want {
			t.Fatalf("leased %+v, want %s", ds, want)
		}
		report(t, s, done(ds[0]))
	}
	enqueue(t, s, 5, "again", 1, target("h", "1", "key")) // the key is free
}

func testQueueReplaceLeased(t *testing.T, s repository.Queue) {
	for name, outcome := range map[string]repository.Outcome{
		"done": {}, "given up": {Error: "x"}, "to be tried again": {Error: "x", RetryAt: at(1000)},
	} {
		enqueue(t, s, 0, "old", 1, target("h", "1", "key"))
		old := wantLease(t, s, 1, "1")[0]
		enqueue(t, s, 2, "new", 0, target("h", "1", "key"))
		wantLease(t, s, 3) // one at a time
		outcome.ID, outcome.Lease = old.ID, old.Lease
		report(t, s, outcome)
		d := wantLease(t, s, 3, "1")[0]
		if string(d.Payload) != "new" || d.Attempts != 1 || d.LastError != "" {
			t.Errorf("after what was replaced is %s: %+v", name, d)
		}
		report(t, s, done(d))
	}
	enqueue(t, s, 0, "old", 1, target("h", "1", "key"))
	wantLease(t, s, 1, "1")
	enqueue(t, s, 2, "new", 0, target("h", "1", "key"))
	d := wantLease(t, s, 11, "1")[0] // nobody has reported
	if string(d.Payload) != "new" || d.Attempts != 1 {
		t.Errorf("after the lease of what was replaced: %+v", d)
	}
	report(t, s, done(d))
	wantCounts(t, s, repository.QueueCounts{Delivered: 5, GivenUp: 1})
}

func testQueueReplaceInABatch(t *testing.T, s repository.Queue) {
	enqueue(t, s, 0, "x", 2, target("h", "1", "key"), target("h", "2", "key"), target("i", "3", ""), target("h", "4", "key"))
	ds := lease(t, s, 0, 9)
	if len(ds) != 2 || ds[0].Address+ds[1].Address != "43" && ds[0].Address+ds[1].Address != "34" {
		t.Errorf("leased %+v", ds)
	}
	report(t, s, done(ds[0]), done(ds[1]))
	wantCounts(t, s, repository.QueueCounts{Delivered: 2})
}

func testQueueReplaceForAnotherHost(t *testing.T, s repository.Queue) {
	enqueue(t, s, 0, "old", 2, target("a", "1", "key"), target("a", "2", ""))
	enqueue(t, s, 1, "new", 0, target("b", "3", "key"))
	wantCounts(t, s, repository.QueueCounts{Waiting: 2, Hosts: 2})
	ds := wantLease(t, s, 5, "2", "3")
	equal(t, "payload", string(ds[1].Payload), "new")
	report(t, s, done(ds[0]), done(ds[1]))
	wantCounts(t, s, repository.QueueCounts{Delivered: 2})

	enqueue(t, s, 0, "old", 1, target("a", "1", "key"))
	old := wantLease(t, s, 0, "1")[0]
	enqueue(t, s, 0, "new", 0, target("b", "2", "key"))
	wantCounts(t, s, repository.QueueCounts{Waiting: 1, Hosts: 1, Delivered: 2})
	report(t, s, done(old))
	report(t, s, done(wantLease(t, s, 0, "2")[0]))
	enqueue(t, s, 0, "x", 2, target("a", "1", "key"), target("b", "2", ""), target("c", "3", "key"))
	wantCounts(t, s, repository.QueueCounts{Waiting: 2, Hosts: 2, Delivered: 3})
}

func testQueueFull(t *testing.T, s repository.Queue) {
	b := repository.Batch{Max: 3, Targets: []repository.Target{target("h", "1", "k"), target("h", "2", "")}}
	_, err := s.Enqueue(t.Context(), b)
	ok(t, "Enqueue", err)
	_, err = s.Enqueue(t.Context(), repository.Batch{Max: 3, Targets: []repository.Target{target("h", "3", ""), target("h", "4", "")}})
	fails(t, "Enqueue of more than there is room for", err, repository.ErrFull)
	wantCounts(t, s, repository.QueueCounts{Waiting: 2, Hosts: 1})
	_, err = s.Enqueue(t.Context(), repository.Batch{Max: 3, Targets: []repository.Target{target("h", "1", "k"), target("h", "3", "")}})
	ok(t, "Enqueue of one that replaces", err)
	_, err = s.Enqueue(t.Context(), repository.Batch{Max: 1, Targets: []repository.Target{target("h", "1", "k")}})
	ok(t, "Enqueue of one that replaces, where there is no room", err)
	enqueue(t, s, 0, "x", 1, target("h", "4", ""))
	wantCounts(t, s, repository.QueueCounts{Waiting: 4, Hosts: 1})
}

func testQueueInvalid(t *testing.T, s repository.Queue) {
	for _, bad := range []repository.Target{target("", "x", ""), target(long(), "x", ""), target("h", "x", long())} {
		_, err := s.Enqueue(t.Context(), repository.Batch{Targets: []repository.Target{target("h", "1", ""), bad}})
		fails(t, "Enqueue", err, repository.ErrInvalid)
	}
	wantCounts(t, s, repository.QueueCounts{})
}

func testQueueDropHost(t *testing.T, s repository.Queue) {
	enqueue(t, s, 0, "x", 4, target("a", "1", "k"), target("a", "2", ""), target("ab", "3", ""), target("b", "4", ""))
	d := wantLease(t, s, 0, "1", "3", "4")[0]
	for host, want := range map[string]int{"a": 2, "nobody": 0, long(): 0} {
		n, err := s.DropHost(t.Context(), host)
		if err != nil || n != want {
			t.Errorf("DropHost = %d, %v; want %d", n, err, want)
		}
	}
	report(t, s, done(d)) // changes nothing
	wantCounts(t, s, repository.QueueCounts{Waiting: 2, Hosts: 2})
	enqueue(t, s, 0, "y", 1, target("a", "5", "k"))
	wantLease(t, s, 0, "5")
}

func testQueueCounts(t *testing.T, s repository.Queue) {
	var targets []repository.Target
	for i := range 300 {
		targets = append(targets, target(fmt.Sprint("host", i%70), fmt.Sprint(i), ""))
	}
	enqueue(t, s, 0, "x", 300, targets...)
	wantCounts(t, s, repository.QueueCounts{Waiting: 300, Hosts: 70})
	seen := map[string]bool{}
	for rounds := 0; rounds < 10; rounds++ {
		ds := lease(t, s, 0, 1000)
		var outcomes []repository.Outcome
		for _, d := range ds {
			seen[d.Address] = true
			outcomes = append(outcomes, done(d))
		}
		report(t, s, outcomes...)
	}
	equal(t, "number of different deliveries", len(seen), 300)
	wantCounts(t, s, repository.QueueCounts{Delivered: 300})
}

func testQueueCountHost(t *testing.T, s repository.Queue) {
	want := func(host string, want int) {
		t.Helper()
		n, err := s.CountHost(t.Context(), host)
		if err != nil || n != want {
			t.Errorf("CountHost of %.10s = %d, %v; want %d", host, n, err, want)
		}
	}
	want("a", 0)
	enqueue(t, s, 0, "x", 4, target("a", "1", ""), target("a", "2", ""), target("ab", "3", ""), target("b", "4", ""))
	ds := wantLease(t, s, 0, "1", "3", "4")
	for host, n := range map[string]int{"a": 2, "ab": 1, "b": 1, "c": 0, "": 0, long(): 0} {
		want(host, n)
	}
	report(t, s, done(ds[0]), done(ds[1]))
	want("a", 1)
	want("ab", 0)
}

func testQueueConcurrency(t *testing.T, s repository.Queue) {
	const hosts, each = 10, 20
	var mu sync.Mutex
	times := map[string]int{}
	var producers, consumers sync.WaitGroup
	for h := range hosts {
		producers.Go(func() {
			for i := range each {
				_, err := s.Enqueue(t.Context(), repository.Batch{Targets: []repository.Target{target(fmt.Sprint(h), fmt.Sprint(h, "/", i), "")}})
				if err != nil {
					t.Errorf("Enqueue = %v", err)
				}
			}
		})
	}
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	for range 3 {
		consumers.Go(func() {
			for ctx.Err() == nil {
				ds, _, err := s.Lease(t.Context(), repository.LeaseRequest{Now: at(0), Until: at(10), Max: 4})
				if err != nil {
					t.Errorf("Lease = %v", err)
					return
				}
				for _, d := range ds {
					mu.Lock()
					times[d.Address]++
					if len(times) == hosts*each {
						cancel()
					}
					mu.Unlock()
					if err := s.Report(t.Context(), done(d)); err != nil {
						t.Errorf("Report = %v", err)
					}
				}
			}
		})
	}
	producers.Wait()
	consumers.Wait()
	for address, n := range times {
		if n != 1 {
			t.Errorf("%s was leased %d times", address, n)
		}
	}
	wantCounts(t, s, repository.QueueCounts{Delivered: hosts * each})
}

func testQueueContext(t *testing.T, s repository.Queue) {
	enqueue(t, s, 0, "x", 1, target("h", "1", ""))
	d := wantLease(t, s, 0, "1")[0]
	refusesDoneContexts(t, map[string]func(context.Context) error{
		"Enqueue": func(ctx context.Context) error {
			_, err := s.Enqueue(ctx, repository.Batch{Targets: []repository.Target{target("h", "2", "")}})
			return err
		},
		"Lease": func(ctx context.Context) error {
			_, _, err := s.Lease(ctx, repository.LeaseRequest{Now: at(50), Until: at(60), Max: 1})
			return err
		},
		"Report":            func(ctx context.Context) error { return s.Report(ctx, done(d)) },
		"Report of nothing": func(ctx context.Context) error { return s.Report(ctx) },
		"DropHost":          func(ctx context.Context) error { _, err := s.DropHost(ctx, "h"); return err },
		"CountHost":         func(ctx context.Context) error { _, err := s.CountHost(ctx, "h"); return err },
		"CountDeliveries":   func(ctx context.Context) error { _, err := s.CountDeliveries(ctx); return err },
	})
	wantCounts(t, s, repository.QueueCounts{Waiting: 1, Hosts: 1})
	report(t, s, done(d))
	wantCounts(t, s, repository.QueueCounts{Delivered: 1})
}
