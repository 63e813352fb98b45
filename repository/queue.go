package repository

import (
	"context"
	"errors"
	"time"
)

// ErrFull reports a queue without room for what was to be added.
var ErrFull = errors.New("repository: queue is full")

// Batch is a message to many recipients, which is stored only once. As storing
// it blocks other writers, it should have a few thousand targets at most; split
// larger ones into several batches.
type Batch struct {
	Kind    string // tells the deliverer what it is
	Payload []byte
	At      time.Time // when it was made; deliveries are due from then on
	Targets []Target
	// Max is the maximum number of deliveries in the queue, including those of
	// the batch. 0 means no limit.
	Max int
}

// Target is a recipient of a [Batch].
type Target struct {
	// Host groups deliveries. Only one at a time is made to each host, so a slow
	// host does not hold up the others, and none is flooded.
	Host    string
	Address string // where to deliver, such as a URL
	// Key identifies deliveries that supersede one another: a new delivery
	// replaces a waiting one with the same Key. An empty Key replaces nothing.
	Key string
}

// Check returns an error matching [ErrInvalid] unless b may be stored.
func (b Batch) Check() error {
	for _, t := range b.Targets {
		if err := checkKey("host of a delivery", t.Host); err != nil {
			return err
		}
		if len(t.Key) > MaxKeyLen {
			return invalid("key of a delivery of %d bytes", len(t.Key))
		}
	}
	return nil
}

// Delivery is a message to one recipient that was leased for delivery.
type Delivery struct {
	ID        uint64
	Lease     uint64 // identifies this attempt; no other has the same
	Kind      string
	Payload   []byte
	Host      string
	Address   string
	Key       string
	Attempts  int // including this one
	CreatedAt time.Time
	LastError string // of the previous attempt
}

// LeaseRequest asks for deliveries.
type LeaseRequest struct {
	Now time.Time // deliveries that are due at this time
	// Until is when the lease ends. A delivery that was not reported by then may
	// be leased again. It must be after Now.
	Until time.Time
	Max   int // maximum number of deliveries; none if not positive
}

// Outcome is the result of an attempt to deliver.
type Outcome struct {
	ID    uint64 // of the [Delivery]
	Lease uint64
	// RetryAt is when to try again. Zero ends the delivery: it is done if Error
	// is empty, and given up otherwise.
	RetryAt time.Time
	// HoldUntil, unless zero, suspends all deliveries to this host until then.
	// The suspension ends early when a delivery to the host succeeds, or when
	// none is waiting.
	HoldUntil time.Time
	Error     string // empty if it was delivered
}

// QueueCounts describes the state of a queue.
type QueueCounts struct {
	Waiting   int // deliveries in the queue, including leased ones
	Hosts     int // number of hosts that they are for
	Delivered int // number of deliveries ever completed
	GivenUp   int // number of deliveries ever given up
}

// Queue keeps deliveries until they are done. Each is made at least once, even
// if the process ends in the meantime. The queues for the fediverse and for
// webhooks are independent.
type Queue interface {
	// Enqueue adds the deliveries of b, all or none, and returns how many it
	// added, not counting those that replaced a waiting one. The error matches
	// [ErrFull] if there is no room, and [ErrInvalid] if b.Check fails.
	//
	// A delivery that is replaced while it is leased is due again as soon as the
	// lease ends, whatever the outcome.
	Enqueue(ctx context.Context, b Batch) (added int, err error)
	// Lease returns deliveries that are due, longest overdue first, at most one
	// for each host without a leased delivery. It also returns when to ask
	// again, unless something is enqueued or reported earlier; zero if nothing
	// is waiting.
	Lease(ctx context.Context, r LeaseRequest) (ds []Delivery, next time.Time, err error)
	// Report stores the outcomes of leased deliveries. The outcome of a lease
	// that has ended, because the delivery was leased again or removed, changes
	// nothing.
	Report(ctx context.Context, outcomes ...Outcome) error
	// CountHost returns how many deliveries wait for a host, leased ones too.
	CountHost(ctx context.Context, host string) (int, error)
	// DropHost removes all deliveries for a host and returns how many there
	// were.
	DropHost(ctx context.Context, host string) (int, error)
	// CountDeliveries returns the state of the queue.
	CountDeliveries(ctx context.Context) (QueueCounts, error)
}
