package schedule_test

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"
	_ "time/tzdata" // zones, wherever the tests run

	"github.com/owncast-go/owncast/internal/schedule"
)

// at returns a bubble whose clock shows a time. The clock of a bubble begins
// with the year 2000.
func at(t *testing.T, when string, f func(t *testing.T)) {
	t.Helper()
	now, err := time.Parse(time.RFC3339, when)
	if err != nil {
		t.Fatal(err)
	}
	synctest.Test(t, func(t *testing.T) {
		time.Sleep(time.Until(now))
		f(t)
	})
}

func TestOccurrences(t *testing.T) {
	for _, tt := range []struct {
		name, now, zone, recurrence string
		want                        []string
	}{
		{
			"spring in New York keeps the hour", "2026-03-01T00:00:00Z", "",
			"DTSTART;TZID=America/New_York:20260301T190000\nRRULE:FREQ=WEEKLY;COUNT=3",
			[]string{"2026-03-02T00:00:00Z", "2026-03-08T23:00:00Z", "2026-03-15T23:00:00Z"},
		},
		{
			"autumn in Berlin keeps the hour", "2026-10-20T00:00:00Z", "",
			"DTSTART;TZID=Europe/Berlin:20261020T200000\nRRULE:FREQ=WEEKLY;COUNT=2",
			[]string{"2026-10-20T18:00:00Z", "2026-10-27T19:00:00Z"},
		},
		{
			"a time that clocks skip is as much later", "2026-03-07T00:00:00Z", "",
			"DTSTART;TZID=America/New_York:20260307T023000\nRRULE:FREQ=DAILY;COUNT=3",
			[]string{"2026-03-07T07:30:00Z", "2026-03-08T07:30:00Z", "2026-03-09T06:30:00Z"}, // 2:30 EST, 3:30 EDT, 2:30 EDT
		},
		{
			"a time that clocks show twice is the first", "2026-10-31T00:00:00Z", "",
			"DTSTART;TZID=America/New_York:20261031T013000\nRRULE:FREQ=DAILY;COUNT=3",
			[]string{"2026-10-31T05:30:00Z", "2026-11-01T05:30:00Z", "2026-11-02T06:30:00Z"},
		},
		{
			"half an hour in Lord Howe", "2026-04-04T00:00:00Z", "",
			"DTSTART;TZID=Australia/Lord_Howe:20260404T200000\nRRULE:FREQ=DAILY;COUNT=2",
			[]string{"2026-04-04T09:00:00Z", "2026-04-05T09:30:00Z"},
		},
		{
			"a floating time is of the zone given", "2026-07-01T00:00:00Z", "Asia/Kolkata",
			"DTSTART:20260701T200000\nRRULE:FREQ=DAILY;COUNT=1",
			[]string{"2026-07-01T14:30:00Z"},
		},
		{
			"a time in UTC stays there", "2026-03-01T00:00:00Z", "America/New_York",
			"DTSTART:20260301T190000Z\nRRULE:FREQ=WEEKLY;COUNT=2",
			[]string{"2026-03-01T19:00:00Z", "2026-03-08T19:00:00Z"},
		},
		{
			"the 29th of February comes in leap years", "2024-01-01T00:00:00Z", "",
			"DTSTART:20240229T200000Z\nRRULE:FREQ=YEARLY",
			[]string{"2024-02-29T20:00:00Z"},
		},
		{
			"a month without a 31st has none", "2026-01-01T00:00:00Z", "",
			"DTSTART:20260131T200000Z\nRRULE:FREQ=MONTHLY",
			[]string{"2026-01-31T20:00:00Z", "2026-03-31T20:00:00Z", "2026-05-31T20:00:00Z", "2026-07-31T20:00:00Z", "2026-08-31T20:00:00Z"},
		},
		{
			"the last day of a month", "2026-01-01T00:00:00Z", "",
			"DTSTART:20260131T200000Z\nRRULE:FREQ=MONTHLY;BYMONTHDAY=-1;COUNT=3",
			[]string{"2026-01-31T20:00:00Z", "2026-02-28T20:00:00Z", "2026-03-31T20:00:00Z"},
		},
		{
			"the last Friday of a month", "2026-01-01T00:00:00Z", "",
			"DTSTART:20260130T200000Z\nRRULE:FREQ=MONTHLY;BYDAY=-1FR;COUNT=2",
			[]string{"2026-01-30T20:00:00Z", "2026-02-27T20:00:00Z"},
		},
		{
			"dates are added and left out", "2026-01-01T00:00:00Z", "",
			"DTSTART:20260105T200000Z\nRRULE:FREQ=WEEKLY;COUNT=3\nEXDATE:20260112T200000Z\nRDATE:20260113T200000Z",
			[]string{"2026-01-05T20:00:00Z", "2026-01-13T20:00:00Z", "2026-01-19T20:00:00Z"},
		},
		{
			"an excluded time that clocks skip", "2026-03-07T00:00:00Z", "",
			"DTSTART;TZID=America/New_York:20260307T023000\nRRULE:FREQ=DAILY;COUNT=3\nEXDATE:20260308T073000Z",
			[]string{"2026-03-07T07:30:00Z", "2026-03-09T06:30:00Z"},
		},
		{
			"UNTIL in UTC is one in the zone", "2026-01-01T00:00:00Z", "",
			"DTSTART;TZID=America/New_York:20260105T200000\nRRULE:FREQ=WEEKLY;UNTIL=20260113T010000Z",
			[]string{"2026-01-06T01:00:00Z", "2026-01-13T01:00:00Z"},
		},
		{
			"UNTIL in UTC may be the day before in the zone", "2026-01-01T00:00:00Z", "",
			"DTSTART;TZID=America/New_York:20260105T200000\nRRULE:FREQ=WEEKLY;UNTIL=20260112T200000Z",
			[]string{"2026-01-06T01:00:00Z"},
		},
		{
			"several times a day around a change", "2026-03-08T00:00:00Z", "",
			"DTSTART;TZID=America/New_York:20260308T014500\nRRULE:FREQ=DAILY;BYHOUR=1,2,3;BYMINUTE=15,45;COUNT=5",
			[]string{"2026-03-08T06:45:00Z", "2026-03-08T07:15:00Z", "2026-03-08T07:45:00Z"}, // 2:15 is 3:15, 2:45 is 3:45
		},
		{
			"what is past does not come", "2026-02-01T00:00:00Z", "",
			"DTSTART:20250101T200000Z\nRRULE:FREQ=DAILY;COUNT=397",
			[]string{"2026-02-01T20:00:00Z"},
		},
		{
			"Windows lines, small letters and quotes", "2026-01-01T00:00:00Z", "",
			"\r\ndtstart;TZID=\"Europe/Berlin\":20260105T200000\r\nrrule:freq=weekly;count=1\r\n",
			[]string{"2026-01-05T19:00:00Z"},
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			at(t, tt.now, func(t *testing.T) {
				list, err := schedule.Preview(tt.recurrence, tt.zone)
				if err != nil {
					t.Fatal(err)
				}
				var got []string
				for _, x := range list {
					got = append(got, x.Format(time.RFC3339))
				}
				if !slices.Equal(got, tt.want) {
					t.Errorf("got %v, want %v", got, tt.want)
				}
			})
		})
	}
}

func TestRecurrencesThatCannotBe(t *testing.T) {
	const start = "DTSTART:20260105T200000Z\n"
	for recurrence, want := range map[string]string{
		"":                                 "must have one DTSTART and one RRULE",
		"RRULE:FREQ=DAILY":                 "must have one DTSTART",
		"FREQ=DAILY":                       "may have DTSTART, RRULE, RDATE and EXDATE alone",
		start:                              "must have one DTSTART and one RRULE",
		start + start + "RRULE:FREQ=DAILY": "must have one DTSTART and one RRULE",
		start + "RRULE:FREQ=DAILY\nRRULE:FREQ=WEEKLY":                                                       "must have one DTSTART and one RRULE",
		start + "RRULE:FREQ=DAILY;DTSTART=20260105T200000Z":                                                 "must have DTSTART by itself",
		start + "RRULE:FREQ=HOURLY":                                                                         "more often than daily",
		start + "RRULE:FREQ=SECONDLY;BYMONTH=2;BYMONTHDAY=30":                                               "more often than daily",
		start + "RRULE:FREQ=FORTNIGHTLY":                                                                    "is not as RFC 5545 has it",
		start + "RRULE:INTERVAL=2":                                                                          "is not as RFC 5545 has it",
		start + "RRULE:FREQ=DAILY;INTERVAL=x":                                                               "is not as RFC 5545 has it",
		start + "RRULE:FREQ=DAILY;INTERVAL=-1":                                                              "is not as RFC 5545 has it",
		start + "RRULE:FREQ=DAILY;INTERVAL=100000":                                                          "INTERVAL over 1000",
		start + "RRULE:FREQ=DAILY;BYHOUR=24":                                                                "is not as RFC 5545 has it",
		start + "RRULE:FREQ=DAILY;BYSECOND=1":                                                               "neither BYSECOND nor BYEASTER",
		start + "RRULE:FREQ=YEARLY;BYEASTER=400":                                                            "neither BYSECOND nor BYEASTER",
		start + "RRULE:FREQ=DAILY;BYHOUR=1,2,3,4,5;BYMINUTE=0,10,20,30,40":                                  "more than 24 times a day",
		start + "RRULE:FREQ=MONTHLY;BYDAY=53MO":                                                             "BYDAY that is in no month",
		start + "RRULE:FREQ=MONTHLY;BYDAY=-53MO":                                                            "BYDAY that is in no month",
		start + "RRULE:FREQ=YEARLY;BYMONTH=12;BYDAY=53MO":                                                   "BYDAY that is in no month",
		start + "RRULE:FREQ=DAILY\nX-OTHER:1":                                                               "may have DTSTART, RRULE, RDATE and EXDATE alone",
		start + "RRULE:FREQ=DAILY\nEXDATE:yesterday":                                                        "is not as RFC 5545 has it",
		start + "RRULE:FREQ=DAILY\nEXDATE:" + strings.Repeat("20260105T200000Z,", 205) + "20260105T200000Z": "more than 200 dates",
		start + "RRULE:FREQ=DAILY\n" + strings.Repeat(" ", 5000):                                            "longer than 4096 bytes",
		"DTSTART:00260101\nRRULE:FREQ=DAILY;BYHOUR=0,1":                                                     "begins before 1970",
		"DTSTART:tomorrow\nRRULE:FREQ=DAILY":                                                                "is not as RFC 5545 has it",
		"DTSTART;TZID=Mars/Olympus:20260105T200000\nRRULE:FREQ=DAILY":                                       "unknown timezone",
		"DTSTART;TZID=../../etc/passwd:20260105T200000\nRRULE:FREQ=DAILY":                                   "unknown timezone",
		"DTSTART;TZID=Local:20260105T200000\nRRULE:FREQ=DAILY":                                              "unknown timezone",
		"DTSTART;VALUE=DATE:20260105\nRRULE:FREQ=DAILY":                                                     "is not as RFC 5545 has it",
	} {
		_, err := schedule.Preview(recurrence, "")
		var input *schedule.InputError
		if !errors.As(err, &input) || !strings.Contains(input.Text, want) {
			t.Errorf("%.60q: %v, want %q", recurrence, err, want)
		}
	}
	if _, err := schedule.Preview(start+"RRULE:FREQ=DAILY", "Mars/Olympus"); err == nil {
		t.Error("an unknown zone is taken")
	}
}

// FuzzPreview: whatever is a rule is worked out without a panic, in order and
// in bounds.
func FuzzPreview(f *testing.F) {
	f.Add("DTSTART;TZID=America/New_York:20260301T190000\nRRULE:FREQ=WEEKLY;COUNT=3", "")
	f.Add("DTSTART:20260131T200000Z\nRRULE:FREQ=MONTHLY;BYDAY=-1FR;BYSETPOS=1\nEXDATE:20260227T200000Z", "Europe/Berlin")
	f.Add("DTSTART:20240229T200000Z\nRRULE:FREQ=YEARLY;BYWEEKNO=53;BYYEARDAY=-1;WKST=SU", "UTC")
	f.Add("DTSTART:20260105\nRRULE:FREQ=DAILY;UNTIL=20260110;BYHOUR=1,2;BYMINUTE=30", "Asia/Kolkata")
	f.Fuzz(func(t *testing.T, recurrence, zone string) {
		list, err := schedule.Preview(recurrence, zone)
		if err != nil {
			var input *schedule.InputError
			if !errors.As(err, &input) || list != nil {
				t.Errorf("%v, %v", list, err)
			}
			return
		}
		if len(list) > 5 || !slices.IsSortedFunc(list, time.Time.Compare) || len(list) > 0 && list[0].Before(time.Now().Add(-time.Minute)) {
			t.Errorf("%v", list)
		}
	})
}
