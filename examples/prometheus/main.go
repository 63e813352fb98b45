// Prometheus is a server whose figures Prometheus can read, at
// http://localhost:8080/api/admin/prometheus with the user admin and the
// password of the command line:
//
//	go run ./examples/prometheus -password secret -key "a long secret"
package main

import (
	"context"
	"flag"
	"log"
	"net"
	"net/http"
	"os"
	"os/signal"

	"github.com/owncast-go/owncast"
	"github.com/owncast-go/owncast/video/prometheus"
)

func main() {
	password := flag.String("password", "", "of the user admin")
	key := flag.String("key", "", "stream key")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()

	app, err := owncast.New(
		owncast.WithStreamKeys(*key),
		owncast.WithAdminPassword(*password),
		owncast.WithPrometheus(prometheus.NewHandler),
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
