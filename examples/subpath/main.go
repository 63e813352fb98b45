// Command subpath adds a stream to a site that already has a mux, its own
// pages and its own lifetime. The stream is at http://localhost:8080/live/.
package main

import (
	"context"
	"errors"
	"flag"
	"io"
	"log"
	"net"
	"net/http"
	"os/signal"
	"syscall"
	"time"

	"github.com/owncast-go/owncast"
)

func main() {
	httpAddr := flag.String("http", "127.0.0.1:8080", "address of the site")
	rtmpAddr := flag.String("rtmp", "127.0.0.1:1935", "address for publishers")
	data := flag.String("data", "data", "data directory")
	key := flag.String("stream-key", "change-me", "stream key")
	flag.Parse()

	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, *httpAddr, *rtmpAddr, *data, *key); err != nil {
		log.Fatal(err)
	}
}

func run(ctx context.Context, httpAddr, rtmpAddr, data, key string) error {
	app, err := owncast.New(
		owncast.WithDataDir(data),
		owncast.WithStreamKeys(key),
		owncast.WithBaseURL("http://"+httpAddr+"/live"),
	)
	if err != nil {
		return err
	}

	mux := http.NewServeMux()
	mux.HandleFunc("GET /{$}", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		_, _ = io.WriteString(w, `<!doctype html><title>My site</title><p>My site. <a href="live/">Watch the stream.</a>`)
	})
	mux.Handle("/live/", app.Handler())
	mux.Handle("/.well-known/webfinger", app.WellKnown()) // must be at the root

	web, err := net.Listen("tcp", httpAddr)
	if err != nil {
		return err
	}
	rtmp, err := net.Listen("tcp", rtmpAddr)
	if err != nil {
		return errors.Join(err, web.Close())
	}
	if err := app.Start(ctx); err != nil {
		return errors.Join(err, web.Close(), rtmp.Close())
	}
	log.Printf("listening http=%s rtmp=%s", web.Addr(), rtmp.Addr())

	srv := &http.Server{Handler: mux, ReadHeaderTimeout: 5 * time.Second}
	failed := make(chan error, 2)
	go func() { failed <- app.ServeRTMP(rtmp) }()
	go func() { failed <- srv.Serve(web) }()
	select {
	case <-ctx.Done():
	case err = <-failed:
	}
	sctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 10*time.Second)
	defer cancel()
	// The App first: it lets go of the long requests that srv waits for.
	return errors.Join(err, app.Shutdown(sctx), srv.Shutdown(sctx))
}
