package schedule

import (
	"strings"
	"time"
	"unicode/utf8"

	"github.com/owncast-go/owncast/repository"
)

// Calendar describes an iCalendar object (RFC 5545).
type Calendar struct {
	Name      string    // of the channel
	ServerURL string    // for links to the pages of events; empty for none
	At        time.Time // when it is made
	Events    []repository.Event
}

// foldAt is how many octets a line may have, without its end (RFC 5545, section
// 3.1).
const foldAt = 75

// Text returns the object. All times are in UTC, so that it needs no
// definitions of time zones; an event beyond the horizon is as any other.
func (c Calendar) Text() string {
	w := &icsWriter{}
	w.line("BEGIN", "VCALENDAR")
	w.line("VERSION", "2.0")
	w.line("PRODID", "-//Owncast//Schedule//EN")
	w.line("CALSCALE", "GREGORIAN")
	w.line("METHOD", "PUBLISH")
	w.text("NAME", c.Name)         // RFC 7986, section 5.1
	w.text("X-WR-CALNAME", c.Name) // for who does not know it
	w.line("REFRESH-INTERVAL;VALUE=DURATION", "PT15M")
	w.line("X-PUBLISHED-TTL", "PT15M")
	for _, e := range c.Events {
		w.event(e, c)
	}
	w.line("END", "VCALENDAR")
	return w.b.String()
}

type icsWriter struct{ b strings.Builder }

func (w *icsWriter) event(e repository.Event, c Calendar) {
	w.line("BEGIN", "VEVENT")
	w.line("UID", escape(e.ID)+"@owncast")
	w.line("DTSTAMP", c.At.UTC().Format(stamp))
	w.line("DTSTART", e.StartsAt.UTC().Format(stamp))
	w.line("DTEND", e.StartsAt.Add(e.Duration).UTC().Format(stamp))
	w.text("SUMMARY", e.Name)
	w.text("DESCRIPTION", e.Description)
	if c.ServerURL != "" {
		w.line("URL", oneLine(Page(c.ServerURL, e.ID)))
	}
	status := "CONFIRMED"
	if e.Status == repository.EventCancelled {
		status = "CANCELLED"
	}
	w.line("STATUS", status)
	w.line("TRANSP", "TRANSPARENT") // who watches is not busy
	w.line("END", "VEVENT")
}

// text writes a property of type TEXT, unless it is empty.
func (w *icsWriter) text(name, value string) {
	if value != "" {
		w.line(name, escape(value))
	}
}

// line writes a property, folded between characters.
func (w *icsWriter) line(name, value string) {
	line := name + ":" + value
	limit := foldAt
	for len(line) > limit {
		cut := limit
		for cut > 0 && !utf8.RuneStart(line[cut]) {
			cut--
		}
		w.b.WriteString(line[:cut] + "\r\n ")
		line, limit = line[cut:], foldAt-1 // the space counts
	}
	w.b.WriteString(line + "\r\n")
}

// escape writes a TEXT (RFC 5545, section 3.3.11), which has no control
// characters but for the end of a line.
func escape(s string) string {
	var b strings.Builder
	for _, r := range strings.ReplaceAll(strings.ToValidUTF8(s, "\uFFFD"), "\r\n", "\n") {
		switch {
		case r == '\\' || r == ';' || r == ',':
			b.WriteString(`\` + string(r))
		case r == '\n' || r == '\r':
			b.WriteString(`\n`)
		case r < ' ' && r != '\t' || r == 0x7F:
		default:
			b.WriteRune(r)
		}
	}
	return b.String()
}

// oneLine keeps a value that is no TEXT from being more than one line.
func oneLine(s string) string {
	return strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7F {
			return -1
		}
		return r
	}, strings.ToValidUTF8(s, ""))
}
