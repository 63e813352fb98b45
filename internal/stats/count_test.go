package stats

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"sync"
	"testing"
	"time"

	"pgregory.net/rapid"
)

func TestAViewerIsKnownByTheFirstIdentityThereIs(t *testing.T) {
	cmcd := "CMCD=sid%3D%22abc%22%2Cbr%3D3000"
	tests := []struct {
		name string
		a, b player
		same bool
	}{
		{"the same address and agent", player{agent: "x"}, player{agent: "x", addr: "203.0.113.7:9"}, true},
		{"another agent", player{agent: "x"}, player{agent: "y"}, false},
		{"another address", player{agent: "x"}, player{agent: "x", addr: "203.0.113.8:9"}, false},
		{"an IPv6 address and another", player{addr: "[2001:db8::1]:9"}, player{addr: "[2001:db8::2]:9"}, false},
		{"a session that changes its address", sid("abc"), player{addr: "198.51.100.1:1", agent: "z", query: cmcd}, true},
		{"sessions of CMCD and of sid", player{query: cmcd}, player{query: "x=1&sid=abc"}, true},
		{"CMCD before sid", player{query: cmcd + "&sid=other"}, sid("abc"), true},
		{"the query before headers", player{query: cmcd, header: http.Header{cmcdSession: {`sid="other"`}}}, sid("abc"), true},
		{"two sessions of one browser", sid("abc"), sid("abd"), false},
		{"a session and none", sid("abc"), player{}, false},
		{"a session id that is too long is none", player{query: "sid=" + strings.Repeat("x", 65)}, player{}, true},
		{"an empty session id is none", player{query: "sid="}, player{}, true},
		{"a broken session id is none", player{query: "sid=%zz"}, player{}, true},
		{"another parameter is none", player{query: "xsid=1&sidx=1"}, player{}, true},
		{"CMCD without session is none", player{query: "CMCD=br%3D3000"}, player{}, true},
		{"a header that a stranger wrote is none", player{header: http.Header{"X-Forwarded-For": {"192.0.2.1"}}}, player{}, true},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			g := newRig(t)
			g.get(tt.a, 200)
			g.get(tt.b, 200)
			if tt.same {
				g.want(1)
			} else {
				g.want(2)
			}
		})
	}
}

func TestAViewerIsThereForThreeTargetDurations(t *testing.T) {
	for _, tt := range []struct{ target, window time.Duration }{
		{time.Second, 15 * time.Second}, {5 * time.Second, 15 * time.Second}, {12 * time.Second, 36 * time.Second}, {0, 15 * time.Second},
	} {
		g := newRig(t)
		g.stream.Target = tt.target
		g.get(sid("a"), 200)
		g.pass(tt.window)
		g.want(1)
		g.pass(1)
		g.want(0)
	}
}

func TestWhoIsRefusedIsNoViewerAndWhoWaitsIs(t *testing.T) {
	g := newRig(t)
	for _, status := range []int{400, 404, 405, 503} {
		g.get(sid("a"), status)
	}
	g.want(0)
	for i, status := range []int{200, 206, 304} {
		g.get(sid(fmt.Sprint(i)), status)
	}
	g.pass(time.Second)
	g.want(3)

	// A reload that waits through the reconnect of the broadcaster.
	g.pass(10 * time.Second)
	g.get(sid("0"), 503)
	g.pass(10 * time.Second)
	g.want(1)
	release := make(chan struct{})
	waiting := make(chan struct{})
	var wg sync.WaitGroup
	wg.Go(func() {
		g.Track(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {
			close(waiting)
			<-release
		})).ServeHTTP(httptest.NewRecorder(), sid("0").request("/0/stream.m3u8"))
	})
	<-waiting
	g.pass(time.Hour)
	g.want(1)
	close(release)
	wg.Wait()
	g.pass(14 * time.Second)
	g.want(1)
	g.pass(3 * time.Second)
	g.want(0)
}

func TestMediaKeepsAViewerAndMakesNone(t *testing.T) {
	g := newRig(t)
	h := g.Track(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(200) }))
	media := func() { h.ServeHTTP(httptest.NewRecorder(), sid("a").request("/0/x-1.m4s")) }
	media()
	g.want(0)
	g.get(sid("a"), 200)
	g.pass(10 * time.Second)
	media()
	g.pass(10 * time.Second)
	g.want(1)
}

// TestExtraViewersAreAddedByOneProcess where several show the same.
func TestExtraViewersAreAddedByOneProcess(t *testing.T) {
	leads := true
	g := newRig(t, func(c *Config) {
		c.Extra, c.Elsewhere, c.Lead = func() int { return 5 }, func() int { return 7 }, func() bool { return leads }
	})
	g.get(sid("a"), 200)
	g.want(13)
	if own := g.Own(); own != 6 {
		t.Errorf("told the others of %d", own)
	}
	leads = false
	g.pass(2 * time.Second)
	g.get(sid("a"), 200)
	g.want(8)
	if own := g.Own(); own != 1 {
		t.Errorf("told the others of %d", own)
	}
}

func TestThereAreNoViewersWithoutAStream(t *testing.T) {
	g := newRig(t, func(c *Config) { c.Extra = func() int { return 5 } })
	g.get(sid("a"), 200)
	g.want(6)
	g.broadcast("")
	g.want(0)
	g.get(sid("b"), 200)
	g.Ping(sid("c").request("/api/ping"))
	g.Report(sid("d").request("/"), Report{Event: "e"})
	g.want(0)
	if c := g.Count(); c.SessionPeak != 6 || c.Peak != 6 {
		t.Errorf("after the stream: %+v", c)
	}
	if len(g.Viewers()) != 0 || len(g.Clients()) != 0 || g.Health() != nil {
		t.Error("something of the stream is left")
	}
	g.broadcast("two")
	g.want(5)
	if c := g.Count(); c.SessionPeak != 5 || c.Peak != 6 {
		t.Errorf("in the next stream: %+v", c)
	}
}

func TestOneAddressHasTwoHundredViewersAtTheMost(t *testing.T) {
	tests := []struct {
		name string
		addr func(i int) string
		want int
	}{
		{"one IPv4 address", func(int) string { return "203.0.113.7:1" }, MaxPerAddress},
		{"one /64", func(i int) string { return fmt.Sprintf("[2001:db8::%x]:1", i+1) }, MaxPerAddress},
		{"many /64", func(i int) string { return fmt.Sprintf("[2001:db8:0:%x::1]:1", i+1) }, 300},
		{"a proxy on this machine", func(int) string { return "127.0.0.1:1" }, 300},
		{"a proxy in this network", func(int) string { return "10.0.0.9:1" }, 300},
		{"no address", func(int) string { return "@" }, 300},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			g := newRig(t)
			for i := range 300 {
				p := sid(fmt.Sprint(i))
				p.addr = tt.addr(i)
				g.get(p, 200)
			}
			g.want(tt.want)
			if int(g.Refused()) != 300-tt.want {
				t.Errorf("%d were refused", g.Refused())
			}
			other := player{addr: "198.51.100.3:1"}
			g.get(other, 200)
			g.pass(time.Second)
			g.want(tt.want + 1)
			// The places are free again when they are gone.
			g.pass(time.Minute)
			g.want(0)
			if g.known != 0 || len(g.byAddr) != 0 {
				t.Errorf("%d records and %v are left", g.known, g.byAddr)
			}
			p := sid("new")
			p.addr = tt.addr(0)
			g.get(p, 200)
			g.pass(time.Second)
			g.want(1)
		})
	}
}

func TestForgedIdentitiesDoNotFillTheMemory(t *testing.T) {
	g := newRig(t)
	next := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(200) })
	h, w := g.Track(next), httptest.NewRecorder()
	p := player{addr: "10.0.0.1:1"}
	r := p.request("/stream.m3u8")
	for i := range MaxViewers + 1000 {
		r.URL.RawQuery = fmt.Sprintf("sid=%d", i)
		h.ServeHTTP(w, r)
	}
	g.want(MaxViewers)
	if g.Refused() != 1000 {
		t.Errorf("%d were refused", g.Refused())
	}
}

func TestALongUserAgentIsCut(t *testing.T) {
	g := newRig(t)
	g.get(player{agent: strings.Repeat("ü", 5000)}, 200)
	if v := g.Viewers(); len(v) != 1 || v[0].UserAgent != strings.Repeat("ü", maxUserAgent/2) {
		t.Errorf("viewers: %+v", v)
	}
}

func TestWhatHostsAddIsCounted(t *testing.T) {
	var extra func() int
	g := newRig(t, func(c *Config) { c.Extra = func() int { return extra() } })
	for _, tt := range []struct {
		f    func() int
		want int
	}{
		{func() int { return 7 }, 8},
		{func() int { return -7 }, 1},
		{func() int { panic("the host's") }, 1},
	} {
		extra = tt.f
		g.pass(2 * time.Second)
		g.get(sid("a"), 200)
		g.pass(time.Second)
		g.want(tt.want)
	}
	if c := g.Count(); c.Peak != 8 {
		t.Errorf("the peak is %d", c.Peak)
	}
}

func TestViewersAreListedForAdministrators(t *testing.T) {
	g := newRig(t, func(c *Config) {
		c.Geo = func(a netip.Addr) (Geo, bool) {
			if a.Is6() {
				panic("the host's")
			}
			return Geo{CountryCode: "NL"}, a.As4()[3] == 7
		}
	})
	body := strings.Repeat("x", 1000)
	h := g.Track(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, body) }))
	for i, addr := range []string{"203.0.113.7:1", "203.0.113.8:1", "[2001:db8::1]:1"} {
		h.ServeHTTP(httptest.NewRecorder(), player{addr: addr, agent: fmt.Sprint("agent", i)}.request("/stream.m3u8"))
		g.pass(time.Second)
	}
	h.ServeHTTP(httptest.NewRecorder(), player{addr: "203.0.113.7:2", agent: "agent0"}.request("/"))
	list := g.Viewers()
	if len(list) != 3 {
		t.Fatalf("%d viewers: %+v", len(list), list)
	}
	v := list[0]
	if v.Addr.String() != "203.0.113.7" || v.UserAgent != "agent0" || v.Bytes != 2000 || v.Geo == nil || v.Geo.CountryCode != "NL" ||
		v.LastSeen.Sub(v.FirstSeen) != 3*time.Second || !v.FirstSeen.Equal(g.time.Add(-3*time.Second)) || len(v.ID) != 16 {
		t.Errorf("the first viewer is %+v", v)
	}
	if list[1].Geo != nil || list[2].Geo != nil {
		t.Error("a place was made up")
	}
	if g.Ping(player{agent: "pinger"}.request("/api/ping")); len(g.Viewers()) != 4 {
		t.Error("a ping makes no viewer")
	}
}

// The count is that of a model that looks at every sighting.
func TestTheCountIsThatOfAModel(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		g := newRig(t)
		g.stream.Target = time.Duration(rapid.IntRange(1, 10).Draw(rt, "target")) * time.Second
		window := max(15*time.Second, 3*g.stream.Target)
		seen := map[string]time.Time{}
		peak, overall := 0, 0
		last := g.session
		for range rapid.IntRange(1, 60).Draw(rt, "steps") {
			who := fmt.Sprint(rapid.IntRange(0, 9).Draw(rt, "who"))
			switch rapid.IntRange(0, 6).Draw(rt, "what") {
			case 0, 1, 2:
				g.get(sid(who), 200)
				seen[who] = g.time
			case 3:
				g.Ping(player{query: "sid=" + who}.request("/api/ping"))
				seen[who] = g.time
			case 4:
				g.get(sid(who), 404)
				if at, ok := seen[who]; ok && g.time.Sub(at) <= window {
					seen[who] = g.time // who is known is there, whatever the answer
				}
			case 5:
				g.pass(time.Duration(rapid.IntRange(0, 20).Draw(rt, "seconds")) * time.Second)
			case 6:
				g.broadcast(rapid.SampledFrom([]string{"a", "b"}).Draw(rt, "session"))
				if g.session != last {
					last = g.session
					seen, peak = map[string]time.Time{}, 0
				}
			}
			want := 0
			for _, at := range seen {
				if g.time.Sub(at) <= window {
					want++
				}
			}
			peak = max(peak, want)
			overall = max(overall, want)
			if c := g.recount(); c != (Count{want, peak, overall}) {
				rt.Fatalf("counted %+v, want %+v", c, Count{want, peak, overall})
			}
		}
	})
}

func TestManyAtOnce(t *testing.T) {
	g := newRig(t)
	h := g.Track(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(200) }))
	var wg sync.WaitGroup
	for i := range 8 {
		wg.Go(func() {
			for j := range 500 {
				p := sid(fmt.Sprint(j % 50))
				h.ServeHTTP(httptest.NewRecorder(), p.request("/"))
				switch {
				case i == 0 && j%50 == 0:
					g.pass(time.Second)
				case i == 1:
					g.Count()
				case i == 2 && j%20 == 0:
					g.reduce(g.now())
				case i == 3 && j%20 == 0:
					g.Viewers()
					g.Clients()
				case i == 4 && j%100 == 0:
					g.broadcast(fmt.Sprint(j))
				case i == 5:
					g.Report(p.request("/"), Report{Event: "e", Throughput: 100})
				case i == 6:
					g.tick(t.Context())
				}
			}
		})
	}
	wg.Wait()
	g.pass(time.Hour)
	g.want(0)
	if g.known != 0 || len(g.byAddr) != 0 {
		t.Errorf("%d records and %v are left", g.known, g.byAddr)
	}
}
