package owncast_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/emersion/go-ical"

	"github.com/owncast-go/owncast"
)

type scheduleAnswer struct {
	Series []struct{ ID, Name, Recurrence string }
	Events []struct {
		ID, SeriesID, Name, Status string
		StartTime                  time.Time
		DurationMinutes            int
	}
}

// schedules posts to a route that answers with the schedule.
func (o owner) schedules(path string, v any) (s scheduleAnswer) {
	o.t.Helper()
	code, body := o.send("POST", "/api/admin/schedule/"+path, jsonText(v))
	if err := json.Unmarshal([]byte(body), &s); err != nil || code != 200 {
		o.t.Fatalf("%s %v: %d %s", path, v, code, body)
	}
	return s
}

func TestAScheduleOverTheAPI(t *testing.T) {
	o := owned(t, owncast.WithBaseURL("https://live.example/x"))
	if code, body := o.get("/api/schedule"); code != 200 || body != "[]\n" {
		t.Errorf("at first: %d %s", code, body)
	}
	o.set("schedule/enabled", "true")
	o.set("schedule/showcountdown", "true")
	o.set("schedule/chatopenminutes", "60")
	soon := time.Now().Add(30 * time.Minute).UTC().Truncate(time.Second)
	s := o.schedules("event", map[string]any{"name": "Show", "start": soon, "description": "D", "timezone": "Europe/Berlin"})
	if len(s.Events) != 1 || s.Events[0].Name != "Show" || !s.Events[0].StartTime.Equal(soon) || s.Events[0].DurationMinutes != 60 || s.Events[0].Status != "scheduled" {
		t.Fatalf("%+v", s)
	}
	id := s.Events[0].ID
	if got := o.field("/api/status", "scheduledEvent.id") + o.field("/api/status", "scheduledEvent.chatOpen"); got != `"`+id+`"true` {
		t.Errorf("status: %s", got)
	}
	if got := o.field("/api/config", "schedule"); got != `{"chatOpenMinutesBefore":60,"enabled":true,"showCountdown":true}` {
		t.Errorf("config: %s", got)
	}
	recurrence := "DTSTART:" + soon.AddDate(0, 0, 1).Format("20060102T150405Z") + "\nRRULE:FREQ=DAILY"
	s = o.schedules("event", map[string]any{"name": "Daily", "recurrence": recurrence, "durationMinutes": 15})
	if len(s.Series) != 1 || len(s.Events) < 29 || s.Events[1].SeriesID != s.Series[0].ID {
		t.Fatalf("%+v", s)
	}
	code, body := o.get("/api/schedule")
	var list []json.RawMessage
	if err := json.Unmarshal([]byte(body), &list); err != nil || code != 200 || len(list) < 89 || len(list) > 92 {
		t.Errorf("%d events for 90 days: %d %v", len(list), code, err)
	}
	code, h, body := o.exchange("GET", "/api/schedule.ics", "", "")
	cal, err := ical.NewDecoder(strings.NewReader(body)).Decode()
	if err != nil || code != 200 || h.Get("Content-Type") != "text/calendar; charset=utf-8" || len(cal.Events()) < 350 || !strings.Contains(body, "URL:https://live.example/x/schedule/"+id+"\r\n") {
		t.Errorf("%d %v %v", code, h, err)
	}
	s = o.schedules("event", map[string]any{"id": id, "name": "New name"})
	if s.Events[0].Name != "New name" || !s.Events[0].StartTime.Equal(soon) {
		t.Errorf("%+v", s.Events[0])
	}
	s = o.schedules("event/delete", map[string]any{"id": id, "cancel": true})
	if s.Events[0].Status != "cancelled" {
		t.Errorf("%+v", s.Events[0])
	}
	if got := o.field("/api/status", "scheduledEvent.name"); got != `"Daily"` {
		t.Errorf("status: %s", got)
	}
	s = o.schedules("event/delete", map[string]any{"id": s.Series[0].ID})
	if len(s.Series) != 0 || len(s.Events) != 1 {
		t.Errorf("%+v", s)
	}
	if code, body := o.send("POST", "/api/admin/schedule/preview", jsonText(map[string]any{"recurrence": recurrence})); code != 200 || strings.Count(body, "T") != 5 {
		t.Errorf("preview: %d %s", code, body)
	}
	o.set("schedule/enabled", "false")
	if code, body := o.get("/api/schedule"); code != 200 || body != "[]\n" {
		t.Errorf("switched off: %d %s", code, body)
	}
	if got := o.field("/api/status", "scheduledEvent"); got != "absent" {
		t.Errorf("switched off, the status has %s", got)
	}
}

func TestWhatTheScheduleRefuses(t *testing.T) {
	o := owned(t)
	o.set("schedule/enabled", "true")
	for body, want := range map[string]string{
		`{}`:           "name is required",
		`{"name":"x"}`: "start is required for a one-off event",
		`{"name":"x","start":"2001-01-01T00:00:00Z"}`:                                 "start must be in the future",
		`{"name":"x","start":"tomorrow"}`:                                             `start`,
		`{"name":"x","start":3}`:                                                      `start`,
		`{"name":"x","durationMinutes":10081,"start":"2001-01-01T00:00:00Z"}`:         "durationMinutes is out of range",
		`{"name":"x","durationMinutes":-1}`:                                           "durationMinutes is out of range",
		`{"name":"x","durationMinutes":99999999999}`:                                  "durationMinutes is out of range",
		`{"name":"x","timezone":"Mars/Olympus","start":"2001-01-01T00:00:00Z"}`:       "unknown timezone",
		`{"name":"x","recurrence":"RRULE:FREQ=DAILY"}`:                                "DTSTART",
		`{"name":"x","recurrence":"RRULE:FREQ=DAILY","start":"2001-01-01T00:00:00Z"}`: "start and recurrence are mutually exclusive",
		`{"name":"x","id":"nothing"}`:                                                 "no scheduled event or series with that id",
	} {
		if code, text := o.send("POST", "/api/admin/schedule/event", body); code != 400 || !isError(text) || !strings.Contains(text, want) {
			t.Errorf("%s: %d %s", body, code, text)
		}
	}
	for path, body := range map[string]string{"event/delete": `{"id":"nothing"}`, "preview": `{"recurrence":"x"}`} {
		if code, text := o.send("POST", "/api/admin/schedule/"+path, body); code != 400 || !isError(text) {
			t.Errorf("%s: %d %s", path, code, text)
		}
	}
	for query, want := range map[string]string{
		"?from=2026-01-02T00:00:00Z&to=2026-01-01T00:00:00Z": "to must be after from",
		"?from=2026-01-02T00:00:00Z&to=2028-01-01T00:00:00Z": "requested schedule range is too large",
		"?from=yesterday": "from",
		"?to=5":           "to",
	} {
		if code, text := o.get("/api/schedule" + query); code != 400 || !strings.Contains(text, want) {
			t.Errorf("%s: %d %s", query, code, text)
		}
	}
}

func TestAStreamBeginsItsEvent(t *testing.T) {
	started, ended := make(chan owncast.ScheduledEvent, 9), make(chan owncast.ScheduledEvent, 9)
	o := owned(t, owncast.WithLatencyLevel(0), owncast.WithReconnectGrace(0), owncast.WithHooks(owncast.Hooks{
		EventStarted: func(_ context.Context, e owncast.ScheduledEvent) { started <- e },
		EventEnded:   func(_ context.Context, e owncast.ScheduledEvent) { ended <- e },
	}))
	b := newBot(t)
	o.hook(b, "SCHEDULED_EVENTS", "STREAM_TITLE_UPDATED")
	o.set("schedule/enabled", "true")
	id, err := o.app.Schedule().Put(t.Context(), owncast.EventInput{Name: "The show", Start: new(time.Now().Add(9 * time.Minute))})
	if err != nil {
		t.Fatal(err)
	}
	client := burst(t, o.rtmp, "live", "k", 6)
	if e := <-started; e.ID != id {
		t.Errorf("%+v", e)
	}
	if title := b.await("STREAM_TITLE_UPDATED"); title.EventData["streamTitle"] != "The show" {
		t.Errorf("%+v", title)
	}
	e := b.await("SCHEDULED_EVENTS")
	event, _ := e.EventData["event"].(map[string]any)
	if e.EventData["action"] != "started" || event["id"] != id || event["status"] != "scheduled" || event["durationMinutes"] != 60.0 {
		t.Errorf("%+v", e)
	}
	if err := client.Close(); err != nil {
		t.Error(err)
	}
	<-ended
	if e := b.await("SCHEDULED_EVENTS"); e.EventData["action"] != "ended" {
		t.Errorf("%+v", e)
	}
}

func TestTheScheduleOfAHost(t *testing.T) {
	o := owned(t)
	plan := o.app.Schedule()
	id, err := plan.Put(t.Context(), owncast.EventInput{Name: "Show", Recurrence: new("DTSTART:" + time.Now().AddDate(0, 0, 2).UTC().Format("20060102T150405Z") + "\nRRULE:FREQ=DAILY;COUNT=2")})
	if err != nil {
		t.Fatal(err)
	}
	events, err := plan.Events(t.Context(), time.Now(), time.Now().AddDate(0, 0, 9))
	if err != nil || len(events) != 2 {
		t.Errorf("%+v, %v", events, err)
	}
	if series, err := plan.Series(t.Context()); err != nil || len(series) != 1 || series[0].ID != id {
		t.Errorf("%+v, %v", series, err)
	}
	var input *owncast.EventInputError
	if _, err := plan.Put(t.Context(), owncast.EventInput{}); !errors.As(err, &input) {
		t.Errorf("Put of nothing = %v", err)
	}
	if err := plan.Remove(t.Context(), id, false); err != nil {
		t.Error(err)
	}
	shutdown(t, o.app)
	for _, err := range []error{
		second(plan.Put(t.Context(), owncast.EventInput{})), second(plan.Series(t.Context())), plan.Remove(t.Context(), id, false),
		second(plan.Events(t.Context(), time.Now(), time.Now())),
	} {
		if !errors.Is(err, owncast.ErrClosed) {
			t.Errorf("after the end: %v", err)
		}
	}
}

func second[T any](_ T, err error) error { return err }

func ExampleApp_Schedule() {
	app, err := owncast.New(owncast.WithDataDir("data"))
	if err != nil {
		fmt.Println(err)
		return
	}
	// Every Monday at eight in the evening, in Berlin.
	_, err = app.Schedule().Put(context.Background(), owncast.EventInput{
		Name:       "The Monday show",
		Recurrence: new("DTSTART;TZID=Europe/Berlin:20300107T200000\nRRULE:FREQ=WEEKLY"),
	})
	fmt.Println(err)
	// Output: owncast: not started
}
