package owncast_test

import (
	"errors"
	"net/http"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus/testutil/promlint"

	"github.com/owncast-go/owncast"
	"github.com/owncast-go/owncast/storage/local"
	"github.com/owncast-go/owncast/video/prometheus"
	"github.com/owncast-go/owncast/video/restream"
)

func TestPrometheusReadsFigures(t *testing.T) {
	t.Parallel()
	nobody := listen(t)
	nobody.Close()
	c := run(t, owncast.WithAdminPassword("p"), owncast.WithLatencyLevel(0), owncast.WithBaseURL("https://example.org"),
		owncast.WithStorage(local.New(t.TempDir())), owncast.WithDVR(time.Minute), owncast.WithPrometheus(prometheus.NewHandler),
		owncast.WithRestream(restream.Output{ID: "far", URL: "rtmp://" + nobody.Addr().String() + "/live", StreamKey: farKey, Enabled: true}))
	const at = "/api/admin/prometheus"
	if code, _ := c.ask("GET", at, "", ""); code != http.StatusUnauthorized {
		t.Errorf("for everybody: %d", code)
	}
	want := func(body string, patterns ...string) {
		t.Helper()
		for _, p := range patterns {
			if !regexp.MustCompile("(?m)^" + p + "$").MatchString(body) {
				t.Errorf("no %s in:\n%s", p, regexp.MustCompile("(?m)^owncast_.*").FindAllString(body, -1))
			}
		}
	}
	_, body := c.ask("GET", at, "p", "")
	common := `host="example\.org",(output="far",)?version="` + regexp.QuoteMeta(owncast.Version) + `"`
	want(body, `owncast_stream_online\{`+common+`\} 0`, `owncast_instance_active_viewer_count\{`+common+`\} 0`)

	stop := publish(t, c.rtmp, "live", "k")
	defer stop()
	c.await("/hls/0/stream.m3u8", "#EXTINF")
	c.awaitHealth("degraded", "restream-failing")
	for end := time.Now().Add(patience); c.app.ViewerCount().Now == 0 && time.Now().Before(end); {
		time.Sleep(50 * time.Millisecond)
	}
	code, h, body := c.exchange("GET", at, "p", "")
	if code != 200 || !strings.HasPrefix(h.Get("Content-Type"), "text/plain") || !strings.Contains(h.Get("Cache-Control"), "no-") {
		t.Errorf("%d %v", code, h)
	}
	want(body, `owncast_stream_online\{`+common+`\} 1`, `owncast_instance_active_viewer_count\{`+common+`\} 1`,
		`owncast_ingest_bytes_per_second\{host="example\.org",kind="video",version=".*"\} [1-9].*`,
		`owncast_storage_errors_total\{`+common+`\} 0`, `owncast_restream_live\{`+common+`\} 0`,
		`owncast_restream_failures_total\{`+common+`\} [1-9]\d*`, `go_goroutines \d+`,
		`owncast_health_problems\{host="example\.org",level="degraded",version=".*"\} [1-9]`)
	if strings.Contains(body, farKey) || strings.Contains(body, `"k"`) {
		t.Error("a stream key is among the figures")
	}
	problems, err := promlint.New(strings.NewReader(body)).Lint()
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range problems {
		if !strings.HasPrefix(p.Metric, "owncast_instance_") && p.Metric != "total_chat_message_count" { // whose names others have given
			t.Errorf("%s: %s", p.Metric, p.Text)
		}
	}
	shutdown(t, c.app)
	if list := c.app.Metrics(); list != nil {
		t.Errorf("after Shutdown: %v", list)
	}
}

func TestPrometheusIsOffUnlessAskedFor(t *testing.T) {
	c := run(t, owncast.WithAdminPassword("p"))
	if code, body := c.ask("GET", "/api/admin/prometheus", "p", ""); code != http.StatusNotFound || !isError(body) {
		t.Errorf("%d %s", code, body)
	}
	if len(c.app.Metrics()) == 0 {
		t.Error("there are no figures without it")
	}
	if _, err := owncast.New(owncast.WithPrometheus(nil)); err == nil {
		t.Error("nil is accepted")
	}
	wrong := errors.New("wrong")
	app, err := owncast.New(discard(), owncast.WithDataDir(t.TempDir()),
		owncast.WithPrometheus(func(func() []owncast.Metric) (http.Handler, error) { return nil, wrong }))
	if err != nil {
		t.Fatal(err)
	}
	if err := app.Start(t.Context()); !errors.Is(err, wrong) {
		t.Errorf("Start = %v", err)
	}
	shutdown(t, app)
}
