package owncast_test

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/owncast-go/owncast"
	"github.com/owncast-go/owncast/repository"
	"github.com/owncast-go/owncast/repository/memory"
	"github.com/owncast-go/owncast/webhooks"
)

// bot is a program elsewhere that hears of events.
type bot struct {
	t   testing.TB
	srv *httptest.Server

	mu     sync.Mutex
	secret string
	got    []botEvent
	status int // to answer with; 0 is 200
}

type botEvent struct {
	Type      string
	EventData map[string]any
	delivery  string
}

func newBot(t testing.TB) *bot {
	t.Helper()
	b := &bot{t: t}
	b.srv = httptest.NewServer(b)
	t.Cleanup(b.srv.Close)
	return b
}

func (b *bot) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	b.mu.Lock()
	defer b.mu.Unlock()
	var e botEvent
	if err == nil {
		err = json.Unmarshal(body, &e)
	}
	if err == nil {
		err = webhooks.Verify(b.secret, r.Header.Get("Owncast-Signature"), body, time.Now())
	}
	if err != nil || r.Header.Get("Owncast-Event") != e.Type || r.Header.Get("Content-Type") != "application/json" || !strings.HasPrefix(r.UserAgent(), "Owncast v") {
		b.t.Errorf("%v with %v: %s", err, r.Header, body)
	}
	e.delivery = r.Header.Get("Owncast-Delivery")
	b.got = append(b.got, e)
	if b.status != 0 {
		w.WriteHeader(b.status)
	}
}

func (b *bot) answer(status int) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.status = status
}

// await returns the event of a type that comes next, and forgets those before
// it.
func (b *bot) await(kind string) botEvent {
	b.t.Helper()
	for end := time.Now().Add(2 * patience); time.Now().Before(end); time.Sleep(20 * time.Millisecond) {
		b.mu.Lock()
		for i, e := range b.got {
			if e.Type == kind {
				b.got = b.got[i+1:]
				b.mu.Unlock()
				return e
			}
		}
		b.mu.Unlock()
	}
	b.t.Fatalf("%s does not come", kind)
	return botEvent{}
}

// hook makes a webhook for a bot.
func (o owner) hook(b *bot, events ...string) (id int) {
	o.t.Helper()
	code, body := o.send("POST", "/api/admin/webhooks/create", jsonText(map[string]any{"url": b.srv.URL + "/hook", "events": events}))
	var made struct {
		ID     int
		Secret string
	}
	if err := json.Unmarshal([]byte(body), &made); err != nil || code != 200 || made.ID == 0 || len(made.Secret) < 40 {
		o.t.Fatalf("%d %s", code, body)
	}
	b.mu.Lock()
	b.secret = made.Secret
	b.mu.Unlock()
	return made.ID
}

func TestABotHearsOfTheStream(t *testing.T) {
	o, b := owned(t, owncast.WithLatencyLevel(0), owncast.WithReconnectGrace(0), owncast.WithBaseURL("https://live.example")), newBot(t)
	id := o.hook(b, "STREAM_STARTED", "STREAM_STOPPED", "STREAM_TITLE_UPDATED")
	o.set("streamtitle", `"first"`)
	if e := b.await("STREAM_TITLE_UPDATED"); e.EventData["streamTitle"] != "first" || e.EventData["serverURL"] != "https://live.example" {
		t.Errorf("%+v", e)
	}
	o.set("name", `"somebody"`) // no event
	client := burst(t, o.rtmp, "live", "k", 6)
	e := b.await("STREAM_STARTED")
	status, _ := e.EventData["status"].(map[string]any)
	if status["online"] != true || status["lastConnectTime"] == nil || status["versionNumber"] != owncast.Version || e.EventData["name"] != "somebody" {
		t.Errorf("%+v", e)
	}
	if err := client.Close(); err != nil {
		t.Error(err)
	}
	e = b.await("STREAM_STOPPED")
	status, _ = e.EventData["status"].(map[string]any)
	if status["online"] != false || status["lastDisconnectTime"] == nil || status["lastConnectTime"] != nil {
		t.Errorf("%+v", e)
	}

	// What was sent can be looked at, and sent again.
	at := fmt.Sprintf("/api/admin/webhooks/%d/", id)
	var list []struct{ ID, Event, State string }
	for end := time.Now().Add(patience); time.Now().Before(end) && len(list) < 3; time.Sleep(50 * time.Millisecond) {
		code, body := o.send("GET", at+"deliveries?limit=3", "")
		if err := json.Unmarshal([]byte(body), &list); err != nil || code != 200 {
			t.Fatalf("%d %s", code, body)
		}
	}
	if len(list) != 3 || list[0].ID != e.delivery || list[0].Event != "STREAM_STOPPED" || list[0].State != "delivered" {
		t.Fatalf("log %+v", list)
	}
	if code, body := o.send("GET", at+"deliveries/"+e.delivery, ""); code != 200 || !strings.Contains(body, `"payload":{"type":"STREAM_STOPPED","eventData":{`) {
		t.Errorf("%d %s", code, body)
	}
	if code, body := o.send("POST", at+"deliveries/"+e.delivery+"/replay", ""); code != 202 {
		t.Errorf("%d %s", code, body)
	}
	if again := b.await("STREAM_STOPPED"); again.delivery != e.delivery {
		t.Errorf("%s is sent again as %s", e.delivery, again.delivery)
	}
	if _, body := o.send("GET", "/api/admin/audit?limit=5", ""); !strings.Contains(body, "/replay") {
		t.Errorf("audit %s", body)
	}
}

func TestTheEndOfTheAppIsStillTold(t *testing.T) {
	o, b := owned(t, owncast.WithLatencyLevel(0)), newBot(t)
	o.hook(b, "STREAM_STARTED", "STREAM_STOPPED")
	client := burst(t, o.rtmp, "live", "k", 6)
	defer client.Close()
	b.await("STREAM_STARTED")
	shutdown(t, o.app)
	b.await("STREAM_STOPPED")
}

func TestEventsOutliveTheProcess(t *testing.T) {
	repo := memory.New()
	b := newBot(t)
	b.answer(503)
	o := owned(t, owncast.WithRepository(repo))
	o.hook(b, "STREAM_TITLE_UPDATED")
	o.set("streamtitle", `"before"`)
	first := b.await("STREAM_TITLE_UPDATED")
	shutdown(t, o.app)
	b.answer(200)
	owned(t, owncast.WithRepository(repo))
	if e := b.await("STREAM_TITLE_UPDATED"); e.delivery != first.delivery || e.EventData["streamTitle"] != "before" {
		t.Errorf("%+v, want %+v", e, first)
	}
}

func TestWebhooksOfAdministrators(t *testing.T) {
	o, b := owned(t), newBot(t)
	if _, body := o.send("GET", "/api/admin/webhooks", ""); body != "[]\n" {
		t.Errorf("at first: %s", body)
	}
	for body, want := range map[string]string{
		`{"url":"http://a.example","events":["CHAT","PONG"]}`:                                                 "one or more invalid event provided",
		`{"url":"http://a.example","events":[]}`:                                                              `field \"events\" is required`,
		`{"url":"http://a.example"}`:                                                                          `field \"events\" is required`,
		`{"url":"file:///etc/passwd","events":["CHAT"]}`:                                                      `field \"url\" is not`,
		`{"url":"http://a.example","events":"CHAT"}`:                                                          `field \"events\"`,
		`{"url":"http://a.example","events":["CHAT"],"secret":"` + strings.Repeat("x", 300) + `"}`:            `field \"secret\" is too long`,
		`{"url":"http://user:hush@a.example/` + strings.Repeat("x", 300) + `","events":["USER_JOINED"]}`:      `field \"url\" is not`,
		`{"url":"http://a.example/` + strings.Repeat("x", 3000) + `","events":["STREAM_STARTED"],"secret":1}`: `field \"secret\"`,
	} {
		if code, text := o.send("POST", "/api/admin/webhooks/create", body); code != 400 || !strings.Contains(text, want) || strings.Contains(text, "hush") {
			t.Errorf("%.60s: %d %s", body, code, text)
		}
	}
	id := o.hook(b, "CHAT", "CHAT", "STREAM_STARTED")
	code, body := o.send("GET", "/api/admin/webhooks", "")
	if code != 200 || !strings.Contains(body, `"events":["CHAT","STREAM_STARTED"]`) || !strings.Contains(body, `"lastUsed":null`) || strings.Contains(body, "secret") || !strings.Contains(body, `"signed":true`) {
		t.Errorf("%d %s", code, body)
	}
	at := fmt.Sprintf("/api/admin/webhooks/%d/", id)
	if code, body := o.send("POST", at+"test", ""); code != 200 || !strings.Contains(body, `"state":"delivered"`) || !strings.Contains(body, `"status":200`) {
		t.Errorf("test: %d %s", code, body)
	}
	ping := b.await("PING")
	b.answer(500)
	if code, body := o.send("POST", at+"test", ""); code != 200 || !strings.Contains(body, `"state":"failed"`) || !strings.Contains(body, `"error":"answered with 500 Internal Server Error"`) {
		t.Errorf("test that fails: %d %s", code, body)
	}
	if _, body := o.send("GET", "/api/admin/webhooks", ""); !strings.Contains(body, `"lastStatus":500`) || strings.Contains(body, `"lastUsed":null`) {
		t.Errorf("list: %s", body)
	}
	for path, want := range map[string]int{
		at + "deliveries?limit=0":             400,
		at + "deliveries?limit=x":             400,
		at + "deliveries?limit=9999":          200,
		at + "deliveries?before=zzz&limit=1":  200,
		at + "deliveries/" + ping.delivery:    200,
		at + "deliveries/nothing":             404,
		"/api/admin/webhooks/9999/deliveries": 404,
		"/api/admin/webhooks/-/deliveries":    404,
	} {
		if code, body := o.send("GET", path, ""); code != want {
			t.Errorf("%s: %d %s", path, code, body)
		}
	}
	for body, want := range map[string]int{`{}`: 400, `{"id":"1"}`: 400, `{"id":9999}`: 404, fmt.Sprintf(`{"id":%d}`, id): 200} {
		if code, text := o.send("POST", "/api/admin/webhooks/delete", body); code != want {
			t.Errorf("delete %s: %d %s", body, code, text)
		}
	}
	if _, body := o.send("GET", "/api/admin/webhooks", ""); body != "[]\n" {
		t.Errorf("in the end: %s", body)
	}
}

func TestAWebhookThatTakesNothingIsAProblem(t *testing.T) {
	failing := webhooks.Endpoint{Webhook: repository.Webhook{ID: 3, URL: "https://hooks.example/hush"}, Failures: 3, LastError: "no answer", Waiting: 7}
	hiccup := webhooks.Endpoint{Failures: 1}
	got := owncast.WebhookProblems([]webhooks.Endpoint{{}, hiccup, failing})
	if len(got) != 1 || got[0].Code != "webhook-failing" || !strings.Contains(got[0].Text, "3 at hooks.example") || !strings.Contains(got[0].Detail, "no answer") || strings.Contains(fmt.Sprint(got), "hush") {
		t.Errorf("%+v", got)
	}
}
