package flv_test

import (
	"bytes"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/owncast-go/owncast/video"
	"github.com/owncast-go/owncast/video/flv"
)

// packets generates packets of one codec with one of two configurations.
func packets(t *testing.T, codec video.Codec) *rapid.Generator[video.Packet] {
	other, err := video.NewTrack(codec, unhex(t, otherConfigs[codec]))
	if err != nil {
		t.Fatal(err)
	}
	tracks := []*video.Track{newTrack(t, codec), other}
	return rapid.Custom(func(t *rapid.T) video.Packet {
		p := video.Packet{
			Track: rapid.SampledFrom(tracks).Draw(t, "track"),
			DTS:   time.Duration(rapid.Uint32().Draw(t, "dts")) * time.Millisecond,
			Data:  rapid.SliceOfN(rapid.Byte(), 1, 100).Draw(t, "data"),
			Key:   true,
		}
		if p.Track.Kind == video.Video {
			p.Key = rapid.Bool().Draw(t, "key")
		}
		switch codec {
		case video.H264, video.HEVC:
			p.CTS = time.Duration(rapid.Int32Range(-1<<23, 1<<23-1).Draw(t, "cts")) * time.Millisecond
		case video.AV1: // a frame OBU
			p.Data = append([]byte{0x32, byte(len(p.Data))}, p.Data...)
		case video.MP3:
			p.Data = append(bytes.Clone(p.Track.Config), p.Data...)
		}
		return p
	})
}

func TestPacketsSurviveARoundTripThroughAFile(t *testing.T) {
	for codec := range trackConfigs {
		t.Run(string(codec), func(t *testing.T) {
			generator := rapid.SliceOfN(packets(t, codec), 1, 10)
			rapid.Check(t, func(rt *rapid.T) {
				want := generator.Draw(rt, "packets")
				var file bytes.Buffer
				w := flv.NewWriter(&file)
				for _, p := range want {
					if err := w.WritePacket(p); err != nil {
						rt.Fatal(err)
					}
				}
				got, _ := readPackets(t, &file)
				if len(got) != len(want) {
					rt.Fatalf("%d packets, want %d", len(got), len(want))
				}
				for i := range got {
					if !equalPackets(got[i], want[i]) {
						rt.Fatalf("packet %d: got %+v, want %+v", i, got[i], want[i])
					}
				}
			})
		})
	}
}

func equalPackets(a, b video.Packet) bool {
	return a.Track.Equal(b.Track) && a.DTS == b.DTS && a.CTS == b.CTS && a.Key == b.Key &&
		a.Discontinuity == b.Discontinuity && bytes.Equal(a.Data, b.Data)
}
