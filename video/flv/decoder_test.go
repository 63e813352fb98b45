package flv_test

import (
	"bytes"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/owncast-go/owncast/video"
	"github.com/owncast-go/owncast/video/flv"
)

// decode is one of a Decoder's two methods.
type decode func(*flv.Decoder, time.Duration, []byte) (video.Packet, bool, error)

// The bodies are hexadecimal; <codec> stands for a configuration.
func TestDecoderReadsEveryFormOfBody(t *testing.T) {
	const (
		avc  = "61766331"
		hevc = "68766331"
		av1  = "61763031"
		aac  = "6d703461"
		opus = "4f707573"
		mp3  = "2e6d7033"
	)
	h264Start, hevcStart := "1700000000"+trackConfigs[video.H264], "90"+hevc+trackConfigs[video.HEVC]
	av1Start, aacStart := "90"+av1+trackConfigs[video.AV1], "af00"+trackConfigs[video.AAC]
	opusStart := "90" + opus + trackConfigs[video.Opus]

	tests := []struct {
		name   string
		decode decode
		before string // a sequence header, none if empty
		body   string
		codec  video.Codec // none if there is no packet in body
		offset time.Duration
		cts    time.Duration
		inter  bool
		data   string
	}{
		{"AVC keyframe", (*flv.Decoder).Video, h264Start, "17010000500000000165", video.H264, 0, 80 * time.Millisecond, false, "0000000165"},
		{"AVC inter frame before its decoding time", (*flv.Decoder).Video, h264Start, "2701ffffd80000000141", video.H264, 0, -40 * time.Millisecond, true, "0000000141"},
		{"AVC keyframe made by a server", (*flv.Decoder).Video, h264Start, "47010000000000000165", video.H264, 0, 0, false, "0000000165"},
		{"AVC sequence header", (*flv.Decoder).Video, "", h264Start, "", 0, 0, false, ""},
		{"AVC frame before the sequence header", (*flv.Decoder).Video, "", "17010000500000000165", "", 0, 0, false, ""},
		{"AVC end of sequence", (*flv.Decoder).Video, h264Start, "1702000000", "", 0, 0, false, ""},
		{"AVC empty sequence header", (*flv.Decoder).Video, h264Start, "1700000000", "", 0, 0, false, ""},
		{"AVC frame without data", (*flv.Decoder).Video, h264Start, "1701000000", "", 0, 0, false, ""},
		{"seek command", (*flv.Decoder).Video, h264Start, "5700", "", 0, 0, false, ""},
		{"empty body", (*flv.Decoder).Video, h264Start, "", "", 0, 0, false, ""},
		{"legacy HEVC", (*flv.Decoder).Video, "1c00000000" + trackConfigs[video.HEVC], "2c010000210000000126", video.HEVC, 0, 33 * time.Millisecond, true, "0000000126"},
		{"HEVC frame after an AVC sequence header", (*flv.Decoder).Video, h264Start, "2c010000210000000126", "", 0, 0, false, ""},
		{"avc1 coded frames", (*flv.Decoder).Video, "90" + avc + trackConfigs[video.H264], "91" + avc + "0000500000000165", video.H264, 0, 80 * time.Millisecond, false, "0000000165"},
		{"avc1 coded frames X", (*flv.Decoder).Video, h264Start, "a3" + avc + "0000000141", video.H264, 0, 0, true, "0000000141"},
		{"hvc1 coded frames", (*flv.Decoder).Video, hevcStart, "a1" + hevc + "ffffff0000000126", video.HEVC, 0, -time.Millisecond, true, "0000000126"},
		{"hvc1 coded frames X", (*flv.Decoder).Video, hevcStart, "93" + hevc + "0000000126", video.HEVC, 0, 0, false, "0000000126"},
		{"hvc1 end of sequence", (*flv.Decoder).Video, hevcStart, "92" + hevc, "", 0, 0, false, ""},
		{"av01 coded frames", (*flv.Decoder).Video, av1Start, "91" + av1 + "32020102", video.AV1, 0, 0, false, "32020102"},
		{"av01 coded frames of an inter frame", (*flv.Decoder).Video, av1Start, "a1" + av1 + "32020102", video.AV1, 0, 0, true, "32020102"},
		{"av01 coded frames X", (*flv.Decoder).Video, av1Start, "a3" + av1 + "32020102", video.AV1, 0, 0, true, "32020102"},
		{"av01 with a temporal delimiter", (*flv.Decoder).Video, av1Start, "91" + av1 + "120032020102", video.AV1, 0, 0, false, "32020102"},
		{"av01 with nothing but a temporal delimiter", (*flv.Decoder).Video, av1Start, "91" + av1 + "1200", "", 0, 0, false, ""},
		{"av01 MPEG-2 TS sequence start", (*flv.Decoder).Video, "", "95" + av1 + "80040500", "", 0, 0, false, ""},
		{"metadata", (*flv.Decoder).Video, hevcStart, "94" + hevc + "020009636f6c6f72496e666f", "", 0, 0, false, ""},
		{"enhanced command", (*flv.Decoder).Video, hevcStart, "d100", "", 0, 0, false, ""},
		{"one track, the first", (*flv.Decoder).Video, hevcStart, "9603" + hevc + "000000000126", video.HEVC, 0, 0, false, "0000000126"},
		{"one track, the second", (*flv.Decoder).Video, hevcStart, "9603" + hevc + "010000000126", "", 0, 0, false, ""},
		{"one track of a sequence start", (*flv.Decoder).Video, "9600" + hevc + "00" + trackConfigs[video.HEVC], "93" + hevc + "0000000126", video.HEVC, 0, 0, false, "0000000126"},
		{"many tracks, ours last", (*flv.Decoder).Video, hevcStart, "a611" + hevc + "01000004" + "deadbeef" + "00000008" + "0000010000000126", video.HEVC, 0, time.Millisecond, true, "0000000126"},
		{"many tracks, ours missing", (*flv.Decoder).Video, hevcStart, "a611" + hevc + "01000004" + "deadbeef", "", 0, 0, false, ""},
		{"many tracks of codecs that only others have", (*flv.Decoder).Video, hevcStart, "9623" + "76703039" + "01000001ff" + hevc + "00000005" + "0000000126", video.HEVC, 0, 0, false, "0000000126"},
		{"time offset in nanoseconds", (*flv.Decoder).Video, hevcStart, "9702" + "00a2c1" + "03" + hevc + "0000000126", video.HEVC, 41665, 0, false, "0000000126"},
		{"time offset of over a millisecond", (*flv.Decoder).Video, hevcStart, "9702" + "0f4240" + "03" + hevc + "0000000126", video.HEVC, 0, 0, false, "0000000126"},
		{
			"time offset and a modifier of 300 bytes of a kind that is not known", (*flv.Decoder).Video, hevcStart,
			"97" + "02000007" + "07" + "ff012b" + strings.Repeat("01", 300) + "13" + hevc + "0000000126", video.HEVC, 7, 0, false, "0000000126",
		},
		{"time offset of a multitrack message", (*flv.Decoder).Video, hevcStart, "9702" + "000001" + "06" + "03" + hevc + "000000000126", video.HEVC, 1, 0, false, "0000000126"},

		{"AAC", (*flv.Decoder).Audio, aacStart, "af01210049", video.AAC, 0, 0, false, "210049"},
		{"AAC of a publisher that says mono", (*flv.Decoder).Audio, aacStart, "ae01210049", video.AAC, 0, 0, false, "210049"},
		{"AAC sequence header", (*flv.Decoder).Audio, "", aacStart, "", 0, 0, false, ""},
		{"AAC before the sequence header", (*flv.Decoder).Audio, "", "af01210049", "", 0, 0, false, ""},
		{"AAC without data", (*flv.Decoder).Audio, aacStart, "af01", "", 0, 0, false, ""},
		{"AAC empty sequence header", (*flv.Decoder).Audio, aacStart, "af00", "", 0, 0, false, ""},
		{"AAC of another packet type", (*flv.Decoder).Audio, aacStart, "af02210049", "", 0, 0, false, ""},
		{"MP3, which needs no sequence header", (*flv.Decoder).Audio, "", "2ffffb90c40000", video.MP3, 0, 0, false, "fffb90c40000"},
		{"MP3 at 8 kHz", (*flv.Decoder).Audio, "", "eeffe388c40000", video.MP3, 0, 0, false, "ffe388c40000"},
		{"MP3 without data", (*flv.Decoder).Audio, "", "2f", "", 0, 0, false, ""},
		{"empty audio body", (*flv.Decoder).Audio, aacStart, "", "", 0, 0, false, ""},
		{"mp4a", (*flv.Decoder).Audio, "90" + aac + trackConfigs[video.AAC], "91" + aac + "210049", video.AAC, 0, 0, false, "210049"},
		{"Opus", (*flv.Decoder).Audio, opusStart, "91" + opus + "fcfffe", video.Opus, 0, 0, false, "fcfffe"},
		{"Opus after an AAC sequence header", (*flv.Decoder).Audio, aacStart, "91" + opus + "fcfffe", "", 0, 0, false, ""},
		{"Opus end of sequence", (*flv.Decoder).Audio, opusStart, "92" + opus, "", 0, 0, false, ""},
		{"enhanced MP3", (*flv.Decoder).Audio, "90" + mp3, "91" + mp3 + "fffb90c40000", video.MP3, 0, 0, false, "fffb90c40000"},
		{"multichannel configuration", (*flv.Decoder).Audio, opusStart, "94" + opus + "010200000003", "", 0, 0, false, ""},
		{"audio of many tracks", (*flv.Decoder).Audio, opusStart, "9511" + opus + "00000003" + "fcfffe" + "01000001" + "ff", video.Opus, 0, 0, false, "fcfffe"},
		{"audio with a time offset", (*flv.Decoder).Audio, opusStart, "9702" + "000020" + "01" + opus + "fcfffe", video.Opus, 32, 0, false, "fcfffe"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var d flv.Decoder
			if _, ok, err := tt.decode(&d, 0, unhex(t, tt.before)); ok || err != nil {
				t.Fatalf("sequence header: %v, %v", ok, err)
			}
			body := unhex(t, tt.body)
			p, ok, err := tt.decode(&d, 5*time.Second, body)
			if err != nil {
				t.Fatal(err)
			}
			if ok != (tt.codec != "") {
				t.Fatalf("packet = %v, want one of %q", ok, tt.codec)
			}
			if !ok {
				return
			}
			if p.Track == nil || p.Track.Codec != tt.codec || p.Track != d.VideoTrack() && p.Track != d.AudioTrack() {
				t.Errorf("track %+v", p.Track)
			}
			data := unhex(t, tt.data)
			if p.DTS != 5*time.Second+tt.offset || p.CTS != tt.cts || p.Key == tt.inter || p.Discontinuity || !bytes.Equal(p.Data, data) {
				t.Errorf("packet %+v with data %x", p, p.Data)
			}
			if &p.Data[len(p.Data)-1] != &body[bytes.Index(body, data)+len(data)-1] {
				t.Error("data was copied")
			}
		})
	}
}

func TestDecoderRefusesCodecsThatCannotBePackaged(t *testing.T) {
	tests := []struct {
		name   string
		decode decode
		body   string
		codec  string
	}{
		{"Sorenson H.263", (*flv.Decoder).Video, "1200", "Sorenson H.263"},
		{"Screen Video", (*flv.Decoder).Video, "1300", "Screen Video"},
		{"VP6", (*flv.Decoder).Video, "1400", "VP6"},
		{"VP6 with alpha", (*flv.Decoder).Video, "2500", "VP6"},
		{"an id that nobody has", (*flv.Decoder).Video, "1f00", "video id f"},
		{"VP9", (*flv.Decoder).Video, "9076703039", "vp09"},
		{"VP8", (*flv.Decoder).Video, "9176703038", "vp08"},
		{"VVC", (*flv.Decoder).Video, "9376766331", "vvc1"},
		{"a FourCC that cannot be printed", (*flv.Decoder).Video, "900a0d00ff", "????"},
		{"a broken AVC sequence header", (*flv.Decoder).Video, "170000000001", "h264"},
		{"PCM", (*flv.Decoder).Audio, "3f00", "PCM"},
		{"ADPCM", (*flv.Decoder).Audio, "1f00", "ADPCM"},
		{"Nellymoser", (*flv.Decoder).Audio, "6f00", "Nellymoser"},
		{"G.711 A-law", (*flv.Decoder).Audio, "7f00", "G.711 A-law"},
		{"G.711 mu-law", (*flv.Decoder).Audio, "8f00", "G.711 mu-law"},
		{"Speex", (*flv.Decoder).Audio, "b600", "Speex"},
		{"an id for the device", (*flv.Decoder).Audio, "ff00", "audio id f"},
		{"AC-3", (*flv.Decoder).Audio, "9061632d33", "ac-3"},
		{"E-AC-3", (*flv.Decoder).Audio, "9165632d33", "ec-3"},
		{"FLAC", (*flv.Decoder).Audio, "90664c6143", "fLaC"},
		{"AAC Main", (*flv.Decoder).Audio, "af000990", "aac"},
		{"MP2 under the id of MP3", (*flv.Decoder).Audio, "2ffffd90c4", "mp3"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var d flv.Decoder
			_, ok, err := tt.decode(&d, 0, unhex(t, tt.body))
			var codecErr *video.CodecError
			if ok || !errors.As(err, &codecErr) || codecErr.Codec != tt.codec {
				t.Errorf("got %v, %v; want a CodecError of %q", ok, err, tt.codec)
			}
			if d.VideoTrack() != nil || d.AudioTrack() != nil {
				t.Error("a refused codec has a track")
			}
		})
	}
}

func TestDecoderTellsBodiesThatAreCutOff(t *testing.T) {
	tests := []struct {
		name   string
		decode decode
		body   string
	}{
		{"AVC of one byte", (*flv.Decoder).Video, "17"},
		{"AVC without its composition time", (*flv.Decoder).Video, "17010000"},
		{"FourCC", (*flv.Decoder).Video, "90687663"},
		{"composition time", (*flv.Decoder).Video, "91687663310000"},
		{"modifier without a size", (*flv.Decoder).Video, "97"},
		{"modifier without its long size", (*flv.Decoder).Video, "97ff00"},
		{"modifier shorter than its size", (*flv.Decoder).Video, "97020000"},
		{"modifier without a packet type", (*flv.Decoder).Video, "9702000000"},
		{"multitrack without a type", (*flv.Decoder).Video, "96"},
		{"multitrack of a reserved type", (*flv.Decoder).Video, "963068766331"},
		{"multitrack without a FourCC", (*flv.Decoder).Video, "9603687663"},
		{"multitrack without its second FourCC", (*flv.Decoder).Video, "9623687663"},
		{"multitrack without an id", (*flv.Decoder).Video, "962368766331"},
		{"multitrack without a size", (*flv.Decoder).Video, "961368766331000000"},
		{"multitrack shorter than its size", (*flv.Decoder).Video, "96136876633100000002ff"},
		{"AAC of one byte", (*flv.Decoder).Audio, "af"},
		{"MP3 of three bytes", (*flv.Decoder).Audio, "2ffffb90"},
		{"MP3 without a header", (*flv.Decoder).Audio, "2f000000000000"},
		{"MP3 with half a sync word", (*flv.Decoder).Audio, "2f00fb90c4"},
		{"audio FourCC", (*flv.Decoder).Audio, "904f7075"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var d flv.Decoder
			if _, ok, err := tt.decode(&d, 0, unhex(t, tt.body)); ok || !errors.Is(err, flv.ErrMalformed) {
				t.Errorf("got %v, %v; want ErrMalformed", ok, err)
			}
		})
	}
}

func TestDecoderKeepsTheTrackWhileTheSequenceHeaderRepeats(t *testing.T) {
	for codec, config := range trackConfigs {
		t.Run(string(codec), func(t *testing.T) {
			var d flv.Decoder
			send := (&d).Video
			if codec == video.AAC || codec == video.Opus || codec == video.MP3 {
				send = (&d).Audio
			}
			header := func(config string) []byte {
				track, err := video.NewTrack(codec, unhex(t, config))
				if err != nil {
					t.Fatal(err)
				}
				body, err := flv.AppendSequenceHeader(nil, track)
				if err != nil {
					t.Fatal(err)
				}
				if codec == video.MP3 { // whose frames are headers
					body = append([]byte{0x2f}, track.Config...)
				}
				return body
			}
			current := func() *video.Track {
				if d.VideoTrack() != nil {
					return d.VideoTrack()
				}
				return d.AudioTrack()
			}
			var tracks []*video.Track
			for _, config := range []string{config, config, otherConfigs[codec], otherConfigs[codec], config} {
				if _, _, err := send(0, header(config)); err != nil {
					t.Fatal(err)
				}
				tracks = append(tracks, current())
			}
			if tracks[0] == nil || tracks[0] != tracks[1] || tracks[1] == tracks[2] || tracks[2] != tracks[3] || tracks[3] == tracks[4] {
				t.Errorf("tracks %p", tracks)
			}
			if !tracks[0].Equal(tracks[4]) {
				t.Error("the first configuration came back as another one")
			}
		})
	}
}

func TestDecoderKeepsTheTrackOfMP3WhoseFramesDiffer(t *testing.T) {
	var d flv.Decoder
	var first *video.Track
	// Another bit rate, padding, no checksum, joint stereo.
	for _, frame := range []string{"2ffffb9004", "2ffffb8004", "2ffffb9204", "2ffffa9004", "2ffffb9064"} {
		p, ok, err := d.Audio(0, unhex(t, frame))
		if !ok || err != nil {
			t.Fatal(frame, ok, err)
		}
		if first == nil {
			first = p.Track
		}
		if p.Track != first {
			t.Errorf("frame %s made another track", frame)
		}
	}
	if p, ok, err := d.Audio(0, unhex(t, "2ffffb90c4")); !ok || err != nil || p.Track == first {
		t.Errorf("mono after stereo: %v, %v, same track %v", ok, err, p.Track == first)
	}
}

func TestDecoderGoesOnAfterErrors(t *testing.T) {
	var d flv.Decoder
	if _, _, err := d.Video(0, unhex(t, "1700000000"+trackConfigs[video.H264])); err != nil {
		t.Fatal(err)
	}
	track := d.VideoTrack()
	for _, body := range []string{"170000000001", "17", "1400"} {
		if _, _, err := d.Video(0, unhex(t, body)); err == nil {
			t.Fatalf("body %s was taken", body)
		}
	}
	p, ok, err := d.Video(0, unhex(t, "27010000000000000141"))
	if !ok || err != nil || p.Track != track {
		t.Errorf("got %+v, %v, %v; want a packet of the first track", p, ok, err)
	}
}
