package httpapi

import (
	"context"
	"errors"
	"io"
	"net/http"
	"time"

	"github.com/owncast-go/owncast/internal/httpx"
	"github.com/owncast-go/owncast/internal/schedule"
	"github.com/owncast-go/owncast/repository"
)

const (
	maxScheduleBody = 64 << 10
	mediaCalendar   = "text/calendar"
	day             = 24 * time.Hour
)

// scheduler knows which broadcasts are announced.
type scheduler interface {
	Upcoming(now time.Time) (repository.Event, bool)
	ChatOpen(now time.Time, c schedule.Settings) bool
	Between(ctx context.Context, from, to time.Time) ([]repository.Event, error)
	All(ctx context.Context) ([]repository.EventSeries, []repository.Event, error)
	Put(ctx context.Context, in schedule.Input) (string, error)
	Remove(ctx context.Context, id string, cancel bool) error
}

// eventBody is a scheduled event.
type eventBody struct {
	ID              string    `json:"id"`
	SeriesID        string    `json:"seriesId,omitempty"`
	Name            string    `json:"name"`
	Description     string    `json:"description"`
	ReminderMessage string    `json:"reminderMessage"`
	StartTime       time.Time `json:"startTime"`
	DurationMinutes int       `json:"durationMinutes"`
	Timezone        string    `json:"timezone"`
	Status          string    `json:"status"` // scheduled or cancelled
}

func event(e repository.Event) eventBody {
	status := "scheduled"
	if e.Status == repository.EventCancelled {
		status = "cancelled"
	}
	return eventBody{
		ID: e.ID, SeriesID: e.SeriesID, Name: e.Name, Description: e.Description, ReminderMessage: e.ReminderMessage,
		StartTime: e.StartsAt.UTC(), DurationMinutes: int(e.Duration / time.Minute), Timezone: e.Timezone, Status: status,
	}
}

func eventBodies(events []repository.Event) []eventBody {
	body := make([]eventBody, 0, len(events))
	for _, e := range events {
		body = append(body, event(e))
	}
	return body
}

// seriesBody is a series of scheduled events.
type seriesBody struct {
	ID              string `json:"id"`
	Name            string `json:"name"`
	Description     string `json:"description"`
	ReminderMessage string `json:"reminderMessage"`
	Recurrence      string `json:"recurrence"`
	DurationMinutes int    `json:"durationMinutes"`
	Timezone        string `json:"timezone"`
	Active          bool   `json:"active"`
}

// upcomingBody is the event that the status announces.
type upcomingBody struct {
	ID              string    `json:"id"`
	Name            string    `json:"name"`
	Description     string    `json:"description"`
	StartTime       time.Time `json:"startTime"`
	DurationMinutes int       `json:"durationMinutes"`
	ChatOpen        bool      `json:"chatOpen"`
}

// upcoming is the next event; nil if there is none.
func (a *api) upcoming(ctx context.Context) (*upcomingBody, error) {
	c, err := a.Settings.Schedule.Peek(ctx)
	if err != nil || !c.Enabled {
		return nil, err
	}
	now := time.Now()
	e, ok := a.Schedule.Upcoming(now)
	if !ok {
		return nil, nil
	}
	return &upcomingBody{
		ID: e.ID, Name: e.Name, Description: e.Description, StartTime: e.StartsAt.UTC(),
		DurationMinutes: int(e.Duration / time.Minute), ChatOpen: a.Schedule.ChatOpen(now, c),
	}, nil
}

// scheduleError says what is wrong with what was asked for.
func scheduleError(err error) error {
	if wrong := new(schedule.InputError); errors.As(err, &wrong) {
		return httpx.BadRequest(wrong.Text)
	}
	return err
}

func (a *api) publicSchedule(w http.ResponseWriter, r *http.Request) error {
	now := time.Now()
	from, err := queryTime(r, "from", now.Add(-7*day))
	if err != nil {
		return err
	}
	to, err := queryTime(r, "to", now.Add(90*day))
	if err != nil {
		return err
	}
	events, err := a.eventsBetween(r.Context(), from, to)
	if err != nil {
		return err
	}
	w.Header().Set("Access-Control-Allow-Origin", "*")
	return httpx.JSON(w, http.StatusOK, eventBodies(events))
}

// queryTime reads a query parameter that may be missing.
func queryTime(r *http.Request, name string, missing time.Time) (time.Time, error) {
	text := r.URL.Query().Get(name)
	if text == "" {
		return missing, nil
	}
	t, err := time.Parse(time.RFC3339, text)
	if err != nil {
		return t, httpx.BadRequest("query parameter \"" + name + "\" must be a time as RFC 3339 has it")
	}
	return t, nil
}

// eventsBetween are those of a range: none while the schedule is switched off.
func (a *api) eventsBetween(ctx context.Context, from, to time.Time) ([]repository.Event, error) {
	c, err := a.Settings.Schedule.Peek(ctx)
	if err != nil {
		return nil, err
	}
	events, err := a.Schedule.Between(ctx, from, to)
	if err != nil {
		return nil, scheduleError(err)
	}
	if !c.Enabled {
		return nil, nil
	}
	return events, nil
}

func (a *api) scheduleCalendar(w http.ResponseWriter, r *http.Request) error {
	now := time.Now()
	events, err := a.eventsBetween(r.Context(), now.Add(-7*day), now.Add(358*day))
	if err != nil {
		return err
	}
	i, err := a.Settings.Instance.Peek(r.Context())
	if err != nil {
		return err
	}
	h := w.Header()
	httpx.NoCache(h)
	h.Set("Content-Type", mediaCalendar+"; charset=utf-8")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Access-Control-Allow-Origin", "*")
	c := schedule.Calendar{Name: i.Name, ServerURL: i.ServerURL, At: now, Events: events}
	_, err = io.WriteString(w, c.Text())
	return err
}

func (a *api) adminSchedule(w http.ResponseWriter, r *http.Request) error {
	series, events, err := a.Schedule.All(r.Context())
	if err != nil {
		return err
	}
	body := struct {
		Series []seriesBody `json:"series"`
		Events []eventBody  `json:"events"`
	}{[]seriesBody{}, eventBodies(events)}
	for _, s := range series {
		body.Series = append(body.Series, seriesBody{
			ID: s.ID, Name: s.Name, Description: s.Description, ReminderMessage: s.ReminderMessage, Recurrence: s.Recurrence,
			DurationMinutes: int(s.Duration / time.Minute), Timezone: s.Timezone, Active: s.Active,
		})
	}
	return httpx.JSON(w, http.StatusOK, body)
}

// adminPutEvent makes or changes an event or a series. Everything but the name
// may be left out, of what is there.
func (a *api) adminPutEvent(w http.ResponseWriter, r *http.Request) error {
	var body struct {
		ID              string  `json:"id"`
		Name            string  `json:"name"`
		Description     *string `json:"description"`
		ReminderMessage *string `json:"reminderMessage"`
		Start           *string `json:"start"`
		Timezone        *string `json:"timezone"`
		DurationMinutes *int    `json:"durationMinutes"`
		Recurrence      *string `json:"recurrence"`
	}
	if err := httpx.DecodeJSON(w, r, maxScheduleBody, &body); err != nil {
		return err
	}
	in := schedule.Input{
		ID: body.ID, Name: body.Name, Description: body.Description, ReminderMessage: body.ReminderMessage,
		Timezone: body.Timezone, Recurrence: body.Recurrence,
	}
	if body.Start != nil && *body.Start != "" {
		start, err := time.Parse(time.RFC3339, *body.Start)
		if err != nil {
			return httpx.BadRequest(`field "start" must be a time as RFC 3339 has it`)
		}
		in.Start = &start
	}
	if m := body.DurationMinutes; m != nil {
		if *m < 0 || *m > 1<<20 {
			return httpx.BadRequest("durationMinutes is out of range")
		}
		in.Duration = new(time.Duration(*m) * time.Minute)
	}
	id, err := a.Schedule.Put(r.Context(), in)
	if err != nil {
		return scheduleError(err)
	}
	target(r, "event "+id)
	return a.adminSchedule(w, r)
}

func (a *api) adminDeleteEvent(w http.ResponseWriter, r *http.Request) error {
	var body struct {
		ID     string `json:"id"`
		Cancel bool   `json:"cancel"`
	}
	if err := httpx.DecodeJSON(w, r, maxScheduleBody, &body); err != nil {
		return err
	}
	if body.ID == "" {
		return httpx.BadRequest(`field "id" is required`)
	}
	target(r, "event "+body.ID)
	if err := a.Schedule.Remove(r.Context(), body.ID, body.Cancel); err != nil {
		return scheduleError(err)
	}
	return a.adminSchedule(w, r)
}

func (a *api) adminPreviewRecurrence(w http.ResponseWriter, r *http.Request) error {
	var body struct {
		Recurrence string `json:"recurrence"`
		Timezone   string `json:"timezone"`
	}
	if err := httpx.DecodeJSON(w, r, maxScheduleBody, &body); err != nil {
		return err
	}
	if body.Recurrence == "" {
		return httpx.BadRequest(`field "recurrence" is required`)
	}
	list, err := schedule.Preview(body.Recurrence, body.Timezone)
	if err != nil {
		return scheduleError(err)
	}
	return httpx.JSON(w, http.StatusOK, struct {
		Occurrences []time.Time `json:"occurrences"`
	}{append([]time.Time{}, list...)})
}
