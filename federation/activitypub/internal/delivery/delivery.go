// Package delivery brings activities to inboxes: from a durable queue, one at
// a time for each host and few at the same time in all, with patience for
// hosts that do not answer, and none for those that have not answered for a
// week.
package delivery

import (
	"cmp"
	"context"
	"errors"
	"log/slog"
	"net/http"
	"sync"
	"time"

	"github.com/owncast-go/owncast/federation/activitypub/internal/transport"
	"github.com/owncast-go/owncast/internal/httpx"
	"github.com/owncast-go/owncast/repository"
)

const (
	// parallel is how many deliveries are made at the same time, and busy how
	// many while the machine has better things to do.
	parallel = 8
	busy     = 1

	// lease is for how long a delivery is the worker's: if the process ends,
	// another one takes it then.
	lease = 2 * time.Minute

	// maxRefusals is how often a delivery is tried that is refused for who
	// sends it: the other server may not have been able to fetch our key.
	maxRefusals = 5

	// retryQueue is when to look again at a queue that cannot be read.
	retryQueue = 10 * time.Second

	// grace is how long deliveries have that are under way when the worker is
	// shut down.
	grace = 5 * time.Second
)

// Config is what a Worker is made of. All is required but Busy.
type Config struct {
	Queue repository.Queue
	Hosts *Hosts
	// Post makes a delivery, with the errors of transport.Client.
	Post func(context.Context, repository.Delivery) error
	// Ready tells whether there is anything to be delivered at present.
	Ready func(context.Context) bool
	// Allowed tells whether deliveries may go to a host.
	Allowed func(ctx context.Context, host string) bool
	// Lifetime is for how long a delivery of a kind is of use.
	Lifetime func(kind string) time.Duration
	// Gone says that an inbox is no more.
	Gone func(ctx context.Context, inbox string)
	Busy func() bool // nil is never
	Log  *slog.Logger
}

// Worker delivers what is in the queue.
type Worker struct {
	cfg  Config
	wake chan struct{} // has one if there may be something new
}

// New returns a Worker. It starts nothing.
func New(c Config) *Worker {
	if c.Busy == nil {
		c.Busy = func() bool { return false }
	}
	return &Worker{cfg: c, wake: make(chan struct{}, 1)}
}

// Wake says that something was added to the queue, or that Ready may have
// changed.
func (w *Worker) Wake() {
	select {
	case w.wake <- struct{}{}:
	default:
	}
}

// Run delivers until ctx is done. Then it gives those under way a little time,
// and puts back what is not through by then.
func (w *Worker) Run(ctx context.Context) {
	working, cut := context.WithCancel(context.WithoutCancel(ctx))
	defer cut()
	var under sync.WaitGroup
	freed := make(chan struct{}, parallel)
	active := 0
	for ctx.Err() == nil {
		next := w.begin(ctx, working, &active, &under, freed)
		t := time.NewTimer(next)
		select {
		case <-ctx.Done():
		case <-w.wake:
		case <-t.C:
		case <-freed:
			active--
		}
		t.Stop()
		for more := true; more; { // the rest of those that are through
			select {
			case <-freed:
				active--
			default:
				more = false
			}
		}
	}
	through := make(chan struct{})
	go func() { // ends with the deliveries
		under.Wait()
		close(through)
	}()
	t := time.NewTimer(grace)
	defer t.Stop()
	select {
	case <-through:
	case <-t.C:
		cut()
		<-through
	}
}

// idle is how long to wait if nothing is to be expected.
const idle = time.Hour

// begin starts what is due and there is room for, and returns when to look
// again unless something happens before.
func (w *Worker) begin(ctx, working context.Context, active *int, under *sync.WaitGroup, freed chan<- struct{}) time.Duration {
	limit := parallel
	if w.cfg.Busy() {
		limit = busy
	}
	free := limit - *active
	if free <= 0 || !w.cfg.Ready(ctx) {
		return retryQueue
	}
	now := time.Now()
	list, next, err := w.cfg.Queue.Lease(ctx, repository.LeaseRequest{Now: now, Until: now.Add(lease), Max: free})
	if err != nil {
		if ctx.Err() == nil {
			w.cfg.Log.ErrorContext(ctx, "deliveries cannot be read", "err", err)
		}
		return retryQueue
	}
	for _, d := range list {
		*active++
		under.Go(func() { // ends with the request, which has a timeout
			w.deliver(working, d)
			freed <- struct{}{}
		})
	}
	if next.IsZero() {
		return idle
	}
	return min(idle, max(0, time.Until(next)))
}

// deliver makes one delivery and reports what became of it.
func (w *Worker) deliver(ctx context.Context, d repository.Delivery) {
	outcome, drop := w.try(ctx, d)
	outcome.ID, outcome.Lease = d.ID, d.Lease
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), retryQueue)
	defer cancel()
	if err := w.cfg.Queue.Report(ctx, outcome); err != nil {
		w.cfg.Log.ErrorContext(ctx, "what became of a delivery cannot be written down", "host", d.Host, "err", err)
	}
	if drop {
		n, err := w.cfg.Queue.DropHost(ctx, d.Host)
		if err != nil {
			w.cfg.Log.ErrorContext(ctx, "deliveries cannot be removed", "host", d.Host, "err", err)
			return
		}
		w.cfg.Log.InfoContext(ctx, "nothing is delivered to a host any more", "host", d.Host, "dropped", n)
	}
}

// try posts, and decides what comes of it. Drop says that all deliveries for
// the host are over.
func (w *Worker) try(ctx context.Context, d repository.Delivery) (o repository.Outcome, drop bool) {
	now := time.Now()
	switch {
	case !w.cfg.Allowed(ctx, d.Host):
		return repository.Outcome{Error: "blocked"}, true
	case w.cfg.Hosts.Suspended(d.Host):
		return repository.Outcome{Error: "suspended"}, true
	case now.Sub(d.CreatedAt) > w.cfg.Lifetime(d.Kind):
		return repository.Outcome{Error: "too old"}, false
	}
	err := w.cfg.Post(ctx, d)
	if err != nil && ctx.Err() != nil {
		return repository.Outcome{RetryAt: now, Error: "interrupted"}, false
	}
	return w.judge(ctx, d, err)
}

// judge decides what becomes of a delivery after an answer, or none.
func (w *Worker) judge(ctx context.Context, d repository.Delivery, err error) (o repository.Outcome, drop bool) {
	now := time.Now()
	var status *transport.StatusError
	switch {
	case err == nil:
		w.cfg.Hosts.Alive(d.Host)
		return repository.Outcome{}, false
	case errors.Is(err, transport.ErrHost), errors.Is(err, httpx.ErrAddress), errors.Is(err, httpx.ErrURL):
		return repository.Outcome{Error: reason(err)}, false
	case !errors.As(err, &status):
		return w.failed(ctx, d, reason(err), 0)
	}
	switch status.Status {
	case http.StatusGone:
		w.cfg.Hosts.Alive(d.Host)
		w.cfg.Gone(ctx, d.Address)
		return repository.Outcome{Error: reason(err)}, false
	case http.StatusTooManyRequests:
		wait := cmp.Or(status.RetryAfter, time.Minute)
		return repository.Outcome{RetryAt: now.Add(wait), HoldUntil: now.Add(wait), Error: reason(err)}, false
	case http.StatusUnauthorized, http.StatusForbidden:
		if d.Attempts >= maxRefusals {
			return repository.Outcome{Error: reason(err)}, false
		}
		steps := holds()
		return repository.Outcome{RetryAt: now.Add(steps[min(d.Attempts, len(steps))-1]), Error: reason(err)}, false
	case http.StatusRequestTimeout, http.StatusTooEarly:
		return w.failed(ctx, d, reason(err), status.RetryAfter)
	}
	if status.Status >= 500 {
		return w.failed(ctx, d, reason(err), status.RetryAfter)
	}
	return repository.Outcome{Error: reason(err)}, false // it will not be another answer next time
}

// failed holds all deliveries for a host that cannot be reached.
func (w *Worker) failed(ctx context.Context, d repository.Delivery, reason string, retryAfter time.Duration) (repository.Outcome, bool) {
	now := time.Now()
	until, dead := w.cfg.Hosts.failed(d.Host, now, reason)
	if dead {
		return repository.Outcome{Error: reason}, true
	}
	if at := now.Add(retryAfter); at.After(until) {
		until = at
	}
	w.cfg.Log.DebugContext(ctx, "a host cannot be reached", "host", d.Host, "until", until, "reason", reason)
	return repository.Outcome{RetryAt: until, HoldUntil: until, Error: reason}, false
}

// reason is an error for administrators.
func reason(err error) string {
	s := err.Error()
	return s[:min(len(s), 200)]
}
