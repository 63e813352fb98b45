package schedule_test

import (
	"bytes"
	"io"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	ics "github.com/arran4/golang-ical"
	"github.com/emersion/go-ical"

	"github.com/owncast-go/owncast/internal/schedule"
	"github.com/owncast-go/owncast/repository"
)

func calendar(t *testing.T) schedule.Calendar {
	t.Helper()
	return schedule.Calendar{
		Name: "My channel; live, \\o/", ServerURL: "https://live.example/x", At: parse(t, "2026-05-01T12:00:00Z"),
		Events: []repository.Event{
			{
				ID: "abc-20260504T180000Z", Name: "Show: \"one\", two; three\\four", Description: strings.Repeat("Lines of öäü 🎉,\r\n", 40) + "\x00\x07end",
				StartsAt: parse(t, "2026-05-04T18:00:00Z"), Duration: 90 * time.Minute, Timezone: "Europe/Berlin",
			},
			{ID: "def", Name: "Off", StartsAt: parse(t, "2026-05-05T18:00:00Z"), Duration: time.Hour, Status: repository.EventCancelled},
		},
	}
}

func TestTheCalendarIsAsRFC5545HasIt(t *testing.T) {
	text := calendar(t).Text()
	for line := range strings.SplitSeq(strings.TrimSuffix(text, "\r\n"), "\r\n") {
		if len(line) > 75 || strings.ContainsAny(line, "\r\n\x00\x07") || !utf8.ValidString(line) {
			t.Errorf("line of %d octets: %q", len(line), line)
		}
	}
	for _, want := range []string{
		"BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//Owncast//Schedule//EN\r\n", "REFRESH-INTERVAL;VALUE=DURATION:PT15M\r\n",
		"UID:abc-20260504T180000Z@owncast\r\n", "DTSTAMP:20260501T120000Z\r\nDTSTART:20260504T180000Z\r\nDTEND:20260504T193000Z\r\n",
		"URL:https://live.example/x/schedule/def\r\n", "STATUS:CANCELLED\r\n",
	} {
		if !strings.Contains(text, want) {
			t.Errorf("it lacks %q:\n%s", want, text)
		}
	}
	if !strings.HasSuffix(text, "END:VEVENT\r\nEND:VCALENDAR\r\n") {
		t.Errorf("it ends with %q", text[len(text)-40:])
	}
}

// Two parsers that are not ours read what was written.
func TestOthersReadTheCalendar(t *testing.T) {
	c := calendar(t)
	description := strings.Repeat("Lines of öäü 🎉,\n", 40) + "end"

	cal, err := ical.NewDecoder(strings.NewReader(c.Text())).Decode()
	if err != nil {
		t.Fatal(err)
	}
	// Its encoder holds a calendar to the rules for what must be there.
	if err := ical.NewEncoder(new(bytes.Buffer)).Encode(cal); err != nil {
		t.Errorf("go-ical: %v", err)
	}
	if name, err := cal.Props.Text("NAME"); err != nil || name != c.Name {
		t.Errorf("go-ical: name %q, %v", name, err)
	}
	events := cal.Events()
	if len(events) != 2 {
		t.Fatalf("go-ical: %d events", len(events))
	}
	for i, want := range c.Events {
		e := events[i]
		summary, err1 := e.Props.Text(ical.PropSummary)
		start, err2 := e.DateTimeStart(time.UTC)
		end, err3 := e.DateTimeEnd(time.UTC)
		status, err4 := e.Status()
		if err1 != nil || err2 != nil || err3 != nil || err4 != nil || summary != want.Name || !start.Equal(want.StartsAt) || end.Sub(start) != want.Duration ||
			(status == ical.EventCancelled) != (want.Status == repository.EventCancelled) {
			t.Errorf("go-ical: %q %v %v %v", summary, start, end, status)
		}
	}
	if text, err := events[0].Props.Text(ical.PropDescription); err != nil || text != description {
		t.Errorf("go-ical: description %q, %v", text, err)
	}

	other, err := ics.ParseCalendar(strings.NewReader(c.Text()))
	if err != nil || len(other.Events()) != 2 {
		t.Fatalf("golang-ical: %v", err)
	}
	for i, want := range c.Events {
		e := other.Events()[i]
		start, err := e.GetStartAt()
		if err != nil || !start.Equal(want.StartsAt) || e.Id() != want.ID+"@owncast" || ics.FromText(e.GetProperty(ics.ComponentPropertySummary).Value) != want.Name {
			t.Errorf("golang-ical: %v %v, %v", e, start, err)
		}
	}
}

// FuzzCalendar: whatever names and texts there are, the calendar stays one, and
// says the same.
func FuzzCalendar(f *testing.F) {
	f.Add("id", "name", "description", "https://live.example")
	f.Add("a:b;c,d", "END:VCALENDAR\r\nBEGIN:VEVENT", "\\n\\,\r\rx\n\n", "https://live.example/\r\nX:1")
	f.Add("\xff", strings.Repeat("é", 80), "\u2028\u0085\t", "")
	f.Fuzz(func(t *testing.T, id, name, description, url string) {
		c := schedule.Calendar{Name: name, ServerURL: url, At: time.Unix(0, 0), Events: []repository.Event{{ID: id, Name: name, Description: description, StartsAt: time.Unix(0, 0), Duration: time.Hour}}}
		text := c.Text()
		cal, err := ical.NewDecoder(strings.NewReader(text)).Decode()
		if err != nil {
			t.Fatalf("%v in\n%q", err, text)
		}
		if len(cal.Events()) != 1 || len(cal.Children) != 1 {
			t.Errorf("%d events in\n%q", len(cal.Events()), text)
		}
		if err := ical.NewEncoder(io.Discard).Encode(cal); err != nil {
			t.Errorf("%v in\n%q", err, text)
		}
		for line := range strings.SplitSeq(strings.TrimSuffix(text, "\r\n"), "\r\n") {
			if len(line) > 75 || !utf8.ValidString(line) || strings.ContainsAny(line, "\r\n") {
				t.Errorf("line %q", line)
			}
		}
	})
}
