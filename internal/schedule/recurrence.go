package schedule

import (
	"errors"
	"fmt"
	"iter"
	"slices"
	"strings"
	"time"

	"github.com/teambition/rrule-go"
)

// Limits of recurrences. A rule of days or longer, with so many times a day at
// the most, is worked out from its beginning in milliseconds.
const (
	maxRecurrence  = 4 << 10 // bytes
	maxTimesPerDay = 24
	maxInterval    = 1000
	maxDates       = 200 // in RDATE and EXDATE together
	maxNth         = 5   // week of a month, in BYDAY
	firstYear      = 1970
)

// stamp is how RFC 5545 writes a time in UTC.
const stamp = "20060102T150405Z"

// rule is a recurrence as in RFC 5545, section 3.8.5: DTSTART, an RRULE, and
// possibly RDATE and EXDATE.
//
// It is worked out in wall-clock time, and each occurrence is then brought into
// its zone: a broadcast at 20:00 is at 20:00 in summer and in winter. One at a
// time that the clocks skip comes as much later (section 3.3.5 has it so; 3.3.10
// would leave it out, which nobody who announces a broadcast wants), and one at
// a time that they show twice comes at the first.
type rule struct {
	set      *rrule.Set // in wall-clock time, as if that were UTC
	zone     *time.Location
	excluded []time.Time // EXDATE
}

// parseRule reads a recurrence. Times without a zone are those of zone. Errors
// are an [*InputError].
func parseRule(text string, zone *time.Location) (r *rule, err error) {
	defer func() { // the parser is not ours
		if v := recover(); v != nil {
			r, err = nil, badRule("cannot be worked out")
		}
	}()
	lines, err := ruleLines(text)
	if err != nil {
		return nil, err
	}
	if zone, err = startZone(lines[0], zone); err != nil {
		return nil, err
	}
	set, err := rrule.StrSliceToRRuleSetInLoc(lines, zone)
	if err != nil {
		return nil, badRule("is not as RFC 5545 has it: %v", err)
	}
	if set.GetRRule() == nil || set.GetDTStart().IsZero() {
		return nil, badRule("must have DTSTART and RRULE")
	}
	if err := checkRule(set); err != nil {
		return nil, err
	}
	return byTheClock(set, zone)
}

// byTheClock makes a rule of a parsed set.
func byTheClock(set *rrule.Set, zone *time.Location) (*rule, error) {
	options := set.GetRRule().OrigOptions
	options.Dtstart = wallClock(set.GetDTStart(), zone)
	if !options.Until.IsZero() {
		options.Until = wallClock(options.Until, zone)
	}
	repeat, err := rrule.NewRRule(options)
	if err != nil {
		return nil, badRule("is not as RFC 5545 has it: %v", err)
	}
	r := &rule{set: &rrule.Set{}, zone: zone, excluded: set.GetExDate()}
	r.set.DTStart(options.Dtstart)
	r.set.RRule(repeat)
	for _, at := range set.GetRDate() {
		r.set.RDate(wallClock(at, zone))
	}
	return r, nil
}

// wallClock is what the clocks of a zone show at a time, as a time in UTC.
func wallClock(at time.Time, zone *time.Location) time.Time {
	at = at.In(zone)
	_, offset := at.Zone()
	return at.Add(time.Duration(offset) * time.Second).UTC()
}

// inZone is when the clocks of a zone show what wallClock has returned.
func inZone(wall time.Time, zone *time.Location) time.Time {
	_, before := wall.Add(-24 * time.Hour).In(zone).Zone()
	_, after := wall.Add(24 * time.Hour).In(zone).Zone()
	first := wall.Add(-time.Duration(before) * time.Second)
	second := wall.Add(-time.Duration(after) * time.Second)
	if !wallClock(first, zone).Equal(wall) && wallClock(second, zone).Equal(wall) {
		return second
	}
	return first
}

// ruleLines are the properties of a recurrence, DTSTART first.
func ruleLines(text string) ([]string, error) {
	if len(text) > maxRecurrence {
		return nil, badRule("is longer than %d bytes", maxRecurrence)
	}
	var start, others []string
	rules := 0
	for _, line := range strings.Split(strings.ReplaceAll(text, "\r", "\n"), "\n") {
		if line = strings.TrimSpace(line); line == "" {
			continue
		}
		line = strings.ToUpper(line[:strings.IndexAny(line+":", ";:")]) + line[strings.IndexAny(line+":", ";:"):]
		switch name, _, _ := strings.Cut(strings.ReplaceAll(line, ";", ":"), ":"); name {
		case "DTSTART":
			start = append(start, strings.ReplaceAll(line, `"`, ""))
		case "RRULE":
			if rules++; strings.Contains(strings.ToUpper(line), "DTSTART") {
				return nil, badRule("must have DTSTART by itself")
			}
			others = append(others, strings.ToUpper(line))
		case "RDATE", "EXDATE":
			others = append(others, strings.ReplaceAll(line, `"`, ""))
		default:
			return nil, badRule("has %.20q, and may have DTSTART, RRULE, RDATE and EXDATE alone", name)
		}
	}
	if len(start) != 1 || rules != 1 {
		return nil, badRule("must have one DTSTART and one RRULE")
	}
	return append(start, others...), nil
}

// startZone is the zone that DTSTART names, or zone if it names none.
func startZone(line string, zone *time.Location) (*time.Location, error) {
	_, name, ok := strings.Cut(line, ";TZID=")
	if !ok {
		if strings.HasSuffix(line, "Z") {
			return time.UTC, nil
		}
		return zone, nil
	}
	name, _, _ = strings.Cut(name, ":")
	return loadZone(name)
}

// loadZone returns a zone by its name in the time zone database.
func loadZone(name string) (*time.Location, error) {
	if name == "Local" { // it is the host's, which nobody outside knows
		return nil, bad("unknown timezone")
	}
	zone, err := time.LoadLocation(name)
	if err != nil {
		return nil, bad("unknown timezone")
	}
	return zone, nil
}

// checkRule refuses what would take long to work out, or never end.
func checkRule(set *rrule.Set) error {
	o := set.GetRRule().OrigOptions
	switch {
	case set.GetDTStart().Year() < firstYear:
		return badRule("begins before %d", firstYear)
	case o.Freq > rrule.DAILY:
		return badRule("may not come more often than daily; BYHOUR and BYMINUTE make several times a day")
	case o.Interval > maxInterval:
		return badRule("has an INTERVAL over %d", maxInterval)
	case len(o.Bysecond) > 0 || len(o.Byeaster) > 0:
		return badRule("may have neither BYSECOND nor BYEASTER")
	case max(len(o.Byhour), 1)*max(len(o.Byminute), 1) > maxTimesPerDay:
		return badRule("has more than %d times a day", maxTimesPerDay)
	case len(set.GetRDate())+len(set.GetExDate()) > maxDates:
		return badRule("has more than %d dates in RDATE and EXDATE", maxDates)
	}
	for _, day := range o.Byweekday {
		// The nth weekday of a month; of a year it is up to the 53rd.
		if n := day.N(); (n > maxNth || n < -maxNth) && (o.Freq != rrule.YEARLY || len(o.Bymonth) > 0) {
			return badRule("has a BYDAY that is in no month")
		}
	}
	return nil
}

// from goes through the occurrences at a time or later, and ends with the
// consumer or with the rule. Where clocks are put forward their order may be
// another one for as long.
func (r *rule) from(from time.Time) iter.Seq[time.Time] {
	return func(yield func(time.Time) bool) {
		// A rule that panics, which the checks are to prevent, has no more
		// occurrences.
		defer func() { _ = recover() }()
		next := r.set.Iterator()
		for wall, ok := next(); ok; wall, ok = next() {
			at := inZone(wall, r.zone)
			if at.Before(from) || slices.ContainsFunc(r.excluded, at.Equal) {
				continue
			}
			if !yield(at.UTC()) {
				return
			}
		}
	}
}

// between returns the occurrences from a time on and before another one.
func (r *rule) between(from, to time.Time) []time.Time {
	var list []time.Time
	for at := range r.from(from) {
		if at.Before(to) {
			list = append(list, at)
			for i := len(list) - 1; i > 0 && list[i].Before(list[i-1]); i-- { // where clocks are put back
				list[i], list[i-1] = list[i-1], list[i]
			}
		} else if at.Sub(to) > 3*time.Hour { // more than clocks are put forward by
			break
		}
	}
	return slices.CompactFunc(list, time.Time.Equal)
}

// has tells whether a time is one of the occurrences.
func (r *rule) has(at time.Time) bool {
	return slices.Contains(r.between(at, at.Add(1)), at.UTC())
}

// InputError is what is wrong with what an administrator wants of the
// schedule, in words fit for him.
type InputError struct{ Text string }

func (e *InputError) Error() string { return e.Text }

func bad(format string, args ...any) error { return &InputError{fmt.Sprintf(format, args...)} }

func badRule(format string, args ...any) error {
	return bad("the recurrence "+format, args...)
}

// errNoEvent is an id that is of nothing.
var errNoEvent = errors.New("no scheduled event or series with that id")
