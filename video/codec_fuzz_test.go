package video_test

import (
	"bytes"
	"errors"
	"testing"

	"github.com/owncast-go/owncast/video"
)

var codecs = []video.Codec{video.H264, video.HEVC, video.AV1, video.AAC, video.Opus, video.MP3}

func FuzzNewTrack(f *testing.F) {
	for _, tt := range codecConfigs {
		for i, c := range codecs {
			if c == tt.codec {
				f.Add(byte(i), unhex(f, tt.config))
			}
		}
	}
	f.Fuzz(func(t *testing.T, codec byte, config []byte) {
		c := codecs[int(codec)%len(codecs)]
		track, err := video.NewTrack(c, config)
		if err != nil {
			var codecErr *video.CodecError
			if track != nil || !errors.As(err, &codecErr) || codecErr.Codec != string(c) || codecErr.Reason == "" {
				t.Fatalf("got %+v, %#v", track, err)
			}
			return
		}
		if track.Codec != c || !bytes.Equal(track.Config, config) || track.CodecString == "" {
			t.Fatalf("track %+v", track)
		}
		again, err := video.NewTrack(c, track.Config)
		if err != nil || !track.Equal(again) || !equalTracks(*track, *again) {
			t.Fatalf("made again: %+v, %v; want %+v", again, err, track)
		}
		switch track.Kind {
		case video.Video:
			if track.Width < 1 || track.Width > 16384 || track.Height < 1 || track.Height > 16384 ||
				!(track.FrameRate == 0 || track.FrameRate >= 1 && track.FrameRate <= 300) || track.FrameSamples(config) != 0 {
				t.Fatalf("video track %+v", track)
			}
		case video.Audio:
			if track.SampleRate < 7350 || track.SampleRate > 192000 || track.Channels < 1 {
				t.Fatalf("audio track %+v", track)
			}
			if n := track.FrameSamples(config); n < 0 || n > 5760 || c == video.AAC && n < 960 {
				t.Fatalf("%d samples of %+v", n, track)
			}
		default:
			t.Fatalf("kind %v", track.Kind)
		}
	})
}
