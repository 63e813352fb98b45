package hls

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/owncast-go/owncast/video"
)

// site is a broadcast that goes on when the test says so, and its viewers.
type site struct {
	*feeder
	ps      []video.Packet
	written time.Duration // DTS of the last packet
}

func newSite(t testing.TB, cfg Config) *site {
	t.Helper()
	s := source{picture: pictureTrack(640), sound: soundTrack(t, 3), fps: 30, gop: time.Second}
	return &site{feeder: newFeeder(t, cfg, 0), ps: s.packets(0, 5*time.Minute)}
}

// until writes what comes before the time.
func (s *site) until(at time.Duration) {
	s.t.Helper()
	for len(s.ps) > 0 && s.ps[0].DTS < at {
		s.written = s.ps[0].DTS
		s.write(s.ps[0])
		s.ps = s.ps[1:]
	}
}

// again starts another session with the same broadcast.
func (s *site) again() {
	s.t.Helper()
	s.p.End()
	src := source{picture: pictureTrack(640), sound: soundTrack(s.t, 3), fps: 30, gop: time.Second}
	s.ps = src.packets(0, 5*time.Minute)
	s.begin(0)
}

// get asks the Packager, with pairs of header and value.
func (s *site) get(target string, header ...string) *http.Response {
	s.t.Helper()
	return s.do(context.Background(), http.MethodGet, target, header...)
}

func (s *site) do(ctx context.Context, method, target string, header ...string) *http.Response {
	s.t.Helper()
	r := httptest.NewRequestWithContext(ctx, method, "http://viewer"+target, nil)
	for i := 0; i+1 < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	w := httptest.NewRecorder()
	s.p.ServeHTTP(w, r)
	return w.Result()
}

func readAll(t testing.TB, resp *http.Response) []byte {
	t.Helper()
	b, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func unzip(t testing.TB, b []byte) []byte {
	t.Helper()
	z, err := gzip.NewReader(bytes.NewReader(b))
	if err != nil {
		t.Fatal(err)
	}
	text, err := io.ReadAll(z)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

// refused checks that an answer is an error that a program can read.
func refused(t testing.TB, resp *http.Response, code int) {
	t.Helper()
	body := readAll(t, resp)
	if resp.StatusCode != code {
		t.Fatalf("status %d, want %d: %s", resp.StatusCode, code, body)
	}
	var e struct{ Error string }
	if err := json.Unmarshal(body, &e); err != nil || e.Error == "" {
		t.Errorf("body %q: %v", body, err)
	}
	if ct := resp.Header.Get("Content-Type"); ct != "application/json" {
		t.Errorf("content type %q", ct)
	}
	if c := resp.Header.Get("Cache-Control"); c != "no-cache" {
		t.Errorf("an error may be cached: %q", c)
	}
	if resp.Header.Get("Access-Control-Allow-Origin") != "*" {
		t.Error("another site's player cannot read the error")
	}
}

// playlist gets and reads a media playlist.
func (s *site) playlist(target string) *list {
	s.t.Helper()
	resp := s.get(target)
	body := readAll(s.t, resp)
	if resp.StatusCode != http.StatusOK {
		s.t.Fatalf("GET %s: %d %s", target, resp.StatusCode, body)
	}
	l, err := parseList(string(body))
	if err != nil {
		s.t.Fatalf("GET %s: %v\n%s", target, err, body)
	}
	return l
}

// names are the media that a playlist names.
func (l *list) names() (names []string) {
	for _, g := range append(l.segs[:len(l.segs):len(l.segs)], l.open) {
		if g.uri != "" {
			names = append(names, g.uri)
		}
		if g.init != "" {
			names = append(names, g.init)
		}
		for _, p := range g.parts {
			names = append(names, p.uri)
		}
	}
	return names
}

func hasPrefix(s string) func(string) bool {
	return func(v string) bool { return strings.HasPrefix(v, s) }
}
