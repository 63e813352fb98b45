package webhooks

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"github.com/owncast-go/owncast/internal/keeper"
	"github.com/owncast-go/owncast/repository"
)

const (
	// MaxWebhooks is how many webhooks there may be.
	MaxWebhooks = 100
	// MaxWaiting is how many deliveries may wait for one webhook. Events that
	// come after those are dropped, and counted.
	MaxWaiting = 1000
	// maxWaitingFrequent is for events that come one after the other.
	maxWaitingFrequent = MaxWaiting - 100
	// LogSize is how many deliveries to one webhook the log has.
	LogSize = 100
	// reloadEvery is how often the webhooks are read again, which somebody
	// else may have changed in the repository.
	reloadEvery = time.Minute
	// storeRetry is how long the Dispatcher leaves a repository alone that
	// has failed.
	storeRetry = time.Second
	// drainTime is how long Shutdown goes on delivering what is due.
	drainTime = 3 * time.Second
)

// Config is what a Dispatcher is made of. All but the Logger is required.
type Config struct {
	Webhooks repository.Webhooks
	Queue    repository.Queue // of Dispatchers alone
	// Describe returns what receivers are told of the server. It is called
	// when an event is stored, by one goroutine at a time.
	Describe func(context.Context) (Server, error)
	// Client sends. It must not follow redirects.
	Client *http.Client
	// Shared tells that Dispatchers of other processes use the repository and
	// the queue, too: which webhooks there are is read anew before an event is
	// stored. Each event is to be sent by one of them; all deliver.
	Shared bool
	Logger *slog.Logger // nil discards
}

// Dispatcher sends events to webhooks.
//
// An event waits in memory, for a moment, until it is stored in the queue; from
// then on it survives the end of the process. Each webhook gets one delivery at
// a time, the oldest first, and none waits for another webhook. What is answered
// with a status of the two hundreds within ten seconds is delivered. Anything
// else, redirects too, is tried again for a day, after five seconds and then
// three times as long each time up to a quarter of an hour, or when the
// receiver says in Retry-After. Meanwhile the deliveries behind it wait, unless
// it is refused three times: then the others go first.
//
// It is safe for concurrent use. Make one with [New].
type Dispatcher struct {
	cfg     Config
	log     *slog.Logger
	handoff handoff
	names   names
	due     chan struct{} // has one if something was enqueued
	keeper  keeper.Keeper

	draining chan struct{} // closed when Shutdown begins
	drained  chan struct{} // closed when nothing is left that can be delivered now
	drain    sync.Once

	hooks atomic.Pointer[hookList]

	changing sync.Mutex // held while the set of webhooks changes

	mu        sync.Mutex // guards the rest
	endpoints map[int64]*endpoint
	counts    Counts
}

// New returns a Dispatcher. It starts nothing.
func New(c Config) (*Dispatcher, error) {
	switch {
	case c.Webhooks == nil || c.Queue == nil:
		return nil, errors.New("webhooks: config without a repository")
	case c.Describe == nil:
		return nil, errors.New("webhooks: config without Describe")
	case c.Client == nil:
		return nil, errors.New("webhooks: config without a Client")
	}
	if c.Logger == nil {
		c.Logger = slog.New(slog.DiscardHandler)
	}
	return &Dispatcher{
		cfg: c, log: c.Logger, handoff: handoff{wake: make(chan struct{}, 1)}, due: make(chan struct{}, 1),
		draining: make(chan struct{}), drained: make(chan struct{}), endpoints: map[int64]*endpoint{},
	}, nil
}

// Start begins to send: what is in the queue, and what comes. ctx bounds the
// start alone. It may be called once.
func (d *Dispatcher) Start(ctx context.Context) error {
	return d.keeper.Start(ctx, d.reload, func(ctx context.Context) {
		var work sync.WaitGroup
		work.Go(func() { d.store(ctx) })   // ends with ctx
		work.Go(func() { d.deliver(ctx) }) // ends with ctx, after what it has begun
		work.Wait()
	})
}

// Shutdown stores what was sent before it, goes on delivering what is due for
// three seconds at the most, and ends what Start has started. What is not
// delivered by then stays in the queue for the next Start. It waits for that,
// or for ctx, and may be called more than once.
func (d *Dispatcher) Shutdown(ctx context.Context) error {
	d.drain.Do(func() { close(d.draining) })
	if d.hooks.Load() != nil { // it was started
		t := time.NewTimer(drainTime)
		defer t.Stop()
		select {
		case <-d.drained:
		case <-t.C:
		case <-ctx.Done():
		}
	}
	_, err := d.keeper.Shutdown(ctx)
	if n, _ := d.handoff.counts(); err == nil && n > 0 {
		d.log.ErrorContext(ctx, "events for webhooks are lost, for the repository did not take them", "events", n)
	}
	return err
}

// Send takes an event for the webhooks that want it. It does not block, and
// does nothing but look if there are none. If too many events wait the event
// is dropped, and counted.
func (d *Dispatcher) Send(e Event) {
	hooks := d.hooks.Load()
	if hooks == nil || len(hooks.byEvent[e.Type]) == 0 && !d.cfg.Shared {
		return
	}
	if e.At.IsZero() {
		e.At = time.Now().UTC()
	}
	if e.ID == "" {
		e.ID = d.names.next(e.At)
	}
	d.handoff.put(e)
}

// hookList is the webhooks as they are now. It is never changed.
type hookList struct {
	all     []repository.Webhook
	byEvent map[EventType][]repository.Webhook
	byID    map[int64]repository.Webhook
}

// reload reads the webhooks.
func (d *Dispatcher) reload(ctx context.Context) error {
	all, err := d.cfg.Webhooks.Webhooks(ctx)
	if err != nil {
		return err
	}
	list := &hookList{all: all, byEvent: map[EventType][]repository.Webhook{}, byID: map[int64]repository.Webhook{}}
	for _, w := range all {
		list.byID[w.ID] = w
		for _, t := range w.Events {
			list.byEvent[EventType(t)] = append(list.byEvent[EventType(t)], w)
		}
	}
	d.hooks.Store(list)
	d.forgetEndpoints(list)
	return nil
}

// hostOf is what the deliveries to a webhook are grouped by in the queue.
func hostOf(webhook int64) string { return strconv.FormatInt(webhook, 10) }

// store moves events from memory to the queue until ctx is done.
func (d *Dispatcher) store(ctx context.Context) {
	t := time.NewTimer(reloadEvery)
	defer t.Stop()
	draining := d.draining
	for {
		failed := d.storeAll(ctx)
		if failed {
			t.Reset(storeRetry)
		} else {
			t.Reset(reloadEvery)
		}
		if n, _ := d.handoff.counts(); draining == nil && n == 0 {
			d.wakeUp() // whoever delivers is to see that this is all
		}
		select {
		case <-ctx.Done():
			return
		case <-d.handoff.wake:
		case <-draining:
			draining = nil // once is enough
		case <-t.C:
			if !failed {
				d.reloadOrWarn(ctx)
			}
		}
	}
}

func (d *Dispatcher) reloadOrWarn(ctx context.Context) {
	if err := d.reload(ctx); err != nil && ctx.Err() == nil {
		d.log.WarnContext(ctx, "webhooks not read", "err", err)
	}
}

// storeAll reports whether it failed before everything was stored.
func (d *Dispatcher) storeAll(ctx context.Context) (failed bool) {
	for {
		events := d.handoff.first(64)
		if len(events) == 0 {
			return false
		}
		server, err := d.cfg.Describe(ctx)
		if err == nil && d.cfg.Shared {
			err = d.reload(ctx)
		}
		if err == nil {
			for _, e := range events {
				if err = d.storeEvent(ctx, e, server); err != nil {
					break
				}
				d.handoff.remove(1)
			}
		}
		d.wakeUp()
		if err != nil {
			if ctx.Err() == nil {
				d.log.WarnContext(ctx, "event for webhooks not stored, it is tried again", "err", err)
			}
			return true
		}
	}
}

// storeEvent puts an event into the queue for every webhook that wants it and
// has room.
func (d *Dispatcher) storeEvent(ctx context.Context, e Event, s Server) error {
	body, err := e.body(s)
	if err != nil {
		d.log.ErrorContext(ctx, "event for webhooks is none", "err", err)
		return nil
	}
	limit := MaxWaiting
	if e.Type.frequent() {
		limit = maxWaitingFrequent
	}
	id := d.names.next(time.Now())
	var targets []repository.Target
	for _, w := range d.hooks.Load().byEvent[e.Type] {
		n, err := d.cfg.Queue.CountHost(ctx, hostOf(w.ID))
		if err != nil {
			return err
		}
		if n >= limit {
			d.drop(w.ID)
			continue
		}
		targets = append(targets, repository.Target{Host: hostOf(w.ID), Address: id})
	}
	if len(targets) == 0 {
		return nil
	}
	_, err = d.cfg.Queue.Enqueue(ctx, repository.Batch{Kind: string(e.Type), Payload: body, At: time.Now().UTC(), Targets: targets})
	return err
}

func (d *Dispatcher) wakeUp() {
	select {
	case d.due <- struct{}{}:
	default:
	}
}
