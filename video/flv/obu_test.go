package flv_test

import (
	"bytes"
	"encoding/binary"
	"errors"
	"os"
	"testing"

	"github.com/bluenviron/mediacommon/v2/pkg/codecs/av1"

	"github.com/owncast-go/owncast/video"
	"github.com/owncast-go/owncast/video/flv"
)

func av1Decoder(t testing.TB) *flv.Decoder {
	t.Helper()
	var d flv.Decoder
	body, err := flv.AppendSequenceHeader(nil, newTrack(t, video.AV1))
	if err != nil {
		t.Fatal(err)
	}
	if _, _, err := d.Video(0, body); err != nil {
		t.Fatal(err)
	}
	return &d
}

func TestTemporalDelimitersAreTakenOut(t *testing.T) {
	const frame, other, delimiter = "32020102", "2a03040506", "1200"
	tests := []struct {
		name, in, want string
	}{
		{"none", frame + other, frame + other},
		{"one first", delimiter + frame + other, frame + other},
		{"two first", delimiter + delimiter + frame, frame},
		{"one last", frame + delimiter, frame},
		{"one between", frame + delimiter + other, frame + other},
		{"everywhere", delimiter + frame + delimiter + delimiter + other + delimiter, frame + other},
		{"one with an extension", "160800" + frame, frame},
		{"a last unit without size", delimiter + "300102", "300102"},
		{"a size of two bytes", delimiter + "32820001ff", "32820001ff"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			in := unhex(t, "9161763031"+tt.in)
			before := bytes.Clone(in)
			p, ok, err := av1Decoder(t).Video(0, in)
			if err != nil || !ok || !bytes.Equal(p.Data, unhex(t, tt.want)) {
				t.Errorf("got %x, %v, %v; want %s", p.Data, ok, err, tt.want)
			}
			if !bytes.Equal(in, before) {
				t.Error("the body was written to")
			}
		})
	}
}

func TestBrokenOBUsAreMalformed(t *testing.T) {
	for _, obus := range []string{"b20101", "3203ff", "32", "36", "32ffffffffffffffffff01", "1200b2", "32ffffffffffffff7f00"} {
		if _, ok, err := av1Decoder(t).Video(0, unhex(t, "9161763031"+obus)); ok || !errors.Is(err, flv.ErrMalformed) {
			t.Errorf("%s: got %v, %v; want ErrMalformed", obus, ok, err)
		}
	}
}

func TestTemporalUnitsOfAnEncoderLoseOnlyTheirDelimiters(t *testing.T) {
	ivf, err := os.ReadFile("testdata/av1.ivf")
	if err != nil {
		t.Fatal(err)
	}
	d := av1Decoder(t)
	units := 0
	for b := ivf[32:]; len(b) > 0; units++ {
		size := binary.LittleEndian.Uint32(b)
		unit := b[12 : 12+size]
		b = b[12+size:]
		p, ok, err := d.Video(0, append([]byte("\x91av01"), unit...))
		if !ok || err != nil {
			t.Fatal(ok, err)
		}
		var want, got av1.Bitstream
		if err := want.Unmarshal(unit); err != nil {
			t.Fatal(err)
		}
		if err := got.Unmarshal(p.Data); err != nil {
			t.Fatal(err)
		}
		if len(want) != len(got)+1 || want[0][0]>>3 != 2 || !equalOBUs(want[1:], got) {
			t.Errorf("unit %d: got %x of %x", units, p.Data, unit)
		}
	}
	if units != 5 {
		t.Errorf("%d units, want 5", units)
	}
}

func equalOBUs(a, b av1.Bitstream) bool {
	return bytes.Equal(bytes.Join(a, nil), bytes.Join(b, nil)) && len(a) == len(b)
}
