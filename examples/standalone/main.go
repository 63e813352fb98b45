// Command standalone is the whole server as a program.
//
//	go run ./examples/standalone -demo
//
// starts it with a broadcast of its own, for a first look. Without -demo it
// waits for publishers at rtmp://host/live/<stream key>. At the first start
// it makes a stream key and an admin password, unless they are given, and
// prints them once.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"time"
	_ "time/tzdata" // the zones of the schedule, wherever this runs

	"github.com/owncast-go/owncast"
	"github.com/owncast-go/owncast/chat"
	"github.com/owncast-go/owncast/federation/activitypub"
	"github.com/owncast-go/owncast/video/hardware"
	"github.com/owncast-go/owncast/video/prometheus"
	"github.com/owncast-go/owncast/video/recording"
	"github.com/owncast-go/owncast/webhooks/webpush"
)

type options struct {
	http, rtmp, data, baseURL string
	adminPassword, streamKey  string
	viewerPassphrase          string
	demo                      bool
	ffmpeg                    string
	geoIP                     string
	logLevel                  string
	latency                   int
	dvr, record               time.Duration
	noLimits                  bool
}

func main() {
	var o options
	flag.StringVar(&o.http, "http", ":8080", "`address` for viewers and administrators")
	flag.StringVar(&o.rtmp, "rtmp", ":1935", "`address` for publishers")
	flag.StringVar(&o.data, "data", "data", "data `directory`")
	flag.StringVar(&o.baseURL, "base-url", "", "`URL` the world sees the server at; its path is where everything is mounted")
	flag.StringVar(&o.adminPassword, "admin-password", "", "`password` of the user admin; made at the first start if not given")
	flag.StringVar(&o.streamKey, "stream-key", "", "stream `key`; made at the first start if not given")
	flag.StringVar(&o.viewerPassphrase, "viewer-passphrase", "", "`passphrase` that viewers are asked for; anybody can watch if not given")
	flag.BoolVar(&o.demo, "demo", false, "publish a clip, over and over")
	flag.StringVar(&o.ffmpeg, "ffmpeg", "ffmpeg", "`path` of ffmpeg, for renditions and thumbnails, or off")
	flag.StringVar(&o.geoIP, "geoip", "", "`file` in the MaxMind DB format, to know where viewers are")
	flag.StringVar(&o.logLevel, "log-level", "info", "debug, info, warn or error")
	flag.IntVar(&o.latency, "latency", -1, "latency `level`, 0 (shortest delay) to 4 (safest); -1 is the one in the settings")
	flag.DurationVar(&o.dvr, "dvr", 0, "how far viewers can go back, such as 2h; the live window alone if not given")
	flag.DurationVar(&o.record, "record", 0, "record streams, and keep them for so long, such as 720h")
	flag.BoolVar(&o.noLimits, "no-limits", false, "no limits of the chat by number, address or rate, for load tests")
	flag.Parse()

	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, o); err != nil {
		fmt.Fprintln(os.Stderr, "standalone:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, o options) (err error) {
	app, err := newApp(o)
	if err != nil {
		return err
	}
	web, err := net.Listen("tcp", o.http)
	if err != nil {
		return err
	}
	rtmp, err := net.Listen("tcp", o.rtmp)
	if err != nil {
		return errors.Join(err, web.Close())
	}
	if err := app.Start(ctx); err != nil {
		return errors.Join(err, web.Close(), rtmp.Close())
	}
	key, err := firstStart(ctx, app)
	if err != nil {
		return errors.Join(err, web.Close(), rtmp.Close(), app.Shutdown(ctx))
	}
	// No write timeout: players wait for video that is still to come.
	srv := &http.Server{Handler: app.Handler(), ReadHeaderTimeout: 5 * time.Second, IdleTimeout: 2 * time.Minute}
	failed := make(chan error, 2)
	go func() { failed <- app.ServeRTMP(rtmp) }()
	go func() { failed <- srv.Serve(web) }()
	fmt.Printf("listening http=%s rtmp=%s\n", web.Addr(), rtmp.Addr())
	fmt.Printf("page: %s\n", pageURL(o, web.Addr()))

	demoed := make(chan struct{})
	demoCtx, endDemo := context.WithCancel(ctx)
	go func() {
		defer close(demoed)
		if o.demo {
			demo(demoCtx, rtmp.Addr(), key)
		}
	}()
	select {
	case <-ctx.Done():
	case err = <-failed:
	}
	endDemo()
	<-demoed
	sctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 10*time.Second)
	defer cancel()
	return errors.Join(err, app.Shutdown(sctx), srv.Shutdown(sctx))
}

func newApp(o options) (*owncast.App, error) {
	var level slog.Level
	if err := level.UnmarshalText([]byte(o.logLevel)); err != nil {
		return nil, fmt.Errorf("-log-level: %w", err)
	}
	log := slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: level}))
	opts, err := withFFmpeg(o.ffmpeg, log)
	if err != nil {
		return nil, err
	}
	opts = append(opts, owncast.WithDataDir(o.data), owncast.WithLogger(log),
		owncast.WithS3(openS3), owncast.WithFederation(activitypub.New), owncast.WithHardware(hardware.New()), owncast.WithPrometheus(prometheus.NewHandler),
		owncast.WithPush(webpush.New))
	if o.geoIP != "" {
		opts = append(opts, owncast.WithGeoIP(o.geoIP))
	}
	if o.baseURL != "" {
		opts = append(opts, owncast.WithBaseURL(o.baseURL))
	}
	if o.adminPassword != "" {
		opts = append(opts, owncast.WithAdminPassword(o.adminPassword))
	}
	if o.streamKey != "" {
		opts = append(opts, owncast.WithStreamKeys(o.streamKey))
	}
	if o.viewerPassphrase != "" {
		opts = append(opts, owncast.WithViewerPassphrase(o.viewerPassphrase))
	}
	if o.dvr > 0 {
		opts = append(opts, owncast.WithDVR(o.dvr))
	}
	if o.record > 0 {
		opts = append(opts, owncast.WithRecording(recording.Policy{MaxAge: o.record}))
	}
	if o.noLimits {
		opts = append(opts, owncast.WithChatLimits(chat.Limits{}))
	}
	if o.latency >= 0 {
		opts = append(opts, owncast.WithLatencyLevel(o.latency))
	}
	return owncast.New(opts...)
}

// firstStart makes the secrets that are missing, prints them, and returns a
// stream key.
func firstStart(ctx context.Context, app *owncast.App) (string, error) {
	has, err := app.Settings().HasAdminPassword(ctx)
	if err != nil {
		return "", err
	}
	if !has {
		password := owncast.NewSecret()
		if err := app.Settings().SetAdminPassword(ctx, password); err != nil {
			return "", err
		}
		fmt.Printf("admin password: %s (user admin)\n", password)
	}
	keys, err := app.Settings().StreamKeys(ctx)
	if err != nil {
		return "", err
	}
	if len(keys) == 0 {
		keys = []owncast.StreamKey{{Key: owncast.NewSecret(), Comment: "made at the first start"}}
		if err := app.Settings().SetStreamKeys(ctx, keys); err != nil {
			return "", err
		}
		fmt.Printf("stream key: %s\n", keys[0].Key)
	}
	return keys[0].Key, nil
}

// pageURL is where a browser on this machine finds the page.
func pageURL(o options, addr net.Addr) string {
	path := "/"
	if u, err := url.Parse(o.baseURL); err == nil && u.Path != "" {
		path = strings.TrimSuffix(u.Path, "/") + "/"
	}
	return "http://" + local(addr) + path
}

// local is the address as a program on this machine can dial it.
func local(addr net.Addr) string {
	host, port, err := net.SplitHostPort(addr.String())
	if err != nil {
		return addr.String()
	}
	if ip := net.ParseIP(host); host == "" || ip != nil && ip.IsUnspecified() {
		host = "localhost"
	}
	return net.JoinHostPort(host, port)
}
