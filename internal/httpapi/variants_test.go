package httpapi

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/owncast-go/owncast/video"
)

func TestVariantsAreThoseOfTheLadder(t *testing.T) {
	renditions := []video.Rendition{
		{VideoBitrate: 800_000},
		{VideoBitrate: 4_500_000, Height: 720},
		{VideoBitrate: 1_250_000, FrameRate: 24},
		{AudioBitrate: 64_000},
		{VideoBitrate: 2_000_000, Width: 640},
		{VideoBitrate: 3_000_000, Name: "mine"},
	}
	const rest = "2:720h 6:mine 5:640w 3:1.2Mbps@24fps 1:800Kbps"
	for _, tt := range []struct {
		name   string
		ladder video.Ladder
		want   string
	}{
		{"no ladder", video.Ladder{}, "0:Source"},
		{"a named source", video.Ladder{SourceName: "1080p"}, "0:1080p"},
		{"a ladder", video.Ladder{Renditions: renditions}, "0:Source 4:Source " + rest},
		{"without the source", video.Ladder{Renditions: renditions, Source: video.Never}, "4:Source " + rest},
		{"the source as a fallback", video.Ladder{Renditions: renditions[:1], Source: video.Fallback}, "1:800Kbps"},
		{"a fallback for nothing", video.Ladder{Source: video.Fallback}, "0:Source"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			a := &api{Config: Config{Ladder: func(context.Context) (video.Ladder, error) { return tt.ladder, nil }}}
			list, err := a.variants(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			var got []string
			for _, v := range list {
				got = append(got, fmt.Sprintf("%d:%s", v.index, v.Name))
			}
			if s := strings.Join(got, " "); s != tt.want {
				t.Errorf("got %s, want %s", s, tt.want)
			}
		})
	}
	wrong := errors.New("wrong")
	a := &api{Config: Config{Ladder: func(context.Context) (video.Ladder, error) { return video.Ladder{}, wrong }}}
	if _, err := a.variants(t.Context()); !errors.Is(err, wrong) {
		t.Errorf("error %v", err)
	}
}
