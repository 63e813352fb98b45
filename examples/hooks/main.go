// Command hooks lets nobody broadcast at night, and writes down what happens
// to the stream.
package main

import (
	"context"
	"errors"
	"log"
	"log/slog"
	"net"
	"net/http"
	"os/signal"
	"syscall"
	"time"

	"github.com/owncast-go/owncast"
	"github.com/owncast-go/owncast/video"
)

func hooks() owncast.Hooks {
	return owncast.Hooks{
		BeforePublish: func(_ context.Context, req video.PublishRequest) error {
			if time.Now().Hour() < 6 {
				return errors.New("the station is closed at night")
			}
			slog.Info("somebody is about to broadcast", "from", req.RemoteAddr, "with", req.Encoder)
			return nil
		},
		StreamStarted: func(_ context.Context, e video.StreamStarted) {
			slog.Info("on air", "session", e.Status.SessionID, "picture", e.Status.Ingest.Video)
		},
		StreamWarned: func(_ context.Context, e video.StreamWarned) {
			slog.Warn("the broadcaster should look at this", "what", e.Warning.Code, "detail", e.Warning.Detail)
		},
		StreamInterrupted: func(_ context.Context, e video.StreamInterrupted) {
			slog.Info("waiting for the broadcaster", "at most", e.Grace, "err", e.Err)
		},
		StreamResumed: func(context.Context, video.StreamResumed) { slog.Info("back on air") },
		StreamStopped: func(_ context.Context, e video.StreamStopped) {
			slog.Info("off air", "after", e.Status.EndedAt.Sub(e.Status.StartedAt), "err", e.Err)
		},
	}
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	defer stop()

	app, err := owncast.New(owncast.WithStreamKeys("change-me"), owncast.WithHooks(hooks()))
	if err != nil {
		log.Fatal(err)
	}
	rtmp, err := net.Listen("tcp", ":1935")
	if err != nil {
		log.Fatal(err)
	}
	go func() { log.Fatal(http.ListenAndServe(":8080", app.Handler())) }()
	if err := app.Run(ctx, rtmp); err != nil {
		log.Fatal(err)
	}
}
