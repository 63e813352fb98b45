// Command recording keeps what is streamed, and has a page of its own that
// lists it: the newest twenty broadcasts, for thirty days. Viewers can go back
// by an hour while a broadcast runs.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"html/template"
	"log"
	"net"
	"net/http"
	"os/signal"
	"syscall"
	"time"

	"github.com/owncast-go/owncast"
	"github.com/owncast-go/owncast/video/recording"
)

const list = `<!doctype html><title>Recordings</title><ul>{{range .}}
<li><a href="live/recordings/{{.Playlist}}">{{.StartedAt.Format "2 January 15:04"}}</a> {{.Title}} {{.Duration}} {{.State}}{{end}}
</ul>`

func main() {
	httpAddr := flag.String("http", ":8080", "address for viewers")
	rtmpAddr := flag.String("rtmp", ":1935", "address for publishers")
	data := flag.String("data", "data", "data directory")
	flag.Parse()

	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, *httpAddr, *rtmpAddr, *data); err != nil {
		log.Fatal(err)
	}
}

func run(ctx context.Context, httpAddr, rtmpAddr, data string) error {
	app, err := owncast.New(
		owncast.WithDataDir(data),
		owncast.WithStreamKeys("test-key"), // not a secret: this is an example
		owncast.WithReconnectGrace(10*time.Second),
		owncast.WithDVR(time.Hour),
		owncast.WithRecording(recording.Policy{MaxCount: 20, MaxAge: 30 * 24 * time.Hour}),
		owncast.WithHooks(owncast.Hooks{
			RecordingReady: func(_ context.Context, e recording.Ready) {
				log.Printf("recorded %v of %q", e.Recording.Duration.Round(time.Second), e.Recording.Title)
			},
		}),
	)
	if err != nil {
		return err
	}
	page, err := template.New("").Parse(list)
	if err != nil {
		return err
	}
	mux := http.NewServeMux()
	mux.Handle("/live/", http.StripPrefix("/live", app.Handler()))
	mux.HandleFunc("GET /{$}", func(w http.ResponseWriter, r *http.Request) {
		all, _, err := app.Recordings().List(r.Context(), 0, 0)
		if err != nil {
			http.Error(w, "try again later", http.StatusServiceUnavailable)
			return
		}
		if err := page.Execute(w, all); err != nil {
			log.Print(err)
		}
	})
	web, err := net.Listen("tcp", httpAddr)
	if err != nil {
		return err
	}
	rtmp, err := net.Listen("tcp", rtmpAddr)
	if err != nil {
		return errors.Join(err, web.Close())
	}
	fmt.Printf("listening http=%s rtmp=%s\n", web.Addr(), rtmp.Addr())
	srv := &http.Server{Handler: mux, ReadHeaderTimeout: 5 * time.Second}
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
