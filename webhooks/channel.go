package webhooks

import (
	"context"
	"errors"
	"fmt"
	"runtime/debug"
	"time"

	"github.com/owncast-go/owncast/repository"
)

const (
	// maxJobs is how much may wait to be told on one channel.
	maxJobs = 8
	// maxAttempts is how often telling is tried.
	maxAttempts = 6
	// notifyTime is how long a Notifier may take.
	notifyTime = 5 * time.Minute
	// testTime is how long it may take for a test, which somebody waits for.
	testTime = 30 * time.Second
)

// job is something to be told.
type job struct {
	n     Notification
	ctx   context.Context // done when it is no use any more; nil is with the Announcer
	until time.Time       // the same; zero is never
}

// channel is a Channel at work.
type channel struct {
	Channel
	jobs    chan job
	calling chan struct{} // has one while the Notifier works
	counts  ChannelCounts // guarded by the Announcer's mu
}

// Result is what came of telling something on a channel.
type Result struct {
	Kind     NotificationKind `json:"kind"`
	At       time.Time        `json:"at"`       // of the last attempt
	Attempts int              `json:"attempts"` // 0 if it was not tried
	Error    string           `json:"error"`    // empty if it was taken
	Retrying bool             `json:"retrying"` // and is tried again
}

// results are what is kept of announcements over restarts.
type results struct {
	LastStream time.Time         `json:"lastStream"` // when one was announced
	Channels   map[string]Result `json:"channels"`
}

func resultsSetting() repository.Setting[results] {
	return repository.Setting[results]{Section: "notification-results"}
}

// load reads what came of earlier announcements, and of those of another process
// since.
func (a *Announcer) load(ctx context.Context) error {
	r, _, err := resultsSetting().Get(ctx, a.cfg.Results)
	if err != nil {
		return err
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	a.merge(r)
	return nil
}

// merge takes what is later than what is known. The caller holds mu.
func (a *Announcer) merge(r results) {
	if r.LastStream.After(a.results.LastStream) {
		a.results.LastStream = r.LastStream
	}
	for name, res := range r.Channels {
		if res.At.After(a.results.Channels[name].At) {
			a.results.Channels[name] = res
		}
	}
}

// save keeps what came of announcements. That it cannot be kept is no reason
// not to announce.
func (a *Announcer) save(ctx context.Context) {
	a.saving.Lock()
	defer a.saving.Unlock()
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), lastWrites)
	defer cancel()
	_, err := resultsSetting().Update(ctx, a.cfg.Results, func(r *results) error {
		a.mu.Lock()
		defer a.mu.Unlock()
		a.merge(*r)
		r.LastStream, r.Channels = a.results.LastStream, map[string]Result{}
		for _, ch := range a.channels { // those of channels that are gone go
			if res, ok := a.results.Channels[ch.Name]; ok {
				r.Channels[ch.Name] = res
			}
		}
		return nil
	})
	if err != nil {
		a.log.WarnContext(ctx, "results of notifications not saved", "err", err)
	}
}

// record keeps a result in memory.
func (a *Announcer) record(ch *channel, r Result) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.results.Channels[ch.Name] = r
}

// serve tells what is to be told on a channel, until ctx is done.
func (a *Announcer) serve(ctx context.Context, ch *channel) {
	for {
		select {
		case <-ctx.Done():
			return
		case j := <-ch.jobs:
			a.tell(ctx, ch, j)
		}
	}
}

// tell tells something, and tries again.
func (a *Announcer) tell(running context.Context, ch *channel, j job) {
	ctx := running
	if j.ctx != nil {
		ctx = j.ctx
	}
	if !j.until.IsZero() {
		var cancel context.CancelFunc
		ctx, cancel = context.WithDeadline(ctx, j.until)
		defer cancel()
	}
	if ch.Message != nil {
		message, on, err := ch.Message(ctx)
		if err != nil {
			a.log.WarnContext(ctx, "whether a channel is to tell cannot be told", "channel", ch.Name, "err", err)
			return
		}
		if !on {
			return
		}
		if j.n.Kind == NotifyStream {
			j.n.Message = message
		}
	}
	for attempt := 1; ctx.Err() == nil; attempt++ {
		err := a.call(ctx, ch, j.n, notifyTime)
		if ctx.Err() != nil && err != nil {
			break // it was told to end
		}
		r := Result{Kind: j.n.Kind, At: time.Now().UTC(), Attempts: attempt}
		if err == nil {
			a.finish(ctx, ch, r)
			return
		}
		r.Error = err.Error()
		r.Retrying = attempt < maxAttempts && !errors.Is(err, ErrPermanent)
		a.finish(ctx, ch, r)
		if !r.Retrying {
			a.log.WarnContext(ctx, "notification not sent", "channel", ch.Name, "kind", j.n.Kind, "attempts", attempt, "err", err)
			return
		}
		pause(ctx, retryWait(attempt, err))
	}
	a.abandon(running, ch)
}

// ChannelCounts are those of a channel since the start.
type ChannelCounts struct {
	Sent   int64 // what was taken
	Failed int64 // tries that failed
}

// Counts returns the counts of all channels. It does not block.
func (a *Announcer) Counts() map[string]ChannelCounts {
	a.mu.Lock()
	defer a.mu.Unlock()
	counts := make(map[string]ChannelCounts, len(a.channels))
	for _, ch := range a.channels {
		counts[ch.Name] = ch.counts
	}
	return counts
}

// finish records, counts and keeps a result.
func (a *Announcer) finish(ctx context.Context, ch *channel, r Result) {
	a.record(ch, r)
	a.mu.Lock()
	if r.Error == "" {
		ch.counts.Sent++
	} else {
		ch.counts.Failed++
	}
	a.mu.Unlock()
	a.save(ctx)
}

// abandon writes down that something is not tried any more.
func (a *Announcer) abandon(ctx context.Context, ch *channel) {
	a.mu.Lock()
	r, ok := a.results.Channels[ch.Name]
	a.mu.Unlock()
	if ok && r.Retrying {
		r.Retrying = false
		a.record(ch, r)
		a.save(ctx)
	}
}

func retryWait(attempt int, err error) time.Duration {
	after := wait(attempt)
	if r := new(RetryError); errors.As(err, &r) {
		after = max(after, min(r.After, maxRetryAfter))
	}
	return after
}

// pause waits, or for ctx.
func pause(ctx context.Context, d time.Duration) {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
	case <-ctx.Done():
	}
}

// call calls the Notifier.
func (a *Announcer) call(ctx context.Context, ch *channel, n Notification, limit time.Duration) (err error) {
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	select {
	case ch.calling <- struct{}{}:
		defer func() { <-ch.calling }()
	case <-ctx.Done():
		return ctx.Err()
	}
	defer func() {
		if v := recover(); v != nil {
			a.log.ErrorContext(ctx, "panic recovered", "in", "notifier "+ch.Name, "panic", v, "stack", string(debug.Stack()))
			err = fmt.Errorf("%w: it panicked", ErrPermanent)
		}
	}()
	return ch.Notifier.Notify(ctx, n)
}

// Test tells something on a channel, whether it is on or not, for an
// administrator to see that it works. It waits for that for half a minute at
// the most, and does not try again. The error matches [repository.ErrNotFound]
// if there is no such channel; that it fails is in the Result.
func (a *Announcer) Test(ctx context.Context, name string) (Result, error) {
	for _, ch := range a.channels {
		if ch.Name == name {
			return a.test(ctx, ch)
		}
	}
	return Result{}, fmt.Errorf("channel %.50q: %w", name, repository.ErrNotFound)
}

func (a *Announcer) test(ctx context.Context, ch *channel) (Result, error) {
	s, err := a.cfg.Describe(ctx)
	if err != nil {
		return Result{}, err
	}
	now := time.Now().UTC()
	err = a.call(ctx, ch, Notification{
		ID: a.names.next(now), Kind: NotifyTest, Server: s.Name, Message: "This is a test: notifications of " + s.Name + " arrive here.",
		URL: s.URL, Icon: icon(s), At: now,
	}, testTime)
	if ctx.Err() != nil {
		return Result{}, ctx.Err()
	}
	r := Result{Kind: NotifyTest, At: time.Now().UTC(), Attempts: 1}
	if err != nil {
		r.Error = err.Error()
	}
	a.finish(ctx, ch, r)
	return r, nil
}

// ChannelStatus is how a channel does.
type ChannelStatus struct {
	Name string
	On   bool
	Last Result // zero if nothing was told yet
}

// StreamStatus is what becomes of the announcement of the stream.
type StreamStatus struct {
	// State is "none" without a stream, "waiting", "interrupted" while the
	// publisher is gone, "announced", or "throttled" if it was not announced.
	State string
	// At is when it is announced if it is waiting, and when a stream was
	// announced last otherwise, which is zero if none was.
	At time.Time
}

// Status returns how the channels do, and what becomes of the announcement of
// the stream.
func (a *Announcer) Status(ctx context.Context) ([]ChannelStatus, StreamStatus, error) {
	if err := a.load(ctx); err != nil {
		return nil, StreamStatus{}, err
	}
	list := make([]ChannelStatus, 0, len(a.channels))
	for _, ch := range a.channels {
		on := true
		if ch.Message != nil {
			var err error
			if _, on, err = ch.Message(ctx); err != nil {
				return nil, StreamStatus{}, err
			}
		}
		a.mu.Lock()
		list = append(list, ChannelStatus{Name: ch.Name, On: on, Last: a.results.Channels[ch.Name]})
		a.mu.Unlock()
	}
	s, last := a.current()
	status := StreamStatus{State: string(s.done), At: last}
	switch {
	case !s.live:
		status.State = "none"
	case s.done != "":
	case s.interrupted:
		status.State = "interrupted"
	default:
		c, err := a.cfg.GoLive(ctx)
		if err != nil {
			return nil, StreamStatus{}, err
		}
		status.State, status.At = "waiting", s.since.Add(c.delay()).UTC()
	}
	return list, status, nil
}
