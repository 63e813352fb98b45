package stats

import (
	"net/http"
	"net/http/httptest"
	"net/netip"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// rig is an Audience with a stream and a clock of the test's.
type rig struct {
	*Audience
	t testing.TB

	mu      sync.Mutex // guards the rest
	time    time.Time
	session string
	stream  Stream
}

func newRig(t testing.TB, change ...func(*Config)) *rig {
	t.Helper()
	g := &rig{t: t, time: time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC), session: "one", stream: Stream{Target: 3 * time.Second}}
	c := Config{
		Session:  func() string { g.mu.Lock(); defer g.mu.Unlock(); return g.session },
		Stream:   func() Stream { g.mu.Lock(); defer g.mu.Unlock(); return g.stream },
		ClientIP: remote,
	}
	for _, f := range change {
		f(&c)
	}
	a, err := New(c)
	if err != nil {
		t.Fatal(err)
	}
	g.Audience = a
	a.now = func() time.Time { g.mu.Lock(); defer g.mu.Unlock(); return g.time }
	a.epoch = g.time.Add(-time.Hour)
	a.reduced, a.saved, a.archived = g.time, g.time, g.time
	return g
}

// remote believes nobody.
func remote(r *http.Request) netip.Addr {
	ap, err := netip.ParseAddrPort(r.RemoteAddr)
	if err != nil {
		return netip.Addr{}
	}
	return ap.Addr().Unmap()
}

// pass lets time go by.
func (g *rig) pass(d time.Duration) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.time = g.time.Add(d)
}

func (g *rig) broadcast(session string) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.session = session
}

// player is somebody who sends requests.
type player struct {
	addr, agent, query string
	header             http.Header
}

func (p player) request(path string) *http.Request {
	r := httptest.NewRequest(http.MethodGet, path, nil)
	r.URL.RawQuery = p.query
	r.RemoteAddr = p.addr
	if r.RemoteAddr == "" {
		r.RemoteAddr = "203.0.113.7:4711"
	}
	for k, v := range p.header {
		r.Header[k] = v
	}
	if p.agent != "" {
		r.Header.Set("User-Agent", p.agent)
	}
	return r
}

// get sends a request for a playlist through Track, to a handler that answers
// with the status.
func (g *rig) get(p player, status int) {
	g.Track(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(status)
	})).ServeHTTP(httptest.NewRecorder(), p.request("/0/stream.m3u8"))
}

// recount is Count of this very moment.
func (g *rig) recount() Count {
	g.Audience.mu.Lock()
	g.swept = time.Time{}
	g.Audience.mu.Unlock()
	return g.Count()
}

func (g *rig) want(n int) {
	g.t.Helper()
	if got := g.recount().Now; got != n {
		g.t.Errorf("%d viewers, want %d", got, n)
	}
}

func sid(id string) player { return player{header: http.Header{cmcdSession: {`sid="` + id + `"`}}} }
