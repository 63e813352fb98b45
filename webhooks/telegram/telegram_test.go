package telegram_test

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
	"unicode/utf16"

	"github.com/owncast-go/owncast/webhooks"
	"github.com/owncast-go/owncast/webhooks/telegram"
)

// api is the Bot API, with its answers.
type api struct {
	srv     *httptest.Server
	limited bool
	got     []string
}

func newAPI(t *testing.T) *api {
	t.Helper()
	a := &api{}
	a.srv = httptest.NewServer(a)
	t.Cleanup(a.srv.Close)
	return a
}

func (a *api) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	refuse := func(status int, text, more string) {
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(status)
		fmt.Fprintf(w, `{"ok":false,"error_code":%d,"description":%q%s}`, status, text, more)
	}
	body, _ := io.ReadAll(r.Body)
	var m map[string]string
	err := json.Unmarshal(body, &m)
	switch {
	case !strings.HasPrefix(r.URL.Path, "/bot123:hush/"):
		refuse(http.StatusUnauthorized, "Unauthorized", "")
	case r.URL.Path != "/bot123:hush/sendMessage":
		refuse(http.StatusNotFound, "Not Found", "")
	case a.limited:
		refuse(http.StatusTooManyRequests, "Too Many Requests: retry after 7", `,"parameters":{"retry_after":7}`)
	case err != nil || r.Header.Get("Content-Type") != "application/json":
		refuse(http.StatusBadRequest, "Bad Request: can't parse JSON", "")
	case m["chat_id"] != "@example":
		refuse(http.StatusBadRequest, "Bad Request: chat not found", "")
	case m["text"] == "":
		refuse(http.StatusBadRequest, "Bad Request: message text is empty", "")
	case len(utf16.Encode([]rune(m["text"]))) > 4096:
		refuse(http.StatusBadRequest, "Bad Request: message is too long", "")
	default:
		a.got = append(a.got, m["text"])
		_, _ = io.WriteString(w, `{"ok":true,"result":{"message_id":1}}`)
	}
}

func TestAMessageIsOneThatTelegramTakes(t *testing.T) {
	a := newAPI(t)
	n := telegram.New(telegram.Config{Token: "123:hush", ChatID: "@example", Server: a.srv.URL})
	for _, m := range []string{"Live! <b>", strings.Repeat("🎉", 3000), strings.Repeat("ü", 5000)} {
		if err := n.Notify(t.Context(), webhooks.Notification{Message: m, URL: "https://live.example"}); err != nil {
			t.Errorf("%.20s: %v", m, err)
		}
	}
	if len(a.got) != 3 || a.got[0] != "Live! <b>\n\nhttps://live.example" || a.got[1] != strings.Repeat("🎉", 2048) || a.got[2] != strings.Repeat("ü", 4096) {
		t.Errorf("%.100q", a.got)
	}
}

func TestRefusals(t *testing.T) {
	a := newAPI(t)
	for want, c := range map[string]telegram.Config{
		"Unauthorized":   {Token: "124:hush", ChatID: "@example", Server: a.srv.URL},
		"chat not found": {Token: "123:hush", ChatID: "@other", Server: a.srv.URL},
	} {
		err := telegram.New(c).Notify(t.Context(), webhooks.Notification{Message: "x"})
		if !errors.Is(err, webhooks.ErrPermanent) || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "hush") {
			t.Errorf("%s: %v", want, err)
		}
	}
	good := telegram.New(telegram.Config{Token: "123:hush", ChatID: "@example", Server: a.srv.URL})
	a.limited = true
	err := good.Notify(t.Context(), webhooks.Notification{Message: "x"})
	if r := new(webhooks.RetryError); !errors.As(err, &r) || r.After != 7*time.Second {
		t.Errorf("%v", err)
	}
	for body, permanent := range map[string]bool{`{"ok":false,"description":"no"}`: true, "<html>": false} {
		a.srv.Config.Handler = http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, body) })
		if err := good.Notify(t.Context(), webhooks.Notification{Message: "x"}); err == nil || errors.Is(err, webhooks.ErrPermanent) != permanent {
			t.Errorf("%s: %v", body, err)
		}
	}
	a.srv.Close()
	if err := good.Notify(t.Context(), webhooks.Notification{Message: "x"}); err == nil || strings.Contains(err.Error(), "hush") {
		t.Errorf("nobody there: %v", err)
	}
}
