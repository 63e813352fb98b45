package jsonhook_test

import (
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/owncast-go/owncast/webhooks"
	"github.com/owncast-go/owncast/webhooks/jsonhook"
)

func TestAReceiverUnderstandsIt(t *testing.T) {
	var got map[string]any
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		h := r.Header
		if r.Method != "POST" || h.Get("Content-Type") != "application/json" || h.Get("Owncast-Delivery") != "id" || h.Get("Authorization") != "Bearer x" ||
			webhooks.Verify("secret", h.Get("Owncast-Signature"), body, time.Now()) != nil || json.Unmarshal(body, &got) != nil {
			t.Errorf("%s %v: %s", r.Method, h, body)
			w.WriteHeader(http.StatusBadRequest)
		}
	}))
	defer srv.Close()
	header := http.Header{"Authorization": {"Bearer x"}}
	j := jsonhook.New(jsonhook.Config{URL: srv.URL, Secret: "secret", Header: header})
	at := time.Date(2026, 5, 1, 18, 0, 0, 0, time.UTC)
	n := webhooks.Notification{
		ID: "id", Kind: webhooks.NotifyReminder, Server: "S", Message: "M", Title: "T", When: "W", URL: "https://u", Icon: "https://i", At: at,
		Event: &webhooks.ScheduledEvent{ID: "e", StartTime: at},
	}
	if err := j.Notify(t.Context(), n); err != nil {
		t.Fatal(err)
	}
	event, _ := got["event"].(map[string]any)
	for name, want := range map[string]any{
		"id": "id", "kind": "event-reminder", "server": "S", "message": "M", "title": "T", "when": "W", "url": "https://u", "icon": "https://i",
		"at": "2026-05-01T18:00:00Z", "text": "M\n\nT\nW\nhttps://u",
	} {
		if got[name] != want {
			t.Errorf("%s is %v, want %v", name, got[name], want)
		}
	}
	if event["id"] != "e" || len(header) != 1 {
		t.Errorf("event %v, header %v", event, header)
	}
}

func TestWithoutASecretNothingIsSigned(t *testing.T) {
	srv := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Owncast-Signature") != "" {
			t.Errorf("%v", r.Header)
		}
	}))
	defer srv.Close()
	if err := jsonhook.New(jsonhook.Config{URL: srv.URL}).Notify(t.Context(), webhooks.Notification{}); err != nil {
		t.Error(err)
	}
	srv.Config.Handler = http.NotFoundHandler()
	err := jsonhook.New(jsonhook.Config{URL: srv.URL + "/hush"}).Notify(t.Context(), webhooks.Notification{})
	if !errors.Is(err, webhooks.ErrPermanent) || strings.Contains(err.Error(), "hush") {
		t.Errorf("%v", err)
	}
}
