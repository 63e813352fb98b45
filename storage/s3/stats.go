package s3

import (
	"net/http"
	"strings"
	"sync/atomic"

	awsmiddleware "github.com/aws/aws-sdk-go-v2/aws/middleware"
)

// Requests counts requests of one kind.
type Requests struct {
	Sent   int64 // every attempt is one
	Failed int64 // not answered, or with a status from 400 on
}

// Stats counts what a [Store] has done. All but InFlight only grow.
type Stats struct {
	Put    Requests // uploads of objects and of parts of them
	Get    Requests // downloads
	Head   Requests // confirmations; a missing object counts as failed
	Delete Requests // of one object or of many
	List   Requests

	BytesSent     int64 // of bodies, those of failed attempts too
	BytesReceived int64
	Retries       int64 // requests that were sent again
	Unconfirmed   int64 // uploads that the server accepted and did not keep
	InFlight      int64 // requests running now; an object counts until it is closed
}

// Stats returns the counters.
func (s *Store) Stats() Stats {
	m := &s.meter
	return Stats{
		Put: m.put.load(), Get: m.get.load(), Head: m.head.load(), Delete: m.del.load(), List: m.list.load(),
		BytesSent: m.sent.Load(), BytesReceived: m.received.Load(),
		Retries: m.retries.Load(), Unconfirmed: m.unconfirmed.Load(), InFlight: m.inFlight.Load(),
	}
}

type meter struct {
	put, get, head, del, list                      counter
	sent, received, retries, unconfirmed, inFlight atomic.Int64
}

type counter struct{ sent, failed atomic.Int64 }

func (c *counter) load() Requests { return Requests{Sent: c.sent.Load(), Failed: c.failed.Load()} }

// begin counts a request, and returns what is to be called at its end.
func (m *meter) begin(r *http.Request) (done func(ok bool)) {
	c := m.kind(r)
	c.sent.Add(1)
	m.inFlight.Add(1)
	// The retryer numbers the attempts from 1 in this header.
	if h := r.Header.Get("Amz-Sdk-Request"); h != "" && !strings.HasPrefix(h, "attempt=1;") {
		m.retries.Add(1)
	}
	return func(ok bool) {
		m.inFlight.Add(-1)
		if !ok {
			c.failed.Add(1)
		}
	}
}

func (m *meter) kind(r *http.Request) *counter {
	switch op := awsmiddleware.GetOperationName(r.Context()); {
	case strings.HasPrefix(op, "List"):
		return &m.list
	case strings.HasPrefix(op, "Delete"):
		return &m.del
	case strings.HasPrefix(op, "Head"):
		return &m.head
	case strings.HasPrefix(op, "Get"):
		return &m.get
	default:
		return &m.put
	}
}
