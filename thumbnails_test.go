package owncast_test

import (
	"context"
	"errors"
	"image/gif"
	"image/jpeg"
	"io"
	"log/slog"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/owncast-go/owncast"
	"github.com/owncast-go/owncast/video"
	"github.com/owncast-go/owncast/video/ffmpeg"
)

// fetch gets a picture.
func (c *channel) fetch(path, etag string) (*http.Response, string) {
	c.t.Helper()
	req, err := http.NewRequestWithContext(c.t.Context(), http.MethodGet, c.web.URL+path, nil)
	if err != nil {
		c.t.Fatal(err)
	}
	if etag != "" {
		req.Header.Set("If-None-Match", etag)
	}
	resp, err := c.web.Client().Do(req)
	if err != nil {
		c.t.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		c.t.Fatal(err)
	}
	return resp, string(body)
}

func TestPicturesWhereThereAreNone(t *testing.T) {
	c := run(t)
	for _, path := range []string{"/thumbnail.jpg", "/preview.gif"} {
		resp, body := c.fetch(path, "")
		if resp.StatusCode != http.StatusOK || resp.Header.Get("Content-Type") != "image/jpeg" || resp.Header.Get("Cache-Control") != "no-cache" {
			t.Errorf("%s: %s, %v", path, resp.Status, resp.Header)
		}
		img, err := jpeg.DecodeConfig(strings.NewReader(body))
		if err != nil || img.Width*9 != img.Height*16 || len(body) > 10_000 {
			t.Errorf("%s: %d bytes of %dx%d, %v", path, len(body), img.Width, img.Height, err)
		}
		if resp, _ = c.fetch(path, resp.Header.Get("ETag")); resp.StatusCode != http.StatusNotModified {
			t.Errorf("%s again: %s, want 304", path, resp.Status)
		}
	}
}

func TestPicturesOfABroadcast(t *testing.T) {
	if testing.Short() {
		t.Skip("it runs ffmpeg, which takes its time")
	}
	thumbnails, err := ffmpeg.NewThumbnailer(ffmpeg.ThumbnailConfig{})
	if errors.Is(err, ffmpeg.ErrNotFound) {
		t.Skip("ffmpeg is not installed")
	}
	if err != nil {
		t.Fatal(err)
	}
	c := run(t, owncast.WithThumbnails(thumbnails), owncast.WithReconnectGrace(0))
	_, nothing := c.fetch("/thumbnail.jpg", "")
	stop := publish(t, c.rtmp, "live", "k") // on and on: a picture that a busy machine fails to make is tried again
	defer stop()
	eventually := func(what string, ok func() bool) {
		t.Helper()
		for end := time.Now().Add(patience); !ok(); time.Sleep(10 * time.Millisecond) {
			if time.Now().After(end) {
				t.Fatal(what)
			}
		}
	}
	eventually("no picture", func() bool { _, body := c.fetch("/thumbnail.jpg", ""); return body != nothing })
	resp, body := c.fetch("/thumbnail.jpg", "")
	img, err := jpeg.DecodeConfig(strings.NewReader(body))
	if err != nil || img.Width != 640 || resp.Header.Get("Last-Modified") == "" {
		t.Errorf("a picture of %dx%d, %v, %v", img.Width, img.Height, err, resp.Header)
	}
	resp, body = c.fetch("/preview.gif", "")
	if film, err := gif.DecodeAll(strings.NewReader(body)); err != nil || len(film.Image) < 2 || resp.Header.Get("Content-Type") != "image/gif" {
		t.Errorf("no preview: %v, %v", err, resp.Header)
	}
	stop()
	eventually("the picture outlives the broadcast", func() bool { _, body := c.fetch("/thumbnail.jpg", ""); return body == nothing })
}

// thumbnailsFunc are Thumbnails that never have one.
type thumbnailsFunc func(ctx context.Context, src video.PacketReader) error

func (f thumbnailsFunc) Run(ctx context.Context, src video.PacketReader) error { return f(ctx, src) }

func (thumbnailsFunc) JPEG() ([]byte, time.Time) { return nil, time.Time{} }

func (thumbnailsFunc) GIF() ([]byte, time.Time) { return nil, time.Time{} }

func TestThumbnailsOfAHostRunFromStartToShutdown(t *testing.T) {
	t.Run("to the end", func(t *testing.T) {
		var ended atomic.Bool
		app, err := owncast.New(discard(), owncast.WithDataDir(t.TempDir()), owncast.WithThumbnails(thumbnailsFunc(func(ctx context.Context, src video.PacketReader) error {
			_, err := src.Read(ctx)
			<-ctx.Done()
			ended.Store(true)
			return err
		})))
		if err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithCancel(t.Context())
		if err := app.Start(ctx); err != nil {
			t.Fatal(err)
		}
		cancel() // bounds the start alone
		shutdown(t, app)
		if !ended.Load() {
			t.Error("Shutdown did not wait")
		}
	})
	t.Run("a panic", func(t *testing.T) {
		var log syncBuffer
		c := run(t, owncast.WithLogger(slog.New(slog.NewTextHandler(&log, nil))), owncast.WithThumbnails(thumbnailsFunc(
			func(context.Context, video.PacketReader) error { panic("of the host") })))
		for end := time.Now().Add(patience); !strings.Contains(log.String(), "of the host"); time.Sleep(time.Millisecond) {
			if time.Now().After(end) {
				t.Fatal("nobody was told")
			}
		}
		if resp, _ := c.fetch("/thumbnail.jpg", ""); resp.StatusCode != http.StatusOK {
			t.Error(resp.Status)
		}
	})
	if _, err := owncast.New(owncast.WithThumbnails(nil)); err == nil {
		t.Error("nil is accepted")
	}
}
