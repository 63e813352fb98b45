package flv_test

import (
	"io"
	"testing"
	"time"

	"github.com/owncast-go/owncast/video"
	"github.com/owncast-go/owncast/video/flv"
)

// A body of the size that a frame of 6 Mbit/s at 30 frames a second has.
const benchFrame = 25_000

func benchBodies(b *testing.B, codec video.Codec, data []byte) (*flv.Decoder, []byte) {
	b.Helper()
	var d flv.Decoder
	track := newTrack(b, codec)
	header, err := flv.AppendSequenceHeader(nil, track)
	if err != nil {
		b.Fatal(err)
	}
	send := d.Video
	if track.Kind == video.Audio {
		send = d.Audio
	}
	if _, _, err := send(0, header); err != nil {
		b.Fatal(err)
	}
	body, err := flv.AppendPacket(nil, video.Packet{Track: track, Data: data})
	if err != nil {
		b.Fatal(err)
	}
	return &d, body
}

// av1Unit is a temporal unit of four OBUs, the delimiter among them.
func av1Unit() []byte {
	unit := []byte{0x12, 0, 0x0a, 1, 0, 0x2a, 2, 0, 0, 0x32, 0xa8, 0xc3, 1}
	return append(unit, make([]byte, benchFrame)...)
}

func BenchmarkDecoderVideo(b *testing.B) {
	for _, bb := range []struct {
		codec video.Codec
		data  []byte
	}{
		{video.H264, make([]byte, benchFrame)},
		{video.HEVC, make([]byte, benchFrame)},
		{video.AV1, av1Unit()},
	} {
		b.Run(string(bb.codec), func(b *testing.B) {
			d, body := benchBodies(b, bb.codec, bb.data)
			b.ReportAllocs()
			for b.Loop() {
				if _, ok, err := d.Video(time.Second, body); !ok || err != nil {
					b.Fatal(ok, err)
				}
			}
		})
	}
}

func BenchmarkDecoderAudio(b *testing.B) {
	for _, bb := range []struct {
		codec video.Codec
		data  []byte
	}{
		{video.AAC, make([]byte, 400)},
		{video.Opus, make([]byte, 400)},
		{video.MP3, append([]byte{0xff, 0xfb, 0x90, 0xc4}, make([]byte, 400)...)},
	} {
		b.Run(string(bb.codec), func(b *testing.B) {
			d, body := benchBodies(b, bb.codec, bb.data)
			b.ReportAllocs()
			for b.Loop() {
				if _, ok, err := d.Audio(time.Second, body); !ok || err != nil {
					b.Fatal(ok, err)
				}
			}
		})
	}
}

func BenchmarkCheckAMF0(b *testing.B) {
	command := flv.AppendAMF0(nil, "connect", 1, flv.Object{
		{"app", "live"}, {"type", "nonprivate"}, {"flashVer", "FMLE/3.0 (compatible; FMSc/1.0)"}, {"tcUrl", "rtmp://localhost/live"},
	})
	b.ReportAllocs()
	for b.Loop() {
		if err := flv.CheckAMF0(command); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkWriter(b *testing.B) {
	w := flv.NewWriter(io.Discard)
	p := video.Packet{Track: newTrack(b, video.H264), Data: make([]byte, benchFrame)}
	b.ReportAllocs()
	b.SetBytes(benchFrame)
	for b.Loop() {
		if err := w.WritePacket(p); err != nil {
			b.Fatal(err)
		}
	}
}

func TestDecodingAPacketDoesNotAllocate(t *testing.T) {
	var d flv.Decoder
	for codec, data := range map[video.Codec][]byte{
		video.H264: make([]byte, 10), video.HEVC: make([]byte, 10), video.AV1: av1Unit(),
		video.AAC: make([]byte, 10), video.Opus: make([]byte, 10), video.MP3: {0xff, 0xfb, 0x90, 0xc4, 0},
	} {
		track := newTrack(t, codec)
		send := d.Video
		if track.Kind == video.Audio {
			send = d.Audio
		}
		header, err := flv.AppendSequenceHeader(nil, track)
		if err != nil {
			t.Fatal(err)
		}
		body, err := flv.AppendPacket(nil, video.Packet{Track: track, Data: data})
		if err != nil {
			t.Fatal(err)
		}
		if _, _, err := send(0, header); err != nil {
			t.Fatal(err)
		}
		if _, ok, err := send(0, body); !ok || err != nil {
			t.Fatal(codec, ok, err)
		}
		if n := testing.AllocsPerRun(100, func() {
			_, _, _ = send(0, header) // a repeated one costs nothing either
			_, _, _ = send(0, body)
		}); n != 0 {
			t.Errorf("%s: %v allocations", codec, n)
		}
	}
}
