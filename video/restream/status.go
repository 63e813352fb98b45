package restream

import (
	"context"
	"time"
)

// State is what an output is doing.
type State uint8

// The states.
const (
	Disabled   State = iota
	Idle             // there is no broadcast
	Connecting       // to the server
	Live             // the server takes the broadcast, or waits with us for a publisher to come back
	Waiting          // to try again, after something went wrong
)

// String returns "disabled", "idle", "connecting", "live" or "waiting".
func (s State) String() string {
	switch s {
	case Disabled:
		return "disabled"
	case Idle:
		return "idle"
	case Connecting:
		return "connecting"
	case Live:
		return "live"
	case Waiting:
		return "waiting"
	default:
		return "unknown"
	}
}

// Status is an output at one moment. It holds no secrets. The counters are of
// the time since the output was set or last changed.
type Status struct {
	ID, Name string
	URL      string // without its query

	State   State
	Since   time.Time // of the State
	RetryAt time.Time // of Waiting; zero otherwise
	Err     error     // what went wrong last; nil if nothing has since the output was last Live

	Bytes    int64 // of media that were sent
	Packets  int64 // that were sent
	Dropped  int64 // packets of the broadcast that were not: the server was slow, or not connected
	Connects int64 // times that the server took the broadcast
	Failures int64 // times that it could not be reached, refused, or went away
}

// OutputStarted is the event of a server that takes the broadcast.
type OutputStarted struct{ Output Status }

// OutputStopped is the event of an output that is live no more because the
// broadcast has ended, or because the output was changed or removed.
type OutputStopped struct{ Output Status }

// OutputFailed is the event of a server that could not be reached, has refused
// the broadcast, or has left it. The Status has the reason, and when it is
// tried again.
type OutputFailed struct{ Output Status }

// Events are what a Service tells its owner. The functions are called one at
// a time, those of one output in the order of what happened. They must not
// block, for outputs wait for them, and must not call Shutdown. A panic in one
// is logged. Nil functions are skipped.
type Events struct {
	OutputStarted func(context.Context, OutputStarted)
	OutputStopped func(context.Context, OutputStopped)
	OutputFailed  func(context.Context, OutputFailed)
}
