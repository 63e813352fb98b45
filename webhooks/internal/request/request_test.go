package request_test

import (
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/owncast-go/owncast/webhooks"
	"github.com/owncast-go/owncast/webhooks/internal/request"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestWhatAnswersMean(t *testing.T) {
	elsewhere := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { t.Error("a redirect was followed") }))
	defer elsewhere.Close()
	for name, tt := range map[string]struct {
		status    int
		header    string // Retry-After
		body      string
		permanent bool
		after     time.Duration
	}{
		"taken":                      {status: 200, body: "yes"},
		"taken and made":             {status: 201},
		"wrong":                      {status: 400, body: "token hush is\nwrong", permanent: true},
		"gone":                       {status: 410, permanent: true},
		"redirected":                 {status: 307, permanent: true},
		"broken":                     {status: 500},
		"broken for a while":         {status: 503, header: "7", after: 7 * time.Second},
		"too much":                   {status: 429, body: `{"retry_after":1.5}`, after: 1500 * time.Millisecond},
		"too much, of Telegram":      {status: 429, body: `{"parameters":{"retry_after":3}}`, after: 3 * time.Second},
		"too much, of Matrix":        {status: 429, body: `{"retry_after_ms":2500}`, after: 2500 * time.Millisecond},
		"too much, of somebody mean": {status: 429, header: "99999999"},
		"too much, with nonsense":    {status: 429, header: "soon", body: "["},
		"slow":                       {status: 408},
	} {
		t.Run(name, func(t *testing.T) {
			srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				if b, _ := io.ReadAll(r.Body); string(b) != `{"a":1}` || r.Header.Get("Content-Type") != "application/json" || r.Header.Get("X-A") != "b" {
					t.Errorf("got %s with %v", b, r.Header)
				}
				if tt.header != "" {
					w.Header().Set("Retry-After", tt.header)
				}
				if tt.status == 307 {
					w.Header().Set("Location", elsewhere.URL)
				}
				w.WriteHeader(tt.status)
				_, _ = io.WriteString(w, tt.body)
			}))
			defer srv.Close()
			body, err := request.JSON(t.Context(), request.Request{URL: srv.URL + "/hush", Header: http.Header{"X-A": {"b"}}}, map[string]int{"a": 1}, "hush")
			if tt.status/100 == 2 {
				if err != nil || string(body) != tt.body {
					t.Errorf("%q, %v", body, err)
				}
				return
			}
			after := time.Duration(0)
			if r := new(webhooks.RetryError); errors.As(err, &r) {
				after = r.After
			}
			if err == nil || errors.Is(err, webhooks.ErrPermanent) != tt.permanent || after != tt.after || strings.ContainsAny(err.Error(), "\n") || strings.Contains(err.Error(), "hush") {
				t.Errorf("%v, again after %v", err, after)
			}
		})
	}
}

func TestAnAnswerWithoutEndIsCut(t *testing.T) {
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		for chunk := make([]byte, 1<<20); ; {
			if _, err := w.Write(chunk); err != nil {
				return
			}
		}
	}))
	defer srv.Close()
	body, err := request.Send(t.Context(), request.Request{URL: srv.URL})
	if err != nil || len(body) > 1<<20 {
		t.Errorf("%d bytes, %v", len(body), err)
	}
}

func TestWhatCannotBeSent(t *testing.T) {
	if _, err := request.JSON(t.Context(), request.Request{URL: "http://localhost"}, func() {}); !errors.Is(err, webhooks.ErrPermanent) {
		t.Errorf("no JSON: %v", err)
	}
	if _, err := request.Send(t.Context(), request.Request{URL: "http://169.254.169.254/hush"}); err == nil || strings.Contains(err.Error(), "hush") {
		t.Errorf("where clouds have their secrets: %v", err)
	}
}

func TestCut(t *testing.T) {
	for _, tt := range []struct {
		s     string
		limit int
		want  string
	}{{"", 0, ""}, {"abc", 5, "abc"}, {"abc", 3, "abc"}, {"aüc", 2, "aü"}, {"🎉🎉", 1, "🎉"}, {"x", 0, ""}} {
		if got := request.Cut(tt.s, tt.limit); got != tt.want {
			t.Errorf("Cut(%q, %d) = %q, want %q", tt.s, tt.limit, got, tt.want)
		}
	}
}
