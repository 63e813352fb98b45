package webhooks

import (
	"context"
	"errors"
	"time"

	"github.com/owncast-go/owncast/repository"
)

const (
	// maxAge is how long a delivery is tried.
	maxAge = 24 * time.Hour
	// leaseTime is how long a delivery is nobody else's: after the end of a
	// process it is as long until the next one tries again.
	leaseTime = attemptTime + 5*time.Second
	// refusals is how often a receiver may refuse a delivery before others go
	// first.
	refusals = 3
	// Waits between two tries.
	firstWait = 5 * time.Second
	maxWait   = 15 * time.Minute
	// logEvery is how long entries wait to be written to the log together.
	logEvery = time.Second
	logMax   = 100
	// lastWrites is how long the last writes to the repository may take.
	lastWrites = 2 * time.Second
)

var (
	errDeleted = errors.New("the webhook was deleted")
	errTooOld  = errors.New("it could not be delivered for a day")
)

// courier makes the deliveries of a Dispatcher. All but try is done by one
// goroutine.
type courier struct {
	*Dispatcher
	results  chan result
	inFlight int
	outcomes []repository.Outcome         // to be reported
	entries  []repository.WebhookDelivery // to be logged
	logAt    time.Time                    // when at the latest; zero if there are none
	urgent   bool                         // one of them must be logged before its outcome is reported
}

// result is what came of one try of a delivery.
type result struct {
	delivery repository.Delivery
	webhook  repository.Webhook
	attempt
}

// deliver delivers until ctx is done.
func (d *Dispatcher) deliver(ctx context.Context) {
	c := &courier{Dispatcher: d, results: make(chan result, MaxWebhooks)}
	t := time.NewTimer(0)
	defer t.Stop()
	for ctx.Err() == nil {
		t.Reset(time.Until(c.step(ctx)))
		select {
		case <-ctx.Done():
		case r := <-c.results:
			c.take(ctx, r)
			c.takeMore(ctx)
		case <-d.due:
		case <-t.C:
		}
	}
	for c.inFlight > 0 { // they end with ctx
		c.take(ctx, <-c.results)
	}
	last, cancel := context.WithTimeout(context.WithoutCancel(ctx), lastWrites)
	defer cancel()
	c.writeLog(last)
	c.report(last)
}

func (c *courier) takeMore(ctx context.Context) {
	for {
		select {
		case r := <-c.results:
			c.take(ctx, r)
		default:
			return
		}
	}
}

// step does what there is to do, and returns when there is more.
func (c *courier) step(ctx context.Context) (next time.Time) {
	now := time.Now()
	if c.urgent || len(c.entries) >= logMax || !c.logAt.IsZero() && !now.Before(c.logAt) {
		c.writeLog(ctx)
	}
	if !c.report(ctx) {
		return now.Add(storeRetry)
	}
	last := c.isLast() // before what is due is looked at
	next, err := c.lease(ctx, now)
	if err != nil {
		if ctx.Err() == nil {
			c.log.WarnContext(ctx, "deliveries to webhooks not read", "err", err)
		}
		return now.Add(storeRetry)
	}
	if len(c.outcomes) > 0 {
		return now // of deliveries that nobody had to try
	}
	if q, err := c.cfg.Queue.CountDeliveries(ctx); err == nil {
		c.count(func(n *Counts) { n.Waiting = q.Waiting })
	}
	if last && c.inFlight == 0 && (next.IsZero() || next.After(now)) {
		c.end()
	}
	if next.IsZero() {
		next = now.Add(reloadEvery)
	}
	if !c.logAt.IsZero() && c.logAt.Before(next) {
		next = c.logAt
	}
	return next
}

// isLast tells whether everything is in the queue that will be.
func (c *courier) isLast() bool {
	select {
	case <-c.draining:
		n, _ := c.handoff.counts()
		return n == 0
	default:
		return false
	}
}

// end lets Shutdown go on.
func (c *courier) end() {
	select {
	case <-c.drained:
	default:
		close(c.drained)
	}
}

// lease takes what is due and begins to deliver it.
func (c *courier) lease(ctx context.Context, now time.Time) (next time.Time, err error) {
	free := MaxWebhooks - c.inFlight
	if free <= 0 {
		return now.Add(attemptTime), nil // there is a result before that
	}
	ds, next, err := c.cfg.Queue.Lease(ctx, repository.LeaseRequest{Now: now, Until: now.Add(leaseTime), Max: free})
	if err != nil {
		return next, err
	}
	hooks, err := c.hooksOf(ctx, ds)
	if err != nil {
		return next, err // they are due again when the lease is over
	}
	for _, x := range ds {
		w, ok := hooks.byHost(x.Host)
		switch {
		case !ok:
			c.outcomes = append(c.outcomes, repository.Outcome{ID: x.ID, Lease: x.Lease, Error: errDeleted.Error()})
		case now.Sub(x.CreatedAt) > maxAge:
			c.giveUp(w, x)
		default:
			c.inFlight++
			go func() { // ends with ctx, or after attemptTime
				c.results <- result{x, w, c.try(ctx, w, x.Kind, x.Address, x.Payload)}
			}()
		}
	}
	return next, nil
}

// hooksOf returns the webhooks, read anew if one of the deliveries is to none:
// somebody else may have added it.
func (c *courier) hooksOf(ctx context.Context, ds []repository.Delivery) (*hookList, error) {
	hooks := c.hooks.Load()
	for _, x := range ds {
		if _, ok := hooks.byHost(x.Host); !ok {
			err := c.reload(ctx)
			return c.hooks.Load(), err
		}
	}
	return hooks, nil
}

// giveUp ends a delivery that was tried for long enough.
func (c *courier) giveUp(w repository.Webhook, x repository.Delivery) {
	c.outcomes = append(c.outcomes, repository.Outcome{ID: x.ID, Lease: x.Lease, Error: errTooOld.Error()})
	e := entry(w, x, attempt{at: time.Now().UTC(), err: errTooOld})
	e.State, e.Attempts = repository.DeliveryGivenUp, x.Attempts-1
	if x.LastError != "" {
		e.Last.Error += ": " + x.LastError
	}
	c.addEntry(e)
	c.count(func(n *Counts) { n.GivenUp++ })
}

// take says what is to become of a delivery that was tried.
func (c *courier) take(ctx context.Context, r result) {
	c.inFlight--
	x := r.delivery
	o := repository.Outcome{ID: x.ID, Lease: x.Lease}
	if r.err != nil && ctx.Err() != nil {
		o.RetryAt, o.Error = x.CreatedAt, x.LastError // it is not the receiver's fault
		c.outcomes = append(c.outcomes, o)
		return
	}
	e := entry(r.webhook, x, r.attempt)
	failures := c.tried(r.webhook, r.attempt)
	if r.err == nil {
		c.count(func(n *Counts) { n.Delivered++ })
	} else {
		e.State = repository.DeliveryRetrying
		o.Error = r.err.Error()
		o.HoldUntil = r.at.Add(max(wait(failures), r.retryAfter))
		o.RetryAt = x.CreatedAt // it stays the first
		if r.status != 0 && x.Attempts >= refusals {
			o.RetryAt = r.at.Add(wait(x.Attempts))
		}
		c.heldUntil(r.webhook.ID, o.HoldUntil)
		c.count(func(n *Counts) { n.Failed++ })
	}
	c.outcomes = append(c.outcomes, o)
	c.addEntry(e)
}

// wait is how long to wait after so many failures.
func wait(failures int) time.Duration {
	w := firstWait
	for range failures - 1 {
		if w *= 3; w >= maxWait {
			return maxWait
		}
	}
	return w
}

func entry(w repository.Webhook, x repository.Delivery, a attempt) repository.WebhookDelivery {
	return repository.WebhookDelivery{
		WebhookID: w.ID, ID: x.Address, Event: x.Kind, Payload: x.Payload, CreatedAt: x.CreatedAt,
		State: repository.DeliveryDelivered, Attempts: x.Attempts, Last: a.result(), Duration: a.duration, Answer: a.answer,
	}
}

func (c *courier) addEntry(e repository.WebhookDelivery) {
	if len(c.entries) == 0 {
		c.logAt = time.Now().Add(logEvery)
	}
	c.urgent = c.urgent || e.State == repository.DeliveryGivenUp
	c.entries = append(c.entries, e)
}

// writeLog writes what is to be logged. If that fails it is lost, for the log
// must not keep the deliveries waiting.
func (c *courier) writeLog(ctx context.Context) {
	if len(c.entries) > 0 {
		if err := c.cfg.Webhooks.RecordDeliveries(ctx, LogSize, c.entries...); err != nil && ctx.Err() == nil {
			c.log.WarnContext(ctx, "deliveries to webhooks not logged", "err", err)
		}
	}
	c.entries, c.logAt, c.urgent = nil, time.Time{}, false
}

// report reports whether the queue knows of all outcomes.
func (c *courier) report(ctx context.Context) bool {
	if len(c.outcomes) == 0 {
		return true
	}
	if err := c.cfg.Queue.Report(ctx, c.outcomes...); err != nil {
		if ctx.Err() == nil {
			c.log.WarnContext(ctx, "outcomes of deliveries to webhooks not stored, it is tried again", "err", err)
		}
		return false
	}
	c.outcomes = nil
	return true
}
