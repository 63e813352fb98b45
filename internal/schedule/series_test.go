package schedule_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/owncast-go/owncast/internal/schedule"
	"github.com/owncast-go/owncast/repository"
	"github.com/owncast-go/owncast/repository/memory"
)

const weekly = "DTSTART;TZID=Europe/Berlin:20260504T200000\nRRULE:FREQ=WEEKLY"

func wantStarts(t *testing.T, x *rig, days int, want ...string) {
	t.Helper()
	if got := x.starts(days); !slices.Equal(got, want) {
		t.Errorf("the next %d days have %v, want %v", days, got, want)
	}
}

func TestASeriesMakesItsEvents30DaysAhead(t *testing.T) {
	at(t, "2026-05-01T12:00:00Z", func(t *testing.T) {
		x := newRig(t)
		id := x.series("Show", weekly)
		x.want("01 12:00 created Show", "01 12:00 created Show", "01 12:00 created Show", "01 12:00 created Show")
		if n := x.stored(); n != 4 {
			t.Errorf("%d events are stored", n)
		}
		// Those beyond are known, and have the ids that they will have.
		wantStarts(t, x, 40, "05-04T18:00 Show", "05-11T18:00 Show", "05-18T18:00 Show", "05-25T18:00 Show", "06-01T18:00 Show", "06-08T18:00 Show")
		ids := func(x *rig) (list []string) {
			events, err := x.Between(t.Context(), parse(t, "2026-05-01T00:00:00Z"), parse(t, "2026-07-01T00:00:00Z"))
			if err != nil {
				t.Fatal(err)
			}
			for _, e := range events {
				if e.SeriesID != id || e.Timezone != "Europe/Berlin" || e.Duration != time.Hour {
					t.Errorf("%+v", e)
				}
				list = append(list, e.ID)
			}
			return list
		}
		before := ids(x)
		x = x.off("2026-05-19T12:00:00Z")
		until(t, "2026-05-20T12:00:00Z")
		if after := ids(x); !slices.Equal(before, after) || x.stored() != 7 {
			t.Errorf("ids %v became %v, %d are stored", before, after, x.stored())
		}
		x = x.off("2026-10-20T00:00:00Z") // the clocks change, the hour does not
		wantStarts(t, x, 14, "10-26T19:00 Show", "11-02T19:00 Show")
	})
}

func TestARestartMakesNoEventTwice(t *testing.T) {
	at(t, "2026-05-01T12:00:00Z", func(t *testing.T) {
		repo := memory.New()
		x := newRigOn(t, repo, schedule.Settings{Enabled: true})
		id := x.series("Show", weekly)
		x.stop()
		// As if the process had ended before it wrote down how far it was.
		all, err := repo.Schedule.AllEventSeries(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		all[0].ExpandedUntil = time.Time{}
		if err := repo.Schedule.PutEventSeries(t.Context(), all[0]); err != nil {
			t.Fatal(err)
		}
		// And one that another program has made.
		if err := repo.Schedule.DeleteEvent(t.Context(), id+"-20260511T180000Z"); err != nil {
			t.Fatal(err)
		}
		if err := repo.Schedule.PutEvents(t.Context(), repository.Event{ID: "imported", SeriesID: id, Name: "Imported", StartsAt: parse(t, "2026-05-11T18:00:00Z")}); err != nil {
			t.Fatal(err)
		}
		x = newRigOn(t, repo, schedule.Settings{Enabled: true})
		x.want()
		wantStarts(t, x, 30, "05-04T18:00 Show", "05-11T18:00 Imported", "05-18T18:00 Show", "05-25T18:00 Show")
	})
}

func TestASeriesThatIsChanged(t *testing.T) {
	at(t, "2026-05-01T12:00:00Z", func(t *testing.T) {
		x := newRig(t)
		id := x.series("Show", weekly)
		x.put(schedule.Input{ID: id + "-20260511T180000Z", Name: "Special"})
		if err := x.Remove(t.Context(), id+"-20260518T180000Z", true); err != nil {
			t.Fatal(err)
		}
		x.put(schedule.Input{ID: id + "-20260525T180000Z", Name: "Show", Start: new(parse(t, "2026-05-26T18:00:00Z"))}) // a day later
		x.forget()

		x.put(schedule.Input{ID: id, Name: "New name", Description: new("D")})
		wantStarts(t, x, 32, "05-04T18:00 New name", "05-11T18:00 Special", "(05-18T18:00 New name)", "05-26T18:00 New name", "06-01T18:00 New name")
		x.want("01 12:00 updated New name", "01 12:00 updated Special", "01 12:00 updated New name", "01 12:00 updated New name")
		if e, err := x.repo.Schedule.Event(t.Context(), id+"-20260511T180000Z"); err != nil || e.Description != "D" {
			t.Errorf("%+v, %v", e, err)
		}

		// From the 15th on an hour later: those before are as they were, changes
		// too, and others go.
		x.put(schedule.Input{ID: id, Name: "New name", Recurrence: new("DTSTART;TZID=Europe/Berlin:20260504T200000\nRRULE:FREQ=WEEKLY;COUNT=2\nRDATE:20260518T190000Z")})
		wantStarts(t, x, 60, "05-04T18:00 New name", "05-11T18:00 Special", "05-18T19:00 New name")
		x.want("01 12:00 deleted New name", "01 12:00 deleted New name", "01 12:00 created New name")
	})
}

func TestOneEventOfASeriesGoesForGood(t *testing.T) {
	at(t, "2026-05-01T12:00:00Z", func(t *testing.T) {
		x := newRig(t)
		id := x.series("Show", weekly)
		for _, gone := range []string{"-20260511T180000Z", "-20260608T180000Z"} { // the second is beyond the horizon
			if err := x.Remove(t.Context(), id+gone, false); err != nil {
				t.Fatal(err)
			}
		}
		x.put(schedule.Input{ID: id, Name: "Other"}) // makes everything anew
		want := []string{"05-04T18:00 Other", "05-18T18:00 Other", "05-25T18:00 Other", "06-01T18:00 Other", "06-15T18:00 Other"}
		wantStarts(t, x, 46, want...)
		series, _, err := x.All(t.Context())
		if err != nil || !strings.Contains(series[0].Recurrence, "\nEXDATE:20260511T180000Z\nEXDATE:20260608T180000Z") {
			t.Errorf("%+v, %v", series, err)
		}
		x = x.off("2026-06-10T00:00:00Z")
		wantStarts(t, x, 7, "06-15T18:00 Other")
	})
}

func TestEventsBeyondTheHorizonCanBeChanged(t *testing.T) {
	at(t, "2026-05-01T12:00:00Z", func(t *testing.T) {
		x := newRig(t)
		id := x.series("Show", weekly)
		x.forget()
		x.put(schedule.Input{ID: id + "-20260608T180000Z", Name: "Special", Start: new(parse(t, "2026-06-09T18:00:00Z"))})
		if err := x.Remove(t.Context(), id+"-20260615T180000Z", true); err != nil {
			t.Fatal(err)
		}
		x.want("01 12:00 created Special", "01 12:00 updated Show")
		want := []string{"06-01T18:00 Show", "06-09T18:00 Special", "(06-15T18:00 Show)", "06-22T18:00 Show"}
		if got := x.starts(55)[4:]; !slices.Equal(got, want) {
			t.Errorf("%v, want %v", got, want)
		}
		if events, err := x.Between(t.Context(), parse(t, "2026-06-08T00:00:00Z"), parse(t, "2026-06-09T00:00:00Z")); err != nil || len(events) != 0 {
			t.Errorf("the day that it was moved from has %+v, %v", events, err)
		}
		x = x.off("2026-05-31T00:00:00Z")
		wantStarts(t, x, 25, want...)
	})
}

func TestASeriesIsCancelledOrDeleted(t *testing.T) {
	at(t, "2026-05-01T12:00:00Z", func(t *testing.T) {
		x := newRig(t)
		id := x.series("Show", weekly)
		until(t, "2026-05-04T17:55:00Z")
		x.live(true)
		x.forget()
		if err := x.Remove(t.Context(), id, true); err != nil {
			t.Fatal(err)
		}
		x.want("04 17:55 updated Show", "04 17:55 updated Show", "04 17:55 updated Show", "04 17:55 updated Show")
		wantStarts(t, x, 60, "05-04T18:00 Show", "(05-11T18:00 Show)", "(05-18T18:00 Show)", "(05-25T18:00 Show)", "(06-01T18:00 Show)")
		until(t, "2026-05-10T00:00:00Z")
		wantStarts(t, x, 60, "(05-11T18:00 Show)", "(05-18T18:00 Show)", "(05-25T18:00 Show)", "(06-01T18:00 Show)")

		other := x.series("Other", weekly)
		x.forget()
		if err := x.Remove(t.Context(), other, false); err != nil {
			t.Fatal(err)
		}
		x.want("10 00:00 deleted Other", "10 00:00 deleted Other", "10 00:00 deleted Other", "10 00:00 deleted Other", "10 00:00 deleted Other")
		x.live(false) // after days
		x.want("10 00:00 ended Show")
		if series, events, err := x.All(t.Context()); err != nil || len(series) != 1 || series[0].Active || len(events) != 5 {
			t.Errorf("%+v %+v %v", series, events, err)
		}
	})
}

func TestASeriesThatCannotBeWorkedOutIsSuspended(t *testing.T) {
	at(t, "2026-05-01T12:00:00Z", func(t *testing.T) {
		repo := memory.New()
		for _, es := range []repository.EventSeries{
			{ID: "zone", Recurrence: "DTSTART:20260504T200000\nRRULE:FREQ=DAILY", Timezone: "Mars/Olympus", Active: true},
			{ID: "rule", Recurrence: "RRULE:FREQ=SOMETIMES", Timezone: "UTC", Active: true},
			{ID: "good", Name: "Good", Recurrence: "DTSTART:20260504T200000\nRRULE:FREQ=DAILY;COUNT=1", Timezone: "UTC", Active: true},
		} {
			if err := repo.Schedule.PutEventSeries(t.Context(), es); err != nil {
				t.Fatal(err)
			}
		}
		x := newRigOn(t, repo, schedule.Settings{Enabled: true})
		wantStarts(t, x, 30, "05-04T20:00 Good")
		series, _, err := x.All(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		for _, es := range series {
			if es.Active != (es.ID == "good") {
				t.Errorf("%+v", es)
			}
		}
		if n := strings.Count(x.log.String(), "suspended"); n != 2 {
			t.Errorf("log %s", x.log.String())
		}
	})
}

func TestThereAreNotTooMany(t *testing.T) {
	at(t, "2026-05-01T12:00:00Z", func(t *testing.T) {
		x := newRig(t)
		for range 100 {
			x.series("Show", "DTSTART:20270504T200000Z\nRRULE:FREQ=YEARLY;COUNT=1")
		}
		x.refuses("there are too many series", schedule.Input{Name: "Show", Recurrence: new(weekly)})
		var many []repository.Event
		for i := range 1000 {
			many = append(many, repository.Event{ID: fmt.Sprint(i), StartsAt: parse(t, "2026-05-02T12:00:00Z")})
		}
		if err := x.repo.Schedule.PutEvents(t.Context(), many...); err != nil {
			t.Fatal(err)
		}
		x.refuses("there are too many events to come", schedule.Input{Name: "Show", Start: new(parse(t, "2026-05-02T12:00:00Z"))})
	})
}
