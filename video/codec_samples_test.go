package video_test

import (
	"testing"

	"github.com/owncast-go/owncast/video"
)

func TestFrameSamplesCountsAtTheSampleRateOfTheTrack(t *testing.T) {
	tests := []struct {
		name   string
		codec  video.Codec
		config string
		data   string
		want   int
	}{
		{"AAC", video.AAC, "1190", "", 1024},
		{"AAC with short frames", video.AAC, "1194", "", 960},
		{"HE-AAC at the output rate", video.AAC, "2b920800", "", 2048},
		{"HE-AAC with short frames", video.AAC, "2b920a00", "", 1920},
		{"HE-AAC that does not double the rate", video.AAC, "2a120800", "", 1024},
		{"Opus SILK of 60 ms", video.Opus, opusHead(2, 0, ""), "18", 2880},
		{"Opus hybrid of 10 ms", video.Opus, opusHead(2, 0, ""), "60", 480},
		{"Opus CELT of 2.5 ms", video.Opus, opusHead(2, 0, ""), "80", 120},
		{"Opus CELT of 20 ms, two frames", video.Opus, opusHead(2, 0, ""), "fd", 1920},
		{"Opus CELT of 20 ms, six frames", video.Opus, opusHead(2, 0, ""), "ff06", 5760},
		{"Opus of over 120 ms", video.Opus, opusHead(2, 0, ""), "ff07", 0},
		{"Opus of no frames", video.Opus, opusHead(2, 0, ""), "ff00", 0},
		{"Opus cut before the count", video.Opus, opusHead(2, 0, ""), "ff", 0},
		{"Opus empty", video.Opus, opusHead(2, 0, ""), "", 0},
		{"MP3", video.MP3, "fffb90c4", "fffb90c400", 1152},
		{"MP3 of MPEG-2", video.MP3, "fff38464", "fff3846400", 576},
		{"MP3 without a header", video.MP3, "fffb90c4", "000000", 0},
		{"video", video.AV1, "81050c000a0b0000002d4cfdb34daf9004", "12", 0},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			track, err := video.NewTrack(tt.codec, unhex(t, tt.config))
			if err != nil {
				t.Fatal(err)
			}
			if got := track.FrameSamples(unhex(t, tt.data)); got != tt.want {
				t.Errorf("FrameSamples = %d, want %d", got, tt.want)
			}
		})
	}
}

func TestFrameSamplesOfATrackMadeByHand(t *testing.T) {
	track := &video.Track{Kind: video.Audio, Codec: video.AAC, Config: []byte{0xff}}
	if got := track.FrameSamples(nil); got != 0 {
		t.Errorf("FrameSamples = %d, want 0", got)
	}
}

func BenchmarkFrameSamples(b *testing.B) {
	track, err := video.NewTrack(video.AAC, unhex(b, "1190"))
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		if track.FrameSamples(nil) != 1024 {
			b.Fatal("wrong count")
		}
	}
}
