package flv_test

import (
	"bytes"
	"encoding/binary"
	"errors"
	"io"
	"os"
	"reflect"
	"testing"
	"time"

	"github.com/owncast-go/owncast/video"
	"github.com/owncast-go/owncast/video/flv"
)

// A fuzzed input is several bodies, each behind its length in 16 bits, so that
// there can be packets after a sequence header.
func joinBodies(t testing.TB, bodies ...string) []byte {
	var b []byte
	for _, body := range bodies {
		raw := unhex(t, body)
		b = append(binary.BigEndian.AppendUint16(b, uint16(len(raw))), raw...)
	}
	return b
}

func fuzzDecoder(t *testing.T, input []byte, kind video.Kind) {
	var d flv.Decoder
	send, track := d.Video, d.VideoTrack
	if kind == video.Audio {
		send, track = d.Audio, d.AudioTrack
	}
	for len(input) >= 2 {
		n := min(int(binary.BigEndian.Uint16(input)), len(input)-2)
		body := input[2 : 2+n : 2+n]
		input = input[2+n:]
		before := bytes.Clone(body)
		p, ok, err := send(time.Second, body)
		if !bytes.Equal(body, before) {
			t.Fatal("the body was written to")
		}
		if err != nil {
			var codecErr *video.CodecError
			if ok || !errors.As(err, &codecErr) && !errors.Is(err, flv.ErrMalformed) {
				t.Fatalf("packet %v, error %#v", ok, err)
			}
			continue
		}
		if !ok {
			continue
		}
		if p.Track == nil || p.Track != track() || p.Track.Kind != kind || len(p.Data) == 0 || len(p.Data) > len(body) ||
			p.DTS < time.Second || p.DTS >= time.Second+time.Millisecond || p.Discontinuity || kind == video.Audio && !p.Key {
			t.Fatalf("packet %+v of track %+v", p, p.Track)
		}
		written, err := flv.AppendPacket(nil, p)
		if err != nil {
			t.Fatal(err)
		}
		again, ok, err := send(p.DTS, written)
		if !ok || err != nil || !equalPackets(again, p) {
			t.Fatalf("written again: %+v, %v, %v; want %+v", again, ok, err, p)
		}
	}
}

func FuzzDecoderVideo(f *testing.F) {
	f.Add(joinBodies(f, "1700000000"+trackConfigs[video.H264], "17010000500000000165", "1702000000"))
	f.Add(joinBodies(f, "1c00000000"+trackConfigs[video.HEVC], "2c010000210000000126"))
	f.Add(joinBodies(f, "9068766331"+trackConfigs[video.HEVC], "a168766331ffffff0000000126", "9368766331000000", "9268766331"))
	f.Add(joinBodies(f, "9061763031"+trackConfigs[video.AV1], "9161763031120032020102120032020102", "a36176303130"))
	f.Add(joinBodies(f, "960068766331"+"00"+trackConfigs[video.HEVC], "96116876633101000001ff0000000800000000000126", "9623"))
	f.Add(joinBodies(f, "9702000001"+"03"+"68766331", "97ff0002000000"+"17"+"02000007"+"03"+"61766331", "5700", "1400"))
	f.Fuzz(func(t *testing.T, input []byte) { fuzzDecoder(t, input, video.Video) })
}

func FuzzDecoderAudio(f *testing.F) {
	f.Add(joinBodies(f, "af00"+trackConfigs[video.AAC], "af01210049", "af00"+otherConfigs[video.AAC], "af0121"))
	f.Add(joinBodies(f, "2ffffb90c40000", "eeffe388c40000", "2f"))
	f.Add(joinBodies(f, "904f707573"+trackConfigs[video.Opus], "914f707573fcfffe", "944f707573010200000003"))
	f.Add(joinBodies(f, "95104f70757300000013"+trackConfigs[video.Opus], "95114f70757300000003fcfffe01000001ff"))
	f.Add(joinBodies(f, "906d703461"+trackConfigs[video.AAC], "9702000020"+"01"+"6d703461"+"210049", "9061632d33", "b600"))
	f.Fuzz(func(t *testing.T, input []byte) { fuzzDecoder(t, input, video.Audio) })
}

func FuzzReader(f *testing.F) {
	for _, file := range []string{"testdata/bframes-aac.flv", "testdata/plain-mp3.flv"} {
		b, err := os.ReadFile(file)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(b[:1000])
	}
	f.Add(unhex(f, "464c560105000000090000000008000000fffffeff0000000000000b"))
	f.Add(unhex(f, "464c5601050000000cffffff000000001200000100000000000000050000000c"))
	f.Fuzz(func(t *testing.T, b []byte) {
		const limit = 1 << 16
		tags, err := readTags(flv.NewReader(bytes.NewReader(b), limit))
		if err != nil && !errors.Is(err, flv.ErrMalformed) && !errors.Is(err, io.ErrUnexpectedEOF) {
			t.Fatalf("error %#v", err)
		}
		var out bytes.Buffer
		w := flv.NewWriter(&out)
		for _, tag := range tags {
			if len(tag.Body) > limit || tag.Type.String() == "unknown" {
				t.Fatalf("tag of type %d and %d bytes", tag.Type, len(tag.Body))
			}
			if err := w.WriteTag(tag); err != nil {
				t.Fatal(err)
			}
		}
		if len(tags) == 0 {
			return
		}
		again, err := readTags(flv.NewReader(&out, limit))
		if err != nil || !reflect.DeepEqual(again, tags) {
			t.Fatalf("written again: %d tags, %v; want %d", len(again), err, len(tags))
		}
	})
}
