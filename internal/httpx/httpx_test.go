package httpx

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	stdlog "log"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"go.uber.org/goleak"

	"github.com/owncast-go/owncast/repository"
	"github.com/owncast-go/owncast/video/recording"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestAnErrorBecomesAnAnswerThatTellsNoSecrets(t *testing.T) {
	secret := errors.New("dial 10.0.0.7: connection refused")
	tests := []struct {
		name    string
		err     error
		status  int
		message string
		level   slog.Level
	}{
		{"unauthorized", fmt.Errorf("token: %w", ErrUnauthorized), 401, "unauthorized", slog.LevelDebug},
		{"forbidden", ErrForbidden, 403, "forbidden", slog.LevelDebug},
		{"not found", ErrNotFound, 404, "not found", slog.LevelDebug},
		{"no such file", fmt.Errorf("open: %w", fs.ErrNotExist), 404, "not found", slog.LevelDebug},
		{"no such record", repository.ErrNotFound, 404, "not found", slog.LevelDebug},
		{"read-only", fmt.Errorf("x: %w", ErrReadOnly), 409, "fixed by the program that runs this server", slog.LevelDebug},
		{"a field that is read-only", fmt.Errorf("x: %w", &ReadOnlyError{Field: "nsfw"}), 409, `field "nsfw" is fixed by the program that runs this server`, slog.LevelDebug},
		{"an invalid setting", fmt.Errorf("x: %w", &repository.InvalidError{Section: "s", Err: errors.New("too long")}), 400, "too long", slog.LevelDebug},
		{"several fields", &repository.InvalidError{Section: "s", Err: errors.Join(&repository.FieldError{Field: "a", Reason: "is long"}, errors.New("b"))}, 400, `field "a" is long; b`, slog.LevelDebug},
		{"a field", fmt.Errorf("x: %w", &repository.FieldError{Field: "a", Reason: "is long"}), 400, `field "a" is long`, slog.LevelDebug},
		{"a form", fmt.Errorf("x: %w", ErrMediaType), 415, "send the body as application/json", slog.LevelDebug},
		{"wrong method", ErrMethodNotAllowed, 405, "method not allowed", slog.LevelDebug},
		{"unknown recording", recording.ErrNotFound, 404, "not found", slog.LevelDebug},
		{"live recording", recording.ErrLive, 409, "still being recorded", slog.LevelDebug},
		{"recording's title", fmt.Errorf("update: %w", recording.ErrTitle), 400, "the title is too long or no text", slog.LevelDebug},
		{"empty clip", recording.ErrRange, 400, "nothing was recorded in this range", slog.LevelDebug},
		{"long clip", recording.ErrTooLong, 400, "the clip is too long", slog.LevelDebug},
		{"recordings not read yet", recording.ErrUnavailable, 503, "try again later", slog.LevelWarn},
		{"conflict", fmt.Errorf("save: %w", repository.ErrConflict), 409, "conflict", slog.LevelDebug},
		{"bad request", fmt.Errorf("x: %w", BadRequest("limit must be a number")), 400, "limit must be a number", slog.LevelDebug},
		{"bad request with a cause", &BadRequestError{Message: "no", Err: secret}, 400, "no", slog.LevelDebug},
		{"too large", fmt.Errorf("read: %w", &http.MaxBytesError{Limit: 3}), 413, "request body too large", slog.LevelDebug},
		{"canceled inside", fmt.Errorf("wait: %w", context.Canceled), 503, "try again later", slog.LevelWarn},
		{"timed out inside", context.DeadlineExceeded, 503, "try again later", slog.LevelWarn},
		{"anything else", secret, 500, "internal error", slog.LevelError},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var log logged
			h := Handler(log.logger(), func(http.ResponseWriter, *http.Request) error { return tt.err })
			rec := httptest.NewRecorder()
			rec.Header().Set("Content-Length", "12345")
			h.ServeHTTP(rec, httptest.NewRequest(http.MethodGet, "/x", nil))
			if rec.Code != tt.status {
				t.Errorf("status %d, want %d", rec.Code, tt.status)
			}
			if want := fmt.Sprintf("{\"error\":%q}\n", tt.message); rec.Body.String() != want {
				t.Errorf("body %s, want %s", rec.Body, want)
			}
			h2 := rec.Header()
			if h2.Get("Content-Type") != "application/json" || h2.Get("Content-Length") != "" ||
				!strings.Contains(h2.Get("Cache-Control"), "no-store") {
				t.Errorf("headers %v", h2)
			}
			if all := log.all(); len(all) != 1 || all[0].level != tt.level {
				t.Errorf("logged %v, want one record at %v", all, tt.level)
			}
		})
	}
}

func TestAClientThatWentAwayIsNoError(t *testing.T) {
	var log logged
	h := Handler(log.logger(), func(_ http.ResponseWriter, r *http.Request) error {
		return fmt.Errorf("wait: %w", r.Context().Err())
	})
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	h.ServeHTTP(httptest.NewRecorder(), httptest.NewRequestWithContext(ctx, http.MethodGet, "/", nil))
	log.nothingAbove(t, slog.LevelDebug)
}

func TestAPanicEndsOneRequest(t *testing.T) {
	var log logged
	srv := httptest.NewServer(Handler(log.logger(), func(_ http.ResponseWriter, r *http.Request) error {
		if r.URL.Path == "/panic" {
			panic("secret")
		}
		return nil
	}))
	defer srv.Close()
	status, body, err := fetch(t, srv.URL+"/panic")
	if err != nil || status != 500 || strings.Contains(body, "secret") {
		t.Errorf("got %d %q %v", status, body, err)
	}
	if status, _, _ := fetch(t, srv.URL+"/"); status != 200 {
		t.Errorf("then %d, want 200", status)
	}
	if all := log.all(); len(all) != 1 || all[0].level != slog.LevelError {
		t.Errorf("logged %v", all)
	}
}

func TestAnAnswerThatFailsHalfwayIsCutOff(t *testing.T) {
	begin := func(w http.ResponseWriter) {
		_, _ = io.WriteString(w, "half of ")
		_ = http.NewResponseController(w).Flush()
	}
	tests := map[string]HandlerFunc{
		"by an error": func(w http.ResponseWriter, _ *http.Request) error { begin(w); return errors.New("disk") },
		"by a panic":  func(w http.ResponseWriter, _ *http.Request) error { begin(w); panic("oh") },
		"on purpose":  func(w http.ResponseWriter, _ *http.Request) error { begin(w); panic(http.ErrAbortHandler) },
		"unflushed": func(w http.ResponseWriter, _ *http.Request) error {
			_, _ = io.WriteString(w, "half of ")
			return errors.New("disk")
		},
		"while copying": func(w http.ResponseWriter, _ *http.Request) error {
			_, err := io.Copy(w, io.MultiReader(strings.NewReader("half of "), failingReader{}))
			return err
		},
	}
	for name, fn := range tests {
		t.Run(name, func(t *testing.T) {
			var log logged
			srv := httptest.NewServer(Handler(log.logger(), fn))
			defer srv.Close()
			_, body, err := fetch(t, srv.URL)
			if err == nil {
				t.Errorf("the client took %q for a whole answer", body)
			}
			if name == "on purpose" {
				log.nothingAbove(t, slog.LevelDebug)
			} else if all := log.all(); len(all) != 1 || all[0].level != slog.LevelError {
				t.Errorf("logged %v, want one error", all)
			}
		})
	}
}

func TestAHandlerMayFlushHijackAndSetDeadlines(t *testing.T) {
	var log logged
	var complaints strings.Builder // of the server
	srv := httptest.NewUnstartedServer(Handler(log.logger(), func(w http.ResponseWriter, _ *http.Request) error {
		rc := http.NewResponseController(w)
		if err := rc.EnableFullDuplex(); err != nil {
			return err
		}
		conn, _, err := rc.Hijack()
		if err != nil {
			return err
		}
		defer conn.Close()
		if _, err := io.WriteString(conn, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi"); err != nil {
			return err
		}
		return errors.New("too late to tell")
	}))
	srv.Config.ErrorLog = stdlog.New(&complaints, "", 0)
	srv.Start()
	status, body, err := fetch(t, srv.URL)
	srv.Close()
	if status != 200 || body != "hi" || err != nil || complaints.Len() > 0 {
		t.Errorf("got %d %q %v; %s", status, body, err, &complaints)
	}
}

func TestABrokenConnectionIsNotLoggedAsAnError(t *testing.T) {
	for name, send := range map[string]func(io.Writer) error{
		"written": func(w io.Writer) error { _, err := io.WriteString(w, "x"); return err },
		"copied":  func(w io.Writer) error { _, err := io.Copy(w, onlyReader{strings.NewReader("x")}); return err },
	} {
		t.Run(name, func(t *testing.T) {
			var log logged
			h := Handler(log.logger(), func(w http.ResponseWriter, _ *http.Request) error { return send(w) })
			h.ServeHTTP(brokenWriter{httptest.NewRecorder()}, httptest.NewRequest(http.MethodGet, "/", nil))
			log.nothingAbove(t, slog.LevelDebug)
		})
	}
}

// onlyReader hides what else a reader can do.
type onlyReader struct{ io.Reader }

// brokenWriter is that of a connection that the client has reset.
type brokenWriter struct{ http.ResponseWriter }

func (brokenWriter) Write([]byte) (int, error) { return 0, errReset() }

func (brokenWriter) ReadFrom(io.Reader) (int64, error) { return 0, errReset() }

func errReset() error { return &net.OpError{Op: "write", Err: errors.New("reset")} }

func TestAClientThatHangsUpIsNotLoggedAsAnError(t *testing.T) {
	for name, write := range map[string]func(io.Writer) error{
		"while it is written to": func(w io.Writer) error {
			_, err := w.Write(make([]byte, 1<<16))
			return err
		},
		"while a file is copied": func(w io.Writer) error {
			_, err := io.Copy(w, bytes.NewReader(make([]byte, 1<<20)))
			return err
		},
	} {
		t.Run(name, func(t *testing.T) {
			var log logged
			done := make(chan struct{})
			srv := httptest.NewServer(Handler(log.logger(), func(w http.ResponseWriter, _ *http.Request) error {
				defer close(done)
				for {
					if err := write(w); err != nil {
						return fmt.Errorf("send: %w", err)
					}
				}
			}))
			defer srv.Close()
			conn, err := net.Dial("tcp", srv.Listener.Addr().String())
			if err != nil {
				t.Fatal(err)
			}
			_, _ = io.WriteString(conn, "GET / HTTP/1.1\r\nHost: x\r\n\r\n")
			_, _ = io.ReadFull(conn, make([]byte, 1<<12))
			_ = conn.Close()
			<-done
			srv.Close()
			log.nothingAbove(t, slog.LevelDebug)
		})
	}
}

func fetch(t *testing.T, url string) (status int, body string, err error) {
	t.Helper()
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	resp, err := client.Get(url)
	if err != nil {
		return 0, "", err
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	return resp.StatusCode, string(b), err
}

type failingReader struct{}

func (failingReader) Read([]byte) (int, error) { return 0, errors.New("disk") }

// logged collects what is logged.
type logged struct {
	mu      sync.Mutex
	records []record // guarded by mu
}

type record struct {
	level slog.Level
	text  string
}

func (l *logged) logger() *slog.Logger {
	return slog.New(slog.NewJSONHandler(l, &slog.HandlerOptions{Level: slog.LevelDebug}))
}

func (l *logged) Write(p []byte) (int, error) {
	var r struct{ Level slog.Level }
	if err := json.Unmarshal(p, &r); err != nil {
		return 0, err
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.records = append(l.records, record{r.Level, string(p)})
	return len(p), nil
}

func (l *logged) all() []record {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.records
}

func (l *logged) nothingAbove(t *testing.T, level slog.Level) {
	t.Helper()
	for _, r := range l.all() {
		if r.level > level {
			t.Errorf("logged %s", r.text)
		}
	}
}
