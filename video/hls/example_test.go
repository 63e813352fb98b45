package hls_test

import (
	"bytes"
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"

	"github.com/owncast-go/owncast/video"
	"github.com/owncast-go/owncast/video/flv"
	"github.com/owncast-go/owncast/video/hls"
	"github.com/owncast-go/owncast/video/videotest"
)

// From packets to a playlist, without a network. A Packager is an http.Handler
// for the site to mount.
func ExamplePackager() {
	packager := hls.New(hls.Config{})
	server, err := video.NewServer(video.Config{
		State:    new(video.State),
		Packager: packager,
		Auth:     video.PublishAuthorizerFunc(func(context.Context, video.PublishRequest) error { return nil }),
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	ctx := context.Background()
	defer packager.Shutdown(ctx)
	defer server.Shutdown(ctx)
	p, err := server.Publish(ctx, video.PublishRequest{})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer p.Close(nil)
	clip, err := flv.ReadPackets(bytes.NewReader(videotest.Clip()), 16<<20)
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, packet := range clip {
		if err := p.WritePacket(packet); err != nil {
			fmt.Println(err)
			return
		}
	}
	for _, name := range []string{"/stream.m3u8", "/0/stream.m3u8", "/9/stream.m3u8"} {
		w := httptest.NewRecorder()
		packager.ServeHTTP(w, httptest.NewRequest(http.MethodGet, name, nil))
		fmt.Println(w.Code, w.Header().Get("Content-Type"))
	}
	// Output:
	// 200 application/vnd.apple.mpegurl
	// 200 application/vnd.apple.mpegurl
	// 404 application/json
}

// A clip that is shown while there is no stream.
func ExampleNewSlate() {
	clip, err := flv.ReadPackets(bytes.NewReader(videotest.Clip()), 16<<20)
	if err != nil {
		fmt.Println(err)
		return
	}
	slate, err := hls.NewSlate(clip)
	if err != nil {
		fmt.Println(err)
		return
	}
	packager := hls.New(hls.Config{Slate: slate})
	defer packager.Shutdown(context.Background())
	w := httptest.NewRecorder()
	packager.ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/stream.m3u8", nil))
	fmt.Println(w.Code)
	// Output: 200
}
