package directory_test

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"

	"github.com/owncast-go/owncast/internal/directory"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// service is a directory: a transport, so that its time is that of a bubble.
type service struct {
	mu     sync.Mutex
	got    []string // key, URL and when
	begin  time.Time
	answer func(key string) (int, string)
}

func (s *service) RoundTrip(r *http.Request) (*http.Response, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	body, _ := io.ReadAll(r.Body)
	var ping struct{ Key, URL string }
	if err := json.Unmarshal(body, &ping); err != nil || r.Method != "POST" || r.URL.String() != "https://directory.example/x/api/ping" || r.Header.Get("Content-Type") != "application/json" {
		return nil, errors.New("no ping")
	}
	s.got = append(s.got, ping.Key+" "+ping.URL+" "+time.Since(s.begin).String())
	status, text := 200, `{"key":"k2","success":true,"error":"","errorCode":0}`
	if s.answer != nil {
		status, text = s.answer(ping.Key)
	}
	return &http.Response{StatusCode: status, Body: io.NopCloser(strings.NewReader(text)), Request: r}, nil
}

func (s *service) pings() string {
	synctest.Wait()
	s.mu.Lock()
	defer s.mu.Unlock()
	text := strings.Join(s.got, ", ")
	s.got = nil
	return text
}

// server is one that may be listed.
type server struct {
	*directory.Pinger
	mu       sync.Mutex
	settings directory.Settings
	url      string
	saveErr  error
}

func newServer(t *testing.T, s *service) *server {
	t.Helper()
	x := &server{settings: directory.Settings{Enabled: true, Key: "k1"}, url: "https://live.example"}
	s.begin = time.Now()
	var err error
	x.Pinger, err = directory.New(directory.Config{
		URL: "https://directory.example/x/", Client: &http.Client{Transport: s},
		Settings: func(context.Context) (directory.Settings, error) {
			x.mu.Lock()
			defer x.mu.Unlock()
			return x.settings, nil
		},
		SaveKey: func(_ context.Context, key string) error {
			x.mu.Lock()
			defer x.mu.Unlock()
			if x.saveErr == nil {
				x.settings.Key = key
			}
			return x.saveErr
		},
		ServerURL: func(context.Context) (string, error) {
			x.mu.Lock()
			defer x.mu.Unlock()
			return x.url, nil
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := x.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := x.Shutdown(context.WithoutCancel(t.Context())); err != nil {
			t.Error(err)
		}
	})
	return x
}

func TestTheDirectoryIsToldWhileThereIsAStream(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &service{}
		x := newServer(t, s)
		time.Sleep(time.Hour)
		x.StreamStarted()
		s.begin = time.Now()
		time.Sleep(4*time.Minute - 1)
		if got := s.pings(); got != "" {
			t.Errorf("too early: %s", got)
		}
		time.Sleep(5 * time.Minute)
		if got, want := s.pings(), "k1 https://live.example 4m0s, k2 https://live.example 8m0s"; got != want {
			t.Errorf("%s, want %s", got, want)
		}
		x.StreamStopped()
		time.Sleep(time.Hour)
		if got := s.pings(); got != "" || x.settings.Key != "k2" {
			t.Errorf("after the end: %s; the key is %s", got, x.settings.Key)
		}
		s.begin = time.Now()
		x.StreamStarted()
		time.Sleep(3 * time.Minute)
		x.StreamStopped()
		x.StreamStarted() // another one
		time.Sleep(3 * time.Minute)
		if got := s.pings(); got != "" {
			t.Errorf("too early: %s", got)
		}
		time.Sleep(time.Minute)
		if got := s.pings(); got != "k2 https://live.example 7m0s" {
			t.Error(got)
		}
	})
}

func TestWhoIsNotToBeListedIsNot(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &service{}
		x := newServer(t, s)
		x.settings.Enabled = false
		x.StreamStarted()
		time.Sleep(5 * time.Minute)
		x.mu.Lock()
		x.settings.Enabled, x.url = true, ""
		x.mu.Unlock()
		time.Sleep(4 * time.Minute)
		if got := s.pings(); got != "" || x.Err() != nil {
			t.Errorf("%s, %v", got, x.Err())
		}
		x.mu.Lock()
		x.url = "https://live.example"
		x.mu.Unlock()
		time.Sleep(4 * time.Minute)
		if got := s.pings(); got != "k1 https://live.example 12m0s" {
			t.Error(got)
		}
	})
}

func TestWhatTheDirectoryAnswers(t *testing.T) {
	for name, tt := range map[string]struct {
		status    int
		body, err string
	}{
		"refused":     {200, `{"key":"evil","success":false,"error":"not reachable","errorCode":3}`, "refused with code 3: not reachable"},
		"broken":      {500, `oops`, "answered with 500"},
		"no JSON":     {200, `<html>`, "none of a directory"},
		"another":     {200, `{"success":"yes"}`, "none of a directory"},
		"a long key":  {200, `{"success":true,"key":"` + strings.Repeat("x", 2000) + `"}`, "too long"},
		"a long text": {400, `{"error":"` + strings.Repeat("x", 9000) + `"}`, "answered with 400"},
		"no key":      {200, `{"success":true}`, ""},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := &service{answer: func(string) (int, string) { return tt.status, tt.body }}
				x := newServer(t, s)
				x.StreamStarted()
				time.Sleep(5 * time.Minute)
				err := x.Err()
				if (err == nil) != (tt.err == "") || err != nil && (!strings.Contains(err.Error(), tt.err) || len(err.Error()) > 300) {
					t.Errorf("%v", err)
				}
				time.Sleep(4 * time.Minute)
				if got := s.pings(); got != "k1 https://live.example 4m0s, k1 https://live.example 8m0s" {
					t.Errorf("%s", got)
				}
			})
		})
	}
}

func TestAKeyThatIsNotSavedIsTold(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &service{}
		x := newServer(t, s)
		x.saveErr = errors.New("disk")
		x.StreamStarted()
		time.Sleep(5 * time.Minute)
		if err := x.Err(); !errors.Is(err, x.saveErr) {
			t.Errorf("%v", err)
		}
		x.StreamStopped()
		if err := x.Err(); err != nil {
			t.Errorf("after the stream: %v", err)
		}
	})
}

func TestURLsOfDirectories(t *testing.T) {
	for url, ok := range map[string]bool{directory.DefaultURL: true, "http://localhost:1/x": true, "": false, "x": false, "ftp://x": false, "https://u@x": false, "https://x?y": false} {
		if err := directory.CheckURL(url); (err == nil) != ok {
			t.Errorf("%q: %v", url, err)
		}
	}
	if _, err := directory.New(directory.Config{URL: directory.DefaultURL}); err == nil {
		t.Error("New takes nothing")
	}
}
