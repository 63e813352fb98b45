package webhooks

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"time"

	"github.com/owncast-go/owncast/internal/keeper"
	"github.com/owncast-go/owncast/repository"
)

// Channel is a way to people, and whether it is switched on.
type Channel struct {
	// Name is what administrators know it as. Empty is made of the Notifier.
	Name     string
	Notifier Notifier
	// Message returns the words for the beginning of a stream and whether the
	// channel is on. Nil is for one that is always on, with the message of
	// [GoLive].
	Message func(context.Context) (message string, on bool, err error)
}

// AnnouncerConfig is what an Announcer is made of. Channels and the Logger may
// be nil.
type AnnouncerConfig struct {
	Channels []Channel
	// GoLive returns when a stream is announced, and how.
	GoLive func(context.Context) (GoLive, error)
	// Describe returns what people are told of the server.
	Describe func(context.Context) (Server, error)
	// Results keeps what came of announcements.
	Results repository.Settings
	Logger  *slog.Logger // nil discards
}

// Announcer tells people of streams and events, on all its channels. A stream
// is announced once, when it has been there for a while and its publisher has
// not just gone, and not if another one was announced shortly before: see
// [GoLive]. What a channel does not take is tried again, after five seconds and
// then three times as long each time, six times at the most, unless the stream
// has ended meanwhile or the event has begun.
//
// It is safe for concurrent use. Make one with [NewAnnouncer].
type Announcer struct {
	cfg      AnnouncerConfig
	log      *slog.Logger
	channels []*channel
	keeper   keeper.Keeper
	names    names
	wake     chan struct{} // has one if the stream has changed

	saving sync.Mutex // held while results are saved

	mu      sync.Mutex // guards the rest
	stream  stream
	results results
}

// stream is the one that may have to be announced.
type stream struct {
	live        bool
	interrupted bool
	since       time.Time
	done        announcement       // zero until it was decided
	over        context.CancelFunc // ends the announcement; nil if there is none
	number      int                // of the stream, since the start
}

// announcement is what has become of the announcement of a stream.
type announcement string

const (
	announced announcement = "announced"
	throttled announcement = "throttled"
)

// NewAnnouncer returns an Announcer. It starts nothing.
func NewAnnouncer(c AnnouncerConfig) (*Announcer, error) {
	if c.GoLive == nil || c.Describe == nil || c.Results == nil {
		return nil, errors.New("webhooks: config without GoLive, Describe or Results")
	}
	if c.Logger == nil {
		c.Logger = slog.New(slog.DiscardHandler)
	}
	a := &Announcer{cfg: c, log: c.Logger, wake: make(chan struct{}, 1), results: results{Channels: map[string]Result{}}}
	taken := map[string]bool{}
	for _, ch := range c.Channels {
		if ch.Notifier == nil {
			return nil, errors.New("webhooks: channel without a Notifier")
		}
		ch.Name = freeName(nameOf(ch), taken)
		taken[ch.Name] = true
		a.channels = append(a.channels, &channel{Channel: ch, jobs: make(chan job, maxJobs), calling: make(chan struct{}, 1)})
	}
	return a, nil
}

// nameOf is what a channel is called.
func nameOf(ch Channel) string {
	if ch.Name != "" {
		return ch.Name
	}
	if n, ok := ch.Notifier.(named); ok && n.Name() != "" {
		return n.Name()
	}
	_, name, _ := strings.Cut(strings.TrimLeft(fmt.Sprintf("%T", ch.Notifier), "*"), ".")
	return strings.ToLower(name)
}

// freeName is a name that is not taken.
func freeName(name string, taken map[string]bool) string {
	free := name
	for i := 2; taken[free]; i++ {
		free = fmt.Sprintf("%s-%d", name, i)
	}
	return free
}

// Start begins to announce. ctx bounds the start alone. It may be called once.
func (a *Announcer) Start(ctx context.Context) error {
	return a.keeper.Start(ctx, a.load, func(ctx context.Context) {
		var work sync.WaitGroup
		for _, ch := range a.channels {
			work.Go(func() { a.serve(ctx, ch) }) // ends with ctx
		}
		a.watch(ctx)
		work.Wait()
	})
}

// Shutdown ends what Start has started, without waiting for what is still to
// be told. It waits for that, or for ctx, and may be called more than once.
func (a *Announcer) Shutdown(ctx context.Context) error {
	_, err := a.keeper.Shutdown(ctx)
	a.StreamStopped()
	return err
}

// StreamStarted tells the Announcer that there is a stream. Like the others of
// the stream, it does not block.
func (a *Announcer) StreamStarted(at time.Time) {
	a.change(func(s *stream) {
		s.end()
		*s = stream{live: true, since: at, number: s.number + 1}
	})
}

// StreamInterrupted tells that the publisher has gone, and may come back.
func (a *Announcer) StreamInterrupted() { a.change(func(s *stream) { s.interrupted = true }) }

// StreamResumed tells that the publisher is back.
func (a *Announcer) StreamResumed() { a.change(func(s *stream) { s.interrupted = false }) }

// StreamStopped tells that the stream is over: nobody is told of it any more.
func (a *Announcer) StreamStopped() {
	a.change((*stream).end)
}

func (s *stream) end() {
	if s.over != nil {
		s.over()
	}
	s.live, s.over = false, nil
}

func (a *Announcer) change(f func(*stream)) {
	a.mu.Lock()
	f(&a.stream)
	a.mu.Unlock()
	select {
	case a.wake <- struct{}{}:
	default:
	}
}

// watch announces streams when it is time, until ctx is done.
func (a *Announcer) watch(ctx context.Context) {
	t := time.NewTimer(0)
	defer t.Stop()
	for {
		next, err := a.look(ctx, time.Now())
		if err != nil && ctx.Err() == nil {
			a.log.WarnContext(ctx, "whether to announce the stream cannot be told yet", "err", err)
		}
		t.Reset(next)
		select {
		case <-ctx.Done():
			return
		case <-a.wake:
		case <-t.C:
		}
	}
}

// lookEvery is how often the settings are looked at while a stream waits to be
// announced.
const lookEvery = time.Minute

// look announces the stream if it is time, and returns when to look again.
func (a *Announcer) look(ctx context.Context, now time.Time) (time.Duration, error) {
	s, _ := a.current()
	if !s.live || s.interrupted || s.done != "" {
		return time.Hour, nil
	}
	c, err := a.cfg.GoLive(ctx)
	if err != nil {
		return lookEvery, err
	}
	if wait := s.since.Add(c.delay()).Sub(now); wait > 0 {
		return min(wait, lookEvery), nil
	}
	if err := a.load(ctx); err != nil { // another process may have announced one
		return lookEvery, err
	}
	if _, last := a.current(); !last.IsZero() && now.Sub(last) < c.throttle() {
		a.decide(s, throttled, time.Time{}, nil)
		return time.Hour, nil
	}
	server, err := a.cfg.Describe(ctx)
	if err != nil {
		return lookEvery, err
	}
	streaming, over := context.WithCancel(ctx) // ends with the stream, or with ctx
	if !a.decide(s, announced, now, over) {
		over()
		return 0, nil // it is another one by now
	}
	a.save(ctx) // before: a restart must not announce it twice
	a.announce(job{ctx: streaming, n: Notification{
		ID: a.names.next(now), Kind: NotifyStream, Server: server.Name, Message: c.Message, Title: server.StreamTitle,
		URL: server.URL, Icon: icon(server), At: s.since,
	}})
	return time.Hour, nil
}

// current returns the stream, and when one was announced last.
func (a *Announcer) current() (stream, time.Time) {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.stream, a.results.LastStream
}

// decide writes down what becomes of the announcement of a stream, which over
// ends, and reports whether it is still the one there is.
func (a *Announcer) decide(s stream, what announcement, at time.Time, over context.CancelFunc) bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	if !a.stream.live || a.stream.number != s.number {
		return false
	}
	a.stream.done, a.stream.over = what, over
	if !at.IsZero() {
		a.results.LastStream = at.UTC()
	}
	return true
}

// icon is the URL of the picture of a server.
func icon(s Server) string {
	if s.URL == "" {
		return ""
	}
	return strings.TrimRight(s.URL, "/") + "/logo/external"
}

// Remind tells people of a scheduled event, until it begins. It does not block.
func (a *Announcer) Remind(ctx context.Context, e ScheduledEvent, message, when, url string) error {
	server, err := a.cfg.Describe(ctx)
	if err != nil {
		return err
	}
	a.announce(job{until: e.StartTime, n: Notification{
		ID: a.names.next(time.Now()), Kind: NotifyReminder, Server: server.Name, Message: message, Title: e.Name, When: when,
		URL: url, Icon: icon(server), At: e.StartTime, Event: &e,
	}})
	return nil
}

// announce hands something to every channel.
func (a *Announcer) announce(j job) {
	for _, ch := range a.channels {
		select {
		case ch.jobs <- j:
		default:
			a.record(ch, Result{Kind: j.n.Kind, At: time.Now().UTC(), Error: "too much waits to be told"})
		}
	}
}
