package video_test

import (
	"bytes"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"strings"
	"testing"

	"github.com/Eyevinn/mp4ff/hevc"

	"github.com/owncast-go/owncast/video"
)

// codecConfigs are configurations as x264, x265, libaom, SVT-AV1, ffmpeg's
// AAC, fdk-aac, libopus and LAME write them, but for those that say otherwise.
var codecConfigs = []struct {
	name   string
	codec  video.Codec
	config string
	want   video.Track // without Codec and Config
}{
	{
		"H.264 High 480p at 29.97 with a cropped width", video.H264,
		"0164001fffe100196764001facd940d83de6f01100000303e90000ea600f18319601000468ef8fcbfdf8f800",
		video.Track{CodecString: "avc1.64001f", Profile: "High", Width: 854, Height: 480, FrameRate: 30000. / 1001},
	},
	{
		"H.264 Main", video.H264,
		"014d401fffe10017674d401feca06c1ef37808800001f480007530078c18cb01000468ef8fc8",
		video.Track{CodecString: "avc1.4d401f", Profile: "Main", Width: 854, Height: 480, FrameRate: 30000. / 1001},
	},
	{
		"H.264 Constrained Baseline", video.H264,
		"0142c01fffe100176742c01fda0360f79bc04400000fa40003a9803c60ca8001000468ce0fc8",
		video.Track{CodecString: "avc1.42c01f", Profile: "Constrained Baseline", Width: 854, Height: 480, FrameRate: 30000. / 1001},
	},
	{
		"H.264 progressive 1080p, which codes 1088 lines", video.H264,
		"0142c028ffe100196742c028da01e0089f970110000003001000000303c0f1832a01000468ce0fc8",
		video.Track{CodecString: "avc1.42c028", Profile: "Constrained Baseline", Width: 1920, Height: 1080, FrameRate: 30},
	},
	{
		"H.264 interlaced 1080i", video.H264,
		"014d4028ffe10019674d4028f403c0227ef011000003000100000300321f162ea001000468de0fc8",
		video.Track{CodecString: "avc1.4d4028", Profile: "Main", Width: 1920, Height: 1080, FrameRate: 25},
	},
	{
		"H.264 High 10", video.H264,
		"016e001fffe10019676e001fa6cd940d83de6f011000003e90000ea600f183196001000468ef8fcbfdfafa00",
		video.Track{CodecString: "avc1.6e001f", Profile: "High 10", Width: 854, Height: 480, FrameRate: 30000. / 1001},
	},
	{
		"H.264 High 4:2:2", video.H264,
		"017a001fffe10019677a001fbcd940d83de6f01100000303e90000ea600f18319601000468ef8fcbfef8f800",
		video.Track{CodecString: "avc1.7a001f", Profile: "High 4:2:2", Width: 854, Height: 480, FrameRate: 30000. / 1001},
	},
	{
		"H.264 High 4:4:4", video.H264,
		"01f4001fffe1001967f4001f919b281b07bc5f808800001f480007530078c18cb001000668ef8f192190fff8f800",
		video.Track{CodecString: "avc1.f4001f", Profile: "High 4:4:4 Predictive", Width: 854, Height: 480, FrameRate: 30000. / 1001},
	},
	{
		"H.264 without color, whose crop counts single samples", video.H264,
		"0164001fffe100196764001ff3650360f78bf016c800001f480007530078c18cb001000468ef8fcbfcf8f800",
		video.Track{CodecString: "avc1.64001f", Profile: "High", Width: 854, Height: 480, FrameRate: 30000. / 1001},
	},
	{
		"H.264 whose clock is not a frame rate (by hand)", video.H264,
		h264WithTiming(1, 180000),
		video.Track{CodecString: "avc1.42c01f", Profile: "Constrained Baseline", Width: 854, Height: 480},
	},
	{
		"H.264 whose clock divides by zero (by hand)", video.H264,
		h264WithTiming(0, 60),
		video.Track{CodecString: "avc1.42c01f", Profile: "Constrained Baseline", Width: 854, Height: 480},
	},
	{
		"HEVC Main 1080p, which codes 1088 lines", video.HEVC, hevcMain,
		video.Track{CodecString: "hvc1.1.6.L120.90", Profile: "Main", Width: 1920, Height: 1080, FrameRate: 30},
	},
	{
		"HEVC Main 10 of the high tier at 59.94", video.HEVC,
		"01222000000090000000000099f000fcfdfafa00000f03a00001001840010c01ffff222000000300900000030000030099959409" +
			"a100010029420101222000000300900000030000030099a00280802d136595952930bc05a02000007d20001d4c01a2000100064401c073c189",
		video.Track{CodecString: "hvc1.2.4.H153.90", Profile: "Main 10", Width: 1280, Height: 720, FrameRate: 60000. / 1001},
	},
	{
		"HEVC 4:2:2 of the range extensions", video.HEVC,
		"0104080000009d08000000005df000fcfefafa00000f03a00001001740010c01ffff0408000003009d0800000300005d959409a1" +
			"0001002a4201010408000003009d0800000300005db00280802d136595952930bc05a020000003002000000303c1a2000100064401c073c189",
		video.Track{CodecString: "hvc1.4.10.L93.9D.8", Profile: "Format Range Extensions", Width: 1280, Height: 720, FrameRate: 30},
	},
	{
		"HEVC with profile and level of temporal sub-layers (by hand)", video.HEVC, hevcWithSubLayers(),
		video.Track{CodecString: "hvc1.1.6.L93.B0", Profile: "Main", Width: 640, Height: 360, FrameRate: 25},
	},
	{
		"AV1 Main of odd size", video.AV1, "81050c000a0b0000002d4cfdb34daf9004",
		video.Track{CodecString: "av01.0.05M.08", Profile: "Main", Width: 1278, Height: 718},
	},
	{
		"AV1 Main with 10 bits", video.AV1, "81084c000a0b00000042abbfc3700be101",
		video.Track{CodecString: "av01.0.08M.10", Profile: "Main", Width: 1920, Height: 1080},
	},
	{
		"AV1 High", video.AV1, "812000000a0a200000043cfeccdaf902",
		video.Track{CodecString: "av01.1.00M.08", Profile: "High", Width: 320, Height: 180},
	},
	{
		"AV1 of a still picture without color (by hand)", video.AV1, av1Monochrome(),
		video.Track{CodecString: "av01.0.00M.10", Profile: "Main", Width: 64, Height: 64},
	},
	{
		"AV1 with timing, decoder model and display delay (by hand)", video.AV1, av1WithEverything(),
		video.Track{CodecString: "av01.2.13H.12", Profile: "Professional", Width: 3840, Height: 2160, FrameRate: 50},
	},
	{
		"AAC LC at 44.1 kHz", video.AAC, "121056e500",
		video.Track{CodecString: "mp4a.40.2", Profile: "LC", SampleRate: 44100, Channels: 2},
	},
	{
		"AAC LC at 48 kHz, shortest form", video.AAC, "1190",
		video.Track{CodecString: "mp4a.40.2", Profile: "LC", SampleRate: 48000, Channels: 2},
	},
	{
		"AAC LC mono", video.AAC, "118856e500",
		video.Track{CodecString: "mp4a.40.2", Profile: "LC", SampleRate: 48000, Channels: 1},
	},
	{
		"AAC LC 5.1", video.AAC, "11b056e500",
		video.Track{CodecString: "mp4a.40.2", Profile: "LC", SampleRate: 48000, Channels: 6},
	},
	{
		"HE-AAC with a program config element of 5.1 and a comment (by hand)", video.AAC, aacWithProgramConfig(),
		video.Track{CodecString: "mp4a.40.5", Profile: "HE-AAC", SampleRate: 96000, Channels: 6},
	},
	{
		"HE-AAC, hierarchical", video.AAC, "2b920800",
		video.Track{CodecString: "mp4a.40.5", Profile: "HE-AAC", SampleRate: 44100, Channels: 2},
	},
	{
		"HE-AAC, backward compatible", video.AAC, "139056e5a0",
		video.Track{CodecString: "mp4a.40.5", Profile: "HE-AAC", SampleRate: 44100, Channels: 2},
	},
	{
		"HE-AAC v2, hierarchical, of a mono core", video.AAC, "eb8a0800",
		video.Track{CodecString: "mp4a.40.29", Profile: "HE-AAC v2", SampleRate: 44100, Channels: 2},
	},
	{
		"HE-AAC v2, backward compatible", video.AAC, "138856e5a54880",
		video.Track{CodecString: "mp4a.40.29", Profile: "HE-AAC v2", SampleRate: 44100, Channels: 2},
	},
	{
		"Opus stereo", video.Opus, opusHead(2, 0, ""),
		video.Track{CodecString: "opus", SampleRate: 48000, Channels: 2},
	},
	{
		"Opus mono", video.Opus, opusHead(1, 0, ""),
		video.Track{CodecString: "opus", SampleRate: 48000, Channels: 1},
	},
	{
		"Opus 5.1", video.Opus, opusHead(6, 1, "0402000401020305"),
		video.Track{CodecString: "opus", SampleRate: 48000, Channels: 6},
	},
	{
		"MP3 at 44.1 kHz", video.MP3, "fffb90c4",
		video.Track{CodecString: "mp4a.40.34", Profile: "MPEG-1 Layer III", SampleRate: 44100, Channels: 1},
	},
	{
		"MP3 of MPEG-2", video.MP3, "fff38464",
		video.Track{CodecString: "mp4a.40.34", Profile: "MPEG-2 Layer III", SampleRate: 24000, Channels: 2},
	},
	{
		"MP3 of MPEG-2.5", video.MP3, "ffe388c4",
		video.Track{CodecString: "mp4a.40.34", Profile: "MPEG-2.5 Layer III", SampleRate: 8000, Channels: 1},
	},
}

func TestNewTrackReadsConfigurationsOfRealEncoders(t *testing.T) {
	for _, tt := range codecConfigs {
		t.Run(tt.name, func(t *testing.T) {
			config := unhex(t, tt.config)
			got, err := video.NewTrack(tt.codec, config)
			if err != nil {
				t.Fatal(err)
			}
			want := tt.want
			want.Codec, want.Config, want.Kind = tt.codec, nil, video.Video
			if want.SampleRate != 0 {
				want.Kind = video.Audio
			}
			if !bytes.Equal(got.Config, config) {
				t.Errorf("Config = %x, want %x", got.Config, config)
			}
			got.Config = nil
			if !equalTracks(*got, want) {
				t.Errorf("got  %+v\nwant %+v", *got, want)
			}
		})
	}
}

func TestNewTrackOwnsItsConfiguration(t *testing.T) {
	config := unhex(t, "1190")
	track, err := video.NewTrack(video.AAC, config)
	if err != nil {
		t.Fatal(err)
	}
	config[0] = 0xff
	if track.Config[0] != 0x11 {
		t.Error("the track's configuration changed with the caller's slice")
	}
}

func TestNewTrackRefusesWhatCannotBePlayed(t *testing.T) {
	high := codecConfigs[0].config
	tests := []struct {
		name   string
		codec  video.Codec
		config string
		reason string // part of it
	}{
		{"an unknown codec", "vp9", "01", "not supported"},
		{"an empty configuration", video.H264, "", "truncated"},
		{"H.264 of another version", video.H264, "00" + high[2:], "version 0"},
		{"H.264 with lengths of 3 bytes", video.H264, high[:8] + "fe" + high[10:], "3 bytes"},
		{"H.264 without an SPS", video.H264, "0164001fffe001000468ef8fcb", "NAL unit type 7"},
		{"H.264 without a PPS", video.H264, high[:len(high)-22] + "00", "NAL unit type 8"},
		{"H.264 cut in its SPS", video.H264, high[:40], "truncated"},
		{"H.264 with an SPS of one byte", video.H264, "0164001fffe100016701000468ef8fcb", "truncated"},
		{"H.264 with an SPS that is a PPS", video.H264, strings.Replace(high, "6764", "6864", 1), "NAL unit type 7"},
		{"H.264 of a scalable profile", video.H264, strings.Replace(high, "6764", "6753", 1), "profile 83"},
		{"H.264 Extended", video.H264, strings.Replace(codecConfigs[2].config, "6742", "6758", 1), "profile 88"},
		{"Annex B instead of a record", video.H264, "000000016742c01fda0360f79bc0", "version 0"},
		{"HEVC cut in its head", video.HEVC, hevcMain[:40], "truncated"},
		{"HEVC with lengths of 3 bytes", video.HEVC, hevcMain[:42] + "0e" + hevcMain[44:], "3 bytes"},
		{"HEVC without a PPS", video.HEVC, hevcMain[:44] + "02" + hevcMain[46:len(hevcMain)-22], "lacks a parameter set"},
		{"HEVC cut in its PPS", video.HEVC, hevcMain[:len(hevcMain)-2], "truncated"},
		{"AV1 of another version", video.AV1, "82050c000a0b0000002d4cfdb34daf9004", "version"},
		{"AV1 without a sequence header", video.AV1, "81050c00", "without a sequence header"},
		{"AV1 with a sequence header cut off", video.AV1, "81050c000a0b0000002d4c", "truncated"},
		{"AV1 with a sequence header too short", video.AV1, "81050c000a040000002d", "truncated"},
		{"AV1 of a reserved profile", video.AV1, "81e50c000a0be000002d4cfdb34daf9004", "profile 7"},
		{"AAC Main", video.AAC, "0990", "object type 1"},
		{"AAC LTP", video.AAC, "2190", "object type 4"},
		{"AAC ELD", video.AAC, "f8e65000", "object type 39"},
		{"AAC of one byte", video.AAC, "11", "truncated"},
		{"AAC with a reserved rate", video.AAC, "1690", "sample rate of 0"},
		{"AAC with an explicit rate of 1 Hz", video.AAC, "1780000090", "sample rate of 1 Hz"},
		{"AAC with reserved channels", video.AAC, "11c0", "channel configuration"},
		{"AAC without channels", video.AAC, "1180", "truncated"},
		{"HE-AAC extended to another rate", video.AAC, "2b900800", "extended to 96000"},
		{"Opus without its magic", video.Opus, "00" + opusHead(2, 0, "")[2:], "identification header"},
		{"Opus of another version", video.Opus, strings.Replace(opusHead(2, 0, ""), "6164"+"01", "6164"+"10", 1), "version 16"},
		{"Opus with three channels in family 0", video.Opus, opusHead(3, 0, ""), "3 channels in mapping family 0"},
		{"Opus of discrete channels", video.Opus, opusHead(2, 255, "02000001"), "mapping family 255"},
		{"Opus with its mapping cut off", video.Opus, opusHead(6, 1, "04020004"), "truncated"},
		{"Opus with a mapping beyond its streams", video.Opus, opusHead(2, 1, "01010003"), "invalid channel mapping"},
		{"MP3 without a sync word", video.MP3, "00fb90c4", "no frame header"},
		{"MP2", video.MP3, "fffd90c4", "not layer III"},
		{"MP3 of a free bit rate", video.MP3, "fffb00c4", "invalid frame header"},
		{"MP3 with more than a header", video.MP3, "fffb90c400", "5 bytes"},
		{"more than anyone needs", video.AAC, "1190" + strings.Repeat("00", 64<<10), "65538 bytes"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			track, err := video.NewTrack(tt.codec, unhex(t, tt.config))
			var codecErr *video.CodecError
			if !errors.As(err, &codecErr) || track != nil {
				t.Fatalf("got %+v, %v; want a CodecError", track, err)
			}
			if codecErr.Codec != string(tt.codec) || !strings.Contains(codecErr.Reason, tt.reason) {
				t.Errorf("error = %q, want one with %q", err, tt.reason)
			}
		})
	}
}

func TestNewTrackRefusesPicturesThatWrapAround(t *testing.T) {
	// Crops that take off 2³² times two lines or columns leave the size as it
	// was in 32-bit arithmetic.
	const half = 1 << 31
	for name, crop := range map[string][]uint64{"width": {half, half, 0, 0}, "height": {0, 0, half, half}} {
		var w bitWriter
		w.bytes(0x42, 0xc0, 0x1f)
		w.golomb(0, 0, 0, 0, 1) // id, frame number, order count type and length, references
		w.put(1, 0)
		w.golomb(9, 9)  // size in macroblocks
		w.put(3, 0b101) // frames only; crop
		w.golomb(crop...)
		w.put(2, 1) // no VUI, stop
		_, err := video.NewTrack(video.H264, unhex(t, h264Config(w.escaped(0x67))))
		if err == nil || !strings.Contains(err.Error(), "picture of") {
			t.Errorf("%s: error = %v, want one about the picture", name, err)
		}
	}
}

func TestHEVCCodecStringsAreThoseOfAnotherParser(t *testing.T) {
	for _, tt := range codecConfigs {
		if tt.codec != video.HEVC || strings.Contains(tt.name, "by hand") {
			continue
		}
		t.Run(tt.name, func(t *testing.T) {
			config := unhex(t, tt.config)
			track, err := video.NewTrack(video.HEVC, config)
			if err != nil {
				t.Fatal(err)
			}
			sps, err := hevc.ParseSPSNALUnit(firstHEVCSet(t, config, 33))
			if err != nil {
				t.Fatal(err)
			}
			if want := hevc.CodecString("hvc1", sps); track.CodecString != want {
				t.Errorf("CodecString = %q, want %q", track.CodecString, want)
			}
		})
	}
}

func equalTracks(a, b video.Track) bool {
	rate := a.FrameRate - b.FrameRate
	a.FrameRate, b.FrameRate = 0, 0
	ac, bc := a.Config, b.Config
	a.Config, b.Config = nil, nil
	return rate > -1e-9 && rate < 1e-9 && bytes.Equal(ac, bc) &&
		a.Kind == b.Kind && a.Codec == b.Codec && a.CodecString == b.CodecString && a.Profile == b.Profile &&
		a.Width == b.Width && a.Height == b.Height && a.SampleRate == b.SampleRate && a.Channels == b.Channels
}

func unhex(t testing.TB, s string) []byte {
	t.Helper()
	b, err := hex.DecodeString(s)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func firstHEVCSet(t *testing.T, config []byte, nalType byte) []byte {
	t.Helper()
	for b := config[23:]; len(b) > 5; {
		kind, n := b[0]&63, binary.BigEndian.Uint16(b[3:])
		if kind == nalType {
			return b[5 : 5+n]
		}
		b = b[5+n:]
	}
	t.Fatal("no such parameter set")
	return nil
}
