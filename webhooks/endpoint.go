package webhooks

import (
	"context"
	"strconv"
	"time"

	"github.com/owncast-go/owncast/repository"
)

// endpoint is how a webhook does.
type endpoint struct {
	failures  int // since the last success
	since     time.Time
	lastError string
	heldUntil time.Time
	dropped   int64
}

func (l *hookList) byHost(host string) (repository.Webhook, bool) {
	id, err := strconv.ParseInt(host, 10, 64)
	if err != nil {
		return repository.Webhook{}, false
	}
	w, ok := l.byID[id]
	return w, ok
}

// at returns the endpoint of a webhook. The caller holds mu.
func (d *Dispatcher) at(webhook int64) *endpoint {
	e := d.endpoints[webhook]
	if e == nil {
		e = &endpoint{}
		d.endpoints[webhook] = e
	}
	return e
}

// tried writes down how a try went, and returns how many have failed in a row.
func (d *Dispatcher) tried(w repository.Webhook, a attempt) (failures int) {
	d.mu.Lock()
	defer d.mu.Unlock()
	e := d.at(w.ID)
	if a.err == nil {
		e.failures, e.since, e.lastError, e.heldUntil = 0, time.Time{}, "", time.Time{}
		return 0
	}
	if e.failures == 0 {
		e.since = a.at
	}
	e.failures++
	e.lastError = a.err.Error()
	return e.failures
}

func (d *Dispatcher) heldUntil(webhook int64, t time.Time) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.at(webhook).heldUntil = t
}

func (d *Dispatcher) drop(webhook int64) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.at(webhook).dropped++
	d.counts.Dropped++
}

// count changes the counts.
func (d *Dispatcher) count(change func(*Counts)) {
	d.mu.Lock()
	defer d.mu.Unlock()
	change(&d.counts)
}

// forgetEndpoints forgets how webhooks did that are gone.
func (d *Dispatcher) forgetEndpoints(l *hookList) {
	d.mu.Lock()
	defer d.mu.Unlock()
	for id := range d.endpoints {
		if _, ok := l.byID[id]; !ok {
			delete(d.endpoints, id)
		}
	}
}

// Endpoint is a webhook and how it does.
type Endpoint struct {
	repository.Webhook // without its Secret
	Signed             bool
	Waiting            int       // deliveries in the queue
	Failures           int       // in a row; 0 if the last try was a success, or there was none
	FailingSince       time.Time // zero unless Failures
	LastError          string    // empty unless Failures
	HeldUntil          time.Time // when the next try is; zero unless it has to wait
	Dropped            int64     // events that there was no room for, since the start
}

// Endpoints returns the webhooks, by ID.
func (d *Dispatcher) Endpoints(ctx context.Context) ([]Endpoint, error) {
	all, err := d.cfg.Webhooks.Webhooks(ctx)
	if err != nil {
		return nil, err
	}
	list := make([]Endpoint, 0, len(all))
	for _, w := range all {
		n, err := d.cfg.Queue.CountHost(ctx, hostOf(w.ID))
		if err != nil {
			return nil, err
		}
		list = append(list, d.endpoint(w, n))
	}
	return list, nil
}

// endpoint describes a webhook that so many deliveries wait for.
func (d *Dispatcher) endpoint(w repository.Webhook, waiting int) Endpoint {
	d.mu.Lock()
	defer d.mu.Unlock()
	e := Endpoint{Webhook: w, Signed: w.Secret != "", Waiting: waiting}
	e.Secret = ""
	if known := d.endpoints[w.ID]; known != nil {
		e.Failures, e.FailingSince, e.LastError, e.Dropped = known.failures, known.since, known.lastError, known.dropped
		if known.heldUntil.After(time.Now()) {
			e.HeldUntil = known.heldUntil
		}
	}
	return e
}

// Counts says how a Dispatcher is doing.
type Counts struct {
	Waiting   int   // deliveries in the queue, when it was last looked at
	Delivered int64 // the rest since the start: deliveries that were made
	Failed    int64 // tries that failed
	GivenUp   int64 // deliveries that were not made
	Dropped   int64 // events, or deliveries of one, that there was no room for
}

// Counts returns the counts. It does not block.
func (d *Dispatcher) Counts() Counts {
	_, dropped := d.handoff.counts()
	d.mu.Lock()
	defer d.mu.Unlock()
	c := d.counts
	c.Dropped += dropped
	return c
}
