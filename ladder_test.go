package owncast_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"os/exec"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/owncast-go/owncast"
	"github.com/owncast-go/owncast/video"
	"github.com/owncast-go/owncast/video/ffmpeg"
)

func smallLadder() owncast.Ladder {
	return owncast.Ladder{Renditions: []owncast.Rendition{
		{Name: "Low", Height: 180, VideoBitrate: 200_000}, {Height: 90, FrameRate: 15, VideoBitrate: 100_000, AudioBitrate: 64_000},
	}}
}

// TestALadderOfFFmpegPlays goes all the way: RTMP, ffmpeg, HLS, and ffmpeg as
// a player.
func TestALadderOfFFmpegPlays(t *testing.T) {
	if testing.Short() {
		t.Skip("encodes video")
	}
	transcoder, err := ffmpeg.New(ffmpeg.Config{})
	if errors.Is(err, ffmpeg.ErrNotFound) {
		t.Skip("ffmpeg is not installed")
	}
	if err != nil {
		t.Fatal(err)
	}
	var mu sync.Mutex
	started := map[int]bool{}
	c := run(t, owncast.WithTranscoder(transcoder), owncast.WithLadder(smallLadder()), owncast.WithLatencyLevel(0),
		owncast.WithHooks(owncast.Hooks{
			RenditionStarted: func(_ context.Context, e video.RenditionStarted) {
				mu.Lock()
				defer mu.Unlock()
				started[e.Index] = true
			},
			RenditionFailed: func(_ context.Context, e video.RenditionFailed) { t.Logf("rendition %d: %v", e.Index, e.Err) },
		}))
	stop := publish(t, c.rtmp, "live", "k")
	defer stop()
	c.await("/hls/stream.m3u8", "1/stream.m3u8")
	master := c.await("/hls/stream.m3u8", "2/stream.m3u8")
	for _, want := range []string{`NAME="360p"`, `NAME="Low"`, `NAME="90p"`, "RESOLUTION=320x180", "RESOLUTION=160x90"} {
		if !strings.Contains(master, want) {
			t.Errorf("%s is not in\n%s", want, master)
		}
	}
	for _, dir := range []string{"1", "2"} {
		c.await("/hls/"+dir+"/stream.m3u8", "EXTINF")
		cmd := exec.CommandContext(t.Context(), "ffmpeg", "-v", "error", "-xerror", "-live_start_index", "0",
			"-i", c.web.URL+"/hls/"+dir+"/stream.m3u8", "-t", "2", "-f", "null", "-")
		var problems bytes.Buffer
		cmd.Stderr = &problems
		if err := cmd.Run(); err != nil || problems.Len() > 0 {
			t.Errorf("rendition %s: %v\n%s", dir, err, problems.String())
		}
	}
	if _, body := c.get("/api/video/variants"); !strings.Contains(body, "Low") {
		t.Errorf("variants: %s", body)
	}
	mu.Lock()
	defer mu.Unlock()
	if !started[0] || !started[1] {
		t.Errorf("started: %v", started)
	}
	if list := c.app.Status().Renditions; len(list) != 2 || list[0].Name != "Low" {
		t.Errorf("status: %+v", list)
	}
}

func TestALadderWithoutATranscoderIsIgnored(t *testing.T) {
	var log syncBuffer
	ladder := smallLadder()
	ladder.Source = video.Never
	c := run(t, owncast.WithLadder(ladder), owncast.WithLatencyLevel(0), owncast.WithReconnectGrace(0),
		owncast.WithLogger(slog.New(slog.NewTextHandler(&log, nil))))
	for range 2 {
		_ = burst(t, c.rtmp, "live", "k", 4).Close()
		c.await("/hls/stream.m3u8", "0/stream.m3u8")
	}
	if _, body := c.get("/api/video/variants"); strings.Contains(body, "Low") {
		t.Errorf("variants that nobody makes: %s", body)
	}
	if n := strings.Count(log.String(), "ladder without a transcoder"); n != 1 {
		t.Errorf("logged %d times, want once:\n%s", n, log.String())
	}
}

func TestTheLadderInTheSettings(t *testing.T) {
	c := run(t, owncast.WithLadder(smallLadder()))
	ctx := t.Context()
	s := c.app.Settings()
	if v, err := s.Video(ctx); err != nil || len(v.Ladder.Renditions) != 2 {
		t.Errorf("Video = %+v, %v", v, err)
	}
	_, err := s.UpdateVideo(ctx, func(v *owncast.VideoSettings) error { v.Ladder.Renditions[0].Height = 360; return nil })
	if !errors.Is(err, owncast.ErrReadOnly) {
		t.Errorf("changing what an option has fixed: %v", err)
	}
	if v, err := s.UpdateVideo(ctx, func(v *owncast.VideoSettings) error { v.LatencyLevel = 0; return nil }); err != nil || v.LatencyLevel != 0 {
		t.Errorf("changing something else: %+v, %v", v, err)
	}
	free := run(t).app.Settings()
	_, err = free.UpdateVideo(ctx, func(v *owncast.VideoSettings) error { v.Ladder.Source = video.Never; return nil })
	if err == nil {
		t.Error("a ladder of nothing is saved")
	}
	want := smallLadder()
	want.Source = video.Fallback
	if _, err := free.UpdateVideo(ctx, func(v *owncast.VideoSettings) error { v.Ladder = want; return nil }); err != nil {
		t.Fatal(err)
	}
	got, err := free.Video(ctx)
	if err != nil {
		t.Fatal(err)
	}
	text, err := json.Marshal(got.Ladder)
	const stored = `{"renditions":[{"name":"Low","height":180,"videoBitrate":200000},` +
		`{"height":90,"frameRate":15,"videoBitrate":100000,"audioBitrate":64000}],"source":"fallback"}`
	if err != nil || string(text) != stored {
		t.Errorf("%s, %v", text, err)
	}
}

// A broadcast in two more qualities, made by ffmpeg.
func ExampleWithLadder() {
	transcoder, err := ffmpeg.New(ffmpeg.Config{})
	if err != nil {
		slog.Info("viewers have the broadcast as it comes", "err", err)
		return
	}
	_, err = owncast.New(owncast.WithTranscoder(transcoder), owncast.WithLadder(owncast.Ladder{
		Renditions: []owncast.Rendition{
			{Name: "720p", Height: 720, VideoBitrate: 2_500_000},
			{Name: "360p", Height: 360, FrameRate: 30, VideoBitrate: 800_000},
		},
		Source: video.Always,
	}), owncast.WithHooks(owncast.Hooks{
		RenditionFailed: func(_ context.Context, e video.RenditionFailed) {
			slog.Warn("a quality is missing", "name", e.Rendition.Name, "err", e.Err, "retry", e.Retry.Round(time.Second))
		},
	}))
	if err != nil {
		slog.Error("not with these options", "err", err)
	}
}
