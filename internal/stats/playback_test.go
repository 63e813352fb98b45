package stats

import (
	"fmt"
	"math"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"
)

func (g *rig) report(who string, r Report) {
	r.SessionID = who
	g.Report(player{}.request("/api/metrics/cmcd"), r)
}

func (g *rig) healthOf(who string) *ClientHealth {
	g.t.Helper()
	v := g.visitor(sid(who).request("/"))
	for _, c := range g.Clients() {
		if c.ID == name(v.id) {
			return c.Health
		}
	}
	return nil
}

func value(p *float64) float64 {
	if p == nil {
		return math.NaN()
	}
	return *p
}

func TestReportsAreKeptPerClientAndGrowStale(t *testing.T) {
	g := newRig(t)
	g.get(sid("a"), 200)
	if h := g.healthOf("a"); h != nil {
		t.Errorf("before a report: %+v", h)
	}
	g.report("a", Report{Throughput: 5000, Latency: 2.5, Download: 0.4, Bitrate: 3000, State: "p", Sequence: 1})
	g.report("a", Report{Bitrate: 1500, Event: "e", Sequence: 2})
	g.report("a", Report{Bitrate: 1500, Event: "e", Sequence: 2}) // sent twice
	g.report("a", Report{Bitrate: 128, Object: "a", Starved: true, Sequence: 3})
	g.report("a", Report{}) // says nothing
	h := g.healthOf("a")
	if h == nil || h.Source != SourceClient || h.State != "p" || value(h.Bandwidth) != 5000 || value(h.Latency) != 2.5 ||
		value(h.Download) != 0.4 || value(h.Bitrate) != 1500 || value(h.Errors) != 2 || value(h.Changes) != 1 {
		t.Fatalf("health: %+v", h)
	}
	g.pass(31 * time.Second)
	g.report("a", Report{State: "a"})
	if h := g.healthOf("a"); h == nil || h.Bandwidth != nil || h.Latency != nil || h.State != "a" || value(h.Errors) != 2 {
		t.Errorf("after 31 s: %+v", h)
	}
	g.want(0) // a report is no sighting
	g.pass(59 * time.Second)
	if h := g.healthOf("a"); h == nil {
		t.Error("nothing is known after 59 s")
	}
	g.pass(time.Second)
	if len(g.Clients()) != 0 {
		t.Error("a client is known after 60 s")
	}
}

func TestRequestsForMediaReportToo(t *testing.T) {
	g := newRig(t)
	p := sid("a")
	p.header[cmcdRequest] = []string{"mtp=7000"}
	p.header[cmcdStatus] = []string{"bs"}
	p.header[cmcdObject] = []string{"br=3000,ot=v"}
	g.get(p, 200)
	h := g.healthOf("a")
	if h == nil || value(h.Bandwidth) != 7000 || value(h.Bitrate) != 3000 || value(h.Errors) != 1 {
		t.Errorf("by headers: %+v", h)
	}
	g.get(player{query: "CMCD=sid%3D%22b%22%2Cmtp%3D100"}, 200)
	if h := g.healthOf("b"); h == nil || value(h.Bandwidth) != 100 {
		t.Errorf("by query: %+v", h)
	}
}

// A transfer of this size that takes so long, of segments of 3 s.
func (g *rig) transfer(p player, size int, took time.Duration) {
	g.Track(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		half := size / 2
		_, _ = w.Write(make([]byte, half))
		g.pass(took)
		_, _ = w.Write(make([]byte, size-half))
	})).ServeHTTP(httptest.NewRecorder(), p.request("/0/x-1.m4s"))
}

func TestTransfersAreMeasuredIfTheyTellAnything(t *testing.T) {
	tests := []struct {
		name         string
		size         int
		took         time.Duration
		kbps         float64 // NaN if nothing is measured
		unmeasurable bool
		unknown      bool
	}{
		{"slower than it plays", 1_000_000, 4 * time.Second, 2000, false, false},
		{"twice as fast", 1_000_000, 1500 * time.Millisecond, 8e6 / 1500, false, false},
		{"three times as fast", 1_000_000, time.Second, math.NaN(), true, false},
		{"at once", 1_000_000, 0, math.NaN(), true, false},
		{"more than is believed", 20_000_000, 2 * time.Second, math.NaN(), true, false},
		{"too small", leastSample - 1, 4 * time.Second, math.NaN(), false, true},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			g := newRig(t)
			g.get(sid("a"), 200)
			g.transfer(sid("a"), tt.size, tt.took)
			h := g.healthOf("a")
			if tt.unknown {
				if h != nil {
					t.Errorf("health: %+v", h)
				}
				return
			}
			same := func(a, b float64) bool { return math.Abs(a-b) < 0.01 || math.IsNaN(a) && math.IsNaN(b) }
			if h == nil || h.Source != SourceServer || !same(value(h.Bandwidth), tt.kbps) || h.Unmeasurable != tt.unmeasurable || h.Errors != nil {
				t.Errorf("health: %+v, bandwidth %v", h, value(h.Bandwidth))
			}
		})
	}
	t.Run("the client knows better", func(t *testing.T) {
		g := newRig(t)
		g.recount()
		g.report("a", Report{Throughput: 9000})
		g.transfer(sid("a"), 1_000_000, 4*time.Second)
		if h := g.healthOf("a"); h == nil || h.Source != SourceClient || value(h.Bandwidth) != 9000 {
			t.Errorf("health: %+v", h)
		}
	})
}

func last(list []Point) float64 {
	if len(list) == 0 {
		return math.NaN()
	}
	return list[len(list)-1].Value
}

func TestSeriesHaveAPointForTwoMinutes(t *testing.T) {
	g := newRig(t)
	g.recount()
	g.pass(time.Second)
	for i, kbps := range []float64{1000, 3000, 9000, 5000} {
		who := fmt.Sprint(i)
		g.get(sid(who), 200)
		g.report(who, Report{Throughput: kbps, Latency: float64(i + 1), Download: kbps / 10000, Errors: float64(i), Changes: 2})
	}
	g.get(sid("silent"), 200)
	g.recount()
	g.reduce(g.now())
	s := g.Series()
	got := []float64{
		last(s.Errors), last(s.Changes), last(s.LatencyMin), last(s.LatencyMedian), last(s.LatencyMax), last(s.DownloadMin),
		last(s.DownloadMedian), last(s.DownloadMax), last(s.BandwidthMin), last(s.BandwidthMedian), last(s.BandwidthMax),
	}
	if want := []float64{6, 8, 1, 2.5, 4, 0.1, 0.4, 0.9, 1000, 4000, 9000}; !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
	if h := g.Health(); h == nil || h.Percentage != 25 || h.Healthy || h.Representation != 80 || g.Representation() != 80 {
		t.Errorf("health: %+v", h)
	}
	g.pass(time.Second)
	g.report("3", Report{Errors: 1})
	g.get(sid("3"), 200)
	g.pass(reduceEvery)
	g.recount()
	g.get(sid("3"), 200)
	g.reduce(g.now())
	if s := g.Series(); last(s.Errors) != 1 || last(s.Changes) != 0 || len(s.BandwidthMax) != 1 {
		t.Errorf("the next two minutes: %v, %v", s.Errors, s.Changes)
	}
	g.pass(reduceEvery)
	g.reduce(g.now())
	if again := g.Series(); len(again.Errors) != 2 || len(again.BandwidthMax) != 1 {
		t.Errorf("what was said once is in %d points", len(again.Errors))
	}
	if g.Health() != nil {
		t.Error("there is an overview without viewers")
	}
	for range 2 * maxPoints {
		g.pass(reduceEvery)
		g.get(sid("a"), 200)
		g.report("a", Report{Throughput: 1000, Latency: 1, Download: 1})
		g.reduce(g.now())
	}
	s = g.Series()
	for _, list := range s.lists() {
		if len(*list) != maxPoints || !(*list)[maxPoints-1].Time.Equal(g.now()) {
			t.Errorf("%d points, the last of %v", len(*list), (*list)[len(*list)-1].Time)
		}
	}
	(*s.lists()[0])[0].Value = -1
	if g.Series().Errors[0].Value == -1 {
		t.Error("the series are handed out, not a copy")
	}
}

func TestTheMostImportantIsSaidFirst(t *testing.T) {
	with := func(failing int, kbps ...float64) *window {
		return &window{reporting: 10, failing: failing, throughput: kbps}
	}
	ladder := []Output{{Bitrate: 4_000_000}, {Bitrate: 1_000_000}}
	source := []Output{{Bitrate: 4_000_000, Passthrough: true}}
	tests := []struct {
		name string
		w    *window
		s    Stream
		cpu  float64
		want string
	}{
		{"nothing", with(0, 9000), Stream{Inbound: 4_000_000, Outputs: ladder}, 50, ""},
		{"waste before everything", with(5, 10), Stream{Inbound: 6_000_000, Outputs: ladder}, 95, "comes in at 6000 kbit/s"},
		{"no waste on an idle machine", with(0, 9000), Stream{Inbound: 6_000_000, Outputs: ladder}, 80, ""},
		{"the CPU before viewers", with(5, 10), Stream{Inbound: 4_000_000, Outputs: ladder}, 91, "The CPU is busy by 91%"},
		{"slow viewers before errors", with(5, 1099, 1101), Stream{Outputs: ladder}, 0, "1 of 2 viewers have a network"},
		{"fast viewers", with(0, 1101), Stream{Outputs: ladder}, 0, ""},
		{"few errors", with(2), Stream{Outputs: source}, 0, ""},
		{"errors of passthrough", with(3), Stream{Outputs: source, Target: 2 * time.Second}, 0, "passed on as it comes"},
		{"errors of short segments", with(3), Stream{Outputs: ladder, Target: 2 * time.Second}, 0, "latency level"},
		{"errors", with(3), Stream{Outputs: ladder, Target: 4 * time.Second}, 0, "3 of 10 viewers had errors."},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			h := overview(tt.w, reportingClients{10, 20}, tt.s, tt.cpu)
			if h == nil || tt.want == "" && h.Message != "" || !strings.Contains(h.Message, tt.want) {
				t.Errorf("%+v, want %q", h, tt.want)
			}
		})
	}
	for failing, healthy := range map[int]bool{0: true, 24: true, 25: false, 100: false} {
		h := overview(&window{reporting: 100, failing: failing}, reportingClients{100, 50}, Stream{}, 0)
		if h.Healthy != healthy || h.Percentage != 100-failing || h.Representation != 100 {
			t.Errorf("%d failing: %+v", failing, h)
		}
	}
	if overview(with(0), reportingClients{0, 5}, Stream{}, 0) != nil || overview(with(0), reportingClients{5, 0}, Stream{}, 0) != nil {
		t.Error("an overview of nothing")
	}
}

// Whatever is reported, by whomever, points are finite and in order, and
// nothing grows without end.
func TestJunkDoesNoHarm(t *testing.T) {
	numbers := rapid.OneOf(rapid.Float64(), rapid.Float64Range(0, 1e7), rapid.SampledFrom([]float64{0, -1, math.MaxFloat64}))
	words := rapid.SampledFrom([]string{"", "a", "b", "e", "p", "v", "zzz"})
	rapid.Check(t, func(rt *rapid.T) {
		g := newRig(t)
		for range rapid.IntRange(1, 40).Draw(rt, "steps") {
			rep := cmcdReport{
				SessionID: cmcdText(words.Draw(rt, "sid")), Event: cmcdText(words.Draw(rt, "e")), State: cmcdText(words.Draw(rt, "sta")),
				Throughput: cmcdNumber(numbers.Draw(rt, "mtp")), Bitrate: cmcdNumber(numbers.Draw(rt, "br")),
				Latency: cmcdNumber(numbers.Draw(rt, "ltc")), Download: cmcdNumber(numbers.Draw(rt, "ttlb")),
				Time: cmcdNumber(numbers.Draw(rt, "ts")), Sequence: cmcdNumber(numbers.Draw(rt, "sn")),
			}
			g.Report(player{}.request("/"), rep.report())
			g.pass(time.Duration(rapid.IntRange(0, 90).Draw(rt, "seconds")) * time.Second)
			g.tick(rt.Context())
		}
		s := g.Series()
		for _, list := range s.lists() {
			for i, p := range *list {
				if math.IsNaN(p.Value) || p.Value < 0 || p.Value > maxKbps || i > 0 && !p.Time.After((*list)[i-1].Time) {
					rt.Fatalf("point %v", p)
				}
			}
		}
		for i := range s.LatencyMin {
			if s.LatencyMin[i].Value > s.LatencyMedian[i].Value || s.LatencyMedian[i].Value > s.LatencyMax[i].Value {
				rt.Fatalf("%v, %v, %v are not in order", s.LatencyMin[i], s.LatencyMedian[i], s.LatencyMax[i])
			}
		}
		g.pass(time.Hour)
		g.recount()
		if g.known != 0 {
			rt.Fatalf("%d records are left", g.known)
		}
	})
}
