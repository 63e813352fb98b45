package flv_test

import (
	"bytes"
	"errors"
	"io"
	"strings"
	"testing"

	"github.com/owncast-go/owncast/video"
	"github.com/owncast-go/owncast/video/flv"
	"github.com/owncast-go/owncast/video/videotest"
)

func TestReadPacketsReadsAWholeFile(t *testing.T) {
	clip := videotest.Clip()
	ps, err := flv.ReadPackets(bytes.NewReader(clip), int64(len(clip)))
	if err != nil {
		t.Fatal(err)
	}
	counts := map[video.Codec]int{}
	for _, p := range ps {
		counts[p.Track.Codec]++
	}
	if counts[video.H264] != 240 || counts[video.AAC] != 375 || len(ps) != 615 {
		t.Errorf("%d packets: %v", len(ps), counts)
	}
}

func TestReadPacketsRefuses(t *testing.T) {
	clip := videotest.Clip()
	broken := errors.New("disk")
	for _, tt := range []struct {
		name string
		file io.Reader
		most int64
		want error
	}{
		{"what is no FLV file", strings.NewReader("not an FLV file"), 1 << 20, flv.ErrMalformed},
		{"nothing", strings.NewReader(""), 1 << 20, io.ErrUnexpectedEOF},
		{"a file that is cut off", bytes.NewReader(clip[:50_000]), 1 << 20, io.ErrUnexpectedEOF},
		{"a byte more than allowed", bytes.NewReader(clip), int64(len(clip)) - 1, flv.ErrTooLarge},
		{"a file that cannot be read", io.MultiReader(bytes.NewReader(clip[:5000]), failing{broken}), 1 << 20, broken},
	} {
		if _, err := flv.ReadPackets(tt.file, tt.most); !errors.Is(err, tt.want) {
			t.Errorf("%s: %v, want %v", tt.name, err, tt.want)
		}
	}
}

type failing struct{ err error }

func (f failing) Read([]byte) (int, error) { return 0, f.err }
