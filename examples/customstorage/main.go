// Command customstorage is a streaming server that keeps its segments in a
// storage of its own: here a map, which forgets them on exit. Publish to
// rtmp://localhost/live/change-me and open http://localhost:8080/.
package main

import (
	"context"
	"log"
	"net"
	"net/http"
	"os/signal"
	"syscall"

	"github.com/owncast-go/owncast"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	defer stop()

	app, err := owncast.New(
		owncast.WithStorage(newMap()),
		owncast.WithDataDir("data"), // for the settings
		owncast.WithStreamKeys("change-me"),
	)
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
