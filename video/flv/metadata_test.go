package flv_test

import (
	"math"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/owncast-go/owncast/video"
	"github.com/owncast-go/owncast/video/flv"
)

func TestParseMetadataTakesWhatPublishersSay(t *testing.T) {
	obs := flv.ECMAArray{
		{"duration", 0.0},
		{"fileSize", 0.0},
		{"width", 1920.0},
		{"height", 1080.0},
		{"videocodecid", 7.0},
		{"videodatarate", 6000.0},
		{"framerate", 59.94},
		{"audiocodecid", 10.0},
		{"audiodatarate", 160.0},
		{"stereo", true},
		{"encoder", "obs-output module (libobs version 30.2.3)"},
	}
	want := video.Metadata{
		Encoder: "obs-output module (libobs version 30.2.3)",
		Width:   1920, Height: 1080, FrameRate: 59.94, VideoBitrate: 6_000_000, AudioBitrate: 160_000,
	}
	whole := flv.AppendAMF0(nil, "onMetaData", obs)
	tests := []struct {
		name   string
		script []byte
		want   video.Metadata
		ok     bool
	}{
		{"as an ECMA array", whole, want, true},
		{"as an object", flv.AppendAMF0(nil, "onMetaData", flv.Object(obs)), want, true},
		{"behind @setDataFrame", flv.AppendAMF0(nil, "@setDataFrame", "onMetaData", obs), want, true},
		{"with more behind", append(flv.AppendAMF0(nil, "onMetaData", obs), 0xff), want, true},
		{"without an end", whole[:len(whole)-3], want, true},
		{"cut in the last property", whole[:len(whole)-4], video.Metadata{Width: 1920, Height: 1080, FrameRate: 59.94, VideoBitrate: 6_000_000, AudioBitrate: 160_000}, true},
		{
			"with numbers that cannot be",
			flv.AppendAMF0(nil, "onMetaData", flv.Object{
				{"width", -1.0}, {"height", math.NaN()}, {"framerate", math.Inf(1)}, {"videodatarate", 1e9}, {"audiodatarate", "160"}, {"encoder", 5.0},
			}),
			video.Metadata{},
			true,
		},
		{
			"with an encoder that is hostile",
			flv.AppendAMF0(nil, "onMetaData", flv.Object{{"encoder", "a\x00\x1b[31m\u202e\xff<b>é" + strings.Repeat("日", 100)}}),
			video.Metadata{Encoder: "a[31m<b>é" + strings.Repeat("日", 55)},
			true,
		},
		{"of something else", flv.AppendAMF0(nil, "onTextData", obs), video.Metadata{}, false},
		{"of @setDataFrame alone", flv.AppendAMF0(nil, "@setDataFrame"), video.Metadata{}, false},
		{"without properties", flv.AppendAMF0(nil, "onMetaData", flv.Object{}), video.Metadata{}, false},
		{"with a number in place of properties", flv.AppendAMF0(nil, "onMetaData", 1.0), video.Metadata{}, false},
		{"of no bytes", nil, video.Metadata{}, false},
		{"of garbage", []byte("\x02\xff\xffonMetaData"), video.Metadata{}, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, ok := flv.ParseMetadata(tt.script)
			if got != tt.want || ok != tt.ok {
				t.Errorf("got %+v, %v; want %+v, %v", got, ok, tt.want, tt.ok)
			}
		})
	}
}

func TestMetadataSurvivesARoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		m := video.Metadata{
			Encoder:      rapid.StringMatching(`[!-~]([ -~]{0,40}[!-~])?`).Draw(t, "encoder"),
			Width:        rapid.IntRange(1, 16384).Draw(t, "width"),
			Height:       rapid.IntRange(0, 16384).Draw(t, "height"),
			FrameRate:    rapid.Float64Range(0, 300).Draw(t, "frame rate"),
			VideoBitrate: 1000 * rapid.IntRange(0, 1e6).Draw(t, "video"),
			AudioBitrate: 1000 * rapid.IntRange(0, 1e6).Draw(t, "audio"),
		}
		if got, ok := flv.ParseMetadata(flv.AppendMetadata(nil, m)); !ok || got != m {
			t.Fatalf("got %+v, %v; want %+v", got, ok, m)
		}
	})
}
