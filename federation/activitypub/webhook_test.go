package activitypub_test

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/owncast-go/owncast/federation"
	"github.com/owncast-go/owncast/webhooks"
)

func TestAWebhookTellsOfAFollower(t *testing.T) {
	type request struct {
		header http.Header
		body   []byte
	}
	got := make(chan request, 8)
	bot := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			t.Error(err)
		}
		got <- request{r.Header, body}
	}))
	defer bot.Close()
	w := newWorld(t)
	c, s := w.channel("one.test"), w.social("social.test")
	code, body := c.admin("POST", "/api/admin/webhooks/create", map[string]any{"url": bot.URL, "events": []string{"FEDIVERSE_ENGAGEMENT_FOLLOW"}})
	var made struct{ Secret string }
	if err := json.Unmarshal([]byte(body), &made); err != nil || code != 200 {
		t.Fatalf("%d %s", code, body)
	}
	s.follow(c, "bob")
	await[federation.Followed](c, 1)
	var r request
	select {
	case r = <-got:
	case <-time.After(time.Minute):
		t.Fatal("no webhook")
	}
	if err := webhooks.Verify(made.Secret, r.header.Get("Owncast-Signature"), r.body, time.Now()); err != nil {
		t.Error(err)
	}
	var e struct {
		Type      string
		EventData struct{ Name, Username, Image, Timestamp, ID string }
	}
	if err := json.Unmarshal(r.body, &e); err != nil || e.Type != "FEDIVERSE_ENGAGEMENT_FOLLOW" ||
		e.EventData.Name != "Bob" || e.EventData.Username != "bob@"+s.host || e.EventData.Image != s.base+"/bob.png" {
		t.Errorf("%v in %s", err, r.body)
	}
}
