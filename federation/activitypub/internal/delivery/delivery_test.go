package delivery

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"

	"github.com/owncast-go/owncast/federation/activitypub/internal/httpsig"
	"github.com/owncast-go/owncast/federation/activitypub/internal/transport"
	"github.com/owncast-go/owncast/repository"
	"github.com/owncast-go/owncast/repository/memory"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const (
	week  = 7 * 24 * time.Hour
	inbox = "https://a.test/inbox"
)

// rig is a Worker in a bubble of time, with servers that answer as they are
// told.
type rig struct {
	t     *testing.T
	queue repository.Queue
	hosts *Hosts
	w     *Worker
	stop  func()

	mu      sync.Mutex
	answers map[string]func() error // by host; nil accepts
	tries   []try
	gone    []string
	blocked map[string]bool
	busy    bool
	ready   bool
	now, at int // requests under way, and the most that there were
}

type try struct {
	host, payload string
	at            time.Time
}

func newRig(t *testing.T) *rig {
	r := &rig{t: t, queue: memory.New().Deliveries, hosts: NewHosts(), answers: map[string]func() error{}, blocked: map[string]bool{}, ready: true}
	r.w = New(Config{
		Queue: r.queue, Hosts: r.hosts, Post: r.post, Log: slog.New(slog.DiscardHandler),
		Ready:   func(context.Context) bool { r.mu.Lock(); defer r.mu.Unlock(); return r.ready },
		Allowed: func(_ context.Context, host string) bool { r.mu.Lock(); defer r.mu.Unlock(); return !r.blocked[host] },
		Lifetime: func(kind string) time.Duration {
			return map[string]time.Duration{"short": 10 * time.Minute, "posts": 4 * week}[kind]
		},
		Gone: func(_ context.Context, inbox string) {
			r.mu.Lock()
			defer r.mu.Unlock()
			r.gone = append(r.gone, inbox)
		},
		Busy: func() bool { r.mu.Lock(); defer r.mu.Unlock(); return r.busy },
	})
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() {
		defer close(done)
		r.w.Run(ctx)
	}()
	r.stop = sync.OnceFunc(func() { cancel(); <-done })
	t.Cleanup(r.stop)
	return r
}

func (r *rig) post(ctx context.Context, d repository.Delivery) error {
	r.mu.Lock()
	answer := r.answers[d.Host]
	r.tries = append(r.tries, try{d.Host, string(d.Payload), time.Now()})
	r.now++
	r.at = max(r.at, r.now)
	r.mu.Unlock()
	defer func() { r.mu.Lock(); defer r.mu.Unlock(); r.now-- }()
	t := time.NewTimer(50 * time.Millisecond)
	defer t.Stop()
	select {
	case <-t.C:
	case <-ctx.Done():
		return ctx.Err()
	}
	if answer == nil {
		return nil
	}
	return answer()
}

// enqueue adds deliveries of a kind to hosts.
func (r *rig) enqueue(kind, payload, key string, hosts ...string) {
	r.t.Helper()
	b := repository.Batch{Kind: kind, Payload: []byte(payload), At: time.Now()}
	for _, h := range hosts {
		b.Targets = append(b.Targets, repository.Target{Host: h, Address: "https://" + h + "/inbox", Key: key})
	}
	if _, err := r.queue.Enqueue(r.t.Context(), b); err != nil {
		r.t.Fatal(err)
	}
	r.w.Wake()
}

func (r *rig) change(fn func()) { r.mu.Lock(); defer r.mu.Unlock(); fn() }

// tried are the times at which a host was tried.
func (r *rig) tried(host string) []time.Time {
	r.mu.Lock()
	defer r.mu.Unlock()
	var at []time.Time
	for _, t := range r.tries {
		if t.host == host {
			at = append(at, t.at)
		}
	}
	return at
}

func (r *rig) counts() repository.QueueCounts {
	r.t.Helper()
	c, err := r.queue.CountDeliveries(r.t.Context())
	if err != nil {
		r.t.Fatal(err)
	}
	return c
}

func (r *rig) want(waiting, delivered, givenUp int) {
	r.t.Helper()
	if c := r.counts(); c.Waiting != waiting || c.Delivered != delivered || c.GivenUp != givenUp {
		r.t.Errorf("%+v, want %d waiting, %d delivered, %d given up", c, waiting, delivered, givenUp)
	}
}

func bubble(t *testing.T, test func(*testing.T, *rig)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) { test(t, newRig(t)) })
}

func status(code int, retryAfter time.Duration) func() error {
	return func() error { return &transport.StatusError{Status: code, RetryAfter: retryAfter} }
}

func TestDeliveriesAreMadeOneAtATimeForEachHost(t *testing.T) {
	bubble(t, func(t *testing.T, r *rig) {
		var hosts []string
		for i := range 20 {
			hosts = append(hosts, fmt.Sprintf("h%d.test", i))
		}
		for i := range 5 {
			r.enqueue("posts", fmt.Sprint(i), "", hosts...)
		}
		time.Sleep(time.Minute)
		r.want(0, 100, 0)
		if r.at != parallel {
			t.Errorf("%d at the same time, want %d", r.at, parallel)
		}
		// In order, and none before the one before was through.
		last := map[string]try{}
		for _, x := range r.tries {
			if before, ok := last[x.host]; ok && (x.payload < before.payload || x.at.Sub(before.at) < 50*time.Millisecond) {
				t.Errorf("%s: %q at %v after %q at %v", x.host, x.payload, x.at, before.payload, before.at)
			}
			last[x.host] = x
		}
	})
}

func TestVideoGoesFirst(t *testing.T) {
	bubble(t, func(t *testing.T, r *rig) {
		r.change(func() { r.busy = true })
		r.enqueue("posts", "x", "", "a.test", "b.test", "c.test", "d.test")
		time.Sleep(time.Minute)
		r.want(0, 4, 0)
		if r.at != 1 {
			t.Errorf("%d at the same time", r.at)
		}
	})
}

func TestAHostThatFailsIsTriedLessAndLess(t *testing.T) {
	bubble(t, func(t *testing.T, r *rig) {
		r.answers["down.test"] = func() error { return errors.New("connection refused") }
		begin := time.Now()
		r.enqueue("posts", "first", "", "down.test")
		r.enqueue("posts", "second", "", "down.test", "up.test")
		time.Sleep(4 * time.Hour)
		r.want(2, 1, 0)
		var gaps []time.Duration
		at := r.tried("down.test")
		for i := 1; i < len(at); i++ {
			gaps = append(gaps, at[i].Sub(at[i-1]).Round(time.Minute))
		}
		want := []time.Duration{time.Minute, 5 * time.Minute, 15 * time.Minute, 30 * time.Minute, time.Hour, time.Hour, time.Hour}
		if len(gaps) < 6 || fmt.Sprint(gaps[:6]) != fmt.Sprint(want[:6]) {
			t.Errorf("tried after %v", gaps)
		}
		f := r.hosts.Failing()
		if len(f) != 1 || f[0].Host != "down.test" || !f[0].Since.Equal(begin.Add(50*time.Millisecond)) || f[0].Failures != len(at) || f[0].LastError != "connection refused" {
			t.Errorf("%+v", f)
		}
		// It comes back: everything goes there at once, and is forgotten.
		r.change(func() { delete(r.answers, "down.test") })
		time.Sleep(time.Hour)
		r.want(0, 3, 0)
		if f := r.hosts.Failing(); len(f) > 0 {
			t.Errorf("%+v", f)
		}
	})
}

func TestADeadHostIsGivenUpAfterAWeek(t *testing.T) {
	bubble(t, func(t *testing.T, r *rig) {
		r.answers["dead.test"] = func() error { return errors.New("no such host") }
		for range 10 {
			r.enqueue("posts", "x", "", "dead.test")
			time.Sleep(24 * time.Hour)
		}
		if !r.hosts.Suspended("dead.test") {
			t.Errorf("%+v", r.hosts.Failing())
		}
		tries := len(r.tried("dead.test"))
		if tries < 24*7 || tries > 24*7+12 {
			t.Errorf("tried %d times", tries)
		}
		if c := r.counts(); c.Waiting != 0 || c.Delivered != 0 {
			t.Errorf("%+v", c)
		}
		r.enqueue("posts", "x", "", "dead.test")
		time.Sleep(time.Hour)
		if len(r.tried("dead.test")) != tries {
			t.Error("a suspended host was tried")
		}
		// It is heard of.
		r.hosts.Alive("dead.test")
		r.change(func() { delete(r.answers, "dead.test") })
		r.enqueue("posts", "x", "", "dead.test")
		time.Sleep(time.Hour)
		if c := r.counts(); c.Waiting != 0 || c.Delivered != 1 {
			t.Errorf("%+v", c)
		}
	})
}

func TestAnswersDecide(t *testing.T) {
	for name, tt := range map[string]struct {
		answer                      func() error
		tries                       int // in a day
		waiting, delivered, givenUp int
		failing                     bool
	}{
		"200":                {nil, 1, 0, 1, 0, false},
		"400":                {status(400, 0), 1, 0, 0, 1, false},
		"404":                {status(404, 0), 1, 0, 0, 1, false},
		"410":                {status(410, 0), 1, 0, 0, 1, false},
		"401":                {status(401, 0), maxRefusals, 0, 0, 1, false},
		"403":                {status(403, 0), maxRefusals, 0, 0, 1, false},
		"301":                {status(301, 0), 1, 0, 0, 1, false},
		"500":                {status(500, 0), 28, 1, 0, 0, true},
		"408":                {status(408, 0), 28, 1, 0, 0, true},
		"503 for 5 hours":    {status(503, 5*time.Hour), 5, 1, 0, 0, true},
		"429 for 6 hours":    {status(429, 6*time.Hour), 4, 1, 0, 0, false},
		"nothing":            {func() error { return context.DeadlineExceeded }, 28, 1, 0, 0, true},
		"not a public place": {func() error { return fmt.Errorf("post: %w", transport.ErrHost) }, 1, 0, 0, 1, false},
	} {
		t.Run(name, func(t *testing.T) {
			bubble(t, func(t *testing.T, r *rig) {
				r.answers["a.test"] = tt.answer
				r.enqueue("posts", "x", "", "a.test")
				time.Sleep(24 * time.Hour)
				r.want(tt.waiting, tt.delivered, tt.givenUp)
				if n := len(r.tried("a.test")); n != tt.tries {
					t.Errorf("tried %d times, want %d", n, tt.tries)
				}
				if failing := len(r.hosts.Failing()) > 0; failing != tt.failing {
					t.Errorf("failing: %v", failing)
				}
				if gone := strings.Join(r.gone, ""); (gone == inbox) != (name == "410") {
					t.Errorf("gone: %q", gone)
				}
			})
		})
	}
}

func TestAHostThatHasTooMuchIsLeftAlone(t *testing.T) {
	bubble(t, func(t *testing.T, r *rig) {
		n := 0
		r.answers["a.test"] = func() error {
			if n++; n == 1 {
				return &transport.StatusError{Status: 429, RetryAfter: 2 * time.Hour}
			}
			return nil
		}
		for range 10 {
			r.enqueue("posts", "x", "", "a.test", "b.test")
		}
		time.Sleep(119 * time.Minute)
		r.want(10, 10, 0)
		time.Sleep(2 * time.Minute)
		r.want(0, 20, 0)
	})
}

func TestWhatIsOutOfDateIsNotDelivered(t *testing.T) {
	bubble(t, func(t *testing.T, r *rig) {
		r.answers["a.test"] = status(500, 0)
		r.enqueue("short", "x", "", "a.test")
		time.Sleep(24 * time.Hour)
		r.want(0, 0, 1)
		if n := len(r.tried("a.test")); n != 3 {
			t.Errorf("tried %d times", n)
		}
	})
}

func TestWhatIsReplacedIsNotDelivered(t *testing.T) {
	bubble(t, func(t *testing.T, r *rig) {
		r.change(func() { r.ready = false })
		for i := range 5 {
			r.enqueue("posts", fmt.Sprint(i), "key", "a.test")
		}
		time.Sleep(time.Hour)
		r.want(1, 0, 0)
		r.change(func() { r.ready = true })
		time.Sleep(time.Minute)
		r.want(0, 1, 0)
		if r.tries[0].payload != "4" {
			t.Errorf("%+v", r.tries)
		}
	})
}

func TestNothingGoesToBlockedHosts(t *testing.T) {
	bubble(t, func(t *testing.T, r *rig) {
		r.change(func() { r.blocked["bad.test"] = true })
		for range 3 {
			r.enqueue("posts", "x", "", "bad.test", "a.test")
		}
		time.Sleep(time.Minute)
		if c := r.counts(); c.Waiting != 0 || c.Delivered != 3 || len(r.tried("bad.test")) > 0 {
			t.Errorf("%+v, tried %d times", c, len(r.tried("bad.test")))
		}
	})
}

func TestAWorkerThatIsShutDownLosesNothing(t *testing.T) {
	bubble(t, func(t *testing.T, r *rig) {
		hang := make(chan struct{})
		r.answers["slow.test"] = func() error { <-hang; return context.Canceled }
		r.enqueue("posts", "x", "", "slow.test", "a.test")
		r.enqueue("posts", "y", "", "slow.test", "a.test")
		time.Sleep(75 * time.Millisecond) // the first are under way, or through
		go func() { time.Sleep(time.Minute); close(hang) }()
		r.stop()
		c := r.counts()
		if c.Waiting+c.Delivered != 4 || c.GivenUp != 0 {
			t.Errorf("%+v", c)
		}
		// Another worker has the rest, without waiting for the lease.
		r.change(func() { delete(r.answers, "slow.test") })
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan struct{})
		go func() { defer close(done); New(r.w.cfg).Run(ctx) }()
		time.Sleep(30 * time.Second)
		r.want(0, 4, 0)
		cancel()
		<-done
	})
}

func TestHostsAreRemembered(t *testing.T) {
	h := NewHosts()
	if _, changed := h.Changed(); changed {
		t.Error("there is something to keep")
	}
	h.Prefer("a.test", httpsig.RFC9421)
	h.Prefer("b.test", httpsig.Cavage) // as everybody
	now := time.Now()
	h.failed("c.test", now, strings.Repeat("x", 1000))
	kept, changed := h.Changed()
	if !changed || len(kept) != 2 || len(kept["c.test"].LastError) != 200 {
		t.Errorf("%+v", kept)
	}
	other := NewHosts()
	other.Load(kept)
	if other.Kind("a.test") != httpsig.RFC9421 || other.Kind("b.test") != httpsig.Cavage || other.Kind("x.test") != httpsig.Cavage || len(other.Failing()) != 1 {
		t.Errorf("%+v", other.hosts)
	}
	other.Alive("c.test")
	other.Prefer("a.test", httpsig.Cavage)
	if kept, changed = other.Changed(); !changed || len(kept) != 0 {
		t.Errorf("%+v", kept)
	}
	other.NotKept()
	if _, changed = other.Changed(); !changed {
		t.Error("what could not be kept is forgotten")
	}
	for i := range maxHosts + 100 {
		h.Prefer(fmt.Sprintf("h%d.test", i), httpsig.RFC9421)
	}
	if kept, _ = h.Changed(); len(kept) > maxHosts {
		t.Errorf("%d hosts", len(kept))
	}
}
