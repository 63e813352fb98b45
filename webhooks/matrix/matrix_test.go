package matrix_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/owncast-go/owncast/webhooks"
	"github.com/owncast-go/owncast/webhooks/matrix"
)

// homeserver has the "send" of the Client-Server API, with its rules, and one
// room.
type homeserver struct {
	srv     *httptest.Server
	limited bool
	events  map[string]string // by transaction
	sent    []string          // bodies of messages
}

const room = "!room/with#odd:example.org"

func newHomeserver(t *testing.T) *homeserver {
	t.Helper()
	h := &homeserver{events: map[string]string{}}
	mux := http.NewServeMux()
	mux.HandleFunc("PUT /_matrix/client/v3/rooms/{room}/send/{type}/{txn}", h.send)
	mux.HandleFunc("/", func(w http.ResponseWriter, _ *http.Request) {
		refuse(w, http.StatusNotFound, "M_UNRECOGNIZED", "Unrecognized request")
	})
	h.srv = httptest.NewServer(mux)
	t.Cleanup(h.srv.Close)
	return h
}

func refuse(w http.ResponseWriter, status int, code, text string) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	fmt.Fprintf(w, `{"errcode":%q,"error":%q,"retry_after_ms":2000}`, code, text)
}

func (h *homeserver) send(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	var content map[string]string
	txn := r.PathValue("txn")
	switch {
	case r.Header.Get("Authorization") != "Bearer hush":
		refuse(w, http.StatusUnauthorized, "M_UNKNOWN_TOKEN", "Unrecognised access token hush-not")
	case r.PathValue("room") != room:
		refuse(w, http.StatusForbidden, "M_FORBIDDEN", "User not in room")
	case h.limited:
		refuse(w, http.StatusTooManyRequests, "M_LIMIT_EXCEEDED", "Too many requests")
	case json.Unmarshal(body, &content) != nil || r.PathValue("type") != "m.room.message" || content["msgtype"] == "" || content["body"] == "":
		refuse(w, http.StatusBadRequest, "M_BAD_JSON", "Bad content")
	case len(body) > 65536:
		refuse(w, http.StatusRequestEntityTooLarge, "M_TOO_LARGE", "event too large")
	default:
		if h.events[txn] == "" { // a transaction is made once
			h.sent = append(h.sent, content["body"])
			h.events[txn] = fmt.Sprint("$event", len(h.sent))
		}
		fmt.Fprintf(w, `{"event_id":%q}`, h.events[txn])
	}
}

func TestAMessageArrivesOnce(t *testing.T) {
	h := newHomeserver(t)
	m := matrix.New(matrix.Config{Homeserver: h.srv.URL + "/", AccessToken: "hush", RoomID: room})
	n := webhooks.Notification{ID: "1", Message: "Live!", Title: "<b>", URL: "https://live.example"}
	for range 2 {
		if err := m.Notify(t.Context(), n); err != nil {
			t.Fatal(err)
		}
	}
	n.ID, n.Message = "2", strings.Repeat("ü", 50_000)
	if err := m.Notify(t.Context(), n); err != nil {
		t.Fatal(err)
	}
	if len(h.sent) != 2 || h.sent[0] != "Live!\n<b>\n\nhttps://live.example" {
		t.Errorf("%d: %.100q", len(h.sent), h.sent)
	}
}

func TestRefusals(t *testing.T) {
	h := newHomeserver(t)
	good := matrix.Config{Homeserver: h.srv.URL, AccessToken: "hush", RoomID: room}
	for name, change := range map[string]func(*matrix.Config){
		"M_UNKNOWN_TOKEN": func(c *matrix.Config) { c.AccessToken = "hush-not" },
		"M_FORBIDDEN":     func(c *matrix.Config) { c.RoomID = "!other:example.org" },
		"M_UNRECOGNIZED":  func(c *matrix.Config) { c.Homeserver += "/else" },
	} {
		c := good
		change(&c)
		err := matrix.New(c).Notify(t.Context(), webhooks.Notification{ID: "1", Message: "x"})
		if !errors.Is(err, webhooks.ErrPermanent) || !strings.Contains(err.Error(), name) || strings.Contains(err.Error(), "hush") {
			t.Errorf("%s: %v", name, err)
		}
	}
	h.limited = true
	err := matrix.New(good).Notify(t.Context(), webhooks.Notification{ID: "1", Message: "x"})
	if r := new(webhooks.RetryError); !errors.As(err, &r) || r.After != 2*time.Second {
		t.Errorf("%v", err)
	}
}
