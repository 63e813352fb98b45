package discord_test

import (
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"
	"unicode/utf8"

	"go.uber.org/goleak"

	"github.com/owncast-go/owncast/webhooks"
	"github.com/owncast-go/owncast/webhooks/discord"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// server is Discord's "Execute Webhook", with the rules that its documentation
// has.
type server struct {
	srv *httptest.Server

	mu      sync.Mutex
	limited bool
	got     []map[string]string
}

func newServer(t *testing.T) *server {
	t.Helper()
	s := &server{}
	s.srv = httptest.NewServer(s)
	t.Cleanup(s.srv.Close)
	return s
}

func (s *server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	refuse := func(status int, body any) {
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(status)
		_ = json.NewEncoder(w).Encode(body)
	}
	body, _ := io.ReadAll(r.Body)
	var m map[string]string
	switch {
	case r.URL.Path != "/api/webhooks/1/hush":
		refuse(http.StatusNotFound, map[string]any{"message": "Unknown Webhook", "code": 10015})
	case s.limited:
		w.Header().Set("Retry-After", "0.65")
		refuse(http.StatusTooManyRequests, map[string]any{"message": "You are being rate limited.", "retry_after": 64.57, "global": false})
	case r.Method != http.MethodPost || r.Header.Get("Content-Type") != "application/json" || json.Unmarshal(body, &m) != nil:
		refuse(http.StatusBadRequest, map[string]any{"code": 50109, "message": "The request body contains invalid JSON."})
	case m["content"] == "":
		refuse(http.StatusBadRequest, map[string]any{"code": 50006, "message": "Cannot send an empty message"})
	case utf8.RuneCountInString(m["content"]) > 2000, utf8.RuneCountInString(m["username"]) > 80, strings.Contains(strings.ToLower(m["username"]), "discord"),
		strings.Contains(strings.ToLower(m["username"]), "clyde"), m["avatar_url"] != "" && !strings.HasPrefix(m["avatar_url"], "http"):
		refuse(http.StatusBadRequest, map[string]any{"code": 50035, "message": "Invalid Form Body"})
	default:
		s.got = append(s.got, m)
		w.WriteHeader(http.StatusNoContent)
	}
}

func TestAMessageIsOneThatDiscordTakes(t *testing.T) {
	s := newServer(t)
	d := discord.New(discord.Config{URL: s.srv.URL + "/api/webhooks/1/hush"})
	for _, n := range []webhooks.Notification{
		{Server: "My channel", Message: "Live!", Title: "A title", URL: "https://live.example", Icon: "https://live.example/logo/external"},
		{Server: "My Discord show", Message: "Live!"},
		{Server: strings.Repeat("ü", 200), Message: strings.Repeat("🎉", 3000)},
		{Kind: webhooks.NotifyReminder, Message: "Soon!", Title: "Show", When: "Friday at 8", URL: "https://live.example/schedule/e"},
	} {
		if err := d.Notify(t.Context(), n); err != nil {
			t.Errorf("%.60s: %v", n.Server, err)
		}
	}
	if len(s.got) != 4 {
		t.Fatalf("got %v", s.got)
	}
	first := map[string]string{"username": "My channel", "content": "Live!\nA title\n\nhttps://live.example", "avatar_url": "https://live.example/logo/external"}
	for name, want := range first {
		if s.got[0][name] != want {
			t.Errorf("%s is %q, want %q", name, s.got[0][name], want)
		}
	}
	if s.got[1]["username"] != "" || utf8.RuneCountInString(s.got[2]["username"]) != 80 || s.got[3]["content"] != "Soon!\n\nShow\nFriday at 8\nhttps://live.example/schedule/e" {
		t.Errorf("got %v", s.got[1:])
	}
}

func TestRefusals(t *testing.T) {
	s := newServer(t)
	gone := discord.New(discord.Config{URL: s.srv.URL + "/api/webhooks/2/hush"})
	err := gone.Notify(t.Context(), webhooks.Notification{Message: "x"})
	if !errors.Is(err, webhooks.ErrPermanent) || !strings.Contains(err.Error(), "404") || !strings.Contains(err.Error(), "Unknown Webhook") || strings.Contains(err.Error(), "hush") {
		t.Errorf("a webhook that is gone: %v", err)
	}
	d := discord.New(discord.Config{URL: s.srv.URL + "/api/webhooks/1/hush"})
	s.limited = true
	err = d.Notify(t.Context(), webhooks.Notification{Message: "x"})
	if r := new(webhooks.RetryError); !errors.As(err, &r) || r.After != 650*time.Millisecond || errors.Is(err, webhooks.ErrPermanent) {
		t.Errorf("rate limited: %v", err)
	}
	if err := d.Notify(t.Context(), webhooks.Notification{}); err == nil {
		t.Error("an empty message is taken")
	}
	s.srv.Close()
	err = d.Notify(t.Context(), webhooks.Notification{Message: "x"})
	if err == nil || errors.Is(err, webhooks.ErrPermanent) || strings.Contains(err.Error(), "hush") {
		t.Errorf("nobody there: %v", err)
	}
	if err := discord.New(discord.Config{URL: "::"}).Notify(t.Context(), webhooks.Notification{Message: "x"}); !errors.Is(err, webhooks.ErrPermanent) {
		t.Errorf("no URL: %v", err)
	}
}
