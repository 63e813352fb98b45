package webhooks_test

import (
	"bytes"
	"encoding/json"
	"testing"
	"testing/synctest"
	"time"

	"github.com/owncast-go/owncast/webhooks"
)

// What every receiver of such servers expects, event by event.
func TestPayloads(t *testing.T) {
	const (
		status   = `"status":{"lastConnectTime":null,"lastDisconnectTime":null,"versionNumber":"0.1.0","streamTitle":"A title","viewerCount":3,"overallMaxViewerCount":9,"sessionMaxViewerCount":5,"online":false}`
		online   = `"status":{"lastConnectTime":null,"lastDisconnectTime":null,"versionNumber":"0.1.0","streamTitle":"A title","viewerCount":3,"overallMaxViewerCount":9,"sessionMaxViewerCount":5,"online":true}`
		url      = `"serverURL":"https://live.example"`
		named    = `"id":"ID","timestamp":"2026-05-01T12:00:00.5Z"`
		user     = `"user":{"id":"u1","displayName":"Ann","displayColor":3,"createdAt":"2026-04-01T00:00:00Z","previousNames":["A","B"],"scopes":["MODERATOR"],"isBot":false,"authenticated":true}`
		newcomer = `"user":{"id":"u2","displayName":"Bo","displayColor":0,"createdAt":"0001-01-01T00:00:00Z","disabledAt":"2026-04-02T00:00:00Z","nameChangedAt":"2026-04-03T00:00:00Z","previousNames":[],"isBot":true,"authenticated":false}`
		stream   = `"name":"My channel","summary":"About it","streamTitle":"A title"`
	)
	at := time.Date(2026, 5, 1, 12, 0, 0, 5e8, time.UTC)
	ann := webhooks.User{ID: "u1", DisplayName: "Ann", DisplayColor: 3, CreatedAt: time.Date(2026, 4, 1, 0, 0, 0, 0, time.UTC), PreviousNames: []string{"A", "B"}, Scopes: []string{"MODERATOR"}, Authenticated: true}
	disabled, renamed := time.Date(2026, 4, 2, 0, 0, 0, 0, time.UTC), time.Date(2026, 4, 3, 0, 0, 0, 0, time.UTC)
	bo := webhooks.User{ID: "u2", DisplayName: "Bo", DisabledAt: &disabled, NameChangedAt: &renamed, IsBot: true}
	yes := true
	for _, tt := range []struct {
		event webhooks.Event
		want  string
	}{
		{
			webhooks.Event{Type: webhooks.EventChat, Data: webhooks.ChatMessage{User: ann, Body: "<p>hi</p>", RawBody: "hi", ClientID: 7, Visible: true}},
			`{` + status + `,` + url + `,` + named + `,` + user + `,"body":"<p>hi</p>","rawBody":"hi","clientId":7,"visible":true}`,
		},
		{
			webhooks.Event{Type: webhooks.EventChat, Data: webhooks.ChatMessage{User: bo}}, // no client, hidden
			`{` + status + `,` + url + `,` + named + `,` + newcomer + `,"body":"","rawBody":"","visible":false}`,
		},
		{webhooks.Event{Type: webhooks.EventUserJoined, Data: webhooks.Presence{User: ann}}, `{` + status + `,` + url + `,` + named + `,` + user + `}`},
		{webhooks.Event{Type: webhooks.EventUserParted, Data: webhooks.Presence{User: bo}}, `{` + status + `,` + url + `,` + named + `,` + newcomer + `}`},
		{
			webhooks.Event{Type: webhooks.EventNameChange, Data: webhooks.Rename{User: ann, NewName: "Ann"}},
			`{` + status + `,` + url + `,` + named + `,` + user + `,"newName":"Ann"}`,
		},
		{
			webhooks.Event{Type: webhooks.EventVisibilityUpdate, Data: webhooks.Visibility{MessageIDs: []string{"m1", "m2"}}},
			`{` + status + `,` + url + `,` + named + `,"user":null,"visible":false,"ids":["m1","m2"]}`,
		},
		{
			webhooks.Event{Type: webhooks.EventVisibilityUpdate, Data: webhooks.Visibility{Visible: true}},
			`{` + status + `,` + url + `,` + named + `,"user":null,"visible":true,"ids":[]}`,
		},
		{
			webhooks.Event{Type: webhooks.EventStreamStarted, Online: &yes, Data: webhooks.Stream{}},
			`{` + named + `,` + stream + `,` + online + `,` + url + `}`,
		},
		{webhooks.Event{Type: webhooks.EventStreamStopped, Data: webhooks.Stream{}}, `{` + named + `,` + stream + `,` + status + `,` + url + `}`},
		{webhooks.Event{Type: webhooks.EventStreamTitleUpdate, Data: webhooks.Stream{}}, `{` + named + `,` + stream + `,` + status + `,` + url + `}`},
		{
			webhooks.Event{Type: webhooks.EventFediverseFollow, Data: webhooks.Follow{Name: "Cy", Username: "cy@example.org", Image: "https://example.org/cy.png"}},
			`{` + named + `,"name":"Cy","username":"cy@example.org","image":"https://example.org/cy.png",` + url + `}`,
		},
		{
			webhooks.Event{Type: webhooks.EventScheduled, Data: webhooks.Schedule{Action: webhooks.ScheduleWarning, Event: webhooks.ScheduledEvent{
				ID: "e1", SeriesID: "s1", Name: "Show", Description: "D", ReminderMessage: "R", StartTime: time.Date(2026, 5, 2, 18, 0, 0, 0, time.UTC), DurationMinutes: 60, Timezone: "Europe/Berlin", Status: "scheduled",
			}}},
			`{` + status + `,` + url + `,"event":{"id":"e1","seriesId":"s1","name":"Show","description":"D","reminderMessage":"R","startTime":"2026-05-02T18:00:00Z","durationMinutes":60,"timezone":"Europe/Berlin","status":"scheduled"},"action":"warning","timestamp":"2026-05-01T12:00:00.5Z"}`,
		},
	} {
		t.Run(string(tt.event.Type), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				x := newRig(t)
				if _, err := x.Create(t.Context(), "http://a.example", webhooks.EventTypes(), ""); err != nil {
					t.Fatal(err)
				}
				tt.event.ID, tt.event.At = "ID", at
				x.Send(tt.event)
				synctest.Wait()
				got := x.recv.all()
				if len(got) != 1 {
					t.Fatalf("got %d requests; log: %s", len(got), x.log)
				}
				var body struct {
					Type      string
					EventData json.RawMessage
				}
				if err := json.Unmarshal(got[0].body, &body); err != nil || body.Type != string(tt.event.Type) {
					t.Fatalf("body %s: %v", got[0].body, err)
				}
				if !sameJSON(t, body.EventData, []byte(tt.want)) {
					t.Errorf("eventData is\n%s, want\n%s", body.EventData, tt.want)
				}
			})
		})
	}
}

// sameJSON tells whether two documents say the same, whatever the order of
// their members and the spelling of their texts.
func sameJSON(t *testing.T, x, y []byte) bool {
	t.Helper()
	normal := func(b []byte) []byte {
		var v any
		if err := json.Unmarshal(b, &v); err != nil {
			t.Fatalf("%s: %v", b, err)
		}
		b, err := json.Marshal(v)
		if err != nil {
			t.Fatal(err)
		}
		return b
	}
	return bytes.Equal(normal(x), normal(y))
}

func TestAnEventWithTheDataOfAnotherIsDropped(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		x := newRig(t)
		x.create("a.example")
		x.Send(webhooks.Event{Type: webhooks.EventChat, Data: webhooks.Stream{}})
		x.Send(webhooks.Event{Type: webhooks.EventChat})
		x.Send(started())
		synctest.Wait()
		if got := x.recv.all(); len(got) != 1 || got[0].event != "STREAM_STARTED" {
			t.Errorf("got %+v", got)
		}
	})
}
