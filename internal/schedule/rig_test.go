package schedule_test

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

	"go.uber.org/goleak"

	"github.com/owncast-go/owncast/internal/schedule"
	"github.com/owncast-go/owncast/repository"
	"github.com/owncast-go/owncast/repository/memory"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// rig is a Service that writes down what it tells.
type rig struct {
	*schedule.Service
	t    *testing.T
	repo repository.Repository

	mu       sync.Mutex
	settings schedule.Settings
	online   bool
	told     []string
	hear     func(what string)
	log      bytes.Buffer
}

func newRig(t *testing.T) *rig {
	t.Helper()
	return newRigOn(t, memory.New(), schedule.Settings{Enabled: true, ReminderMessage: "Soon!"})
}

// newRigOn starts a Service on a repository, until the test ends.
func newRigOn(t *testing.T, repo repository.Repository, c schedule.Settings) *rig {
	t.Helper()
	x := &rig{t: t, repo: repo, settings: c}
	event := func(what string) func(context.Context, repository.Event) {
		return func(_ context.Context, e repository.Event) { x.tell(what + " " + e.Name) }
	}
	var err error
	x.Service, err = schedule.New(schedule.Config{
		Store: repo.Schedule,
		Settings: func(context.Context) (schedule.Settings, error) {
			x.mu.Lock()
			defer x.mu.Unlock()
			return x.settings, nil
		},
		Online: func() bool {
			x.mu.Lock()
			defer x.mu.Unlock()
			return x.online
		},
		Events: schedule.Events{
			Changed: func(_ context.Context, c schedule.Change) {
				x.tell([]string{"created", "updated", "deleted"}[c.Kind] + " " + c.Event.Name)
			},
			Reminder: func(_ context.Context, r schedule.Reminder) {
				x.tell(fmt.Sprintf("reminder %s %v %s", r.Event.Name, r.Lead, r.Message))
			},
			Warned: event("warned"), Started: event("started"), Ended: event("ended"), Missed: event("missed"),
		},
		Logger: slog.New(slog.NewTextHandler(&x.log, nil)),
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

func (x *rig) stop() {
	x.t.Helper()
	if err := x.Shutdown(context.WithoutCancel(x.t.Context())); err != nil {
		x.t.Errorf("Shutdown = %v", err)
	}
}

func (x *rig) tell(what string) {
	x.mu.Lock()
	x.told = append(x.told, time.Now().UTC().Format("02 15:04 ")+what)
	hear := x.hear
	x.mu.Unlock()
	if hear != nil {
		hear(what)
	}
}

func (x *rig) set(f func(*schedule.Settings)) {
	x.mu.Lock()
	defer x.mu.Unlock()
	f(&x.settings)
}

// live starts or stops the stream.
func (x *rig) live(online bool) {
	x.mu.Lock()
	x.online = online
	x.mu.Unlock()
	if online {
		x.StreamStarted()
	} else {
		x.StreamStopped()
	}
	synctest.Wait()
}

// want compares what was told since the last call, but for what is of other
// words.
func (x *rig) want(want ...string) {
	x.t.Helper()
	synctest.Wait()
	x.mu.Lock()
	defer x.mu.Unlock()
	if !slices.Equal(x.told, want) {
		x.t.Errorf("told\n\t%s\nwant\n\t%s", strings.Join(x.told, "\n\t"), strings.Join(want, "\n\t"))
	}
	x.told = nil
}

// forget forgets what was told.
func (x *rig) forget() {
	synctest.Wait()
	x.mu.Lock()
	defer x.mu.Unlock()
	x.told = nil
}

// until sleeps to a time.
func until(t *testing.T, when string) {
	t.Helper()
	time.Sleep(time.Until(parse(t, when)))
	synctest.Wait()
}

func parse(t *testing.T, when string) time.Time {
	t.Helper()
	at, err := time.Parse(time.RFC3339, when)
	if err != nil {
		t.Fatal(err)
	}
	return at
}

func (x *rig) put(in schedule.Input) string {
	x.t.Helper()
	id, err := x.Put(x.t.Context(), in)
	if err != nil {
		x.t.Fatal(err)
	}
	return id
}

// off ends the Service, and returns another one at a time: a clock that goes
// minute by minute takes long.
func (x *rig) off(until string) *rig {
	x.t.Helper()
	x.stop()
	time.Sleep(time.Until(parse(x.t, until)))
	return newRigOn(x.t, x.repo, x.settings)
}

// event makes an event.
func (x *rig) event(name, start string) string {
	x.t.Helper()
	return x.put(schedule.Input{Name: name, Start: new(parse(x.t, start))})
}

// series makes a series.
func (x *rig) series(name, recurrence string) string {
	x.t.Helper()
	return x.put(schedule.Input{Name: name, Recurrence: &recurrence})
}

// refuses fails the test unless the input is refused with a text.
func (x *rig) refuses(want string, in schedule.Input) {
	x.t.Helper()
	_, err := x.Put(x.t.Context(), in)
	var input *schedule.InputError
	if !errors.As(err, &input) || !strings.Contains(input.Text, want) {
		x.t.Errorf("Put(%+v) = %v, want %q", in, err, want)
	}
}

// starts are the starts and names of the events from now on for so many days,
// those that are cancelled in brackets.
func (x *rig) starts(days int) (list []string) {
	x.t.Helper()
	now := time.Now()
	events, err := x.Between(x.t.Context(), now, now.AddDate(0, 0, days))
	if err != nil {
		x.t.Fatal(err)
	}
	for _, e := range events {
		text := e.StartsAt.Format("01-02T15:04 ") + e.Name
		if e.Status == repository.EventCancelled {
			text = "(" + text + ")"
		}
		list = append(list, text)
	}
	return list
}

// stored is how many events are in the repository.
func (x *rig) stored() int {
	x.t.Helper()
	all, err := x.repo.Schedule.Events(x.t.Context(), time.Time{}, time.Time{})
	if err != nil {
		x.t.Fatal(err)
	}
	return len(all)
}
