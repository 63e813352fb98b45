package owncast_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path"
	"regexp"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/owncast-go/owncast"
	"github.com/owncast-go/owncast/repository"
	"github.com/owncast-go/owncast/repository/memory"
	"github.com/owncast-go/owncast/video"
	"github.com/owncast-go/owncast/video/rtmp"
	"github.com/owncast-go/owncast/video/videotest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const patience = time.Minute

func discard() owncast.Option { return owncast.WithLogger(slog.New(slog.DiscardHandler)) }

// channel is a running App with its listeners.
type channel struct {
	t    testing.TB
	app  *owncast.App
	rtmp string
	web  *httptest.Server
}

// run starts an App that ends with the test.
func run(t testing.TB, opts ...owncast.Option) *channel {
	t.Helper()
	return runKeyless(t, append([]owncast.Option{owncast.WithStreamKeys("k")}, opts...)...)
}

// runKeyless does the same for an App with a PublishAuthorizer.
func runKeyless(t testing.TB, opts ...owncast.Option) *channel {
	t.Helper()
	app, err := owncast.New(append([]owncast.Option{discard(), owncast.WithDataDir(t.TempDir())}, opts...)...)
	if err != nil {
		t.Fatal(err)
	}
	if err := app.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	l := listen(t)
	served := make(chan error, 1)
	go func() { served <- app.ServeRTMP(l) }()
	c := &channel{t: t, app: app, rtmp: l.Addr().String(), web: httptest.NewServer(app.Handler())}
	t.Cleanup(func() {
		shutdown(t, app)
		if err := <-served; !errors.Is(err, owncast.ErrClosed) {
			t.Errorf("ServeRTMP = %v, want ErrClosed", err)
		}
		c.web.Close()
	})
	return c
}

func listen(t testing.TB) net.Listener {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	return l
}

func shutdown(t testing.TB, s interface{ Shutdown(context.Context) error }) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	if err := s.Shutdown(ctx); err != nil {
		t.Errorf("Shutdown = %v", err)
	}
}

// dial begins to publish. It tries again while it is refused, as encoders do: a
// server that has not yet seen that the publisher before has gone is right to.
func dial(t testing.TB, addr, appName, key string) *rtmp.Client {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	for {
		c, err := rtmp.Dial(ctx, "rtmp://"+addr+"/"+appName, rtmp.ClientConfig{StreamKey: key})
		if err == nil {
			return c
		}
		if refused := (*rtmp.StatusError)(nil); !errors.As(err, &refused) || ctx.Err() != nil {
			t.Fatal(err)
		}
		time.Sleep(100 * time.Millisecond)
	}
}

// publish sends the clip in real time until stop is called.
func publish(t testing.TB, addr, appName, key string) (stop func()) {
	t.Helper()
	c := dial(t, addr, appName, key)
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() {
		defer close(done)
		_ = videotest.Publish(ctx, c) // ends with ctx, or when the server cuts it off
	}()
	return sync.OnceFunc(func() {
		cancel()
		<-done
		_ = c.Close() // the server may have closed it before
	})
}

// burst sends the first seconds of the clip at once and leaves the
// connection open.
func burst(t testing.TB, addr, appName, key string, seconds int) *rtmp.Client {
	t.Helper()
	c := dial(t, addr, appName, key)
	if err := videotest.Send(c, time.Duration(seconds)*time.Second); err != nil {
		t.Fatal(err)
	}
	return c
}

func (c *channel) get(path string) (int, string) {
	c.t.Helper()
	res, err := c.web.Client().Get(c.web.URL + path)
	if err != nil {
		c.t.Fatal(err)
	}
	defer res.Body.Close()
	b, err := io.ReadAll(res.Body)
	if err != nil {
		c.t.Fatal(err)
	}
	checkAnswer(c.t, res.Request, res.StatusCode, res.Header, string(b))
	return res.StatusCode, string(b)
}

// await polls until the path is answered with 200 and a text that has want.
func (c *channel) await(path, want string) string {
	c.t.Helper()
	var code int
	var body string
	for end := time.Now().Add(patience); time.Now().Before(end); time.Sleep(20 * time.Millisecond) {
		if code, body = c.get(path); code == http.StatusOK && strings.Contains(body, want) {
			return body
		}
	}
	c.t.Fatalf("%s: %d %.300q, want 200 with %q", path, code, body, want)
	return ""
}

func TestABroadcastGoesInByRTMPAndComesOutAsHLS(t *testing.T) {
	var mu sync.Mutex
	var heard []string
	hear := func(s string) {
		mu.Lock()
		heard = append(heard, s)
		mu.Unlock()
	}
	c := run(t, owncast.WithLatencyLevel(0), owncast.WithReconnectGrace(0), owncast.WithHooks(owncast.Hooks{
		BeforePublish: func(_ context.Context, r video.PublishRequest) error { hear("publish " + r.App); return nil },
		StreamStarted: func(context.Context, video.StreamStarted) { hear("started") },
		StreamStopped: func(context.Context, video.StreamStopped) { hear("stopped") },
	}))
	if code, body := c.get("/hls/stream.m3u8"); code != http.StatusNotFound || !json.Valid([]byte(body)) {
		t.Errorf("before the first stream: %d %q, want 404 with JSON", code, body)
	}
	c.await("/api/status", `"online":false`)
	if _, err := c.app.Settings().UpdateInstance(t.Context(), func(i *owncast.Instance) error {
		i.StreamTitle = "the title"
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	client := burst(t, c.rtmp, "live", "k", 6)
	master := c.await("/hls/stream.m3u8", "audio/stream.m3u8") // which may be listed a little later
	for _, want := range []string{`CODECS="avc1.4d401f,mp4a.40.2"`, "RESOLUTION=640x360", "FRAME-RATE=30.000", "\n0/stream.m3u8"} {
		if !strings.Contains(master, want) {
			t.Errorf("multivariant playlist lacks %s:\n%s", want, master)
		}
	}
	if strings.Contains(master, "PROGRAM-ID") {
		t.Error("PROGRAM-ID was removed in version 6")
	}
	list := c.await("/hls/0/stream.m3u8", "-4.m4s\n") // everything has come
	for _, name := range regexp.MustCompile(`[a-z0-9]+-[a-z0-9]+\.(m4s|mp4)`).FindAllString(list, -1) {
		if strings.Contains(list, `HINT:TYPE=PART,URI="`+name) {
			continue
		}
		if code, body := c.get("/hls/0/" + name); code != http.StatusOK || len(body) < 8 {
			t.Errorf("%s: %d, %d bytes", name, code, len(body))
		}
	}
	if body := c.await("/api/status", `"online":true`); !strings.Contains(body, `"streamTitle":"the title"`) || !strings.Contains(body, `"phase":"live"`) {
		t.Errorf("status: %s", body)
	}
	if s := c.app.Status(); !s.Online() || s.Ingest == nil || s.Ingest.Video.Width != 640 {
		t.Errorf("Status = %+v", s)
	}
	if err := client.Close(); err != nil {
		t.Error(err)
	}
	c.await("/hls/0/stream.m3u8", "#EXT-X-ENDLIST")
	c.await("/api/status", `"online":false`)
	shutdown(t, c.app)
	mu.Lock()
	defer mu.Unlock()
	if got := strings.Join(heard, ", "); got != "publish live, started, stopped" {
		t.Errorf("heard %s", got)
	}
}

func TestAWrongKeyIsRefusedAndNoKeyLetsNobodyIn(t *testing.T) {
	t.Parallel()
	for name, opts := range map[string][]owncast.Option{
		"wrong key": nil,
		"hook":      {owncast.WithHooks(owncast.Hooks{BeforePublish: func(context.Context, video.PublishRequest) error { return errors.New("no") }})},
		"no keys":   {owncast.WithStreamKeys()},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := run(t, opts...)
			key := "k"
			if name == "wrong key" {
				key = "x"
			}
			ctx, cancel := context.WithTimeout(t.Context(), patience)
			defer cancel()
			client, err := rtmp.Dial(ctx, "rtmp://"+c.rtmp+"/live/"+key, rtmp.ClientConfig{})
			if err == nil {
				client.Close()
				t.Fatal("the publisher was let in")
			}
			if se := new(rtmp.StatusError); !errors.As(err, &se) {
				t.Errorf("got %v, want an RTMP error status", err)
			}
		})
	}
}

func TestTheStreamKeyAppearsNowhere(t *testing.T) {
	t.Parallel()
	const key = "sekret-stream-key"
	var logs syncBuffer
	dir := t.TempDir()
	c := run(t, owncast.WithStreamKeys(key), owncast.WithLatencyLevel(0), owncast.WithDataDir(dir),
		owncast.WithLogger(slog.New(slog.NewTextHandler(&logs, &slog.HandlerOptions{Level: slog.LevelDebug}))))
	client := burst(t, c.rtmp, "live", key, 5)
	defer client.Close()
	text := c.await("/hls/stream.m3u8", "0/") + c.await("/hls/0/stream.m3u8", "#EXTINF") + c.await("/api/status", "live")
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	if _, err := rtmp.Dial(ctx, "rtmp://"+c.rtmp+"/live/"+key+"-almost", rtmp.ClientConfig{}); err == nil {
		t.Error("a wrong key was let in")
	}
	shutdown(t, c.app)
	err := os.CopyFS(t.TempDir(), namesFS{os.DirFS(dir), func(name string) { text += name + "\n" }})
	if err != nil {
		t.Fatal(err)
	}
	if text += logs.String(); strings.Contains(text, key) {
		t.Errorf("the key is in:\n%s", text)
	}
}

func TestAppsAreManyInOneProcess(t *testing.T) {
	const n = 20
	mux, err := owncast.NewRTMPMux(slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	l := listen(t)
	served := make(chan error, 1)
	go func() { served <- mux.Serve(l) }()
	web := http.NewServeMux()
	srv := httptest.NewServer(web)
	defer srv.Close()
	var apps []*owncast.App
	for i := range n {
		name := fmt.Sprintf("x%d", i)
		app, err := owncast.New(discard(), owncast.WithRepository(memory.New()), owncast.WithDataDir(t.TempDir()),
			owncast.WithStreamKeys(name), owncast.WithLatencyLevel(0))
		if err != nil {
			t.Fatal(err)
		}
		if err := app.Start(t.Context()); err != nil {
			t.Fatal(err)
		}
		mux.Handle("live", app)
		mux.Handle(name, app)
		web.Handle("/"+name+"/", http.StripPrefix("/"+name, app.Handler()))
		apps = append(apps, app)
	}
	var wg sync.WaitGroup
	for i := range n {
		wg.Go(func() {
			name := fmt.Sprintf("x%d", i)
			appName := "live"
			if i%2 == 1 {
				appName = name
			}
			client := burst(t, l.Addr().String(), appName, name, 3)
			defer client.Close()
			c := &channel{t: t, web: srv}
			c.await("/"+name+"/hls/0/stream.m3u8", "#EXTINF")
		})
	}
	wg.Wait()
	sessions := map[string]bool{}
	for _, app := range apps {
		sessions[app.Status().SessionID] = true
		shutdown(t, app)
	}
	if len(sessions) != n {
		t.Errorf("%d sessions of %d Apps", len(sessions), n)
	}
	shutdown(t, mux)
	if err := <-served; !errors.Is(err, owncast.ErrClosed) {
		t.Errorf("Serve = %v", err)
	}
}

func TestTheSecondAppOnADataDirectoryIsRefused(t *testing.T) {
	dir := t.TempDir()
	run(t, owncast.WithDataDir(dir))
	second, err := owncast.New(discard(), owncast.WithDataDir(dir))
	if err != nil {
		t.Fatal(err)
	}
	if err := second.Start(t.Context()); !errors.Is(err, owncast.ErrLocked) {
		t.Errorf("Start = %v, want ErrLocked", err)
	}
	shutdown(t, second)
}

func TestOptionsThatWouldDoNothingBesideOthersAreRefused(t *testing.T) {
	anyone := owncast.AuthenticatorFunc(func(*http.Request) (owncast.User, error) { return owncast.User{}, nil })
	allowed := video.PublishAuthorizerFunc(func(context.Context, video.PublishRequest) error { return nil })
	for want, opts := range map[string][]owncast.Option{
		"WithAdminPassword": {owncast.WithAdminPassword("p"), owncast.WithAuthenticator(anyone)},
		"WithStreamKeys":    {owncast.WithPublishAuthorizer(allowed), owncast.WithStreamKeys("a")},
	} {
		_, err := owncast.New(opts...)
		if oe := new(owncast.OptionError); !errors.As(err, &oe) || oe.Option != want {
			t.Errorf("New = %v, want an *OptionError of %s", err, want)
		}
	}
}

func TestOptionsThatMakeNoSenseAreReportedTogether(t *testing.T) {
	_, err := owncast.New(
		owncast.WithDataDir(""), owncast.WithBaseURL("example.org/live"), owncast.WithStorage(nil), owncast.WithLogger(nil),
		owncast.WithRepository(repository.Repository{}), owncast.WithStreamKeys("a", "a"), owncast.WithAdminPassword(""),
		owncast.WithPublishAuthorizer(nil), owncast.WithAuthenticator(nil), owncast.WithLatencyLevel(5), owncast.WithDVR(-1),
		owncast.WithReconnectGrace(-1), owncast.WithPublishPolicy(9), owncast.WithTranscoder(nil),
		owncast.WithLadder(owncast.Ladder{Source: video.Never}),
		owncast.WithViewerCount(nil), owncast.WithGeo(nil), nil,
	)
	if err == nil {
		t.Fatal("New accepted everything")
	}
	for _, name := range []string{
		"WithDataDir", "WithBaseURL", "WithStorage", "WithLogger", "WithRepository", "WithStreamKeys", "WithAdminPassword",
		"WithPublishAuthorizer", "WithAuthenticator", "WithLatencyLevel", "WithDVR", "WithReconnectGrace", "WithPublishPolicy",
		"WithTranscoder", "WithLadder", "WithViewerCount", "WithGeo",
	} {
		if !strings.Contains(err.Error(), name+":") {
			t.Errorf("%s is not reported in:\n%v", name, err)
		}
	}
	if oe := new(owncast.OptionError); !errors.As(err, &oe) {
		t.Errorf("no *OptionError in %T", err)
	}
}

func TestNewLeavesNothingBehind(t *testing.T) {
	dir := path.Join(t.TempDir(), "data")
	before := runtime.NumGoroutine()
	app, err := owncast.New(discard(), owncast.WithDataDir(dir))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(dir); !os.IsNotExist(err) {
		t.Errorf("New made the data directory: %v", err)
	}
	if n := runtime.NumGoroutine(); n != before {
		t.Errorf("New started %d goroutines", n-before)
	}
	if err := app.ServeRTMP(listen(t)); !errors.Is(err, owncast.ErrNotStarted) {
		t.Errorf("ServeRTMP before Start = %v", err)
	}
	rec := httptest.NewRecorder()
	app.Handler().ServeHTTP(rec, httptest.NewRequest("GET", "/api/status", nil))
	if rec.Code != http.StatusServiceUnavailable {
		t.Errorf("before Start: %d, want 503", rec.Code)
	}
	shutdown(t, app)
	if err := app.Start(t.Context()); !errors.Is(err, owncast.ErrClosed) {
		t.Errorf("Start after Shutdown = %v", err)
	}
}

func TestShutdownFromAnywhereAtAnyTime(t *testing.T) {
	for range 20 {
		app, err := owncast.New(discard(), owncast.WithDataDir(t.TempDir()), owncast.WithStreamKeys("k"))
		if err != nil {
			t.Fatal(err)
		}
		l := listen(t)
		ctx, cancel := context.WithCancel(t.Context())
		var wg sync.WaitGroup
		wg.Go(func() {
			if err := app.Run(ctx, l); err != nil && !errors.Is(err, owncast.ErrClosed) && !errors.Is(err, context.Canceled) {
				t.Errorf("Run = %v", err)
			}
		})
		for range 3 {
			wg.Go(func() { shutdown(t, app) })
		}
		wg.Go(cancel)
		wg.Wait()
		shutdown(t, app)
	}
}

func TestRunEndsWithItsContext(t *testing.T) {
	app, err := owncast.New(discard(), owncast.WithDataDir(t.TempDir()), owncast.WithStreamKeys("k"), owncast.WithLatencyLevel(0))
	if err != nil {
		t.Fatal(err)
	}
	l := listen(t)
	ctx, cancel := context.WithCancel(t.Context())
	ran := make(chan error, 1)
	go func() { ran <- app.Run(ctx, l) }()
	web := httptest.NewServer(app.Handler())
	defer web.Close()
	c := &channel{t: t, web: web}
	c.await("/api/status", "offline")
	stop := publish(t, l.Addr().String(), "live", "k")
	defer stop()
	c.await("/hls/0/stream.m3u8", "#EXTINF")
	cancel()
	if err := <-ran; err != nil {
		t.Errorf("Run = %v", err)
	}
	if code, _ := c.get("/api/status"); code != http.StatusServiceUnavailable {
		t.Errorf("after Run: %d, want 503", code)
	}
}

func TestNothingIsLeftOfAHundredAppsAndBroadcasts(t *testing.T) {
	if testing.Short() {
		t.Skip("a hundred Apps take a while")
	}
	cycle := func(n int) {
		for range n {
			app, err := owncast.New(discard(), owncast.WithDataDir(t.TempDir()), owncast.WithStreamKeys("k"))
			if err != nil {
				t.Fatal(err)
			}
			if err := app.Start(t.Context()); err != nil {
				t.Fatal(err)
			}
			shutdown(t, app)
		}
	}
	c := run(t, owncast.WithLatencyLevel(0), owncast.WithReconnectGrace(time.Hour))
	broadcasts := func(n int) {
		for range n {
			client := burst(t, c.rtmp, "live", "k", 2)
			c.await("/hls/stream.m3u8", "0/")
			if err := client.Close(); err != nil {
				t.Fatal(err)
			}
			c.await("/api/status", `"reconnecting"`)
		}
		c.web.CloseClientConnections()
		c.web.Client().CloseIdleConnections()
	}
	cycle(2)
	broadcasts(2)
	g0, f0 := settled(t)
	cycle(atLength(100, 30))
	broadcasts(atLength(100, 30))
	g1, f1 := settled(t)
	if g1 > g0+2 || f1 > f0+2 {
		t.Errorf("%d goroutines and %d descriptors became %d and %d", g0, f0, g1, f1)
	}
}

func TestAdminAPI(t *testing.T) {
	get := func(c *channel, method, path, password string, header ...string) (int, http.Header, string) {
		t.Helper()
		req, err := http.NewRequestWithContext(t.Context(), method, c.web.URL+path, nil)
		if err != nil {
			t.Fatal(err)
		}
		if password != "" {
			req.SetBasicAuth("admin", password)
		}
		for i := 0; i < len(header); i += 2 {
			req.Header.Set(header[i], header[i+1])
		}
		res, err := c.web.Client().Do(req)
		if err != nil {
			t.Fatal(err)
		}
		defer res.Body.Close()
		b, _ := io.ReadAll(res.Body)
		return res.StatusCode, res.Header, string(b)
	}
	t.Run("there is none without a password", func(t *testing.T) {
		c := run(t)
		if code, _, _ := get(c, "GET", "/api/admin/status", "x"); code != http.StatusNotFound {
			t.Errorf("%d, want 404", code)
		}
		if err := c.app.Settings().SetAdminPassword(t.Context(), "right"); err != nil {
			t.Fatal(err)
		}
		for password, want := range map[string]int{"": 401, "wrong": 401, "right": 200} {
			for range 2 {
				if code, _, _ := get(c, "GET", "/api/admin/status", password); code != want {
					t.Errorf("password %q: %d, want %d", password, code, want)
				}
			}
		}
	})
	t.Run("status and disconnect", func(t *testing.T) {
		c := run(t, owncast.WithAdminPassword("p"), owncast.WithLatencyLevel(0))
		code, h, _ := get(c, "GET", "/api/admin/status", "")
		if code != 401 || !strings.HasPrefix(h.Get("WWW-Authenticate"), "Basic ") {
			t.Errorf("%d %q", code, h.Get("WWW-Authenticate"))
		}
		if code, _, body := get(c, "POST", "/api/admin/disconnect", "p"); code != 400 || !strings.Contains(body, "no inbound stream") {
			t.Errorf("disconnect while offline: %d %s", code, body)
		}
		client := burst(t, c.rtmp, "live", "k", 5)
		defer client.Close()
		c.await("/api/status", "live")
		_, _, body := get(c, "GET", "/api/admin/status", "p")
		for _, want := range []string{`"videoCodec":"H.264"`, `"audioCodec":"AAC"`, `"width":640`, `"online":true`} {
			if !strings.Contains(body, want) {
				t.Errorf("status lacks %s: %s", want, body)
			}
		}
		if code, _, _ := get(c, "POST", "/api/admin/disconnect", "p", "Origin", "https://evil.example", "Sec-Fetch-Site", "cross-site"); code != 403 {
			t.Errorf("disconnect from another site: %d, want 403", code)
		}
		if code, _, _ := get(c, "POST", "/api/admin/disconnect", "p"); code != 200 {
			t.Errorf("disconnect: %d", code)
		}
		c.await("/api/status", "offline")
		<-client.Done()
	})
	t.Run("a host's own users", func(t *testing.T) {
		c := run(t, owncast.WithAuthenticator(owncast.AuthenticatorFunc(func(r *http.Request) (owncast.User, error) {
			switch r.Header.Get("X-User") {
			case "root":
				return owncast.User{ID: "root", Role: repository.RoleAdmin}, nil
			case "guest":
				return owncast.User{ID: "guest"}, nil
			}
			return owncast.User{}, owncast.ErrUnauthorized
		})))
		for user, want := range map[string]int{"root": 200, "guest": 403, "": 401} {
			if code, _, _ := get(c, "GET", "/api/admin/status", "", "X-User", user); code != want {
				t.Errorf("user %q: %d, want %d", user, code, want)
			}
		}
	})
}

func TestSettingsThatAnOptionFixedAreReadOnly(t *testing.T) {
	c := run(t, owncast.WithLatencyLevel(3), owncast.WithAdminPassword("p"))
	s := c.app.Settings()
	ctx := t.Context()
	if err := s.SetStreamKeys(ctx, nil); !errors.Is(err, owncast.ErrReadOnly) {
		t.Errorf("SetStreamKeys = %v", err)
	}
	if err := s.SetAdminPassword(ctx, "x"); !errors.Is(err, owncast.ErrReadOnly) {
		t.Errorf("SetAdminPassword = %v", err)
	}
	_, err := s.UpdateVideo(ctx, func(v *owncast.VideoSettings) error { v.LatencyLevel = 1; return nil })
	if fixed := new(owncast.ReadOnlyError); !errors.As(err, &fixed) || fixed.Field != "videoSettings.latencyLevel" || !errors.Is(err, owncast.ErrReadOnly) {
		t.Errorf("UpdateVideo = %v", err)
	}
	ladder := owncast.Ladder{Renditions: []owncast.Rendition{{Height: 360, VideoBitrate: 800_000}}}
	v, err := s.UpdateVideo(ctx, func(v *owncast.VideoSettings) error { v.Ladder = ladder; return nil })
	if err != nil || v.LatencyLevel != 3 || len(v.Ladder.Renditions) != 1 {
		t.Errorf("UpdateVideo of what is not fixed = %+v, %v", v, err)
	}
	if v, err := s.Video(ctx); err != nil || v.LatencyLevel != 3 || len(v.Ladder.Renditions) != 1 {
		t.Errorf("Video = %+v, %v", v, err)
	}
}

func TestSettingsOutliveTheApp(t *testing.T) {
	dir := t.TempDir()
	ctx := t.Context()
	for i := range 2 {
		app, err := owncast.New(discard(), owncast.WithDataDir(dir))
		if err != nil {
			t.Fatal(err)
		}
		if err := app.Start(ctx); err != nil {
			t.Fatal(err)
		}
		s := app.Settings()
		if i == 0 {
			_, err := s.UpdateVideo(ctx, func(v *owncast.VideoSettings) error { v.LatencyLevel = 9; return nil })
			if !errors.Is(err, repository.ErrInvalid) {
				t.Errorf("a level of 9: %v, want ErrInvalid", err)
			}
			_, err = s.UpdateVideo(ctx, func(v *owncast.VideoSettings) error { v.LatencyLevel = 1; return nil })
			if err := errors.Join(err, s.SetStreamKeys(ctx, []owncast.StreamKey{{Key: "kept", Comment: "c"}})); err != nil {
				t.Fatal(err)
			}
		} else {
			v, err := s.Video(ctx)
			keys, kerr := s.StreamKeys(ctx)
			if err := errors.Join(err, kerr); err != nil || v.LatencyLevel != 1 || len(keys) != 1 || keys[0].Key != "kept" {
				t.Errorf("after a restart: %+v, %+v, %v", v, keys, err)
			}
		}
		shutdown(t, app)
	}
}

func TestShutdownCanBeTakenUpAgain(t *testing.T) {
	release := make(chan struct{})
	app, err := owncast.New(discard(), owncast.WithDataDir(t.TempDir()), owncast.WithLatencyLevel(0), owncast.WithStreamKeys("k"),
		owncast.WithHooks(owncast.Hooks{StreamStopped: func(context.Context, video.StreamStopped) { <-release }}))
	if err != nil {
		t.Fatal(err)
	}
	if err := app.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	l := listen(t)
	served := make(chan error, 1)
	go func() { served <- app.ServeRTMP(l) }()
	client := burst(t, l.Addr().String(), "live", "k", 5)
	defer client.Close()
	for end := time.Now().Add(patience); !app.Status().Online(); time.Sleep(10 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatal("not online")
		}
	}
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	if err := app.Shutdown(ctx); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("Shutdown while a hook hangs = %v, want DeadlineExceeded", err)
	}
	close(release)
	shutdown(t, app)
	if err := <-served; !errors.Is(err, owncast.ErrClosed) {
		t.Errorf("ServeRTMP = %v", err)
	}
}

func TestAnAppThatWasRemovedFromTheMuxGetsNobody(t *testing.T) {
	mux, err := owncast.NewRTMPMux(slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	first, second := run(t), run(t)
	mux.Handle("live", first.app)
	mux.Handle("live", second.app)
	mux.Remove(first.app)
	req := owncast.PublishRequest{App: "live", StreamKey: "k", RemoteAddr: &net.TCPAddr{}}
	pub, err := mux.Publish(t.Context(), req)
	if err != nil {
		t.Fatal(err)
	}
	defer pub.Close(nil)
	if second.app.Status().Ingest == nil || first.app.Status().Ingest != nil {
		t.Error("the publisher is not with the App that is left")
	}
	mux.Remove(second.app)
	if _, err := mux.Publish(t.Context(), req); !errors.Is(err, owncast.ErrStreamKey) {
		t.Errorf("without Apps: %v, want ErrStreamKey", err)
	}
}
