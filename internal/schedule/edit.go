package schedule

import (
	"context"
	"crypto/rand"
	"errors"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/owncast-go/owncast/repository"
)

// Limits of events. MaxMessageRunes is that of reminders.
const (
	MaxNameRunes        = 200
	MaxDescriptionRunes = 5000
	maxDuration         = 7 * 24 * time.Hour
	defaultDuration     = time.Hour
	maxAhead            = 10 * 365 * 24 * time.Hour
	previewLength       = 5
	previewAhead        = 365 * 24 * time.Hour
	idLength            = 12
)

// Input is what is wanted of the schedule: a new event or series, or, with an
// ID, a change of one. Nil keeps what is there, or is the default.
type Input struct {
	ID              string
	Name            string
	Description     *string
	ReminderMessage *string
	Start           *time.Time
	Timezone        *string // the default is UTC
	Duration        *time.Duration
	Recurrence      *string // as in RFC 5545, with DTSTART; of a series
}

// details are what events and series have alike.
type details struct {
	name, description, reminder *string
	duration                    *time.Duration
}

// Put makes or changes an event or a series, and returns its id. A changed
// series makes its events to come anew, but for those that were changed by
// themselves and are still in it. Errors about the input are an
// [*InputError].
func (s *Service) Put(ctx context.Context, in Input) (id string, err error) {
	defer s.tell(ctx)
	s.mu.Lock()
	defer s.mu.Unlock()
	now := time.Now().UTC()
	switch {
	case strings.TrimSpace(in.Name) == "":
		return "", bad("name is required")
	case in.Start != nil && in.Recurrence != nil && *in.Recurrence != "":
		return "", bad("start and recurrence are mutually exclusive")
	case in.ID == "" && in.Recurrence != nil && *in.Recurrence != "":
		id, err = s.createSeries(ctx, now, in)
	case in.ID == "":
		id, err = s.createEvent(ctx, now, in)
	default:
		id, err = in.ID, s.update(ctx, now, in)
	}
	if err != nil {
		return "", err
	}
	return id, s.remember(ctx, now)
}

func (s *Service) createEvent(ctx context.Context, now time.Time, in Input) (string, error) {
	if in.Start == nil || in.Start.IsZero() {
		return "", bad("start is required for a one-off event")
	}
	there, err := s.cfg.Store.Events(ctx, now, time.Time{})
	if err != nil {
		return "", err
	}
	if len(there) >= maxEvents {
		return "", bad("there are too many events to come")
	}
	e := repository.Event{ID: newID(), Timezone: "UTC", Duration: defaultDuration, CreatedAt: now}
	if in.Timezone != nil && *in.Timezone != "" {
		e.Timezone = *in.Timezone
	}
	if _, err := loadZone(e.Timezone); err != nil {
		return "", err
	}
	if err := in.apply(now, eventDetails(&e), &e.StartsAt); err != nil {
		return "", err
	}
	if err := s.put(ctx, e); err != nil {
		return "", err
	}
	s.changed(EventCreated, e)
	return e.ID, nil
}

func (s *Service) createSeries(ctx context.Context, now time.Time, in Input) (string, error) {
	all, err := s.cfg.Store.AllEventSeries(ctx)
	if err != nil {
		return "", err
	}
	if len(all) >= maxSeries {
		return "", bad("there are too many series")
	}
	es := repository.EventSeries{ID: newID(), Timezone: "UTC", Duration: defaultDuration, CreatedAt: now, Active: true}
	if in.Timezone != nil && *in.Timezone != "" {
		es.Timezone = *in.Timezone
	}
	if err := in.apply(now, seriesDetails(&es), nil); err != nil {
		return "", err
	}
	if err := setRecurrence(&es, *in.Recurrence, now); err != nil {
		return "", err
	}
	return es.ID, s.expand(ctx, now, es)
}

// setRecurrence gives a series a rule that has occurrences to come, and the
// zone that the rule names.
func setRecurrence(es *repository.EventSeries, text string, now time.Time) error {
	zone, err := loadZone(es.Timezone)
	if err != nil {
		return err
	}
	r, err := parseRule(text, zone)
	if err != nil {
		return err
	}
	if start := r.set.GetDTStart(); start.Before(now.Add(-maxAhead)) || start.After(now.Add(maxAhead)) {
		return badRule("must have a DTSTART within ten years")
	}
	if len(r.between(now, now.Add(maxAhead))) == 0 {
		return badRule("has no occurrence to come")
	}
	if name := r.zone.String(); strings.Contains(text, "TZID") {
		es.Timezone = name
	}
	es.Recurrence = strings.TrimSpace(text)
	return nil
}

func eventDetails(e *repository.Event) details {
	return details{&e.Name, &e.Description, &e.ReminderMessage, &e.Duration}
}

func seriesDetails(es *repository.EventSeries) details {
	return details{&es.Name, &es.Description, &es.ReminderMessage, &es.Duration}
}

// apply changes the details, and the start if there is one to change.
func (in Input) apply(now time.Time, d details, start *time.Time) error {
	*d.name = strings.TrimSpace(in.Name)
	for _, f := range []struct {
		to   *string
		from *string
	}{{d.description, in.Description}, {d.reminder, in.ReminderMessage}} {
		if f.from != nil {
			*f.to = strings.TrimSpace(*f.from)
		}
	}
	switch {
	case utf8.RuneCountInString(*d.name) > MaxNameRunes:
		return bad("name is longer than %d characters", MaxNameRunes)
	case utf8.RuneCountInString(*d.description) > MaxDescriptionRunes:
		return bad("description is longer than %d characters", MaxDescriptionRunes)
	case utf8.RuneCountInString(*d.reminder) > MaxMessageRunes:
		return bad("reminderMessage is longer than %d characters", MaxMessageRunes)
	}
	if in.Duration != nil && *in.Duration != 0 {
		if *d.duration = *in.Duration; *d.duration < time.Minute || *d.duration > maxDuration {
			return bad("durationMinutes is out of range")
		}
	}
	if start == nil || in.Start == nil || in.Start.Equal(*start) {
		return nil
	}
	if !in.Start.After(now) {
		return bad("start must be in the future")
	}
	if in.Start.After(now.Add(maxAhead)) {
		return bad("start must be within ten years")
	}
	*start = in.Start.UTC().Truncate(time.Second)
	return nil
}

// update changes an event or a series.
func (s *Service) update(ctx context.Context, now time.Time, in Input) error {
	es, err := s.findSeries(ctx, in.ID)
	if err == nil {
		return s.updateSeries(ctx, now, in, es)
	}
	if !errors.Is(err, repository.ErrNotFound) {
		return err
	}
	e, err := s.find(ctx, in.ID)
	if errors.Is(err, repository.ErrNotFound) {
		return bad("%v", errNoEvent)
	}
	if err != nil {
		return err
	}
	switch {
	case in.Recurrence != nil && *in.Recurrence != "":
		return bad("a one-off event cannot become a recurring series, create a new series instead")
	case in.Timezone != nil && *in.Timezone != "" && *in.Timezone != e.Timezone:
		return bad("timezone cannot be changed on an update")
	}
	kind := EventUpdated
	if e.CreatedAt.IsZero() { // it was beyond the horizon
		e.CreatedAt, kind = now, EventCreated
	}
	before := e.StartsAt
	if err := in.apply(now, eventDetails(&e), &e.StartsAt); err != nil {
		return err
	}
	if !e.StartsAt.Equal(before) { // it is another time, and everything is due again
		e.Done, e.StartedAt, e.EndedAt, e.Status = nil, time.Time{}, time.Time{}, repository.EventScheduled
	}
	if err := s.put(ctx, e); err != nil {
		return err
	}
	s.changed(kind, e)
	return nil
}

func (s *Service) updateSeries(ctx context.Context, now time.Time, in Input, es repository.EventSeries) error {
	switch {
	case in.Start != nil:
		return bad("a recurring series has no single start, edit its recurrence instead")
	case in.Timezone != nil && *in.Timezone != "" && *in.Timezone != es.Timezone:
		return bad("timezone cannot be changed on an update")
	}
	old := es
	if err := in.apply(now, seriesDetails(&es), nil); err != nil {
		return err
	}
	if in.Recurrence != nil && *in.Recurrence != "" {
		if err := setRecurrence(&es, *in.Recurrence, now); err != nil {
			return err
		}
		es.Active = true
	}
	r, err := ruleOf(es)
	if err != nil {
		return err
	}
	there, err := s.toCome(ctx, now, es.ID)
	if err != nil {
		return err
	}
	es.ExpandedUntil = now // what is missing is made up, even if this ends here
	if err := s.cfg.Store.PutEventSeries(ctx, es); err != nil {
		return err
	}
	for _, e := range there {
		if err := s.follow(ctx, e, old, es, r); err != nil {
			return err
		}
	}
	return s.expand(ctx, now, es)
}

// toCome are the stored events of a series that have not begun.
func (s *Service) toCome(ctx context.Context, now time.Time, series string) ([]repository.Event, error) {
	all, err := s.cfg.Store.Events(ctx, now, time.Time{})
	if err != nil {
		return nil, err
	}
	return slices.DeleteFunc(all, func(e repository.Event) bool { return e.SeriesID != series || !e.StartedAt.IsZero() }), nil
}

// follow brings an event after its series, which was changed: it goes if the
// rule does not have it any more, and takes the new details over unless it has
// some of its own.
func (s *Service) follow(ctx context.Context, e repository.Event, old, now repository.EventSeries, r *rule) error {
	if !r.has(originalStart(e)) {
		if err := s.cfg.Store.DeleteEvent(ctx, e.ID); err != nil {
			return err
		}
		s.changed(EventDeleted, e)
		return nil
	}
	before := e
	if e.Name == old.Name {
		e.Name = now.Name
	}
	if e.Description == old.Description {
		e.Description = now.Description
	}
	if e.ReminderMessage == old.ReminderMessage {
		e.ReminderMessage = now.ReminderMessage
	}
	if e.Duration == old.Duration {
		e.Duration = now.Duration
	}
	if e.Name == before.Name && e.Description == before.Description && e.ReminderMessage == before.ReminderMessage && e.Duration == before.Duration {
		return nil
	}
	if err := s.put(ctx, e); err != nil {
		return err
	}
	s.changed(EventUpdated, e)
	return nil
}

// Remove removes an event or a series with its events to come, or, if it is to
// be cancelled, leaves it there as such. An event of a series does not come
// again. The error is an [*InputError] if there is neither.
func (s *Service) Remove(ctx context.Context, id string, cancel bool) error {
	defer s.tell(ctx)
	s.mu.Lock()
	defer s.mu.Unlock()
	now := time.Now().UTC()
	es, err := s.findSeries(ctx, id)
	switch {
	case err == nil:
		err = s.removeSeries(ctx, now, es, cancel)
	case errors.Is(err, repository.ErrNotFound):
		err = s.removeEvent(ctx, now, id, cancel)
	}
	if err != nil {
		return err
	}
	return s.remember(ctx, now)
}

func (s *Service) removeEvent(ctx context.Context, now time.Time, id string, cancel bool) error {
	e, err := s.find(ctx, id)
	if errors.Is(err, repository.ErrNotFound) {
		return bad("%v", errNoEvent)
	}
	if err != nil {
		return err
	}
	stored := !e.CreatedAt.IsZero()
	if cancel {
		if !stored {
			e.CreatedAt = now
		}
		e.Status = repository.EventCancelled
		if err := s.put(ctx, e); err != nil {
			return err
		}
		s.changed(EventUpdated, e)
		return nil
	}
	if err := s.exclude(ctx, e); err != nil {
		return err
	}
	if !stored {
		return nil
	}
	if err := s.cfg.Store.DeleteEvent(ctx, e.ID); err != nil {
		return err
	}
	s.changed(EventDeleted, e)
	return nil
}

// exclude takes an event out of the rule of its series.
func (s *Service) exclude(ctx context.Context, e repository.Event) error {
	es, err := s.findSeries(ctx, e.SeriesID)
	if e.SeriesID == "" || errors.Is(err, repository.ErrNotFound) {
		return nil
	}
	if err != nil {
		return err
	}
	r, err := ruleOf(es)
	if err != nil || !r.has(originalStart(e)) {
		return nil //nolint:nilerr // a rule that cannot be worked out does not bring the event back
	}
	es.Recurrence += "\nEXDATE:" + originalStart(e).Format(stamp)
	if _, err := ruleOf(es); err != nil {
		return err
	}
	return s.cfg.Store.PutEventSeries(ctx, es)
}

func (s *Service) removeSeries(ctx context.Context, now time.Time, es repository.EventSeries, cancel bool) error {
	there, err := s.toCome(ctx, now, es.ID)
	if err != nil {
		return err
	}
	if !cancel {
		if err := s.cfg.Store.DeleteEventSeries(ctx, es.ID, now); err != nil {
			return err
		}
		for _, e := range there {
			s.changed(EventDeleted, e)
		}
		return nil
	}
	es.Active = false
	if err := s.cfg.Store.PutEventSeries(ctx, es); err != nil {
		return err
	}
	for i := range there {
		there[i].Status = repository.EventCancelled
	}
	if err := s.cfg.Store.PutEvents(ctx, there...); err != nil {
		return err
	}
	for _, e := range there {
		s.changed(EventUpdated, e)
	}
	return nil
}

// Preview returns the next occurrences of a recurrence, five at the most and of
// a year. Errors about the recurrence are an [*InputError].
func Preview(recurrence, timezone string) ([]time.Time, error) {
	if timezone == "" {
		timezone = "UTC"
	}
	zone, err := loadZone(timezone)
	if err != nil {
		return nil, err
	}
	r, err := parseRule(recurrence, zone)
	if err != nil {
		return nil, err
	}
	now := time.Now()
	list := r.between(now, now.Add(previewAhead))
	return list[:min(len(list), previewLength)], nil
}

// newID returns a new name of an event or a series.
func newID() string { return strings.ToLower(rand.Text()[:idLength]) }
