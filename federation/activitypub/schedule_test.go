package activitypub_test

import (
	"slices"
	"testing"
	"time"

	"github.com/owncast-go/owncast"
	"github.com/owncast-go/owncast/federation/activitypub"
)

// schedule switches the schedule of a channel on or off.
func (c *channel) schedule(on bool) {
	c.t.Helper()
	_, err := c.app.Settings().UpdateSchedule(c.t.Context(), func(s *owncast.ScheduleSettings) error { s.Enabled = on; return nil })
	if err != nil {
		c.t.Fatal(err)
	}
}

// announce makes an event or changes one, and returns its id.
func (c *channel) announce(in owncast.EventInput) string {
	c.t.Helper()
	id, err := c.app.Schedule().Put(c.t.Context(), in)
	if err != nil {
		c.t.Fatal(err)
	}
	return id
}

// at is a time of day in Berlin, some days from now.
func at(t *testing.T, days, hour int) (start time.Time, zone *time.Location) {
	t.Helper()
	zone, err := time.LoadLocation("Europe/Berlin")
	if err != nil {
		t.Skip(err)
	}
	now := time.Now().In(zone)
	return time.Date(now.Year(), now.Month(), now.Day()+days, hour, 0, 0, 0, zone), zone
}

func TestScheduledStreamsAreEvents(t *testing.T) {
	w := newWorld(t)
	c, s := w.channel("one.test"), w.social("social.test")
	s.follow(c, "alice")
	c.schedule(true)
	start, _ := at(t, 30, 20)
	id := c.announce(owncast.EventInput{
		Name: "A <show>", Description: new("All about\ncats"), Start: &start, Timezone: new("Europe/Berlin"), Duration: new(90 * time.Minute),
	})
	c.reconcile()
	in := s.await("Create", 1)
	event, _ := in.doc["object"].(map[string]any)
	iri := c.base + "/federation/event/" + id
	for name, want := range map[string]any{
		"id": iri, "type": "Event", "name": "A <show>", "startTime": start.Format(time.RFC3339), "endTime": start.Add(90 * time.Minute).Format(time.RFC3339),
		"timezone": "Europe/Berlin", "eventStatus": "EventScheduled", "joinMode": "none", "url": c.base + "/schedule/" + id, "displayEndTime": true,
	} {
		if event[name] != want {
			t.Errorf("%s is %v, want %v", name, event[name], want)
		}
	}
	if d := c.document(iri); d["name"] != "A <show>" {
		t.Errorf("%v", d)
	}
	if d := c.document(in.doc["id"].(string)); d["type"] != "Create" {
		t.Errorf("%v", d)
	}
	later := start.Add(time.Hour)
	c.announce(owncast.EventInput{ID: id, Name: "A <show>", Start: &later})
	in = s.await("Update", 1)
	if event, _ = in.doc["object"].(map[string]any); event["startTime"] != later.Format(time.RFC3339) || event["updated"] == nil || event["published"] == nil {
		t.Errorf("%s", in.raw)
	}
	// Followers see nothing of a reminder.
	c.announce(owncast.EventInput{ID: id, Name: "A <show>", ReminderMessage: new("Soon!")})
	c.reconcile()
	c.drained()
	s.await("Update", 1)
	if err := c.app.Schedule().Remove(t.Context(), id, true); err != nil {
		t.Fatal(err)
	}
	in = s.await("Delete", 1)
	if gone, _ := in.doc["object"].(map[string]any); gone["type"] != "Tombstone" || gone["id"] != iri {
		t.Errorf("%s", in.raw)
	}
	if code, _ := c.get(iri, "Accept", "application/activity+json"); code != 404 {
		t.Errorf("%d", code)
	}
	c.reconcile()
	c.drained()
	s.await("Create", 1)
	s.await("Delete", 1)
}

func TestFollowersHearOfAnEventOnce(t *testing.T) {
	w := newWorld(t)
	c, s := w.channel("one.test"), w.social("social.test")
	s.follow(c, "alice")
	// They do not hear of one that was made while they could not, but do later.
	start, _ := at(t, 20, 20)
	first := c.announce(owncast.EventInput{Name: "First", Start: &start})
	c.reconcile()
	c.set(func(f *owncast.FederationSettings) { f.Enabled = false })
	c.schedule(true)
	second := c.announce(owncast.EventInput{Name: "Second", Start: &start})
	if err := c.app.Schedule().Remove(t.Context(), first, false); err != nil {
		t.Fatal(err)
	}
	third := c.announce(owncast.EventInput{Name: "Third", Start: &start})
	c.set(func(f *owncast.FederationSettings) { f.Enabled = true })
	s.await("Create", 2)
	// Nor again, after a restart, or when the schedule was switched off. What
	// has changed then they do hear.
	c.schedule(false)
	c.reconcile()
	c.stop()
	c.start()
	c.schedule(true)
	c.reconcile()
	c.set(func(f *owncast.FederationSettings) { f.Enabled = false })
	if err := c.app.Schedule().Remove(t.Context(), second, false); err != nil {
		t.Fatal(err)
	}
	c.announce(owncast.EventInput{ID: third, Name: "New name"})
	c.stop()
	c.start()
	c.set(func(f *owncast.FederationSettings) { f.Enabled = true })
	in := s.await("Update", 1)
	if event, _ := in.doc["object"].(map[string]any); event["name"] != "New name" {
		t.Errorf("%s", in.raw)
	}
	s.await("Delete", 1)
	c.drained()
	s.await("Create", 2)
}

func TestWhoHasNotHeardOfAnEventHearsOfItAsItIs(t *testing.T) {
	w := newWorld(t)
	c, s := w.channel("one.test"), w.social("social.test")
	s.follow(c, "alice")
	c.schedule(true)
	if err := activitypub.StopDeliveries(t.Context(), c.service); err != nil {
		t.Fatal(err)
	}
	start, _ := at(t, 3, 20)
	kept := c.announce(owncast.EventInput{Name: "Kept", Start: &start})
	c.reconcile()
	c.announce(owncast.EventInput{ID: kept, Name: "Kept, and changed"})
	gone := c.announce(owncast.EventInput{Name: "Gone", Start: &start})
	c.reconcile()
	if err := c.app.Schedule().Remove(t.Context(), gone, false); err != nil {
		t.Fatal(err)
	}
	c.reconcile()
	c.stop()
	c.start()
	in := s.await("Create", 1)
	if event, _ := in.doc["object"].(map[string]any); event["name"] != "Kept, and changed" {
		t.Errorf("%s", in.raw)
	}
	c.drained()
	s.await("Create", 1)
	s.await("Update", 1) // of what it knows by then
	s.await("Delete", 1) // of what it does not know
}

func TestEventsOfASeriesAreToldOfWhenTheyAreNear(t *testing.T) {
	w := newWorld(t)
	c, s := w.channel("one.test"), w.social("social.test")
	s.follow(c, "alice")
	c.schedule(true)
	start, _ := at(t, 1, 20)
	c.announce(owncast.EventInput{Name: "Daily", Recurrence: new("DTSTART;TZID=Europe/Berlin:" + start.Format("20060102T150405") + "\nRRULE:FREQ=DAILY")})
	c.reconcile()
	c.drained()
	var days []string
	for _, r := range s.got("Create") {
		event, _ := r.doc["object"].(map[string]any)
		day, _ := event["startTime"].(string)
		days = append(days, day)
	}
	slices.Sort(days)
	// The seventh is within a week if it is not eight in the evening yet.
	if n := len(days); n < 6 || n > 7 || len(slices.Compact(days)) != n || days[0] != start.Format(time.RFC3339) {
		t.Errorf("%v", days)
	}
}
