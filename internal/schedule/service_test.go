package schedule_test

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/owncast-go/owncast/internal/schedule"
	"github.com/owncast-go/owncast/repository"
	"github.com/owncast-go/owncast/repository/memory"
)

func TestAnEventFromItsAnnouncementToItsEnd(t *testing.T) {
	at(t, "2026-05-01T00:00:30Z", func(t *testing.T) {
		x := newRig(t)
		x.set(func(c *schedule.Settings) { c.FirstReminder, c.SecondReminder, c.ChatOpenMinutes = 1440, 15, 30 })
		id := x.event("Show", "2026-05-03T20:00:00Z")
		x.want("01 00:00 created Show")
		until(t, "2026-05-03T19:29:59Z")
		x.want("02 20:00 reminder Show 24h0m0s Soon!")
		e, ok := x.Upcoming(time.Now())
		if c := (schedule.Settings{Enabled: true, ChatOpenMinutes: 30}); !ok || e.ID != id || x.ChatOpen(time.Now(), c) || !x.ChatOpen(time.Now().Add(time.Second), c) {
			t.Errorf("upcoming %+v, %v; or chat is not open half an hour before", e, ok)
		}
		until(t, "2026-05-03T19:50:00Z")
		x.want("03 19:45 reminder Show 15m0s Soon!", "03 19:50 warned Show")
		until(t, "2026-05-03T19:58:10Z")
		x.live(true)
		x.want("03 19:58 started Show")
		if _, ok := x.Upcoming(time.Now()); ok {
			t.Error("what has begun is upcoming")
		}
		until(t, "2026-05-03T23:00:10Z") // much longer than it was to
		x.live(false)
		x.live(true) // another broadcast
		until(t, "2026-05-04T20:00:00Z")
		x.want("03 23:00 ended Show")
		got, err := x.repo.Schedule.Event(t.Context(), id)
		if err != nil || got.StartedAt != parse(t, "2026-05-03T19:58:10Z") || got.EndedAt != parse(t, "2026-05-03T23:00:10Z") || got.Status != repository.EventScheduled {
			t.Errorf("%+v, %v", got, err)
		}
	})
}

func TestAStreamThatRunsAlreadyBeginsTheEventInItsWindow(t *testing.T) {
	at(t, "2026-05-01T12:00:00Z", func(t *testing.T) {
		x := newRig(t)
		x.live(true)
		x.event("First", "2026-05-01T14:00:00Z")
		x.event("Second", "2026-05-01T15:00:00Z")
		x.forget()
		until(t, "2026-05-01T16:00:00Z")
		x.want("01 13:50 started First", "01 14:50 ended First", "01 14:50 started Second")
		x.live(false)
		x.want("01 16:00 ended Second")
	})
}

func TestAnEventThatDoesNotBeginIsCancelled(t *testing.T) {
	at(t, "2026-05-01T12:00:00Z", func(t *testing.T) {
		x := newRig(t)
		x.set(func(c *schedule.Settings) { c.ChatOpenMinutes = 10 })
		id := x.event("Show", "2026-05-01T14:00:00Z")
		x.forget()
		until(t, "2026-05-01T14:09:59Z")
		if !x.ChatOpen(time.Now(), schedule.Settings{Enabled: true, ChatOpenMinutes: 10}) {
			t.Error("chat is closed before the event is cancelled")
		}
		until(t, "2026-05-01T14:30:00Z")
		x.want("01 13:50 warned Show", "01 14:09 missed Show", "01 14:10 updated Show")
		if e, err := x.repo.Schedule.Event(t.Context(), id); err != nil || e.Status != repository.EventCancelled {
			t.Errorf("%+v, %v", e, err)
		}
		if x.ChatOpen(time.Now(), schedule.Settings{Enabled: true, ChatOpenMinutes: 10}) {
			t.Error("chat is open")
		}
		x.live(true) // too late
		x.want()
	})
}

func TestNothingIsToldOfAMissedEventIfChatWasClosed(t *testing.T) {
	at(t, "2026-05-01T12:00:00Z", func(t *testing.T) {
		x := newRig(t)
		x.event("Show", "2026-05-01T14:00:00Z")
		x.forget()
		until(t, "2026-05-01T15:00:00Z")
		x.want("01 13:50 warned Show", "01 14:10 updated Show")
	})
}

func TestRemindersAreSentOnceOverRestarts(t *testing.T) {
	at(t, "2026-05-01T12:00:00Z", func(t *testing.T) {
		repo := memory.New()
		c := schedule.Settings{Enabled: true, ReminderMessage: "Soon!", FirstReminder: 120, SecondReminder: 15}
		x := newRigOn(t, repo, c)
		own := "Own words"
		x.put(schedule.Input{Name: "Show", Start: new(parse(t, "2026-05-01T20:00:00Z")), ReminderMessage: &own})
		x.forget()
		until(t, "2026-05-01T18:00:30Z")
		x.want("01 18:00 reminder Show 2h0m0s Own words")
		x.stop()
		for range 3 {
			x = newRigOn(t, repo, c)
			time.Sleep(5 * time.Minute)
			x.want()
			x.stop()
		}
		// Off from before the second reminder until shortly before the start.
		until(t, "2026-05-01T19:53:00Z")
		x = newRigOn(t, repo, c)
		x.want("01 19:53 warned Show", "01 19:53 reminder Show 15m0s Own words")
		x.stop()
		x = newRigOn(t, repo, c)
		time.Sleep(time.Minute)
		x.want()
	})
}

func TestOfTwoRemindersThatAreDueOneIsSent(t *testing.T) {
	at(t, "2026-05-01T12:00:00Z", func(t *testing.T) {
		repo := memory.New()
		c := schedule.Settings{Enabled: true, ReminderMessage: "Soon!", FirstReminder: 60, SecondReminder: 15}
		x := newRigOn(t, repo, c)
		x.event("Show", "2026-05-01T20:00:00Z")
		x.stop()
		until(t, "2026-05-01T19:48:00Z")
		x = newRigOn(t, repo, c)
		x.want("01 19:48 reminder Show 15m0s Soon!")
	})
}

func TestAReminderThatWasDueBeforeTheEventWasMadeIsNotSent(t *testing.T) {
	at(t, "2026-05-01T19:30:00Z", func(t *testing.T) {
		x := newRig(t)
		x.set(func(c *schedule.Settings) { c.FirstReminder, c.SecondReminder = 60, 15 })
		x.event("Show", "2026-05-01T20:00:00Z")
		until(t, "2026-05-01T19:46:00Z")
		x.want("01 19:30 created Show", "01 19:45 reminder Show 15m0s Soon!")
	})
}

func TestAnEventThatIsMovedIsRemindedOfAgain(t *testing.T) {
	at(t, "2026-05-01T12:00:00Z", func(t *testing.T) {
		x := newRig(t)
		x.set(func(c *schedule.Settings) { c.FirstReminder = 60 })
		id := x.event("Show", "2026-05-01T20:00:00Z")
		until(t, "2026-05-01T19:30:00Z")
		x.forget()
		x.put(schedule.Input{ID: id, Name: "Show", Start: new(parse(t, "2026-05-02T20:00:00Z"))})
		until(t, "2026-05-02T19:55:00Z")
		x.want("01 19:30 updated Show", "02 19:00 reminder Show 1h0m0s Soon!", "02 19:50 warned Show")
	})
}

func TestAnEventGoesOnOverARestart(t *testing.T) {
	at(t, "2026-05-01T12:00:00Z", func(t *testing.T) {
		repo := memory.New()
		c := schedule.Settings{Enabled: true}
		x := newRigOn(t, repo, c)
		x.event("Show", "2026-05-01T12:05:00Z")
		x.live(true)
		x.forget()
		// The process is killed: nobody has seen the stream stop.
		x.stop()
		y := newRigOn(t, repo, c)
		time.Sleep(time.Minute)
		y.live(true)
		time.Sleep(time.Hour)
		y.want()
		y.live(false)
		y.want("01 13:01 ended Show")

		y.event("Other", "2026-05-01T13:10:00Z")
		y.live(true)
		y.stop()
		z := newRigOn(t, repo, c)
		until(t, "2026-05-01T13:30:00Z") // nobody comes back
		z.want("01 13:03 ended Other")   // the first look after two minutes
	})
}

func TestTheEndOfTheStreamAtShutdownIsSeen(t *testing.T) {
	at(t, "2026-05-01T12:00:00Z", func(t *testing.T) {
		x := newRig(t)
		x.event("Show", "2026-05-01T12:05:00Z")
		x.live(true)
		x.forget()
		x.mu.Lock()
		x.online = false
		x.mu.Unlock()
		x.StreamStopped()
		x.stop()
		x.want("01 12:00 ended Show")
	})
}

func TestAScheduleThatIsSwitchedOffDoesNothing(t *testing.T) {
	at(t, "2026-05-01T12:00:00Z", func(t *testing.T) {
		x := newRigOn(t, memory.New(), schedule.Settings{FirstReminder: 15, ChatOpenMinutes: 30})
		id := x.event("Show", "2026-05-01T13:00:00Z")
		x.forget()
		until(t, "2026-05-01T12:50:00Z")
		x.live(true)
		until(t, "2026-05-01T13:30:00Z")
		x.live(false)
		x.want()
		if x.ChatOpen(parse(t, "2026-05-01T13:00:00Z"), schedule.Settings{ChatOpenMinutes: 30}) {
			t.Error("chat is open")
		}
		if e, err := x.repo.Schedule.Event(t.Context(), id); err != nil || !e.StartedAt.IsZero() || e.Done != nil || e.Status != 0 {
			t.Errorf("%+v, %v", e, err)
		}
	})
}

func TestWhoHearsMayUseTheScheduleAndMayPanic(t *testing.T) {
	at(t, "2026-05-01T12:00:00Z", func(t *testing.T) {
		x := newRig(t)
		made := false
		x.hear = func(what string) {
			if what == "created First" && !made {
				made = true
				x.event("Second", "2026-05-01T14:00:00Z")
				panic("oh")
			}
		}
		x.event("First", "2026-05-01T13:00:00Z")
		x.want("01 12:00 created First", "01 12:00 created Second")
		if !strings.Contains(x.log.String(), "oh") {
			t.Errorf("log %s", x.log.String())
		}
	})
}

func TestInputThatCannotBe(t *testing.T) {
	at(t, "2026-05-01T12:00:00Z", func(t *testing.T) {
		x := newRig(t)
		soon, past := parse(t, "2026-05-02T12:00:00Z"), parse(t, "2026-05-01T11:59:00Z")
		weekly := "DTSTART:20260505T200000Z\nRRULE:FREQ=WEEKLY"
		long := strings.Repeat("ü", 6000)
		in := func(change func(*schedule.Input)) schedule.Input {
			i := schedule.Input{Name: "Show", Start: &soon}
			change(&i)
			return i
		}
		for want, i := range map[string]schedule.Input{
			"name is required":                         in(func(i *schedule.Input) { i.Name = " \n" }),
			"name is longer than 200 characters":       in(func(i *schedule.Input) { i.Name = long }),
			"description is longer":                    in(func(i *schedule.Input) { i.Description = &long }),
			"reminderMessage is longer":                in(func(i *schedule.Input) { i.ReminderMessage = &long }),
			"durationMinutes is out of range":          in(func(i *schedule.Input) { i.Duration = new(10081 * time.Minute) }),
			"start and recurrence are mutually":        in(func(i *schedule.Input) { i.Recurrence = &weekly }),
			"start is required for a one-off event":    in(func(i *schedule.Input) { i.Start = nil }),
			"start must be in the future":              in(func(i *schedule.Input) { i.Start = &past }),
			"start must be within ten years":           in(func(i *schedule.Input) { i.Start = new(soon.AddDate(20, 0, 0)) }),
			"unknown timezone":                         in(func(i *schedule.Input) { i.Timezone = new("Mars/Olympus") }),
			"no scheduled event or series with":        in(func(i *schedule.Input) { i.ID = "nothing" }),
			"the recurrence must have one DTSTART":     {Name: "Show", Recurrence: new("RRULE:FREQ=DAILY")},
			"the recurrence has no occurrence to come": {Name: "Show", Recurrence: new("DTSTART:20260101T200000Z\nRRULE:FREQ=DAILY;COUNT=3")},
			"must have a DTSTART within ten years":     {Name: "Show", Recurrence: new("DTSTART:19900101T200000Z\nRRULE:FREQ=DAILY")},
		} {
			x.refuses(want, i)
		}
		x.refuses("has no occurrence to come", schedule.Input{Name: "Show", Recurrence: new("DTSTART:20260101T200000Z\nRRULE:FREQ=DAILY;BYMONTH=2;BYMONTHDAY=30")})
		if n := x.stored(); n != 0 {
			t.Errorf("%d events are stored", n)
		}

		event, series := x.put(in(func(*schedule.Input) {})), x.series("Series", weekly)
		x.refuses("a one-off event cannot become a recurring series", schedule.Input{ID: event, Name: "Show", Recurrence: &weekly})
		x.refuses("timezone cannot be changed on an update", schedule.Input{ID: event, Name: "Show", Timezone: new("Europe/Berlin")})
		x.refuses("a recurring series has no single start", schedule.Input{ID: series, Name: "Series", Start: &soon})
		x.refuses("timezone cannot be changed on an update", schedule.Input{ID: series, Name: "Series", Timezone: new("Europe/Berlin")})
		x.put(schedule.Input{ID: event, Name: "Show", Timezone: new("UTC")}) // as it is
		for _, id := range []string{"nothing", "", "nothing-20260505T200000Z", series + "-20260506T200000Z", series + "-"} {
			var input *schedule.InputError
			if err := x.Remove(t.Context(), id, false); !errors.As(err, &input) || input.Text != "no scheduled event or series with that id" {
				t.Errorf("Remove(%q) = %v", id, err)
			}
		}
	})
}

func TestAnUpdateKeepsWhatItDoesNotName(t *testing.T) {
	at(t, "2026-05-01T12:00:00Z", func(t *testing.T) {
		x := newRig(t)
		id := x.put(schedule.Input{
			Name: "Show", Start: new(parse(t, "2026-05-02T12:00:00.5+02:00")), Description: new(" D "), ReminderMessage: new("R"),
			Timezone: new("Europe/Berlin"), Duration: new(90 * time.Minute),
		})
		x.put(schedule.Input{ID: id, Name: "Other"})
		e, err := x.repo.Schedule.Event(t.Context(), id)
		want := repository.Event{
			ID: id, Name: "Other", Description: "D", ReminderMessage: "R", StartsAt: parse(t, "2026-05-02T10:00:00Z"), Duration: 90 * time.Minute,
			Timezone: "Europe/Berlin", CreatedAt: parse(t, "2026-05-01T12:00:00Z"),
		}
		if err != nil || !slices.Equal(e.Done, want.Done) || e.Name != want.Name || e.Description != want.Description || e.ReminderMessage != want.ReminderMessage ||
			!e.StartsAt.Equal(want.StartsAt) || e.Duration != want.Duration || e.Timezone != want.Timezone || !e.CreatedAt.Equal(want.CreatedAt) {
			t.Errorf("%+v, %v; want %+v", e, err, want)
		}
		x.put(schedule.Input{ID: id, Name: "Other", Description: new("")})
		if e, err := x.repo.Schedule.Event(t.Context(), id); err != nil || e.Description != "" || e.ReminderMessage != "R" {
			t.Errorf("%+v, %v", e, err)
		}
	})
}

func TestTheTextOfAReminder(t *testing.T) {
	e := repository.Event{ID: "abc", Name: "Show", StartsAt: parse(t, "2026-07-03T18:00:00Z"), Timezone: "Europe/Berlin"}
	want := "Soon!\n\nShow\nFriday, July 3 at 8:00 PM CEST\nhttps://live.example/x/schedule/abc"
	if got := (schedule.Reminder{Event: e, Message: "Soon!"}).Text("https://live.example/x/"); got != want {
		t.Errorf("%q, want %q", got, want)
	}
	e.Timezone = "Mars/Olympus"
	if got := (schedule.Reminder{Event: e}).Text(""); got != "Show\nFriday, July 3 at 6:00 PM UTC" {
		t.Errorf("%q", got)
	}
}

func TestRangesOfTheSchedule(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		x := newRig(t)
		now := time.Now()
		for want, d := range map[string]time.Duration{"to must be after from": 0, "requested schedule range is too large": 366*24*time.Hour + 1} {
			_, err := x.Between(t.Context(), now, now.Add(d))
			var input *schedule.InputError
			if !errors.As(err, &input) || input.Text != want {
				t.Errorf("a range of %v: %v", d, err)
			}
		}
		if _, err := x.Between(t.Context(), now, now.Add(366*24*time.Hour)); err != nil {
			t.Error(err)
		}
	})
}
