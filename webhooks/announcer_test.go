package webhooks_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/owncast-go/owncast/repository"
	"github.com/owncast-go/owncast/repository/memory"
	"github.com/owncast-go/owncast/webhooks"
)

// sayer is a Notifier that writes down what it is told, and fails as long as
// there are errors.
type sayer struct {
	mu    sync.Mutex
	said  []webhooks.Notification
	when  []time.Time
	fails []error
	do    func(ctx context.Context) error // instead of fails
}

func (s *sayer) Notify(ctx context.Context, n webhooks.Notification) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.said, s.when = append(s.said, n), append(s.when, time.Now())
	if s.do != nil {
		return s.do(ctx)
	}
	if len(s.fails) == 0 {
		return nil
	}
	err := s.fails[0]
	s.fails = s.fails[1:]
	return err
}

// told returns how long after a time it was told what, and forgets it.
func (s *sayer) told(begin time.Time) (list []string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for i, n := range s.said {
		list = append(list, fmt.Sprint(s.when[i].Sub(begin), " ", n.Kind))
	}
	s.said, s.when = nil, nil
	return list
}

// stage is an Announcer with Notifiers.
type stage struct {
	*webhooks.Announcer
	t      *testing.T
	goLive webhooks.GoLive
	log    *bytes.Buffer
	begin  time.Time
}

func newStage(t *testing.T, repo repository.Settings, channels ...webhooks.Channel) *stage {
	t.Helper()
	x := &stage{t: t, goLive: webhooks.GoLive{Message: "Live!", DelaySeconds: 120, ThrottleSeconds: 600}, log: new(bytes.Buffer), begin: time.Now()}
	var err error
	x.Announcer, err = webhooks.NewAnnouncer(webhooks.AnnouncerConfig{
		Channels: channels, GoLive: func(context.Context) (webhooks.GoLive, error) { return x.goLive, nil },
		Describe: server, Results: repo, Logger: slog.New(slog.NewTextHandler(x.log, nil)),
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := x.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(x.stop)
	return x
}

func (x *stage) stop() {
	x.t.Helper()
	if err := x.Shutdown(context.WithoutCancel(x.t.Context())); err != nil {
		x.t.Errorf("Shutdown = %v", err)
	}
}

// after sleeps until so long after the beginning.
func (x *stage) after(d time.Duration) {
	time.Sleep(time.Until(x.begin.Add(d)))
	synctest.Wait()
}

func (x *stage) want(s *sayer, want ...string) {
	x.t.Helper()
	synctest.Wait()
	if got := s.told(x.begin); !slices.Equal(got, want) {
		x.t.Errorf("told %v, want %v", got, want)
	}
}

// status is how a channel does.
func (x *stage) status(name string) webhooks.ChannelStatus {
	x.t.Helper()
	list, _, err := x.Status(x.t.Context())
	if err != nil {
		x.t.Fatal(err)
	}
	for _, s := range list {
		if s.Name == name {
			return s
		}
	}
	x.t.Fatalf("no channel %q in %+v", name, list)
	return webhooks.ChannelStatus{}
}

func (x *stage) stream() string {
	x.t.Helper()
	_, s, err := x.Status(x.t.Context())
	if err != nil {
		x.t.Fatal(err)
	}
	if s.At.IsZero() {
		return s.State
	}
	return fmt.Sprint(s.State, " ", s.At.Sub(x.begin))
}

func TestAStreamIsAnnouncedAfterAWhileAndOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &sayer{}
		x := newStage(t, memory.New().Settings, webhooks.Channel{Name: "a", Notifier: s})
		if got := x.stream(); got != "none" {
			t.Error(got)
		}
		x.StreamStarted(time.Now())
		x.after(time.Minute)
		if got := x.stream(); got != "waiting 2m0s" {
			t.Error(got)
		}
		x.after(119 * time.Second)
		x.want(s)
		x.after(time.Hour)
		if len(s.said) != 1 {
			t.Fatalf("told %+v", s.said)
		}
		n := s.said[0]
		if n.ID == "" || n.Server != "My channel" || n.Message != "Live!" || n.Title != "A title" || n.URL != "https://live.example" ||
			n.Icon != "https://live.example/logo/external" || !n.At.Equal(x.begin) || n.Text() != "Live!\nA title\n\nhttps://live.example" {
			t.Errorf("%+v", n)
		}
		x.want(s, "2m0s stream-started")
		if got := x.stream(); got != "announced 2m0s" {
			t.Error(got)
		}
		if c := x.status("a"); !c.On || c.Last.Error != "" || c.Last.Attempts != 1 || c.Last.Kind != webhooks.NotifyStream || !c.Last.At.Equal(x.begin.Add(2*time.Minute)) {
			t.Errorf("%+v", c)
		}
	})
}

func TestAStreamThatIsShortIsNotAnnounced(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &sayer{}
		x := newStage(t, memory.New().Settings, webhooks.Channel{Name: "a", Notifier: s})
		x.StreamStarted(time.Now())
		x.after(119 * time.Second)
		x.StreamStopped()
		x.after(time.Hour)
		x.want(s)
	})
}

func TestNothingIsAnnouncedWhileThePublisherIsGone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &sayer{}
		x := newStage(t, memory.New().Settings, webhooks.Channel{Name: "a", Notifier: s})
		x.StreamStarted(time.Now())
		x.after(110 * time.Second)
		x.StreamInterrupted()
		x.after(130 * time.Second)
		x.want(s)
		if got := x.stream(); got != "interrupted" {
			t.Error(got)
		}
		x.StreamResumed()
		x.want(s, "2m10s stream-started")
		// The same session, again and again, is the same stream.
		for i := range 5 {
			x.after(time.Duration(i+1) * time.Hour)
			x.StreamInterrupted()
			time.Sleep(10 * time.Second)
			x.StreamResumed()
		}
		x.want(s)
	})
}

func TestAnnouncementsAreThrottledOverRestarts(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &sayer{}
		repo := memory.New().Settings
		x := newStage(t, repo, webhooks.Channel{Name: "a", Notifier: s})
		x.StreamStarted(time.Now())
		x.after(3 * time.Minute)
		x.want(s, "2m0s stream-started")
		x.StreamStopped()
		x.stop()
		begin := x.begin
		x = newStage(t, repo, webhooks.Channel{Name: "a", Notifier: s})
		x.begin = begin
		if c := x.status("a"); c.Last.Attempts != 1 {
			t.Errorf("the result is not kept: %+v", c)
		}
		x.after(9 * time.Minute)
		x.StreamStarted(time.Now())
		x.after(time.Hour)
		x.want(s) // at 11 minutes it was 9 since the last
		if got := x.stream(); got != "throttled 2m0s" {
			t.Error(got)
		}
		x.StreamStopped()
		x.StreamStarted(time.Now())
		x.after(2 * time.Hour)
		x.want(s, "1h2m0s stream-started")
	})
}

// What was begun to be told counts as told, whatever becomes of the process.
func TestAnAnnouncementIsWrittenDownBeforeItIsMade(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		repo := memory.New().Settings
		slow := &sayer{do: func(ctx context.Context) error { <-ctx.Done(); return ctx.Err() }}
		x := newStage(t, repo, webhooks.Channel{Name: "slow", Notifier: slow})
		x.StreamStarted(time.Now())
		x.after(2 * time.Minute)
		good := &sayer{}
		y := newStage(t, repo, webhooks.Channel{Name: "good", Notifier: good}) // the first one is as if killed
		y.StreamStarted(time.Now())
		y.after(5 * time.Minute)
		y.want(good)
	})
}

func TestTheTimingIsASetting(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &sayer{}
		x := newStage(t, memory.New().Settings, webhooks.Channel{Name: "a", Notifier: s})
		x.goLive = webhooks.GoLive{}
		for range 3 {
			x.StreamStarted(time.Now())
			synctest.Wait()
			x.StreamStopped()
		}
		x.want(s, "0s stream-started", "0s stream-started", "0s stream-started")
	})
}

func TestAChannelThatFailsIsTriedAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		no := errors.New("no")
		flaky := &sayer{fails: []error{no, &webhooks.RetryError{After: time.Minute, Err: no}, no}}
		dead := &sayer{do: func(context.Context) error { return no }}
		wrong := &sayer{fails: []error{fmt.Errorf("%w: the token", webhooks.ErrPermanent)}}
		mad := &sayer{do: func(context.Context) error { panic("oh") }}
		good := &sayer{}
		x := newStage(t, memory.New().Settings,
			webhooks.Channel{Name: "flaky", Notifier: flaky}, webhooks.Channel{Name: "dead", Notifier: dead},
			webhooks.Channel{Name: "wrong", Notifier: wrong}, webhooks.Channel{Name: "mad", Notifier: mad}, webhooks.Channel{Name: "good", Notifier: good})
		x.goLive.DelaySeconds = 0
		x.StreamStarted(time.Now())
		synctest.Wait()
		if c := x.status("flaky"); !c.Last.Retrying || c.Last.Error != "no" || c.Last.Attempts != 1 {
			t.Errorf("%+v", c)
		}
		x.after(time.Hour)
		ids := map[string]bool{}
		for _, n := range flaky.said {
			ids[n.ID] = true
		}
		if len(ids) != 1 {
			t.Errorf("another try has another ID: %v", ids)
		}
		x.want(good, "0s stream-started")
		x.want(flaky, "0s stream-started", "5s stream-started", "1m5s stream-started", "1m50s stream-started")
		x.want(dead, "0s stream-started", "5s stream-started", "20s stream-started", "1m5s stream-started", "3m20s stream-started", "10m5s stream-started")
		x.want(wrong, "0s stream-started")
		x.want(mad, "0s stream-started")
		for name, want := range map[string]webhooks.Result{
			"flaky": {Attempts: 4}, "dead": {Attempts: 6, Error: "no"}, "good": {Attempts: 1},
			"wrong": {Attempts: 1, Error: "webhooks: it is no use to try again: the token"},
			"mad":   {Attempts: 1, Error: "webhooks: it is no use to try again: it panicked"},
		} {
			got := x.status(name).Last
			if want.Kind, want.At = webhooks.NotifyStream, got.At; got != want {
				t.Errorf("%s: %+v, want %+v", name, got, want)
			}
		}
		if !strings.Contains(x.log.String(), "oh") {
			t.Errorf("log %s", x.log)
		}
	})
}

func TestNobodyIsToldOfAStreamThatIsOver(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		dead := &sayer{do: func(context.Context) error { return errors.New("no") }}
		slow := &sayer{do: func(ctx context.Context) error { <-ctx.Done(); return ctx.Err() }}
		x := newStage(t, memory.New().Settings, webhooks.Channel{Name: "dead", Notifier: dead}, webhooks.Channel{Name: "slow", Notifier: slow})
		x.goLive.DelaySeconds = 0
		x.StreamStarted(time.Now())
		x.after(time.Minute)
		x.want(dead, "0s stream-started", "5s stream-started", "20s stream-started")
		x.StreamStopped()
		x.after(time.Hour)
		x.want(dead)
		if c := x.status("dead"); c.Last.Retrying || c.Last.Error != "no" {
			t.Errorf("%+v", c)
		}
		if c := x.status("slow"); c.Last.Attempts != 0 {
			t.Errorf("what was cut off counts as failed: %+v", c)
		}
	})
}

func TestShutdownWaitsForNoNotifier(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		slow := &sayer{do: func(ctx context.Context) error { <-ctx.Done(); return ctx.Err() }}
		x := newStage(t, memory.New().Settings, webhooks.Channel{Name: "slow", Notifier: slow})
		x.goLive.DelaySeconds = 0
		x.StreamStarted(time.Now())
		synctest.Wait()
		x.stop()
		if took := time.Since(x.begin); took != 0 {
			t.Errorf("it took %v", took)
		}
	})
}

func TestRemindersAreTriedUntilTheEventBegins(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		good, dead := &sayer{}, &sayer{do: func(context.Context) error { return errors.New("no") }}
		off := &sayer{}
		x := newStage(t, memory.New().Settings, webhooks.Channel{Name: "good", Notifier: good}, webhooks.Channel{Name: "dead", Notifier: dead},
			webhooks.Channel{Name: "off", Notifier: off, Message: func(context.Context) (string, bool, error) { return "", false, nil }},
			webhooks.Channel{Name: "own", Notifier: good, Message: func(context.Context) (string, bool, error) { return "Own words", true, nil }})
		e := webhooks.ScheduledEvent{ID: "e", Name: "Show", StartTime: time.Now().Add(time.Minute)}
		if err := x.Remind(t.Context(), e, "Soon!", "Friday at 8", "https://live.example/schedule/e"); err != nil {
			t.Fatal(err)
		}
		x.after(time.Hour)
		n := good.said[1]
		if n.Message != "Soon!" || n.Event.ID != "e" || n.Text() != "Soon!\n\nShow\nFriday at 8\nhttps://live.example/schedule/e" {
			t.Errorf("%+v", n)
		}
		x.want(good, "0s event-reminder", "0s event-reminder")
		x.want(dead, "0s event-reminder", "5s event-reminder", "20s event-reminder")
		x.want(off)
	})
}

func TestChannelsHaveTheirOwnWordsAndSwitches(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, b, c := &sayer{}, &sayer{}, &sayer{}
		on := false
		x := newStage(t, memory.New().Settings,
			webhooks.Channel{Name: "a", Notifier: a, Message: func(context.Context) (string, bool, error) { return "Own words", on, nil }},
			webhooks.Channel{Name: "b", Notifier: b, Message: func(context.Context) (string, bool, error) { return "", false, errors.New("disk") }},
			webhooks.Channel{Name: "c", Notifier: c})
		x.goLive = webhooks.GoLive{Message: "Live!"}
		x.StreamStarted(time.Now())
		synctest.Wait()
		x.want(a)
		on = true
		x.StreamStopped()
		x.StreamStarted(time.Now())
		synctest.Wait()
		if len(a.said) != 1 || a.said[0].Message != "Own words" || len(b.said) != 0 || len(c.said) != 2 || c.said[1].Message != "Live!" {
			t.Errorf("%+v %+v %+v", a.said, b.said, c.said)
		}
	})
}

func TestAChannelCanBeTested(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := &sayer{fails: []error{errors.New("no")}}
		slow := &sayer{do: func(ctx context.Context) error { <-ctx.Done(); return ctx.Err() }}
		x := newStage(t, memory.New().Settings,
			webhooks.Channel{Name: "a", Notifier: a, Message: func(context.Context) (string, bool, error) { return "", false, nil }},
			webhooks.Channel{Name: "slow", Notifier: slow})
		r, err := x.Test(t.Context(), "a")
		if err != nil || r.Error != "no" || r.Retrying || r.Kind != webhooks.NotifyTest {
			t.Errorf("%+v, %v", r, err)
		}
		if r, err = x.Test(t.Context(), "a"); err != nil || r.Error != "" || x.status("a").Last != r || !strings.Contains(a.said[1].Message, "test") {
			t.Errorf("%+v, %v", r, err)
		}
		x.begin = time.Now()
		if r, err = x.Test(t.Context(), "slow"); err != nil || r.Error == "" || time.Since(x.begin) != 30*time.Second {
			t.Errorf("%+v, %v", r, err)
		}
		if _, err := x.Test(t.Context(), "nobody"); !errors.Is(err, repository.ErrNotFound) {
			t.Errorf("%v", err)
		}
		// While it is busy a test waits, as long as tests do.
		x.goLive.DelaySeconds = 0
		x.StreamStarted(time.Now())
		synctest.Wait()
		if r, err = x.Test(t.Context(), "slow"); err != nil || r.Error == "" {
			t.Errorf("%+v, %v", r, err)
		}
	})
}

type myNotifier struct{ webhooks.NotifierFunc }

type calledMine struct{ webhooks.NotifierFunc }

func (calledMine) Name() string { return "mine" }

func TestNamesOfChannels(t *testing.T) {
	nothing := webhooks.NotifierFunc(func(context.Context, webhooks.Notification) error { return nil })
	a, err := webhooks.NewAnnouncer(webhooks.AnnouncerConfig{
		Channels: []webhooks.Channel{
			{Notifier: nothing}, {Notifier: nothing}, {Notifier: &myNotifier{nothing}}, {Notifier: calledMine{nothing}}, {Name: "mine", Notifier: nothing}, {Name: "x", Notifier: calledMine{nothing}},
		},
		GoLive: func(context.Context) (webhooks.GoLive, error) { return webhooks.GoLive{}, nil }, Describe: server, Results: memory.New().Settings,
	})
	if err != nil {
		t.Fatal(err)
	}
	list, _, err := a.Status(t.Context())
	var names []string
	for _, s := range list {
		names = append(names, s.Name)
	}
	if want := []string{"notifierfunc", "notifierfunc-2", "mynotifier", "mine", "mine-2", "x"}; err != nil || !slices.Equal(names, want) {
		t.Errorf("%v, %v; want %v", names, err, want)
	}
	for _, c := range []webhooks.AnnouncerConfig{{}, {Channels: []webhooks.Channel{{}}, Describe: server, Results: memory.New().Settings, GoLive: func(context.Context) (webhooks.GoLive, error) { return webhooks.GoLive{}, nil }}} {
		if _, err := webhooks.NewAnnouncer(c); err == nil {
			t.Errorf("NewAnnouncer takes %+v", c)
		}
	}
}
