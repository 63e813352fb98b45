package repository

import (
	"context"
	"errors"
	"time"
)

// ErrFull reports a queue that has no room for what should be added.
var ErrFull = errors.New("repository: queue is full")

// Batch is one message to many recipients. It is stored once. Others cannot
// write while it is stored, so it should have some thousand targets at the
// most: a post to more is several batches.
type Batch struct {
	Kind    string // what it is, for whoever delivers it
	Payload []byte
	At      time.Time // when it was made: it is due from then on
	Targets []Target
	// Max is how many deliveries the queue may have with those of the batch.
	// 0 is any number.
	Max int
}

// Target is a recipient of a [Batch].
type Target struct {
	// Host is what deliveries are grouped by: one is made at a time for each
	// host, so that a slow one does not hold up the others and none is flooded.
	Host    string
	Address string // where to deliver, such as a URL
	// Key tells deliveries apart that replace one another: while one with the
	// same Key waits, a new one takes its place, with its own payload. An empty
	// Key is no one's.
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

// Delivery is a message to one recipient that somebody has taken upon himself
// to deliver.
type Delivery struct {
	ID        uint64
	Lease     uint64 // names this try: no other one has the same
	Kind      string
	Payload   []byte
	Host      string
	Address   string
	Key       string
	Attempts  int // with this one
	CreatedAt time.Time
	LastError string // of the attempt before
}

// LeaseRequest asks for deliveries.
type LeaseRequest struct {
	Now time.Time // what is due then
	// Until is how long they are the caller's. If he has not reported on one
	// by then, another may get it. It must be after Now.
	Until time.Time
	Max   int // how many at the most; 0 and less is none
}

// Outcome is what became of a delivery.
type Outcome struct {
	ID    uint64 // of the [Delivery]
	Lease uint64
	// RetryAt is when to try again. Zero is never: the delivery is over, done
	// if Error is empty and given up otherwise.
	RetryAt time.Time
	// HoldUntil, unless zero, lets everything for this host wait until then.
	// It is forgotten when a delivery to the host is done, or none waits.
	HoldUntil time.Time
	Error     string // empty if it was delivered
}

// QueueCounts says how a queue is doing.
type QueueCounts struct {
	Waiting   int // deliveries in the queue, leased ones too
	Hosts     int // for how many hosts they are
	Delivered int // how many were ever done
	GivenUp   int // how many were ever given up
}

// Queue keeps deliveries until they are done: each is made at least once, even
// if the process ends in between. There is one for the fediverse and one for
// webhooks, and neither knows of the other.
type Queue interface {
	// Enqueue adds the deliveries of b, all or none, and returns how many were
	// added: those that took the place of a waiting one are not. The error
	// matches [ErrFull] if there is no room, and [ErrInvalid] if b.Check does.
	//
	// A delivery that is replaced while it is leased is due again as soon as
	// the lease ends, whatever its outcome.
	Enqueue(ctx context.Context, b Batch) (added int, err error)
	// Lease takes what is due, what has been due longest first, and at most one
	// for each host that has none leased. It also returns when to ask again,
	// unless something is enqueued or reported before; zero if nothing waits.
	Lease(ctx context.Context, r LeaseRequest) (ds []Delivery, next time.Time, err error)
	// Report says what became of leased deliveries. An outcome of a lease that
	// is over, because somebody else has the delivery or it is gone, changes
	// nothing.
	Report(ctx context.Context, outcomes ...Outcome) error
	// CountHost returns how many deliveries wait for a host, leased ones too.
	CountHost(ctx context.Context, host string) (int, error)
	// DropHost removes all deliveries for a host, and returns how many.
	DropHost(ctx context.Context, host string) (int, error)
	// CountDeliveries returns the counts.
	CountDeliveries(ctx context.Context) (QueueCounts, error)
}
