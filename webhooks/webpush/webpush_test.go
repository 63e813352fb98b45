package webpush_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/owncast-go/owncast/internal/httpx"
	"github.com/owncast-go/owncast/repository"
	"github.com/owncast-go/owncast/repository/memory"
	"github.com/owncast-go/owncast/webhooks"
	"github.com/owncast-go/owncast/webhooks/webpush"
)

func goLive(id string) webhooks.Notification {
	return webhooks.Notification{ID: id, Kind: webhooks.NotifyStream, Server: "My channel", Message: "I've gone live! 🎉", Title: "A title", URL: "https://live.example"}
}

func TestAMessageTravelsToTheBrowser(t *testing.T) {
	s := newService(t)
	p := newSender(t, s)
	for range 2 {
		if err := p.Subscribe(t.Context(), s.subscribe("a")); err != nil {
			t.Fatal(err)
		}
	}
	if err := p.Subscribe(t.Context(), s.subscribe("b")); err != nil {
		t.Fatal(err)
	}
	if err := p.Notify(t.Context(), goLive("1")); err != nil {
		t.Fatal(err)
	}
	want := `{"title":"My channel","body":"I've gone live! 🎉\nA title","icon":"/logo/external","tag":"owncast-go-live"}`
	for _, name := range []string{"a", "b"} {
		if got := s.messages(name); len(got) != 1 || got[0] != want {
			t.Errorf("%s got %q, want %s", name, got, want)
		}
	}
	if h, contact := s.last(); h.Get("TTL") != "120" || h.Get("Topic") != "owncast-go-live" || h.Get("Urgency") != "high" || contact != "mailto:owncast@owncast.online" {
		t.Errorf("%v, contact %s", h, contact)
	}

	event := webhooks.Notification{ID: "2", Kind: webhooks.NotifyReminder, Server: "My channel", Message: "Soon!", Title: "Show", When: "Friday at 8", URL: "https://live.example/schedule/e"}
	if err := p.Notify(t.Context(), event); err != nil {
		t.Fatal(err)
	}
	var got map[string]string
	if err := json.Unmarshal([]byte(s.messages("a")[1]), &got); err != nil || got["body"] != "Soon!\nShow\nFriday at 8" || got["url"] != event.URL || got["tag"] != "owncast-reminder" {
		t.Errorf("%v, %v", got, err)
	}
}

func TestTheContactIsThatOfTheServer(t *testing.T) {
	for contact, want := range map[string]string{
		"https://live.example": "https://live.example", "me@example.org": "mailto:me@example.org", "http://live.example": "mailto:owncast@owncast.online",
	} {
		s := newService(t)
		p := newSender(t, s, func(c *webhooks.PushConfig) { c.Contact = func(context.Context) string { return contact } })
		if err := p.Subscribe(t.Context(), s.subscribe("a")); err != nil {
			t.Fatal(err)
		}
		err := p.Notify(t.Context(), goLive("1"))
		if _, got := s.last(); err != nil || got != want {
			t.Errorf("%s: %s, %v", contact, got, err)
		}
	}
}

func TestALongMessageIsCut(t *testing.T) {
	s := newService(t)
	p := newSender(t, s)
	if err := p.Subscribe(t.Context(), s.subscribe("a")); err != nil {
		t.Fatal(err)
	}
	n := goLive("1")
	n.Message, n.Server = strings.Repeat("ü\"\n", 3000), strings.Repeat("é", 3000)
	if err := p.Notify(t.Context(), n); err != nil {
		t.Fatal(err)
	}
	var got map[string]string
	if err := json.Unmarshal([]byte(s.messages("a")[0]), &got); err != nil || len(got["body"]) < 400 || !strings.HasPrefix(n.Message, got["body"]) {
		t.Errorf("%.100s, %v", got, err)
	}
}

func TestABrowserThatIsGoneIsForgotten(t *testing.T) {
	s := newService(t)
	p := newSender(t, s)
	for _, name := range []string{"gone", "lost", "busy", "wrong", "good"} {
		if err := p.Subscribe(t.Context(), s.subscribe(name)); err != nil {
			t.Fatal(err)
		}
	}
	s.answer("gone", http.StatusGone)
	s.answer("lost", http.StatusNotFound)
	s.answer("busy", http.StatusServiceUnavailable)
	s.answer("wrong", http.StatusForbidden)
	err := p.Notify(t.Context(), goLive("1"))
	if err == nil || errors.Is(err, webhooks.ErrPermanent) || !strings.Contains(err.Error(), "2 of 5 browsers") || strings.Contains(err.Error(), s.srv.URL) {
		t.Errorf("Notify = %v", err)
	}
	stored := fmt.Sprint(p.stored(t))
	if strings.Contains(stored, "/gone") || strings.Contains(stored, "/lost") || len(p.stored(t)) != 3 {
		t.Errorf("stored: %s", stored)
	}
	if n, err := p.Subscriptions(t.Context()); err != nil || n != 3 {
		t.Errorf("Subscriptions = %d, %v", n, err)
	}
	// Another try is for who is worth it.
	s.answer("busy", 0)
	s.requests()
	if err := p.Notify(t.Context(), goLive("1")); err != nil {
		t.Errorf("another try = %v", err)
	}
	if len(s.messages("busy")) != 1 || len(s.messages("good")) != 1 || s.requests() != 1 {
		t.Errorf("busy has %d, good %d", len(s.messages("busy")), len(s.messages("good")))
	}
	// The next notification is for all.
	s.answer("wrong", 0)
	if err := p.Notify(t.Context(), goLive("2")); err != nil || len(s.messages("good")) != 2 || len(s.messages("wrong")) != 1 {
		t.Errorf("the next = %v", err)
	}
}

func TestWhatIsNoUseToTryAgainSaysSo(t *testing.T) {
	s := newService(t)
	p := newSender(t, s)
	if err := p.Subscribe(t.Context(), s.subscribe("a")); err != nil {
		t.Fatal(err)
	}
	s.answer("a", http.StatusForbidden)
	if err := p.Notify(t.Context(), goLive("1")); !errors.Is(err, webhooks.ErrPermanent) {
		t.Errorf("Notify = %v", err)
	}
	s.answer("a", http.StatusTooManyRequests)
	s.mu.Lock()
	s.header.Set("Retry-After", "77")
	s.mu.Unlock()
	err := p.Notify(t.Context(), goLive("2"))
	if r := new(webhooks.RetryError); !errors.As(err, &r) || r.After != 77*time.Second {
		t.Errorf("Notify = %v", err)
	}
}

func TestAPushServiceThatIsDeadCostsLittle(t *testing.T) {
	s, dead := newService(t), newService(t)
	tries := &tries{RoundTripper: s.srv.Client().Transport}
	p := newSender(t, s, func(c *webhooks.PushConfig) { c.Client = &http.Client{Transport: tries} })
	for i := range 200 {
		if err := p.Subscribe(t.Context(), dead.subscribe(fmt.Sprint(i))); err != nil {
			t.Fatal(err)
		}
	}
	if err := p.Subscribe(t.Context(), s.subscribe("good")); err != nil {
		t.Fatal(err)
	}
	dead.srv.CloseClientConnections()
	dead.srv.Close()
	err := p.Notify(t.Context(), goLive("1"))
	if err == nil || !strings.Contains(err.Error(), "200 of 201") || len(s.messages("good")) != 1 || len(p.stored(t)) != 201 || strings.Contains(err.Error(), "https://") {
		t.Errorf("Notify = %v", err)
	}
	if n := tries.n.Load(); n > 30 { // as many as are under way when it turns out to be dead
		t.Errorf("%d tries", n)
	}
}

// tries counts requests.
type tries struct {
	http.RoundTripper
	n atomic.Int32
}

func (x *tries) RoundTrip(r *http.Request) (*http.Response, error) {
	x.n.Add(1)
	return x.RoundTripper.RoundTrip(r)
}

func TestNotifyEndsWithItsContext(t *testing.T) {
	s := newService(t)
	p := newSender(t, s)
	for i := range 50 {
		if err := p.Subscribe(t.Context(), s.subscribe(fmt.Sprint(i))); err != nil {
			t.Fatal(err)
		}
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := p.Notify(ctx, goLive("1")); !errors.Is(err, context.Canceled) || s.requests() != 0 {
		t.Errorf("Notify = %v", err)
	}
}

func TestStrangersCannotMakeItFetchPrivateAddresses(t *testing.T) {
	s := newService(t)
	client := httpx.NewClient(httpx.ClientConfig{MaxRedirects: -1}) // as the App has it
	defer client.CloseIdleConnections()
	p := newSender(t, s, func(c *webhooks.PushConfig) { c.Client = client })
	if err := p.Subscribe(t.Context(), s.subscribe("a")); err != nil { // on 127.0.0.1
		t.Fatal(err)
	}
	err := p.Notify(t.Context(), goLive("1"))
	if !errors.Is(err, httpx.ErrAddress) || s.requests() != 0 {
		t.Errorf("Notify = %v", err)
	}
}

func TestSubscriptionsThatAreNone(t *testing.T) {
	s := newService(t)
	p := newSender(t, s)
	good := s.subscribe("a")
	for name, text := range map[string]string{
		"empty": "", "no JSON": "x", "null": "null", "another type": `{"endpoint":3}`, "no keys": `{"endpoint":"https://push.example/1"}`,
		"http":       strings.Replace(good, "https://", "http://", 1),
		"a user":     strings.Replace(good, "https://", "https://u:p@", 1),
		"no host":    strings.Replace(good, s.srv.URL, "https://", 1),
		"a file":     strings.Replace(good, s.srv.URL, "file://", 1),
		"long":       strings.Replace(good, "/a", "/"+strings.Repeat("a", 3000), 1),
		"very long":  strings.Replace(good, "/a", "/"+strings.Repeat("a", 5000), 1),
		"short auth": strings.Replace(good, `"auth":"`, `"auth":"","x":"`, 1),
		"no point":   strings.Replace(good, `"p256dh":"B`, `"p256dh":"C`, 1),
		"no base64":  strings.Replace(good, `"p256dh":"B`, `"p256dh":"!`, 1),
	} {
		if err := p.Subscribe(t.Context(), text); !errors.Is(err, webhooks.ErrSubscription) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if list := p.stored(t); len(list) != 0 {
		t.Errorf("stored: %v", list)
	}
}

func TestASubscriptionIsKeptOnce(t *testing.T) {
	s := newService(t)
	repo := memory.New()
	b := newBrowser(t)
	text := b.subscription(s.srv.URL + "/a")
	// As programs before this one have kept it: with padding, twice, and with
	// something else.
	padded := strings.Replace(text, `","auth"`, `=","auth"`, 1)
	for _, address := range []string{text, padded, "nonsense"} {
		if err := repo.Notifications.PutDestination(t.Context(), repository.Destination{Channel: "BROWSER_PUSH_NOTIFICATION", Address: address}); err != nil {
			t.Fatal(err)
		}
	}
	p := newSenderOn(t, s, repo)
	s.browsers["/a"] = b
	if n, err := p.Subscriptions(t.Context()); err != nil || n != 1 || len(p.stored(t)) != 1 {
		t.Fatalf("Subscriptions = %d, %v; stored %v", n, err, p.stored(t))
	}
	for _, again := range []string{text, padded, strings.Replace(text, `"expirationTime":null`, `"expirationTime":9`, 1)} {
		if err := p.Subscribe(t.Context(), again); err != nil {
			t.Fatal(err)
		}
	}
	if err := p.Notify(t.Context(), goLive("1")); err != nil || len(s.messages("a")) != 1 {
		t.Errorf("Notify = %v, got %v", err, s.messages("a"))
	}
	// The browser has made new keys.
	if err := p.Subscribe(t.Context(), s.subscribe("a")); err != nil {
		t.Fatal(err)
	}
	if err := p.Notify(t.Context(), goLive("2")); err != nil || len(s.messages("a")) != 2 || len(p.stored(t)) != 1 {
		t.Errorf("Notify = %v, got %v, stored %v", err, s.messages("a"), p.stored(t))
	}
}

func TestThereAreNotTooManySubscriptions(t *testing.T) {
	s := newService(t)
	repo := memory.New()
	b := newBrowser(t)
	for i := range webpush.MaxSubscriptions {
		d := repository.Destination{Channel: "BROWSER_PUSH_NOTIFICATION", Address: b.subscription(fmt.Sprint("https://push.example/", i))}
		if err := repo.Notifications.PutDestination(t.Context(), d); err != nil {
			t.Fatal(err)
		}
	}
	p := newSenderOn(t, s, repo)
	if err := p.Subscribe(t.Context(), s.subscribe("a")); !errors.Is(err, webhooks.ErrSubscriptions) {
		t.Errorf("Subscribe = %v", err)
	}
	if err := p.Subscribe(t.Context(), newBrowser(t).subscription("https://push.example/7")); err != nil {
		t.Errorf("Subscribe in the place of one = %v", err)
	}
}

func TestTheKeysOfTheServerStay(t *testing.T) {
	s := newService(t)
	repo := memory.New()
	first := newSenderOn(t, s, repo)
	key := s.key
	newSenderOn(t, s, repo)
	if s.key != key || len(unb64(t, key)) != 65 {
		t.Errorf("key %s, then %s", key, s.key)
	}
	keys, _, err := webhooks.PushKeysSetting().Get(t.Context(), repo.Settings)
	if err != nil || keys.PublicKey != key || keys.PrivateKey == "" {
		t.Errorf("%+v, %v", keys, err)
	}
	_ = first
	for _, c := range []webhooks.PushConfig{{}, {Subscriptions: repo.Notifications, Settings: repo.Settings, Client: s.srv.Client()}} {
		if _, err := webpush.New(c); err == nil {
			t.Errorf("New takes %+v", c)
		}
	}
}

func FuzzSubscribe(f *testing.F) {
	b := newBrowser(f)
	f.Add(b.subscription("https://push.example/a"))
	f.Add(`{"endpoint":"https://push.example","keys":{"p256dh":"","auth":"AAAAAAAAAAAAAAAAAAAAAA"}}`)
	f.Add(`[`)
	f.Fuzz(func(t *testing.T, text string) {
		repo := memory.New()
		p, err := webpush.New(webhooks.PushConfig{Subscriptions: repo.Notifications, Settings: repo.Settings, Client: new(http.Client), Contact: func(context.Context) string { return "" }})
		if err != nil {
			t.Fatal(err)
		}
		err = p.Subscribe(t.Context(), text)
		if err != nil && !errors.Is(err, webhooks.ErrSubscription) {
			t.Errorf("Subscribe(%q) = %v", text, err)
		}
		// What was taken can be read again.
		q, err2 := webpush.New(webhooks.PushConfig{Subscriptions: repo.Notifications, Settings: repo.Settings, Client: new(http.Client), Contact: func(context.Context) string { return "" }})
		if err2 != nil {
			t.Fatal(err2)
		}
		n, err2 := q.Subscriptions(t.Context())
		if want := map[bool]int{true: 1}[err == nil]; err2 != nil || n != want {
			t.Errorf("%q: %d are kept, %v", text, n, err2)
		}
	})
}
