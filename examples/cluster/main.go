// Command cluster is one node of a channel that several processes serve, over
// NATS with JetStream. Start NATS, and as many nodes as you like:
//
//	nats-server -js
//	go run ./examples/cluster -data a -http :8080 -rtmp :1935
//	go run ./examples/cluster -data b -http :8081 -rtmp :1936
//
// Publish to rtmp://localhost/live/change-me, or to any other node, and watch
// and chat at any of them: with a load balancer in front, which need not know
// who was where.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/owncast-go/owncast"
	"github.com/owncast-go/owncast/repository/jetstream"
)

type options struct {
	nats, name                string
	replicas                  int
	http, rtmp, data, baseURL string
	streamKey, adminPassword  string
}

func main() {
	var o options
	flag.StringVar(&o.nats, "nats", "nats://127.0.0.1:4222", "`URL` of NATS, several separated by commas")
	flag.StringVar(&o.name, "name", jetstream.DefaultName, "`name` of the cluster, where several share NATS")
	flag.IntVar(&o.replicas, "replicas", 1, "how many servers of NATS keep everything: 1, 3 or 5")
	flag.StringVar(&o.http, "http", ":8080", "`address` for viewers and administrators")
	flag.StringVar(&o.rtmp, "rtmp", ":1935", "`address` for publishers; none if empty")
	flag.StringVar(&o.data, "data", "data", "data `directory`, of this node alone")
	flag.StringVar(&o.baseURL, "base-url", "", "`URL` the world sees all nodes at")
	flag.StringVar(&o.streamKey, "stream-key", "change-me", "stream `key`, the same for all nodes")
	flag.StringVar(&o.adminPassword, "admin-password", "", "`password` of the user admin, the same for all nodes; no administration without")
	flag.Parse()

	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, o); err != nil {
		fmt.Fprintln(os.Stderr, "cluster:", err)
		os.Exit(1)
	}
}

// newApp is a node.
func newApp(o options) (*owncast.App, error) {
	opts := []owncast.Option{
		owncast.WithCluster(jetstream.New(jetstream.Config{URL: o.nats, Name: o.name, Replicas: o.replicas})),
		owncast.WithDataDir(o.data),
		owncast.WithStreamKeys(o.streamKey),
		owncast.WithLogger(slog.Default()),
	}
	if o.baseURL != "" {
		opts = append(opts, owncast.WithBaseURL(o.baseURL))
	}
	if o.adminPassword != "" {
		opts = append(opts, owncast.WithAdminPassword(o.adminPassword))
	}
	return owncast.New(opts...)
}

func run(ctx context.Context, o options) error {
	app, err := newApp(o)
	if err != nil {
		return err
	}
	web, err := net.Listen("tcp", o.http)
	if err != nil {
		return err
	}
	if err := app.Start(ctx); err != nil {
		return errors.Join(err, web.Close())
	}
	server := &http.Server{Handler: app.Handler(), ReadHeaderTimeout: 10 * time.Second}
	failed := make(chan error, 2)
	go func() { failed <- server.Serve(web) }() // ends with Close
	if o.rtmp != "" {
		publishers, err := net.Listen("tcp", o.rtmp)
		if err != nil {
			return errors.Join(err, end(ctx, app, server))
		}
		go func() { failed <- app.ServeRTMP(publishers) }() // ends with Shutdown
	}
	slog.Info("this node is there", "http", web.Addr(), "nats", o.nats)
	select {
	case <-ctx.Done():
		return end(ctx, app, server)
	case err := <-failed:
		return errors.Join(err, end(ctx, app, server))
	}
}

// end has viewers and people in the chat go to the other nodes.
func end(ctx context.Context, app *owncast.App, server *http.Server) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 10*time.Second)
	defer cancel()
	return errors.Join(app.Shutdown(ctx), server.Shutdown(ctx))
}
