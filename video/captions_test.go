package video_test

import (
	"bytes"
	"encoding/binary"
	"slices"
	"testing"

	"github.com/owncast-go/owncast/video"
)

// ccData is the payload of ATSC's captions, with triples of cc_data_pkt.
func ccData(triples ...[3]byte) []byte {
	b := []byte{0xb5, 0, 0x31, 'G', 'A', '9', '4', 3, 0x40 | byte(len(triples)), 0xff}
	for _, t := range triples {
		b = append(b, t[:]...)
	}
	return append(b, 0xff)
}

// sei makes a unit of messages, each its type and payload, behind header.
func sei(header []byte, messages ...[]byte) []byte {
	var rbsp []byte
	for _, m := range messages {
		size := len(m) - 1
		rbsp = append(rbsp, m[0])
		for ; size >= 255; size -= 255 {
			rbsp = append(rbsp, 255)
		}
		rbsp = append(append(rbsp, byte(size)), m[1:]...)
	}
	rbsp = append(rbsp, 0x80)
	nal, zeros := slices.Clone(header), 0
	for _, b := range rbsp {
		if zeros == 2 && b <= 3 {
			nal, zeros = append(nal, 3), 0
		}
		if zeros++; b != 0 {
			zeros = 0
		}
		nal = append(nal, b)
	}
	return nal
}

func message(typ byte, payload []byte) []byte { return append([]byte{typ}, payload...) }

func nals(list ...[]byte) []byte {
	var b []byte
	for _, n := range list {
		b = append(binary.BigEndian.AppendUint32(b, uint32(len(n))), n...)
	}
	return b
}

func obu(typ byte, payload []byte) []byte {
	return append([]byte{typ<<3 | 2, byte(len(payload))}, payload...)
}

var (
	line21  = [3]byte{0xfc, 0x94, 0x20}
	padding = [3]byte{0xfc, 0x80, 0x80}
	field2  = [3]byte{0xfd, 0x80, 0x80}
	digital = [3]byte{0xff, 0x02, 0x21}
	invalid = [3]byte{0xf8, 0, 0}

	h264SEI, h264IDR = []byte{6}, []byte{0x65, 0x88, 0x84}
	hevcSEI, hevcIDR = []byte{39 << 1, 1}, []byte{19 << 1, 1, 0xaf}
)

func TestCaptionsAreFound(t *testing.T) {
	h264 := &video.Track{Kind: video.Video, Codec: video.H264, Config: []byte{1, 77, 64, 31, 0xff}}
	hevc := &video.Track{Kind: video.Video, Codec: video.HEVC, Config: append(make([]byte, 21), 0xff, 0)}
	av1 := &video.Track{Kind: video.Video, Codec: video.AV1}
	text := message(5, bytes.Repeat([]byte("x264 "), 200))
	for _, tt := range []struct {
		name  string
		track *video.Track
		data  []byte
		want  video.Captions
	}{
		{"none in a picture", h264, nals(h264IDR), 0},
		{"none in another message", h264, nals(sei(h264SEI, text), h264IDR), 0},
		{"of line 21", h264, nals(sei(h264SEI, message(4, ccData(line21))), h264IDR), video.CEA608},
		{"of line 21, padding", h264, nals(sei(h264SEI, message(4, ccData(padding))), h264IDR), video.CEA608},
		{"of digital television", h264, nals(sei(h264SEI, message(4, ccData(invalid, digital))), h264IDR), video.CEA708},
		{"both", h264, nals([]byte{9, 0xf0}, sei(h264SEI, message(4, ccData(line21, digital))), h264IDR), video.CEA608 | video.CEA708},
		{"behind a long message", h264, nals(sei(h264SEI, text, message(4, ccData(line21))), h264IDR), video.CEA608},
		{"in a unit of their own", h264, nals(sei(h264SEI, text), sei(h264SEI, message(4, ccData(line21))), h264IDR), video.CEA608},
		{"with bytes that have to be escaped", h264, nals(sei(h264SEI, message(4, ccData([3]byte{0xf8, 0, 0}, [3]byte{0, 0, 1}, line21))), h264IDR), video.CEA608},
		{"none that are valid", h264, nals(sei(h264SEI, message(4, ccData(invalid))), h264IDR), 0},
		{"none in field 2 alone", h264, nals(sei(h264SEI, message(4, ccData(field2))), h264IDR), 0},
		{"none of another provider", h264, nals(sei(h264SEI, message(4, []byte("\xb5\x00\x3cGA94\x03\x41\xff\xfc\x94\x20\xff"))), h264IDR), 0},
		{"none that are not to be processed", h264, nals(sei(h264SEI, message(4, []byte("\xb5\x00\x31GA94\x03\x01\xff\xfc\x94\x20\xff"))), h264IDR), 0},
		{"none behind the picture", h264, nals(h264IDR, sei(h264SEI, message(4, ccData(line21)))), 0},
		{"none where a unit is cut off", h264, nals(sei(h264SEI, message(4, ccData(line21))))[:20], 0},
		{"none in nothing", h264, nil, 0},
		{"of HEVC", hevc, nals(sei(hevcSEI, message(4, ccData(line21))), hevcIDR), video.CEA608},
		{"none of HEVC", hevc, nals([]byte{32 << 1, 1, 2}, hevcIDR), 0},
		{"of AV1", av1, append(obu(5, append([]byte{4}, ccData(line21)...)), obu(6, []byte{1, 2})...), video.CEA608},
		{"none of AV1 behind the picture", av1, append(obu(6, []byte{1, 2}), obu(5, append([]byte{4}, ccData(line21)...))...), 0},
		{"none of AV1 in other metadata", av1, obu(5, append([]byte{1}, ccData(line21)...)), 0},
		{"none of AAC", &video.Track{Kind: video.Audio, Codec: video.AAC}, nals(sei(h264SEI, message(4, ccData(line21)))), 0},
		{"none without a configuration", &video.Track{Kind: video.Video, Codec: video.H264}, nals(h264IDR), 0},
		{"none without a track", nil, nals(h264IDR), 0},
	} {
		t.Run(tt.name, func(t *testing.T) {
			p := video.Packet{Track: tt.track, Data: tt.data}
			if got := video.CaptionsOf(p); got != tt.want {
				t.Errorf("CaptionsOf = %b, want %b", got, tt.want)
			}
			if n := testing.AllocsPerRun(10, func() { video.CaptionsOf(p) }); n != 0 {
				t.Errorf("%v allocations", n)
			}
		})
	}
}

func FuzzCaptionsOf(f *testing.F) {
	tracks := []*video.Track{
		{Kind: video.Video, Codec: video.H264, Config: []byte{1, 77, 64, 31, 0xff}},
		{Kind: video.Video, Codec: video.H264, Config: []byte{1, 77, 64, 31, 0xfc}},
		{Kind: video.Video, Codec: video.HEVC, Config: append(make([]byte, 21), 0xff, 0)},
		{Kind: video.Video, Codec: video.AV1},
	}
	f.Add(byte(0), nals(sei(h264SEI, message(4, ccData(line21, digital))), h264IDR))
	f.Add(byte(1), append([]byte{byte(len(sei(h264SEI, message(4, ccData(line21)))))}, sei(h264SEI, message(4, ccData(line21)))...))
	f.Add(byte(2), nals(sei(hevcSEI, message(4, ccData(line21))), hevcIDR))
	f.Add(byte(3), obu(5, append([]byte{4}, ccData(line21)...)))
	f.Fuzz(func(t *testing.T, track byte, data []byte) {
		before := bytes.Clone(data)
		got := video.CaptionsOf(video.Packet{Track: tracks[int(track)%len(tracks)], Data: data})
		if got&^(video.CEA608|video.CEA708) != 0 {
			t.Errorf("CaptionsOf = %b", got)
		}
		if !bytes.Equal(before, data) {
			t.Error("the data was changed")
		}
		if got != 0 && !bytes.Contains(data, []byte("GA94")) {
			t.Errorf("CaptionsOf = %b of %x", got, data)
		}
	})
}

func BenchmarkCaptionsOf(b *testing.B) {
	track := &video.Track{Kind: video.Video, Codec: video.H264, Config: []byte{1, 77, 64, 31, 0xff}}
	text := message(5, bytes.Repeat([]byte("x264 "), 120))
	p := video.Packet{Track: track, Data: nals([]byte{9, 0xf0}, sei(h264SEI, text), append(h264IDR, make([]byte, 100_000)...))}
	b.ReportAllocs()
	for b.Loop() {
		video.CaptionsOf(p)
	}
}
