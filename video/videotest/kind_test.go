package videotest

import (
	"testing"

	"github.com/owncast-go/owncast/video/flv"
)

func TestKindOfTag(t *testing.T) {
	tests := map[string]struct {
		typ  flv.TagType
		body []byte
		want kind
	}{
		"metadata":                        {flv.TagScript, []byte{2, 0}, kindHeader},
		"an AVC configuration":            {flv.TagVideo, []byte{0x17, 0}, kindHeader},
		"an AVC picture":                  {flv.TagVideo, []byte{0x27, 1}, kindMedia},
		"the end of AVC":                  {flv.TagVideo, []byte{0x17, 2}, kindNone},
		"an AAC configuration":            {flv.TagAudio, []byte{0xaf, 0}, kindHeader},
		"an AAC frame":                    {flv.TagAudio, []byte{0xaf, 1}, kindMedia},
		"an MP3 frame":                    {flv.TagAudio, []byte{0x2f, 0}, kindMedia},
		"an enhanced video configuration": {flv.TagVideo, []byte{0x90, 'h', 'v', 'c', '1'}, kindHeader},
		"an enhanced picture":             {flv.TagVideo, []byte{0x91, 'h', 'v', 'c', '1'}, kindMedia},
		"an enhanced picture without CTS": {flv.TagVideo, []byte{0xa3, 'h', 'v', 'c', '1'}, kindMedia},
		"the end of enhanced video":       {flv.TagVideo, []byte{0x92, 'h', 'v', 'c', '1'}, kindNone},
		"an enhanced audio configuration": {flv.TagAudio, []byte{0x90, 'O', 'p', 'u', 's'}, kindHeader},
		"an enhanced audio frame":         {flv.TagAudio, []byte{0x91, 'O', 'p', 'u', 's'}, kindMedia},
		"an empty tag":                    {flv.TagVideo, nil, kindNone},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			if got := kindOf(flv.Tag{Type: tt.typ, Body: tt.body}); got != tt.want {
				t.Errorf("kindOf = %v, want %v", got, tt.want)
			}
		})
	}
}
