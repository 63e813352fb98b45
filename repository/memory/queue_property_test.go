package memory_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/owncast-go/owncast/repository"
	"github.com/owncast-go/owncast/repository/memory"
)

// modelDelivery is a delivery of modelQueue.
type modelDelivery struct {
	n             int // in what order they came
	host, key     string
	payload       string
	created, due  time.Time
	lease         uint64
	leased        bool
	replaced      bool
	attempts      int
	lastError     string
	id            uint64 // known once it was leased
	addressedWith string
}

// modelQueue is a queue that is slow and plain: it looks at everything each
// time.
type modelQueue struct {
	now       time.Time
	next      int
	all       []*modelDelivery
	held      map[string]time.Time
	leasedBy  map[string]*modelDelivery
	leasedTil map[string]time.Time
	delivered int
	givenUp   int
}

func (m *modelQueue) enqueue(t repository.Target, payload string) (added int) {
	i := slices.IndexFunc(m.all, func(d *modelDelivery) bool { return t.Key != "" && d.key == t.Key })
	if i >= 0 && m.all[i].host == t.Host {
		d := m.all[i]
		d.payload, d.addressedWith, d.created, d.lastError = payload, t.Address, m.now, ""
		if m.leasedBy[d.host] == d {
			d.replaced = true
		} else {
			d.due, d.attempts, d.leased, d.lease = m.now, 0, false, 0
		}
		return 0
	}
	added = 1
	if i >= 0 {
		m.remove(m.all[i])
		added = 0
	}
	m.next++
	m.all = append(m.all, &modelDelivery{n: m.next, host: t.Host, key: t.Key, payload: payload, created: m.now, due: m.now, addressedWith: t.Address})
	return added
}

func (m *modelQueue) remove(d *modelDelivery) {
	m.all = slices.DeleteFunc(m.all, func(o *modelDelivery) bool { return o == d })
	if m.leasedBy[d.host] == d {
		delete(m.leasedBy, d.host)
		delete(m.leasedTil, d.host)
	}
}

// forget forgets what is known of hosts for which nothing waits.
func (m *modelQueue) forget() {
	for host := range m.held {
		if !slices.ContainsFunc(m.all, func(o *modelDelivery) bool { return o.host == host }) {
			delete(m.held, host)
		}
	}
}

// first returns the delivery that a host has to make, nil if it is not time.
func (m *modelQueue) first(host string) *modelDelivery {
	if m.held[host].After(m.now) || m.leasedTil[host].After(m.now) {
		return nil
	}
	var first *modelDelivery
	for _, d := range m.all {
		if d.host == host && !d.due.After(m.now) && (first == nil || d.due.Before(first.due) || d.due.Equal(first.due) && d.n < first.n) {
			first = d
		}
	}
	return first
}

func (m *modelQueue) report(d *modelDelivery, o repository.Outcome) {
	if !slices.Contains(m.all, d) || !d.leased || d.lease != o.Lease {
		return
	}
	if m.leasedBy[d.host] == d {
		delete(m.leasedBy, d.host)
		delete(m.leasedTil, d.host)
	}
	if o.HoldUntil.After(m.held[d.host]) || o.Error == "" && o.RetryAt.IsZero() {
		m.held[d.host] = o.HoldUntil
	}
	d.leased = false
	if o.RetryAt.IsZero() {
		if o.Error == "" {
			m.delivered++
		} else {
			m.givenUp++
		}
	}
	switch {
	case d.replaced:
		d.replaced, d.attempts, d.due = false, 0, d.created
	case !o.RetryAt.IsZero():
		d.due, d.lastError = o.RetryAt, o.Error
	default:
		m.remove(d)
	}
}

func (m *modelQueue) counts() repository.QueueCounts {
	hosts := map[string]bool{}
	for _, d := range m.all {
		hosts[d.host] = true
	}
	return repository.QueueCounts{Waiting: len(m.all), Hosts: len(hosts), Delivered: m.delivered, GivenUp: m.givenUp}
}

func TestAQueueIsLikeItsModel(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		q := memory.New().Deliveries
		m := &modelQueue{
			now: time.Unix(1000, 0).UTC(), held: map[string]time.Time{}, leasedBy: map[string]*modelDelivery{}, leasedTil: map[string]time.Time{},
		}
		type try struct {
			d *modelDelivery
			o repository.Outcome
		}
		var tries []try // all leases there ever were
		later := func(label string) time.Time {
			return m.now.Add(time.Duration(rapid.IntRange(1, 20).Draw(t, label)) * time.Second)
		}
		t.Repeat(map[string]func(*rapid.T){
			"enqueue": func(t *rapid.T) {
				b := repository.Batch{At: m.now, Payload: []byte(fmt.Sprint("payload", m.next))}
				want := 0
				for i := range rapid.IntRange(1, 4).Draw(t, "targets") {
					target := repository.Target{
						Host:    rapid.SampledFrom([]string{"a", "ab", "b"}).Draw(t, "host"),
						Key:     rapid.SampledFrom([]string{"", "", "k", "l"}).Draw(t, "key"),
						Address: fmt.Sprint(m.next, "/", i),
					}
					b.Targets = append(b.Targets, target)
					want += m.enqueue(target, string(b.Payload))
				}
				m.forget()
				if n, err := q.Enqueue(t.Context(), b); err != nil || n != want {
					t.Fatalf("Enqueue = %d, %v; want %d", n, err, want)
				}
			},
			"lease": func(t *rapid.T) {
				limit, until := rapid.IntRange(0, 4).Draw(t, "max"), later("until")
				ds, _, err := q.Lease(t.Context(), repository.LeaseRequest{Now: m.now, Until: until, Max: limit})
				if err != nil {
					t.Fatal(err)
				}
				ready := 0
				for _, host := range []string{"a", "ab", "b"} {
					if m.first(host) != nil {
						ready++
					}
				}
				if len(ds) != min(limit, ready) {
					t.Fatalf("leased %d of %d hosts that are ready, at most %d", len(ds), ready, limit)
				}
				for _, d := range ds {
					want := m.first(d.Host)
					if want == nil || d.Address != want.addressedWith || string(d.Payload) != want.payload || d.Key != want.key || !d.CreatedAt.Equal(want.created) {
						t.Fatalf("leased %+v, want %+v", d, want)
					}
					if want.replaced {
						want.replaced, want.attempts = false, 0
					}
					want.attempts++
					if d.Attempts != want.attempts || d.LastError != want.lastError || want.id != 0 && d.ID != want.id {
						t.Fatalf("leased %+v, want %+v", d, want)
					}
					want.id, want.lease, want.leased, want.due = d.ID, d.Lease, true, until
					m.leasedBy[d.Host], m.leasedTil[d.Host] = want, until
					tries = append(tries, try{want, repository.Outcome{ID: d.ID, Lease: d.Lease}})
				}
			},
			"report": func(t *rapid.T) {
				if len(tries) == 0 {
					t.Skip()
				}
				try := tries[len(tries)-1-rapid.IntRange(0, min(len(tries)-1, 5)).Draw(t, "which")]
				o := try.o
				o.Error = rapid.SampledFrom([]string{"", "failed"}).Draw(t, "error")
				if o.Error != "" && rapid.Bool().Draw(t, "retry") {
					o.RetryAt = later("retry at")
				}
				if rapid.IntRange(0, 3).Draw(t, "hold") == 0 {
					o.HoldUntil = later("hold until")
				}
				m.report(try.d, o)
				m.forget()
				if err := q.Report(t.Context(), o); err != nil {
					t.Fatal(err)
				}
			},
			"wait": func(t *rapid.T) { m.now = later("now") },
			"drop": func(t *rapid.T) {
				if rapid.IntRange(0, 4).Draw(t, "seldom") > 0 {
					t.Skip()
				}
				host := rapid.SampledFrom([]string{"a", "ab", "b"}).Draw(t, "host")
				want := 0
				for _, d := range slices.Clone(m.all) {
					if d.host == host {
						m.remove(d)
						want++
					}
				}
				m.forget()
				if n, err := q.DropHost(t.Context(), host); err != nil || n != want {
					t.Fatalf("DropHost = %d, %v; want %d", n, err, want)
				}
			},
			"": func(t *rapid.T) {
				if got, err := q.CountDeliveries(t.Context()); err != nil || got != m.counts() {
					t.Fatalf("CountDeliveries = %+v, %v; want %+v", got, err, m.counts())
				}
			},
		})
	})
}
