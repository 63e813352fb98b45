// Command minimal is a streaming server in one function. Publish to
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

	app, err := owncast.New(owncast.WithDataDir("data"), owncast.WithStreamKeys("change-me"))
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
