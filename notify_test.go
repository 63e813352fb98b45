package owncast_test

import (
	"context"
	"crypto/ecdh"
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/owncast-go/owncast"
	"github.com/owncast-go/owncast/federation"
	"github.com/owncast-go/owncast/repository"
	"github.com/owncast-go/owncast/repository/memory"
	"github.com/owncast-go/owncast/webhooks"
	"github.com/owncast-go/owncast/webhooks/webpush"
)

// pushService answers like one, and remembers what it was sent to. That it can
// be decrypted is for the tests of package webpush.
func pushService(t *testing.T) (srv *httptest.Server, hits chan http.Header) {
	t.Helper()
	hits = make(chan http.Header, 99)
	srv = httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		if r.URL.Path == "/gone" {
			w.WriteHeader(http.StatusGone)
			return
		}
		hits <- r.Header
		w.WriteHeader(http.StatusCreated)
	}))
	t.Cleanup(srv.Close)
	return srv, hits
}

// subscription is that of a browser at a push service.
func subscription(t *testing.T, endpoint string) string {
	t.Helper()
	key, err := ecdh.P256().GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	b64 := base64.RawURLEncoding.EncodeToString
	return fmt.Sprintf(`{"endpoint":%q,"keys":{"p256dh":%q,"auth":%q}}`, endpoint, b64(key.PublicKey().Bytes()), b64(make([]byte, 16)))
}

func TestPeopleAreToldOfAStream(t *testing.T) {
	told := make(chan owncast.Notification, 99)
	mine := webhooks.NotifierFunc(func(_ context.Context, n owncast.Notification) error { told <- n; return nil })
	posts := make(chan string, 99)
	disc := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		b, _ := io.ReadAll(r.Body)
		posts <- string(b)
		w.WriteHeader(http.StatusNoContent)
	}))
	defer disc.Close()
	service, pushes := pushService(t)
	repo := memory.New()
	d := repository.Destination{Channel: webhooks.ChannelBrowserPush, Address: subscription(t, service.URL+"/gone")}
	if err := repo.Notifications.PutDestination(t.Context(), d); err != nil {
		t.Fatal(err)
	}
	o := owned(t, owncast.WithRepository(repo), owncast.WithBaseURL("https://live.example/x"), owncast.WithLatencyLevel(0), owncast.WithReconnectGrace(0),
		owncast.WithNotifier(mine), owncast.WithPush(webpush.New), owncast.WithPushClient(service.Client()))
	if got := o.field("/api/config", "notifications.browser.publicKey"); len(got) != 89 { // 65 bytes
		t.Errorf("the public key is %s", got)
	}
	registerBrowser(t, o, subscription(t, service.URL+"/a"))
	o.set("notifications/golive", `{"message":"Live!","delaySeconds":0,"throttleSeconds":0}`)
	o.set("notifications/discord", `{"enabled":true,"webhook":"`+disc.URL+`/hush","goLiveMessage":"@everyone Live!"}`)
	o.set("streamtitle", `"A title"`)
	client := burst(t, o.rtmp, "live", "k", 6)
	defer client.Close()
	n := <-told
	if n.Message != "Live!" || n.Title != "A title" || n.URL != "https://live.example/x" || n.Icon != "https://live.example/x/logo/external" || n.Kind != webhooks.NotifyStream {
		t.Errorf("%+v", n)
	}
	if post := <-posts; !strings.Contains(post, `"content":"@everyone Live!\nA title\n\nhttps://live.example/x"`) {
		t.Errorf("Discord got %s", post)
	}
	if h := <-pushes; h.Get("Topic") != "owncast-go-live" {
		t.Errorf("the push service got %v", h)
	}
	for end := time.Now().Add(patience); ; time.Sleep(20 * time.Millisecond) {
		code, body := o.send("GET", "/api/admin/notifications", "")
		if strings.Count(body, `"success":true`) == 3 && strings.Contains(body, `"state":"announced"`) && code == 200 {
			break
		}
		if time.Now().After(end) {
			t.Fatalf("%d %s", code, body)
		}
	}
	if list, err := repo.Notifications.Destinations(t.Context(), webhooks.ChannelBrowserPush); err != nil || len(list) != 1 {
		t.Errorf("%v, %v", list, err)
	}
	o.set("notifications/browser", `{"enabled":false}`)
	if got := o.field("/api/config", "notifications.browser"); got != `{"enabled":false}` {
		t.Errorf("switched off: %s", got)
	}
}

func TestFollowersAreToldOfAStream(t *testing.T) {
	post := new(letterbox)
	o := owned(t, owncast.WithBaseURL("https://live.example"), owncast.WithLatencyLevel(0), owncast.WithReconnectGrace(0),
		owncast.WithFederation(func(federation.Config) (federation.Service, error) { return post, nil }))
	o.set("notifications/golive", `{"message":"","delaySeconds":0,"throttleSeconds":0}`)
	last := func() string { _, body := o.send("GET", "/api/admin/notifications", ""); return body }
	if !strings.Contains(last(), `{"name":"fediverse","enabled":false,"last":null}`) {
		t.Fatal(last())
	}
	if code, body := o.set("federation/enable", "true"); code != 200 {
		t.Fatalf("%d %s", code, body)
	}
	if code, body := o.send("POST", "/api/admin/notifications/fediverse/test", ""); code != 200 || !strings.Contains(body, `"success":false`) {
		t.Errorf("a test: %d %s", code, body)
	}
	client := burst(t, o.rtmp, "live", "k", 6)
	defer client.Close()
	for end := time.Now().Add(patience); !strings.Contains(last(), `{"name":"fediverse","enabled":true,"last":{"kind":"stream-started"`); time.Sleep(20 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatal(last())
		}
	}
	if got := post.posted(); !slices.Equal(got, []string{"live"}) {
		t.Errorf("posted: %q", got)
	}
}

func TestPeopleAreRemindedOfAnEvent(t *testing.T) {
	told := make(chan owncast.Notification, 99)
	repo := memory.New()
	opts := []owncast.Option{owncast.WithRepository(repo), owncast.WithBaseURL("https://live.example"), owncast.WithNotifier(webhooks.NotifierFunc(func(_ context.Context, n owncast.Notification) error {
		told <- n
		return nil
	}))}
	o := owned(t, opts...)
	o.set("schedule/enabled", "true")
	o.set("schedule/firstreminderminutes", "60")
	o.set("schedule/remindermessage", `"Soon!"`)
	if _, err := o.app.Settings().UpdateFederation(t.Context(), func(f *owncast.FederationSettings) error { f.Enabled = true; return nil }); err != nil {
		t.Fatal(err)
	}
	shutdown(t, o.app)
	// The reminder was due while the server was down.
	e := repository.Event{ID: "e", Name: "Show", CreatedAt: time.Now().Add(-time.Hour), StartsAt: time.Now().Add(30 * time.Minute), Timezone: "UTC", Duration: time.Hour}
	if err := repo.Schedule.PutEvents(t.Context(), e); err != nil {
		t.Fatal(err)
	}
	post := new(letterbox)
	opts = append(opts, owncast.WithFederation(func(federation.Config) (federation.Service, error) { return post, nil }))
	o = owned(t, opts...)
	n := <-told
	if n.Kind != webhooks.NotifyReminder || n.Message != "Soon!" || n.Title != "Show" || n.URL != "https://live.example/schedule/e" || n.Event.ID != "e" || !strings.HasSuffix(n.When, "UTC") {
		t.Errorf("%+v", n)
	}
	for end := time.Now().Add(patience); len(post.posted()) == 0 && time.Now().Before(end); {
		time.Sleep(20 * time.Millisecond)
	}
	shutdown(t, o.app)
	owned(t, opts...)
	select {
	case n := <-told:
		t.Errorf("again: %+v", n)
	case <-time.After(100 * time.Millisecond):
	}
	if got := post.posted(); len(got) != 1 || !strings.Contains(got[0], "Soon!") || !strings.Contains(got[0], "https://live.example/schedule/e") {
		t.Errorf("followers were told %q", got)
	}
}

func TestChannelsOfAdministrators(t *testing.T) {
	fail := errors.New("no")
	o := owned(t, owncast.WithNotifier(webhooks.NotifierFunc(func(context.Context, owncast.Notification) error { return fail })))
	code, body := o.send("GET", "/api/admin/notifications", "")
	if code != 200 || body != `{"channels":[{"name":"discord","enabled":false,"last":null},{"name":"notifierfunc","enabled":true,"last":null}],"stream":{"state":"none","at":null}}`+"\n" {
		t.Errorf("%d %s", code, body)
	}
	if code, body := o.send("POST", "/api/admin/notifications/notifierfunc/test", ""); code != 200 || !strings.Contains(body, `"success":false,"error":"no","attempts":1,"retrying":false`) {
		t.Errorf("%d %s", code, body)
	}
	fail = nil
	if code, body := o.send("POST", "/api/admin/notifications/notifierfunc/test", ""); code != 200 || !strings.Contains(body, `"kind":"test"`) || !strings.Contains(body, `"success":true`) {
		t.Errorf("%d %s", code, body)
	}
	if code, body := o.send("POST", "/api/admin/notifications/discord/test", ""); code != 200 || !strings.Contains(body, "no webhook of Discord is set") {
		t.Errorf("%d %s", code, body)
	}
	var list struct {
		Channels []struct{ Last *struct{ Success bool } }
	}
	if _, body := o.send("GET", "/api/admin/notifications", ""); json.Unmarshal([]byte(body), &list) != nil || list.Channels[0].Last.Success || !list.Channels[1].Last.Success {
		t.Errorf("%s", body)
	}
	if got := o.field("/api/config", "notifications.browser"); got != `{"enabled":false}` { // there is no push
		t.Errorf("config: %s", got)
	}
}

func TestAChannelThatFailsIsAProblem(t *testing.T) {
	failed := webhooks.Result{At: time.Now(), Error: "no"}
	got := owncast.NotifyProblems([]webhooks.ChannelStatus{
		{Name: "good", On: true}, {Name: "off", Last: failed}, {Name: "retrying", On: true, Last: webhooks.Result{Error: "no", Retrying: true}}, {Name: "bad", On: true, Last: failed},
	})
	if len(got) != 1 || got[0].Code != "notifier-failing" || !strings.Contains(got[0].Text, `"bad"`) || got[0].Detail != "no" {
		t.Errorf("%+v", got)
	}
}

func TestOptionsOfNotifications(t *testing.T) {
	for name, o := range map[string]owncast.Option{"WithNotifier": owncast.WithNotifier(nil), "WithPush": owncast.WithPush(nil)} {
		_, err := owncast.New(o)
		var oe *owncast.OptionError
		if !errors.As(err, &oe) || oe.Option != name {
			t.Errorf("%s: %v", name, err)
		}
	}
	app, err := owncast.New(discard(), owncast.WithDataDir(t.TempDir()), owncast.WithPush(func(webhooks.PushConfig) (webhooks.Push, error) { return nil, errors.New("no") }))
	if err != nil {
		t.Fatal(err)
	}
	if err := app.Start(t.Context()); err == nil || !strings.Contains(err.Error(), "push: no") {
		t.Errorf("Start = %v", err)
	}
	shutdown(t, app)
}

func TestAServerThatNotEverybodyMayWatchIsNotListed(t *testing.T) {
	for name, want := range map[string]bool{"open": true, "behind a passphrase": false} {
		opts := []owncast.Option{discard(), owncast.WithDirectory("https://directory.example")}
		if !want {
			opts = append(opts, owncast.WithViewerPassphrase("x"))
		}
		if got := owncast.Listable(opts...); got != want {
			t.Errorf("%s: %v", name, got)
		}
	}
	if _, err := owncast.New(owncast.WithDirectory("ftp://x")); err == nil {
		t.Error("WithDirectory takes what is no URL")
	}
}

// A Notifier is one method.
func ExampleWithNotifier() {
	bell := webhooks.NotifierFunc(func(_ context.Context, n owncast.Notification) error {
		fmt.Println("ding:", n.Text())
		return nil
	})
	app, err := owncast.New(owncast.WithDataDir("data"), owncast.WithNotifier(bell))
	fmt.Println(app != nil, err)
	// Output: true <nil>
}

// registerBrowser registers the browser of somebody new in the chat, and what
// cannot be one.
func registerBrowser(t *testing.T, o owner, subscription string) {
	t.Helper()
	path := "/api/notifications/register?accessToken=" + url.QueryEscape(o.register("somebody").AccessToken)
	for _, tt := range []struct {
		channel, destination string
		code                 int
	}{
		{"SMS", subscription, 400},
		{webhooks.ChannelBrowserPush, "{}", 400},
		{webhooks.ChannelBrowserPush, subscription, 200},
		{webhooks.ChannelBrowserPush, subscription, 200},
	} {
		body := jsonText(map[string]string{"channel": tt.channel, "destination": tt.destination})
		if code, answer := o.ask("POST", path, "", body); code != tt.code {
			t.Errorf("%s %s: %d %s", tt.channel, tt.destination, code, answer)
		}
	}
	if code, answer := o.ask("POST", "/api/notifications/register", "", `{}`); code != 401 {
		t.Errorf("without a token: %d %s", code, answer)
	}
}
