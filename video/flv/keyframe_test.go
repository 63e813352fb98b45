package flv

import (
	"testing"

	"github.com/owncast-go/owncast/video"
)

func TestAPictureWhoseFrameTypeIsUnsaidTellsItself(t *testing.T) {
	avc := &video.Track{Codec: video.H264, Config: []byte{1, 0, 0, 0, 0xff}}
	hevc := &video.Track{Codec: video.HEVC, Config: append(make([]byte, 21), 0xff)}
	av1 := &video.Track{Codec: video.AV1}
	for _, tt := range []struct {
		name  string
		track *video.Track
		frame byte
		data  []byte
		want  bool
	}{
		{"IDR behind parameter sets", avc, 0, []byte{0, 0, 0, 1, 0x67, 0, 0, 0, 2, 0x65, 1}, true},
		{"no IDR", avc, 0, []byte{0, 0, 0, 2, 0x41, 5}, false},
		{"HEVC IDR", hevc, 0, []byte{0, 0, 0, 2, 19 << 1, 1}, true},
		{"HEVC CRA", hevc, 0, []byte{0, 0, 0, 2, 21 << 1, 1}, true},
		{"HEVC trailing picture", hevc, 0, []byte{0, 0, 0, 2, 1 << 1, 1}, false},
		{"AV1 with a sequence header", av1, 0, []byte{1<<3 | 2, 1, 0, 6<<3 | 2, 1, 0}, true},
		{"AV1 frame", av1, 0, []byte{6<<3 | 2, 1, 0}, false},
		{"what the body says counts", avc, frameInter, []byte{0, 0, 0, 2, 0x65, 1}, false},
		{"and the other way round", avc, frameKey, []byte{0, 0, 0, 2, 0x41, 1}, true},
		{"units that are cut off", avc, 0, []byte{0, 0, 0, 9, 0x41, 1}, false},
		{"units of no length", avc, 0, []byte{0, 0, 0, 0, 0, 0, 0, 0}, false},
		{"no configuration", nil, 0, []byte{0, 0, 0, 2, 0x65, 1}, false},
	} {
		if got := key(tt.frame, tt.track, tt.data); got != tt.want {
			t.Errorf("%s: %v, want %v", tt.name, got, tt.want)
		}
	}
}
