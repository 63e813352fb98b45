package owncast_test

import (
	"encoding/json"
	"log/slog"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/owncast-go/owncast"
	"github.com/owncast-go/owncast/video/rtmp"
)

type logEntry struct {
	Time    time.Time
	Message string
	Level   string
}

func (c *channel) logs(path string) (list []logEntry, body string) {
	c.t.Helper()
	code, body := c.ask("GET", path, "p", "")
	if err := json.Unmarshal([]byte(body), &list); code != 200 || err != nil {
		c.t.Fatalf("%d %s", code, body)
	}
	return list, body
}

func TestAdministratorsAreShownTheLog(t *testing.T) {
	t.Parallel()
	const wrong = "a-key-that-is-wrong"
	for name, next := range map[string]slog.Handler{
		"a host that logs nothing": slog.DiscardHandler,
		"a host that logs errors":  slog.NewTextHandler(t.Output(), &slog.HandlerOptions{Level: slog.LevelError}),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := run(t, owncast.WithAdminPassword("p"), owncast.WithLogger(slog.New(next)))
			if client, err := rtmp.Dial(t.Context(), "rtmp://"+c.rtmp+"/live", rtmp.ClientConfig{StreamKey: wrong}); err == nil {
				client.Close()
				t.Fatal("it was let in")
			}
			stop := publish(t, c.rtmp, "live", "k")
			defer stop()
			all, body := c.logs("/api/admin/logs")
			for end := time.Now().Add(patience); !strings.Contains(body, "stream started") && time.Now().Before(end); time.Sleep(20 * time.Millisecond) {
				all, body = c.logs("/api/admin/logs")
			}
			var seen []string
			for i, e := range all {
				seen = append(seen, e.Level+" "+e.Message)
				if e.Time.IsZero() || i > 0 && e.Time.Before(all[i-1].Time.Add(-time.Second)) {
					t.Errorf("entry %d is of %v", i, e.Time)
				}
			}
			lines := strings.Join(seen, "\n")
			for _, want := range []string{"warning wrong stream key", "info publisher connected", "info stream started session="} {
				if !strings.Contains(lines, want) {
					t.Errorf("no %q in:\n%s", want, lines)
				}
			}
			warnings, _ := c.logs("/api/admin/logs/warnings")
			for _, e := range warnings {
				if e.Level != "warning" && e.Level != "error" {
					t.Errorf("among the warnings: %+v", e)
				}
			}
			if len(warnings) == 0 || len(warnings) >= len(all) {
				t.Errorf("%d warnings of %d", len(warnings), len(all))
			}
			if strings.Contains(body, wrong) {
				t.Error("a stream key is in the log")
			}
		})
	}
}

func TestRequestsThatGoWellAreNotLogged(t *testing.T) {
	log := new(syncBuffer)
	c := run(t, owncast.WithLogger(slog.New(slog.NewTextHandler(log, nil))), owncast.WithLatencyLevel(0),
		owncast.WithTrustedProxies(netip.MustParsePrefix("127.0.0.0/8")))
	client := burst(t, c.rtmp, "live", "k", 5)
	defer client.Close()
	c.await("/hls/0/stream.m3u8", "#EXTINF")
	before := log.String()
	if !strings.Contains(before, "publisher connected") {
		t.Errorf("the publisher is not in the log: %s", before)
	}
	const viewer = "203.0.113.9"
	for range 5 {
		for _, path := range []string{"/", "/hls/stream.m3u8", "/hls/0/stream.m3u8", "/api/status", "/api/config", "/nothing", "/api/admin/status"} {
			c.exchange("GET", path, "", "", "X-Forwarded-For", viewer)
		}
	}
	ann := c.enter("Ann", "X-Forwarded-For", viewer)
	ann.send(map[string]string{"type": "CHAT", "body": "hello"})
	for ann.next().Type != "CHAT" { // it is heard
	}
	if after := log.String(); after != before || strings.Contains(after, viewer) {
		t.Errorf("requests are logged: %s", strings.TrimPrefix(after, before))
	}
}
