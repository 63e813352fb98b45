package ntfy_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/owncast-go/owncast/webhooks"
	"github.com/owncast-go/owncast/webhooks/ntfy"
)

// server is ntfy's "publish as JSON", with its answers.
func server(t *testing.T, got *map[string]string) *httptest.Server {
	t.Helper()
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		refuse := func(status, code int, text string) {
			w.WriteHeader(status)
			fmt.Fprintf(w, `{"code":%d,"http":%d,"error":%q}`, code, status, text)
		}
		body, _ := io.ReadAll(r.Body)
		*got = nil
		err := json.Unmarshal(body, got)
		switch {
		case r.Method != http.MethodPost || r.URL.Path != "/":
			refuse(http.StatusNotFound, 40401, "page not found")
		case err != nil:
			refuse(http.StatusBadRequest, 40024, "invalid request: body must be message JSON")
		case (*got)["topic"] == "":
			refuse(http.StatusBadRequest, 40009, "invalid request: topic invalid")
		case (*got)["topic"] == "closed" && r.Header.Get("Authorization") != "Bearer tk_hush":
			refuse(http.StatusForbidden, 40301, "forbidden")
		case len((*got)["message"]) > 4096:
			refuse(http.StatusRequestEntityTooLarge, 41303, "attachment too large, or bandwidth limit reached")
		default:
			_, _ = io.WriteString(w, `{"id":"sPs71M8A2T","event":"message"}`)
		}
	}))
	t.Cleanup(srv.Close)
	return srv
}

func TestAMessageIsOneThatNtfyTakes(t *testing.T) {
	var got map[string]string
	srv := server(t, &got)
	n := ntfy.New(ntfy.Config{Server: srv.URL, Topic: "closed", Token: "tk_hush"})
	m := webhooks.Notification{Server: "Übung", Message: "Live!", Title: "A title", URL: "https://live.example", Icon: "https://live.example/logo/external"}
	if err := n.Notify(t.Context(), m); err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]string{"topic": "closed", "title": "Übung", "message": "Live!\nA title", "click": m.URL, "icon": m.Icon} {
		if got[name] != want {
			t.Errorf("%s is %q, want %q", name, got[name], want)
		}
	}
	m.Message = strings.Repeat("ü", 9000)
	if err := n.Notify(t.Context(), m); err != nil || !strings.HasPrefix(m.Message, got["message"]) {
		t.Errorf("%v", err)
	}
}

func TestRefusals(t *testing.T) {
	var got map[string]string
	srv := server(t, &got)
	for want, c := range map[string]ntfy.Config{
		"forbidden": {Server: srv.URL, Topic: "closed", Token: "tk_wrong"}, "topic invalid": {Server: srv.URL}, "page not found": {Server: srv.URL + "/closed", Topic: "x"},
	} {
		err := ntfy.New(c).Notify(t.Context(), webhooks.Notification{Message: "x"})
		if !errors.Is(err, webhooks.ErrPermanent) || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", want, err)
		}
	}
}
