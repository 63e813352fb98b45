// Package schedule knows which broadcasts are announced: it makes events of
// recurrences, reminds of them, sees which one has begun, and writes a calendar.
package schedule

import (
	"context"
	"errors"
	"log/slog"
	"runtime/debug"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/owncast-go/owncast/internal/keeper"
	"github.com/owncast-go/owncast/repository"
)

const (
	// tickEvery is how often the schedule is looked at.
	tickEvery = time.Minute
	// horizon is how far ahead the events of a series exist; beyond it they are
	// worked out when somebody asks.
	horizon = 30 * 24 * time.Hour
	// dayAhead is how much of that may be missing before it is made up.
	dayAhead = 24 * time.Hour
	// leastWindow is how long before its start a broadcast may begin and still
	// be the event's; chat that opens earlier makes it longer.
	leastWindow = 10 * time.Minute
	// warnBefore is when programs are told that an event is about to start.
	warnBefore = 10 * time.Minute
	// missedAfter is when viewers are told that an event has not started, and
	// cancelAfter when it is cancelled for that.
	missedAfter = 9 * time.Minute
	cancelAfter = 10 * time.Minute
	// patience is how long an event goes on whose broadcast was there when the
	// process ended, for its publisher to come back.
	patience = 2 * time.Minute
	// turnTime is how long it may take to write down what the stream does.
	turnTime = 5 * time.Second
	// lookBack is how far back the schedule is looked at: a broadcast may go on
	// for as long, and what is older and was not done stays undone.
	lookBack = 31 * 24 * time.Hour
	// maxEvents is how many events and series there may be to come.
	maxEvents = 1000
	maxSeries = 100
)

// What is done for an event at most once, as it is kept in Event.Done.
const (
	doneFirst   = "reminder-1"
	doneSecond  = "reminder-2"
	doneWarning = "warning"
	doneMissed  = "missed"
)

// Events are told what happens, by one call at a time and in order, after it
// was stored. They may use the Service; what comes of that is told after they
// have returned. A panic in one is logged. Nil functions are skipped.
type Events struct {
	// Changed hears of events that were made, changed or removed.
	Changed func(context.Context, Change)
	// Reminder is due at the lead times of the settings, once for each.
	Reminder func(context.Context, Reminder)
	// Warned hears of an event that begins in ten minutes.
	Warned func(context.Context, repository.Event)
	// Started and Ended hear of an event whose broadcast began or ended.
	Started func(context.Context, repository.Event)
	Ended   func(context.Context, repository.Event)
	// Missed hears of an event that chat was opened for and that has not begun
	// nine minutes after its time. It is cancelled a minute later.
	Missed func(context.Context, repository.Event)
}

// ChangeKind is what has happened to an event.
type ChangeKind uint8

// The kinds of change.
const (
	EventCreated ChangeKind = iota
	EventUpdated            // also when it is cancelled
	EventDeleted
)

// Change is an event that was made, changed or removed.
type Change struct {
	Kind  ChangeKind
	Event repository.Event // as it is now, or was
}

// Reminder is for those who want to be reminded of an event.
type Reminder struct {
	Event   repository.Event
	Message string // of the event or of the settings
	Lead    time.Duration
}

// Text is the reminder as a message: what there is, when, in the event's time
// zone, and where.
func (r Reminder) Text(serverURL string) string {
	lines := []string{r.Message, "", r.Event.Name, r.When()}
	if r.Message == "" {
		lines = lines[2:]
	}
	if serverURL != "" {
		lines = append(lines, Page(serverURL, r.Event.ID))
	}
	return strings.Join(lines, "\n")
}

// When is when the event begins, in words, in its time zone.
func (r Reminder) When() string {
	at := r.Event.StartsAt
	if zone, err := loadZone(r.Event.Timezone); err == nil {
		at = at.In(zone)
	}
	return at.Format("Monday, January 2 at 3:04 PM MST")
}

// Page is the URL of the page of an event.
func Page(serverURL, event string) string {
	return strings.TrimRight(serverURL, "/") + "/schedule/" + event
}

// Config is what a Service is made of. All but Events and the Logger is
// required.
type Config struct {
	Store    repository.Schedule
	Settings func(context.Context) (Settings, error)
	// Online tells whether there is a stream.
	Online func() bool
	// Lead tells whether this process does what is due. Nil is always.
	Lead   func() bool
	Events Events
	Logger *slog.Logger // nil discards
}

// Service is the schedule. It is safe for concurrent use. Make one with [New].
type Service struct {
	cfg    Config
	log    *slog.Logger
	keeper keeper.Keeper
	turns  chan turn     // of the stream
	drain  chan struct{} // closed when Shutdown begins
	ending sync.Once

	near atomic.Pointer[[]repository.Event] // from a month ago on; never changed

	mu        sync.Mutex // held while the schedule is read and changed; guards the rest
	startedAt time.Time  // of the Service

	tellMu  sync.Mutex // guards the rest
	queue   []func(context.Context)
	telling bool
}

// turn is a stream that has started or stopped.
type turn struct {
	online bool
	at     time.Time
}

// New returns a Service. It starts nothing.
func New(c Config) (*Service, error) {
	if c.Store == nil || c.Settings == nil || c.Online == nil {
		return nil, errors.New("schedule: config without Store, Settings or Online")
	}
	if c.Logger == nil {
		c.Logger = slog.New(slog.DiscardHandler)
	}
	if c.Lead == nil {
		c.Lead = func() bool { return true }
	}
	return &Service{cfg: c, log: c.Logger, turns: make(chan turn, 16), drain: make(chan struct{})}, nil
}

// Start looks at the schedule, and again every minute until Shutdown. ctx
// bounds the first look alone. It may be called once.
func (s *Service) Start(ctx context.Context) error {
	return s.keeper.Start(ctx, func(ctx context.Context) error {
		s.mu.Lock()
		s.startedAt = time.Now()
		s.mu.Unlock()
		return s.tick(ctx, time.Now())
	}, s.keep)
}

// Shutdown ends what Start has started, after what the stream did before it was
// seen. It waits for that, or for ctx, and may be called more than once.
func (s *Service) Shutdown(ctx context.Context) error {
	s.ending.Do(func() { close(s.drain) })
	_, err := s.keeper.Shutdown(ctx)
	return err
}

// StreamStarted and StreamStopped tell the Service of the stream. They do not
// block.
func (s *Service) StreamStarted() { s.turn(turn{online: true, at: time.Now()}) }

// StreamStopped is the end of the stream, see [Service.StreamStarted].
func (s *Service) StreamStopped() { s.turn(turn{at: time.Now()}) }

func (s *Service) turn(t turn) {
	select {
	case s.turns <- t:
	default: // the next look at the schedule sees what the stream does by then
	}
}

func (s *Service) keep(ctx context.Context) {
	t := time.NewTimer(0)
	defer t.Stop()
	for {
		now := time.Now()
		t.Reset(now.Truncate(tickEvery).Add(tickEvery).Sub(now)) // on the minute
		select {
		case <-s.drain:
			s.finish(ctx)
			return
		case <-ctx.Done():
			s.finish(ctx)
			return
		case x := <-s.turns:
			s.streamTurned(ctx, x)
		case <-t.C:
			if err := s.tick(ctx, time.Now()); err != nil && ctx.Err() == nil {
				s.log.WarnContext(ctx, "schedule not looked at", "err", err)
			}
		}
	}
}

// finish does what the stream still has to do with the schedule.
func (s *Service) finish(ctx context.Context) {
	for {
		select {
		case x := <-s.turns:
			s.streamTurned(ctx, x)
		default:
			return
		}
	}
}

// remember keeps the events that are near, for who asks often. The caller
// holds mu.
func (s *Service) remember(ctx context.Context, now time.Time) error {
	events, err := s.cfg.Store.Events(ctx, now.Add(-lookBack), time.Time{})
	if err != nil {
		return err
	}
	s.near.Store(&events)
	return nil
}

// nearEvents are those from a month ago on, by their start.
func (s *Service) nearEvents() []repository.Event {
	if p := s.near.Load(); p != nil {
		return *p
	}
	return nil
}

// Upcoming returns the next event that has not begun. It does not block.
func (s *Service) Upcoming(now time.Time) (repository.Event, bool) {
	for _, e := range s.nearEvents() {
		if pending(e) && now.Before(e.StartsAt.Add(cancelAfter)) {
			return e, true
		}
	}
	return repository.Event{}, false
}

// pending tells whether an event is still to begin.
func pending(e repository.Event) bool {
	return e.Status == repository.EventScheduled && e.StartedAt.IsZero() && e.EndedAt.IsZero()
}

// ChatOpen tells whether chat is open at a time, although there is no stream,
// for an event that is about to begin. It does not block.
func (s *Service) ChatOpen(now time.Time, c Settings) bool {
	e, ok := s.Upcoming(now)
	return ok && c.Enabled && c.ChatOpenMinutes > 0 && !now.Before(e.StartsAt.Add(-c.chatOpen()))
}

func (c Settings) chatOpen() time.Duration { return time.Duration(c.ChatOpenMinutes) * time.Minute }

// put stores an event. The caller holds mu.
func (s *Service) put(ctx context.Context, e repository.Event) error {
	return s.cfg.Store.PutEvents(ctx, e)
}

// changed queues a change to tell of.
func (s *Service) changed(kind ChangeKind, e repository.Event) {
	later(s, s.cfg.Events.Changed, Change{kind, e})
}

// later queues something to tell of. The caller holds mu, so that the order is
// right.
func later[E any](s *Service, f func(context.Context, E), e E) {
	if f == nil {
		return
	}
	s.tellMu.Lock()
	defer s.tellMu.Unlock()
	s.queue = append(s.queue, func(ctx context.Context) { f(ctx, e) })
}

// tell tells of what is in the queue, unless somebody is doing so: that may be
// the caller, further up the stack. The caller does not hold mu.
func (s *Service) tell(ctx context.Context) {
	s.tellMu.Lock()
	defer s.tellMu.Unlock()
	if s.telling {
		return
	}
	s.telling = true
	for len(s.queue) > 0 {
		next := s.queue[0]
		s.queue = s.queue[1:]
		s.tellMu.Unlock()
		s.call(ctx, next)
		s.tellMu.Lock()
	}
	s.telling = false
}

func (s *Service) call(ctx context.Context, f func(context.Context)) {
	defer func() {
		if v := recover(); v != nil {
			s.log.ErrorContext(ctx, "who hears of the schedule panicked", "panic", v, "stack", string(debug.Stack()))
		}
	}()
	f(context.WithoutCancel(ctx)) // it has happened, whoever asked for it may go
}

func isDone(e repository.Event, what string) bool { return slices.Contains(e.Done, what) }
