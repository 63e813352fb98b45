// Command multichannel runs many channels in one process: App i is mounted at
// /x<i>/ and fed by rtmp://ADDR/live/x<i>. All of them share one mux and one
// RTMP listener; each has its own part of the data directory.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"html"
	"log"
	"net"
	"net/http"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"github.com/owncast-go/owncast"
)

func main() {
	n := flag.Int("n", 4, "number of channels")
	httpAddr := flag.String("http", ":8080", "address for viewers")
	rtmpAddr := flag.String("rtmp", ":1935", "address for publishers")
	data := flag.String("data", "data", "data directory")
	level := flag.Int("latency", 2, "latency level, 0 to 4")
	flag.Parse()

	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, *n, *level, *httpAddr, *rtmpAddr, *data); err != nil {
		log.Fatal(err)
	}
}

func run(ctx context.Context, n, level int, httpAddr, rtmpAddr, data string) error {
	rtmpMux, err := owncast.NewRTMPMux(nil)
	if err != nil {
		return err
	}
	mux := http.NewServeMux()
	var index strings.Builder
	var apps []*owncast.App
	shutdown := func(ctx context.Context) error {
		var errs []error
		for _, app := range apps {
			errs = append(errs, app.Shutdown(ctx))
		}
		return errors.Join(append(errs, rtmpMux.Shutdown(ctx))...)
	}
	for i := range n {
		name := fmt.Sprintf("x%d", i)
		app, err := owncast.New(
			owncast.WithDataDir(filepath.Join(data, name)),
			owncast.WithStreamKeys(name), // not a secret: this is an example
			owncast.WithLatencyLevel(level),
		)
		if err == nil {
			err = app.Start(ctx)
		}
		if err != nil {
			return errors.Join(err, shutdown(ctx))
		}
		apps = append(apps, app)
		rtmpMux.Handle("live", app)
		mux.Handle("/"+name+"/", http.StripPrefix("/"+name, app.Handler()))
		fmt.Fprintf(&index, `<li><a href="%[1]s/">%[1]s</a>`, html.EscapeString(name))
	}
	mux.HandleFunc("GET /{$}", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		fmt.Fprintf(w, "<!doctype html><title>Channels</title><ul>%s</ul>", index.String())
	})
	return serve(ctx, mux, rtmpMux, shutdown, httpAddr, rtmpAddr)
}

func serve(ctx context.Context, mux http.Handler, rtmpMux *owncast.RTMPMux, shutdown func(context.Context) error, httpAddr, rtmpAddr string) error {
	web, err := net.Listen("tcp", httpAddr)
	if err != nil {
		return errors.Join(err, shutdown(ctx))
	}
	rtmp, err := net.Listen("tcp", rtmpAddr)
	if err != nil {
		return errors.Join(err, web.Close(), shutdown(ctx))
	}
	fmt.Printf("listening http=%s rtmp=%s\n", web.Addr(), rtmp.Addr())
	srv := &http.Server{Handler: mux, ReadHeaderTimeout: 5 * time.Second}
	failed := make(chan error, 2)
	go func() { failed <- rtmpMux.Serve(rtmp) }()
	go func() { failed <- srv.Serve(web) }()
	select {
	case <-ctx.Done():
	case err = <-failed:
	}
	sctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 10*time.Second)
	defer cancel()
	return errors.Join(err, shutdown(sctx), srv.Shutdown(sctx))
}
