// Command ladder offers viewers the broadcast as it came, and smaller for
// those whose network is slow. It needs ffmpeg; without it there is the
// broadcast as it came alone.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"log"
	"net"
	"net/http"
	"os/signal"
	"syscall"
	"time"

	"github.com/owncast-go/owncast"
	"github.com/owncast-go/owncast/video"
	"github.com/owncast-go/owncast/video/ffmpeg"
)

func main() {
	httpAddr := flag.String("http", ":8080", "address for viewers")
	rtmpAddr := flag.String("rtmp", ":1935", "address for publishers")
	data := flag.String("data", "data", "data directory")
	path := flag.String("ffmpeg", "ffmpeg", "path of ffmpeg")
	flag.Parse()

	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, *httpAddr, *rtmpAddr, *data, *path); err != nil {
		log.Fatal(err)
	}
}

func run(ctx context.Context, httpAddr, rtmpAddr, data, path string) error {
	opts := []owncast.Option{
		owncast.WithDataDir(data),
		owncast.WithStreamKeys("test-key"), // not a secret: this is an example
		owncast.WithLatencyLevel(1),
		owncast.WithLadder(owncast.Ladder{Renditions: []owncast.Rendition{
			{Name: "720p", Height: 720, VideoBitrate: 1_500_000},
			{Name: "360p", Height: 360, VideoBitrate: 500_000, AudioBitrate: 64_000},
		}}),
		owncast.WithHooks(owncast.Hooks{
			RenditionStarted: func(_ context.Context, e video.RenditionStarted) {
				log.Printf("%s can be watched", e.Rendition.Name)
			},
			RenditionFailed: func(_ context.Context, e video.RenditionFailed) {
				log.Printf("%s failed, again in %v: %v", e.Rendition.Name, e.Retry, e.Err)
			},
		}),
	}
	switch transcoder, err := ffmpeg.New(ffmpeg.Config{Path: path}); {
	case errors.Is(err, ffmpeg.ErrNotFound):
		log.Print("no ffmpeg: the broadcast is shown as it comes")
	case err != nil:
		return err
	default:
		opts = append(opts, owncast.WithTranscoder(transcoder))
	}
	app, err := owncast.New(opts...)
	if err != nil {
		return err
	}
	web, err := net.Listen("tcp", httpAddr)
	if err != nil {
		return err
	}
	rtmp, err := net.Listen("tcp", rtmpAddr)
	if err != nil {
		return errors.Join(err, web.Close())
	}
	fmt.Printf("listening http=%s rtmp=%s\n", web.Addr(), rtmp.Addr())
	srv := &http.Server{Handler: app.Handler(), ReadHeaderTimeout: 5 * time.Second}
	failed := make(chan error, 1)
	go func() { failed <- srv.Serve(web) }()
	err = app.Run(ctx, rtmp)
	sctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 10*time.Second)
	defer cancel()
	err = errors.Join(err, srv.Shutdown(sctx))
	if failure := <-failed; !errors.Is(failure, http.ErrServerClosed) {
		err = errors.Join(err, failure)
	}
	return err
}
