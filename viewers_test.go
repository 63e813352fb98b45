package owncast_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/owncast-go/owncast"
	"github.com/owncast-go/owncast/repository/memory"
	"github.com/owncast-go/owncast/video/flv"
	"github.com/owncast-go/owncast/video/videotest"
)

// A simulation runs in a bubble of testing/synctest: the App, its HTTP server
// and all players go by one clock that advances when all of them wait, so that
// minutes take a moment and nothing depends on how busy the machine is. What
// passes between them is HTTP, over pipes in memory, since the bubble's clock
// would stand still while somebody waits for a real network.
type simulation struct {
	t    *testing.T
	app  *owncast.App
	l    *pipeListener
	stop context.CancelFunc // of the publisher
	wg   sync.WaitGroup
}

// simulate runs f with an App that broadcasts the clip.
func simulate(t *testing.T, f func(*simulation), opts ...owncast.Option) {
	dir := t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		all := append([]owncast.Option{
			discard(), owncast.WithDataDir(dir), owncast.WithRepository(memory.New()), owncast.WithStreamKeys("k"),
			owncast.WithAdminPassword("p"), owncast.WithLatencyLevel(0), owncast.WithReconnectGrace(0),
		}, opts...)
		app, err := owncast.New(all...)
		if err != nil {
			t.Fatal(err)
		}
		if err := app.Start(t.Context()); err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithCancel(t.Context())
		s := &simulation{t: t, app: app, l: &pipeListener{conns: make(chan net.Conn), closed: make(chan struct{})}, stop: cancel}
		srv := &http.Server{Handler: app.Handler()}
		s.wg.Go(func() { _ = srv.Serve(s.l) })
		s.wg.Go(func() { s.publish(ctx) })
		for !app.Status().Online() {
			time.Sleep(100 * time.Millisecond)
		}
		f(s)
		cancel()
		shutdown(t, app)
		srv.Close()
		s.wg.Wait()
	})
}

// publish sends the clip in the bubble's real time.
func (s *simulation) publish(ctx context.Context) {
	pub, err := s.app.Publish(ctx, owncast.PublishRequest{App: "live", StreamKey: "k", RemoteAddr: &net.TCPAddr{}})
	if err != nil {
		s.t.Error(err)
		return
	}
	defer pub.Close(nil)
	tags, err := videotest.Loop(videotest.Clip(), videotest.ClipDuration)
	if err != nil {
		s.t.Error(err)
		return
	}
	var decoder flv.Decoder
	start := time.Now()
	for tag := range tags {
		select {
		case <-ctx.Done():
			return
		case <-time.After(tag.Timestamp - time.Since(start)):
		}
		read := decoder.Video
		switch tag.Type {
		case flv.TagAudio:
			read = decoder.Audio
		case flv.TagVideo:
		default:
			continue
		}
		p, ok, err := read(tag.Timestamp, tag.Body)
		if err == nil && ok {
			err = pub.WritePacket(p)
		}
		if err != nil {
			if ctx.Err() == nil {
				s.t.Error(err)
			}
			return
		}
	}
}

// pipeListener hands out connections that the players made.
type pipeListener struct {
	conns  chan net.Conn
	closed chan struct{}
	once   sync.Once
}

func (l *pipeListener) Accept() (net.Conn, error) {
	select {
	case c := <-l.conns:
		return c, nil
	case <-l.closed:
		return nil, net.ErrClosed
	}
}

func (l *pipeListener) Close() error {
	l.once.Do(func() { close(l.closed) })
	return nil
}

func (l *pipeListener) Addr() net.Addr { return &net.TCPAddr{} }

// pipeConn is a connection from an address.
type pipeConn struct {
	net.Conn
	from net.Addr
}

func (c pipeConn) RemoteAddr() net.Addr { return c.from }

// simPlayer is one player with connections of its own.
type simPlayer struct {
	addr, agent, sid string
	client           *http.Client
	cancel           context.CancelFunc
}

// play begins to play: as a low-latency player does, with a request that waits
// for the next segment, or by asking every few seconds.
func (s *simulation) play(addr, agent, sid string, lowLatency bool) *simPlayer {
	from := net.TCPAddrFromAddrPort(netip.AddrPortFrom(netip.MustParseAddr(addr), 4711))
	ctx, cancel := context.WithCancel(s.t.Context())
	p := &simPlayer{addr: addr, agent: agent, sid: sid, cancel: cancel, client: &http.Client{Transport: &http.Transport{
		DialContext: func(context.Context, string, string) (net.Conn, error) {
			here, there := net.Pipe()
			select {
			case s.l.conns <- pipeConn{there, from}:
				return here, nil
			case <-s.l.closed:
				return nil, net.ErrClosed
			}
		},
	}}}
	s.wg.Go(func() {
		defer p.client.CloseIdleConnections()
		if _, err := p.get(ctx, "stream.m3u8"); err != nil && ctx.Err() == nil {
			s.t.Error(err)
		}
		next := ""
		for ctx.Err() == nil {
			list, err := p.get(ctx, "0/stream.m3u8"+next)
			if err != nil || strings.Contains(list, "#EXT-X-ENDLIST") {
				return // the stream is over, or the player was told to leave
			}
			names := segmentNames.FindAllString(list, -1)
			if len(names) > 0 {
				if _, err := p.get(ctx, "0/"+names[len(names)-1]); err != nil {
					return
				}
			}
			if lowLatency {
				next = "?_HLS_msn=" + strconv.Itoa(nextSegment(list))
				continue
			}
			select {
			case <-ctx.Done():
			case <-time.After(3 * time.Second):
			}
		}
	})
	return p
}

var (
	segmentNames = regexp.MustCompile(`(?m)^[a-z0-9]+-[0-9]+\.m4s$`)
	sequence     = regexp.MustCompile(`#EXT-X-MEDIA-SEQUENCE:(\d+)`)
)

func nextSegment(list string) int {
	m := sequence.FindStringSubmatch(list)
	if m == nil {
		return 0
	}
	first, _ := strconv.Atoi(m[1])
	return first + strings.Count(list, "#EXTINF")
}

func (p *simPlayer) request(ctx context.Context, path string) (*http.Request, error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://live.example/hls/"+path, nil)
	if err == nil {
		r.Header.Set("User-Agent", p.agent)
		if p.sid != "" {
			r.Header.Set("CMCD-Session", `sid="`+p.sid+`"`)
		}
	}
	return r, err
}

func (p *simPlayer) get(ctx context.Context, path string) (string, error) {
	r, err := p.request(ctx, path)
	if err != nil {
		return "", err
	}
	res, err := p.client.Do(r)
	if err != nil {
		return "", err
	}
	defer res.Body.Close()
	b, err := io.ReadAll(res.Body)
	if err == nil && res.StatusCode != http.StatusOK {
		err = fmt.Errorf("%s: %s", path, res.Status)
	}
	return string(b), err
}

// freeze stops in the middle of a download, with the connection open, as a
// phone does that loses its network. The returned function takes it away.
func (p *simPlayer) freeze(s *simulation, ctx context.Context) {
	p.cancel()
	list, err := p.get(ctx, "0/stream.m3u8")
	names := segmentNames.FindAllString(list, -1)
	if err != nil || len(names) == 0 {
		s.t.Errorf("nothing to freeze in: %v", err)
		return
	}
	r, err := p.request(ctx, "0/"+names[len(names)-1])
	if err != nil {
		s.t.Error(err)
		return
	}
	res, err := p.client.Do(r)
	if err != nil {
		s.t.Error(err)
		return
	}
	context.AfterFunc(ctx, func() { res.Body.Close() })
}

// about fails if the count is more than 5 percent from what it should be.
func (s *simulation) about(want int, when string) {
	s.t.Helper()
	got := s.app.ViewerCount().Now
	if diff := max(got-want, want-got); diff*20 > want {
		s.t.Errorf("%s: %d viewers, want %d", when, got, want)
	}
	s.t.Logf("%s: counted %d of %d", when, got, want)
}

func TestTheCountFollowsAHundredPlayers(t *testing.T) {
	if testing.Short() {
		t.Skip("a hundred players for two minutes take some seconds")
	}
	simulate(t, func(s *simulation) {
		const nat, browser = "203.0.113.9", "Mozilla/5.0 (the same everywhere)"
		var stay, sleepy, leavers, frozen []*simPlayer
		for i := range 15 { // each at home
			stay = append(stay, s.play(fmt.Sprint("198.51.100.", i), browser, fmt.Sprint("home", i), i%2 == 0))
		}
		for i := range 20 { // behind one NAT, all with the same browser
			stay = append(stay, s.play(nat, browser, fmt.Sprint("nat", i), i%2 == 0))
		}
		for i := range 10 { // behind the same, without session ids: their User-Agents tell them apart
			stay = append(stay, s.play(nat, fmt.Sprint("agent", i), "", false))
		}
		for i := range 5 { // the same user with two tabs
			addr := fmt.Sprint("198.51.100.", 100+i)
			stay = append(stay, s.play(addr, browser, fmt.Sprint("tab-a", i), true), s.play(addr, browser, fmt.Sprint("tab-b", i), false))
		}
		for i := range 5 { // players without session ids at home
			stay = append(stay, s.play(fmt.Sprint("198.51.100.", 150+i), browser, "", true))
		}
		for i := range 15 {
			leavers = append(leavers, s.play(fmt.Sprint("192.0.2.", i), browser, fmt.Sprint("leaver", i), i%2 == 0))
			sleepy = append(sleepy, s.play(fmt.Sprint("192.0.2.", 50+i), browser, fmt.Sprint("sleeper", i), i%2 == 0))
		}
		for i := range 10 {
			frozen = append(frozen, s.play(fmt.Sprint("192.0.2.", 100+i), browser, fmt.Sprint("frozen", i), false))
		}
		time.Sleep(5 * time.Second)
		s.about(100, "all have joined")
		time.Sleep(25 * time.Second)
		s.about(100, "after 30 s")

		ctx, cancel := context.WithCancel(s.t.Context())
		defer cancel()
		for _, p := range append(leavers, sleepy...) {
			p.cancel()
		}
		for _, p := range frozen {
			p.freeze(s, ctx)
		}
		time.Sleep(30 * time.Second)
		s.about(len(stay), "30 s after 15 left, 15 went to sleep and 10 froze")
		for _, p := range sleepy {
			s.play(p.addr, p.agent, p.sid, true)
		}
		time.Sleep(30 * time.Second)
		s.about(len(stay)+len(sleepy), "30 s after the sleepers woke")
		if c := s.app.ViewerCount(); c.SessionPeak < 95 || c.SessionPeak > 105 || c.Peak != c.SessionPeak {
			s.t.Errorf("the peaks are %+v", c)
		}

		for _, p := range stay {
			p.cancel()
		}
		// The sleepers play until the end of the stream.
		time.Sleep(30 * time.Second)
		s.about(len(sleepy), "two windows after the others left")
		s.stop()
		time.Sleep(time.Second)
		if c := s.app.ViewerCount(); c.Now != 0 || c.Peak < 95 {
			s.t.Errorf("after the stream: %+v", c)
		}
	})
}

func TestNobodyIsLeftAfterTwoWindows(t *testing.T) {
	if testing.Short() {
		t.Skip("twenty players for a minute take a moment")
	}
	simulate(t, func(s *simulation) {
		var players []*simPlayer
		for i := range 20 {
			players = append(players, s.play(fmt.Sprint("192.0.2.", i), "x", "", i%2 == 0))
		}
		time.Sleep(10 * time.Second)
		s.about(20, "all have joined")
		for _, p := range players {
			p.cancel()
		}
		time.Sleep(30 * time.Second)
		if c := s.app.ViewerCount(); c.Now != 0 || !s.app.Status().Online() {
			s.t.Errorf("after two windows: %+v", c)
		}
	})
}

// What nobody could tell apart is one viewer, which the documentation says.
func TestPlayersThatAreAlikeInEverythingAreOne(t *testing.T) {
	simulate(t, func(s *simulation) {
		for range 10 {
			s.play("203.0.113.9", "the same", "", false)
		}
		time.Sleep(5 * time.Second)
		if c := s.app.ViewerCount(); c.Now != 1 {
			s.t.Errorf("10 alike: %+v, want 1", c)
		}
	})
}

func TestViewersAreSeenOverARealNetwork(t *testing.T) {
	c := run(t, owncast.WithLatencyLevel(0), owncast.WithAdminPassword("p"), owncast.WithReconnectGrace(0),
		owncast.WithGeo(func(netip.Addr) (owncast.Geo, bool) { return owncast.Geo{CountryCode: "NL"}, true }))
	client := burst(t, c.rtmp, "live", "k", 5)
	c.await("/api/status", `"online":true`)
	if _, body := c.get("/api/status"); strings.Contains(body, "viewerCount") {
		t.Errorf("without viewers: %s", body)
	}
	for i := range 3 {
		c.get(fmt.Sprintf("/hls/0/stream.m3u8?sid=%d", i))
	}
	c.get("/api/ping?sid=pinger")
	c.await("/api/status", `"viewerCount":4,`)
	code, list := c.ask("GET", "/api/admin/viewers", "p", "")
	for _, want := range []string{`"clientID":"`, `"ipAddress":"127.0.0.1"`, `"geo":{"countryCode":"NL","regionName":"","timeZone":""}`, `"userAgent":"Go-http-client/1.1"`} {
		if code != http.StatusOK || strings.Count(list, want) != 4 {
			t.Errorf("viewers: %d, not four times %s in %s", code, want, list)
		}
	}
	code, status := c.ask("GET", "/api/admin/status", "p", "")
	for _, want := range []string{
		`"viewerCount":4`, `"overallPeakViewerCount":4`, `"sessionPeakViewerCount":4`, `"health":null`,
		`"currentBroadcast":{"outputSettings":[{"name":"Source","videoPassthrough":true,"audioPassthrough":true,"videoBitrate":0,"audioBitrate":0,"framerate":0,"cpuUsageLevel":0}],"latencyLevel":{"level":0}}`,
	} {
		if code != http.StatusOK || !strings.Contains(status, want) {
			t.Errorf("admin status: %d, no %s in %s", code, want, status)
		}
	}
	if err := client.Close(); err != nil {
		t.Error(err)
	}
	c.await("/api/status", `"online":false`)
	if got := c.app.ViewerCount(); got != (owncast.ViewerCount{SessionPeak: 4, Peak: 4}) {
		t.Errorf("after the stream: %+v", got)
	}
	if _, body := c.get("/api/status"); strings.Contains(body, "viewerCount") {
		t.Errorf("after the stream: %s", body)
	}
}

func TestTheCountCanBeHiddenFromThePublic(t *testing.T) {
	c := run(t, owncast.WithLatencyLevel(0), owncast.WithViewerCount(func() int { return 41 }))
	defer burst(t, c.rtmp, "live", "k", 5).Close()
	c.await("/api/status", `"viewerCount":41`)
	if _, err := c.app.Settings().UpdateInstance(t.Context(), func(i *owncast.Instance) error { i.HideViewerCount = true; return nil }); err != nil {
		t.Fatal(err)
	}
	if _, body := c.get("/api/status"); strings.Contains(body, "viewerCount") {
		t.Errorf("hidden: %s", body)
	}
	if n := c.app.ViewerCount().Now; n != 41 {
		t.Errorf("the host is told %d", n)
	}
}

func TestPeaksAndTheEndOfTheLastSessionOutliveTheApp(t *testing.T) {
	dir := t.TempDir()
	var ended time.Time
	for i := range 2 {
		app, err := owncast.New(discard(), owncast.WithDataDir(dir), owncast.WithStreamKeys("k"), owncast.WithLatencyLevel(0))
		if err != nil {
			t.Fatal(err)
		}
		if n := app.ViewerCount(); n != (owncast.ViewerCount{}) {
			t.Errorf("before Start: %+v", n)
		}
		if err := app.Start(t.Context()); err != nil {
			t.Fatal(err)
		}
		if i == 1 {
			if n := app.ViewerCount(); n.Peak != 1 {
				t.Errorf("after a restart: %+v", n)
			}
			if at := app.Status().EndedAt; ended.IsZero() || !at.Equal(ended) {
				t.Errorf("after a restart the last session ended at %v, want %v", at, ended)
			}
			shutdown(t, app)
			continue
		}
		l := listen(t)
		served := make(chan error, 1)
		go func() { served <- app.ServeRTMP(l) }()
		client := burst(t, l.Addr().String(), "live", "k", 5)
		for end := time.Now().Add(patience); app.ViewerCount().Now != 1; time.Sleep(20 * time.Millisecond) {
			if time.Now().After(end) {
				t.Fatal("no viewer")
			}
			app.Handler().ServeHTTP(httptest.NewRecorder(), httptest.NewRequest("GET", "/hls/0/stream.m3u8", nil))
		}
		shutdown(t, app)
		ended = app.Status().EndedAt
		client.Close()
		if err := <-served; !errors.Is(err, owncast.ErrClosed) {
			t.Error(err)
		}
	}
}
