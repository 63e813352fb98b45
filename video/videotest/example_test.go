package videotest_test

import (
	"context"
	"fmt"
	"log"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"time"

	"github.com/owncast-go/owncast"
	"github.com/owncast-go/owncast/repository/memory"
	"github.com/owncast-go/owncast/video/flv"
	"github.com/owncast-go/owncast/video/rtmp"
	"github.com/owncast-go/owncast/video/videotest"
)

// count counts the tags it is sent.
type count struct {
	tags int
	stop func()
}

// WriteTag makes count a videotest.TagWriter.
func (c *count) WriteTag(flv.TagType, time.Duration, []byte) error {
	if c.tags++; c.tags == 5 {
		c.stop()
	}
	return nil
}

// Publish sends until its context ends, at the pace of a camera. A client of
// package rtmp takes what it sends.
func ExamplePublish() {
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	c := &count{stop: cancel}
	err := videotest.Publish(ctx, c)
	fmt.Println(c.tags >= 5, err)
	// Output: true context canceled
}

// A test of a program with an App in it: a broadcast goes in without a port, and
// is played at the path where the program has mounted the App.
func ExamplePlay() {
	app, err := owncast.New(
		owncast.WithRepository(memory.New()), owncast.WithStreamKeys("change-me"), owncast.WithLogger(slog.New(slog.DiscardHandler)),
	)
	if err != nil {
		log.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	if err := app.Start(ctx); err != nil {
		log.Fatal(err)
	}
	program := http.NewServeMux()
	program.Handle("/live/", http.StripPrefix("/live", app.Handler()))
	srv := httptest.NewServer(program)
	defer srv.Close()
	defer app.Shutdown(ctx) // before srv.Close, which waits for viewers

	client, err := rtmp.Dial(ctx, "rtmp://test/live/change-me", rtmp.ClientConfig{DialContext: videotest.Pipe(app.ServeRTMPConn)})
	if err != nil {
		log.Fatal(err)
	}
	defer client.Close()
	if err := videotest.Send(client, 12*time.Second); err != nil {
		log.Fatal(err)
	}
	played, err := videotest.Play(ctx, srv.Client(), srv.URL+"/live/hls/stream.m3u8", 4*time.Second)
	if err != nil {
		log.Fatal(err)
	}
	for _, p := range played {
		fmt.Println(p.URL[len(srv.URL):], p.Duration >= 4*time.Second)
	}
	// Output:
	// /live/hls/0/stream.m3u8 true
	// /live/hls/audio/stream.m3u8 true
}
