package chat

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"runtime/debug"
	"sync"
	"sync/atomic"
	"time"

	"github.com/owncast-go/owncast/repository"
)

const (
	// FilterTime is how long a [Filter] has for a message.
	FilterTime = 50 * time.Millisecond
	// filterFailures in a row put a filter out of use for filterRest.
	filterFailures = 5
	filterRest     = time.Minute
	// filterCalls is how many calls of one filter may be under way, those
	// that nobody waits for any more among them.
	filterCalls = 64
)

// Draft is a message that was written and that nobody has seen.
type Draft struct {
	ID       string
	User     repository.User
	ClientID uint64     // 0 if it came from no client
	Address  netip.Addr // zero if unknown
	Body     string     // as it was written
	SentAt   time.Time
}

// Filter decides about messages of users before anybody sees them. It is called
// from many goroutines at once.
//
// A filter that has an error, panics, or has not answered within [FilterTime]
// has no say: the message goes to the next one. After five failures in a row
// the filter is not asked for a minute. Its context is done when the time is
// over; what it does later is of no effect.
type Filter interface {
	FilterMessage(ctx context.Context, d Draft) (Verdict, error)
}

// FilterFunc lets a function be a Filter.
type FilterFunc func(ctx context.Context, d Draft) (Verdict, error)

// FilterMessage calls f.
func (f FilterFunc) FilterMessage(ctx context.Context, d Draft) (Verdict, error) { return f(ctx, d) }

// Verdict is what a Filter has decided. The zero Verdict lets the message
// through.
type Verdict struct {
	// Reason is what the writer is told of a message that is not shown at
	// once, as text; empty says nothing of one that is refused.
	Reason string

	action action
	body   string
}

type action uint8

const (
	allow action = iota
	replace
	hold
	drop
)

// Replace lets the message through with another text.
func Replace(body string) Verdict { return Verdict{action: replace, body: body} }

// Hold lets the message wait for a moderator.
func Hold(reason string) Verdict { return Verdict{action: hold, Reason: reason} }

// Drop refuses the message.
func Drop(reason string) Verdict { return Verdict{action: drop, Reason: reason} }

// errFilterTime is a filter that was too slow.
var errFilterTime = errors.New("chat: the filter did not answer in time")

// FilterStatus is how a Filter does.
type FilterStatus struct {
	Calls    int64
	Failures int64
	Resting  bool // it is not asked for a while
	Err      error
}

// link is a filter in the chain.
type link struct {
	filter   Filter
	slots    chan struct{}
	calls    atomic.Int64
	failures atomic.Int64

	mu     sync.Mutex // guards the rest
	inRow  int
	rested time.Time // when it may be asked again
	err    error     // the last failure; nil after an answer
}

func newLink(f Filter) *link { return &link{filter: f, slots: make(chan struct{}, filterCalls)} }

// judge decides about a message: first the room's own rules, then the filters
// in their order. The first that wants it not to be shown has its way.
func (s *Server) judge(ctx context.Context, set *Settings, d *draft) Verdict {
	if d.User.Role < repository.RoleModerator {
		if reason := s.holds(ctx, set, d); reason != "" {
			return Hold(reason)
		}
	}
	for _, l := range s.chain {
		v, err := s.ask(ctx, l, d.Draft)
		if err != nil {
			continue
		}
		switch v.action {
		case replace:
			d.Body = v.body
		case hold, drop:
			return v
		}
	}
	return Verdict{}
}

// answer is what a filter has said.
type answer struct {
	verdict Verdict
	err     error
}

// ask asks one filter, for a while.
func (s *Server) ask(ctx context.Context, l *link, d Draft) (Verdict, error) {
	if l.resting() {
		return Verdict{}, nil
	}
	l.calls.Add(1)
	select {
	case l.slots <- struct{}{}:
	default:
		return Verdict{}, s.filterFailed(l, errFilterTime)
	}
	ctx, cancel := context.WithTimeout(ctx, FilterTime)
	defer cancel()
	answered := make(chan answer, 1)
	if !s.startAsking(func() { // ends with the filter; Shutdown waits for it
		defer func() { <-l.slots }()
		v, err := l.call(ctx, d)
		answered <- answer{v, err}
	}) {
		<-l.slots
		return Verdict{}, ErrClosed
	}
	select {
	case a := <-answered:
		if a.err != nil {
			return Verdict{}, s.filterFailed(l, a.err)
		}
		l.mu.Lock()
		defer l.mu.Unlock()
		l.inRow, l.err = 0, nil
		return a.verdict, nil
	case <-ctx.Done():
		return Verdict{}, s.filterFailed(l, errFilterTime)
	}
}

// startAsking starts a goroutine, unless the room is closed.
func (s *Server) startAsking(f func()) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return false
	}
	s.asking.Go(f)
	return true
}

// call calls the filter. A panic is an error.
func (l *link) call(ctx context.Context, d Draft) (v Verdict, err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("panic: %v\n%s", p, debug.Stack())
		}
	}()
	return l.filter.FilterMessage(ctx, d)
}

func (l *link) resting() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return time.Now().Before(l.rested)
}

// filterFailed notes a failure and returns it.
func (s *Server) filterFailed(l *link, err error) error {
	l.failures.Add(1)
	l.mu.Lock()
	defer l.mu.Unlock()
	l.err = err
	if l.inRow++; l.inRow < filterFailures {
		s.log.Warn("chat: a filter failed", "err", err)
		return err
	}
	l.inRow, l.rested = 0, time.Now().Add(filterRest)
	s.log.Error("chat: a filter failed several times and is not asked for a while", "err", err)
	return err
}

// Filters tells how the filters do, in their order.
func (s *Server) Filters() []FilterStatus {
	all := make([]FilterStatus, len(s.chain))
	for i, l := range s.chain {
		all[i] = FilterStatus{Calls: l.calls.Load(), Failures: l.failures.Load(), Resting: l.resting()}
		l.mu.Lock()
		all[i].Err = l.err
		l.mu.Unlock()
	}
	return all
}
