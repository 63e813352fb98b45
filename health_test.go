package owncast_test

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/owncast-go/owncast"
	"github.com/owncast-go/owncast/repository"
	"github.com/owncast-go/owncast/repository/memory"
	"github.com/owncast-go/owncast/storage"
	"github.com/owncast-go/owncast/storage/local"
	"github.com/owncast-go/owncast/video"
	"github.com/owncast-go/owncast/video/prometheus"
	"github.com/owncast-go/owncast/video/recording"
	"github.com/owncast-go/owncast/video/restream"
)

type healthAnswer struct {
	Status   string
	Problems []struct {
		Code, Level, Text, Detail string
		Since                     time.Time
	}
}

// codes are the status and the codes of the problems.
func (h healthAnswer) codes() string {
	list := []string{h.Status}
	for _, p := range h.Problems {
		list = append(list, p.Code)
	}
	return strings.Join(list, " ")
}

func (c *channel) health() (h healthAnswer, body string) {
	c.t.Helper()
	code, body := c.ask("GET", "/api/admin/health", "p", "")
	if err := json.Unmarshal([]byte(body), &h); err != nil || code != 200 || strings.Contains(body, farKey) {
		c.t.Fatalf("%d %s", code, body)
	}
	return h, body
}

// awaitHealth waits for a status and a code, or for the absence of one that
// begins with "no ".
func (c *channel) awaitHealth(status, code string) healthAnswer {
	c.t.Helper()
	code, none := strings.CutPrefix(code, "no ")
	var h healthAnswer
	var body string
	for end := time.Now().Add(patience); time.Now().Before(end); time.Sleep(100 * time.Millisecond) {
		if h, body = c.health(); h.Status == status && strings.Contains(h.codes(), code) != none {
			return h
		}
	}
	c.t.Fatalf("%s, want %s with %s", body, status, code)
	return h
}

// fullStorage fails while it is full.
type fullStorage struct {
	storage.Storage
	full atomic.Bool
}

func (s *fullStorage) Put(ctx context.Context, key string, r io.Reader, o storage.PutOptions) error {
	if s.full.Load() {
		return syscall.ENOSPC
	}
	return s.Storage.Put(ctx, key, r, o)
}

func TestHealthSaysWhyItDoesNotWork(t *testing.T) {
	t.Parallel()
	full := &fullStorage{Storage: local.New(t.TempDir())}
	full.full.Store(true)
	nobody := listen(t)
	nobody.Close()
	heard := make(chan owncast.Health, 100)
	c := run(t, owncast.WithAdminPassword("p"), owncast.WithLatencyLevel(0),
		owncast.WithStorage(full), owncast.WithDVR(time.Minute),
		owncast.WithRecording(recording.Policy{}), owncast.WithLadder(smallLadder()), owncast.WithPrometheus(prometheus.NewHandler),
		owncast.WithTranscoder(video.TranscoderFunc(func(context.Context, video.PacketReader, []video.Rendition, video.RenditionWriter) error {
			return errors.New("encoder not found")
		})),
		owncast.WithRestream(restream.Output{ID: "far", URL: "rtmp://" + nobody.Addr().String() + "/live", StreamKey: farKey, Enabled: true}),
		owncast.WithHooks(owncast.Hooks{HealthChanged: func(_ context.Context, h owncast.Health) { heard <- h }}),
		owncast.WithThumbnails(thumbnailsFunc(func(context.Context, video.PacketReader) error { return errors.New("no encoder") })),
	)
	c.awaitHealth("degraded", "thumbnails-failed")
	if code, body := c.get("/api/health"); code != 200 || body != `{"live":true,"ready":true}`+"\n" {
		t.Errorf("%d %s", code, body)
	}
	client := burst(t, c.rtmp, "live", "k", 12)
	h := c.awaitHealth("degraded", "storage-errors")
	for _, p := range h.Problems {
		if p.Text == "" || p.Level != "degraded" || time.Since(p.Since) > patience || p.Since.IsZero() {
			t.Errorf("%+v", p)
		}
	}
	c.awaitHealth("degraded", "recording-failing")
	h = c.awaitHealth("degraded", "transcoder-") // failing, or too slow as the clip comes at once
	if n := strings.Count(h.codes(), "transcoder-"); n != 2 {
		t.Errorf("%d of 2 renditions fail: %+v", n, h)
	}
	if _, body := c.ask("GET", "/api/admin/prometheus", "p", ""); !strings.Contains(body, `owncast_rendition_running{host="",name="Low",rendition="1",`) {
		t.Error("there are no figures of renditions")
	}
	h = c.awaitHealth("degraded", "restream-failing")
	if !strings.Contains(h.codes(), "thumbnails-failed") {
		t.Errorf("problems: %s", h.codes())
	}
	full.full.Store(false)
	c.awaitHealth("degraded", "no storage-errors") // what waits is tried again
	if err := client.Close(); err != nil {
		t.Error(err)
	}
	select {
	case h := <-heard:
		if h.Status != owncast.HealthDegraded || len(h.Problems) == 0 {
			t.Errorf("the hook has heard of %+v", h)
		}
	case <-time.After(patience):
		t.Error("the hook has heard of nothing")
	}
	if got := c.app.Health(); got.Status != owncast.HealthDegraded {
		t.Errorf("Health = %+v", got)
	}
	shutdown(t, c.app)
	if got := c.app.Health(); got.Status != owncast.HealthFailing || got.Problems[0].Code != "not-running" {
		t.Errorf("after Shutdown: %+v", got)
	}
}

func TestHealthOfAnAppThatWaits(t *testing.T) {
	c := run(t, owncast.WithAdminPassword("p"))
	if h, body := c.health(); h.codes() != "ok" || h.Problems == nil {
		t.Errorf("with keys: %s", body)
	}
	c = run(t, owncast.WithAdminPassword("p"), owncast.WithRepository(memory.New()), owncast.WithStreamKeys())
	if h, body := c.health(); h.codes() != "ok no-stream-keys" {
		t.Errorf("without keys: %s", body)
	}
}

// damaged are settings that cannot be read any more.
type damaged struct {
	repository.Settings
	now atomic.Bool
}

func (d *damaged) Load(ctx context.Context, section string) (repository.Document, error) {
	if d.now.Load() {
		return repository.Document{}, repository.ErrCorrupt
	}
	return d.Settings.Load(ctx, section)
}

func TestAnAppWithoutItsRepositoryIsNotReady(t *testing.T) {
	t.Parallel()
	repo := memory.New()
	d := &damaged{Settings: repo.Settings}
	repo.Settings = d
	c := run(t, owncast.WithAdminPassword("p"), owncast.WithRepository(repo))
	d.now.Store(true)
	c.awaitHealth("failing", "repository-unreadable")
	if code, body := c.get("/api/health"); code != 503 || body != `{"live":true,"ready":false}`+"\n" {
		t.Errorf("%d %s", code, body)
	}
	d.now.Store(false)
	c.awaitHealth("ok", "no repository-unreadable")
}
