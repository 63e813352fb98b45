package slack_test

import (
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/owncast-go/owncast/webhooks"
	"github.com/owncast-go/owncast/webhooks/slack"
)

// server is an incoming webhook of Slack, with its answers.
func server(t *testing.T, got *map[string]string, limited *bool) *httptest.Server {
	t.Helper()
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		*got = nil
		err := json.Unmarshal(body, got)
		switch {
		case r.URL.Path != "/services/T0/B0/hush":
			http.Error(w, "no_service", http.StatusNotFound)
		case *limited:
			w.Header().Set("Retry-After", "30")
			http.Error(w, "rate_limited", http.StatusTooManyRequests)
		case r.Method != http.MethodPost || r.Header.Get("Content-Type") != "application/json" || err != nil:
			http.Error(w, "invalid_payload", http.StatusBadRequest)
		case (*got)["text"] == "":
			http.Error(w, "no_text", http.StatusBadRequest)
		default:
			_, _ = io.WriteString(w, "ok")
		}
	}))
	t.Cleanup(srv.Close)
	return srv
}

func TestAMessageIsOneThatSlackTakes(t *testing.T) {
	var got map[string]string
	limited := false
	srv := server(t, &got, &limited)
	s := slack.New(slack.Config{URL: srv.URL + "/services/T0/B0/hush"})
	n := webhooks.Notification{Server: "My channel", Message: "<!channel> Q&A", Title: "A <b> title", URL: "https://live.example", Icon: "https://live.example/logo/external"}
	if err := s.Notify(t.Context(), n); err != nil {
		t.Fatal(err)
	}
	if got["text"] != "&lt;!channel&gt; Q&amp;A\nA &lt;b&gt; title\n\nhttps://live.example" || got["username"] != "My channel" || got["icon_url"] != n.Icon {
		t.Errorf("%v", got)
	}
	n.Message = strings.Repeat("ü", 9000)
	if err := s.Notify(t.Context(), n); err != nil || utf8.RuneCountInString(got["text"]) != 4000 {
		t.Errorf("%d characters, %v", utf8.RuneCountInString(got["text"]), err)
	}
}

func TestRefusals(t *testing.T) {
	var got map[string]string
	limited := true
	srv := server(t, &got, &limited)
	s := slack.New(slack.Config{URL: srv.URL + "/services/T0/B0/hush"})
	err := s.Notify(t.Context(), webhooks.Notification{Message: "x"})
	if r := new(webhooks.RetryError); !errors.As(err, &r) || r.After != 30*time.Second {
		t.Errorf("%v", err)
	}
	limited = false
	if err := s.Notify(t.Context(), webhooks.Notification{}); !errors.Is(err, webhooks.ErrPermanent) || !strings.Contains(err.Error(), "no_text") {
		t.Errorf("%v", err)
	}
	err = slack.New(slack.Config{URL: srv.URL + "/services/T0/B1/hush"}).Notify(t.Context(), webhooks.Notification{Message: "x"})
	if !errors.Is(err, webhooks.ErrPermanent) || !strings.Contains(err.Error(), "no_service") || strings.Contains(err.Error(), "hush") {
		t.Errorf("%v", err)
	}
}
