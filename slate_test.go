package owncast_test

import (
	"bytes"
	"errors"
	"net/http"
	"strings"
	"testing"

	"github.com/owncast-go/owncast"
	"github.com/owncast-go/owncast/video/flv"
	"github.com/owncast-go/owncast/video/videotest"
)

func TestASlateIsShownUntilThereIsAStream(t *testing.T) {
	c := run(t, owncast.WithLatencyLevel(0), owncast.WithSlate(bytes.NewReader(videotest.Clip())))
	if code, list := c.get("/hls/0/stream.m3u8"); code != http.StatusOK || !strings.Contains(list, "#EXT-X-PLAYLIST-TYPE:VOD") {
		t.Fatalf("before the first stream: %d %s", code, list)
	}
	c.await("/hls/stream.m3u8", "RESOLUTION=640x360")
	c.await("/api/status", `"online":false`)
	client := burst(t, c.rtmp, "live", "k", 6)
	defer client.Close()
	if list := c.await("/hls/0/stream.m3u8", "#EXT-X-PART"); strings.Contains(list, "VOD") {
		t.Errorf("the stream is shown as a clip:\n%s", list)
	}
}

func TestSlateOptionIsChecked(t *testing.T) {
	for name, tt := range map[string]struct {
		opt  owncast.Option
		want error // nil if any will do
	}{
		"nothing":             {owncast.WithSlate(nil), nil},
		"what is no FLV file": {owncast.WithSlate(strings.NewReader("GIF89a and so on")), flv.ErrMalformed},
		"half a file":         {owncast.WithSlate(bytes.NewReader(videotest.Clip()[:50_000])), nil},
		"too much":            {owncast.WithSlate(bytes.NewReader(append(videotest.Clip(), make([]byte, 33<<20)...))), flv.ErrMalformed},
	} {
		_, err := owncast.New(tt.opt)
		var wrong *owncast.OptionError
		if !errors.As(err, &wrong) || wrong.Option != "WithSlate" || tt.want != nil && !errors.Is(err, tt.want) {
			t.Errorf("%s: %v", name, err)
		}
	}
}
