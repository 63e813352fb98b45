package flv_test

import (
	"encoding/hex"
	"testing"

	"github.com/owncast-go/owncast/video"
)

// Configurations of real encoders: x264, x265, libaom, ffmpeg's AAC, libopus
// and LAME.
var trackConfigs = map[video.Codec]string{
	video.H264: "0164001fffe100196764001facd940d83de6f01100000303e90000ea600f18319601000468ef8fcbfdf8f800",
	video.HEVC: "01016000000090000000000078f000fcfdf8f800000f03a00001001840010c01ffff016000000300900000030000030078959409" +
		"a10001002b420101016000000300900000030000030078a003c0801107cb965654a4c2f0168080000003008000000f04a2000100064401c073c189",
	video.AV1:  "81050c000a0b0000002d4cfdb34daf9004",
	video.AAC:  "121056e500",
	video.Opus: "4f707573486561640102380180bb0000000000",
	video.MP3:  "fffb90c4",
}

// otherConfigs are different ones of the same codecs.
var otherConfigs = map[video.Codec]string{
	video.H264: "014d401fffe10017674d401feca06c1ef37808800001f480007530078c18cb01000468ef8fc8",
	video.HEVC: "01222000000090000000000099f000fcfdfafa00000f03a00001001840010c01ffff222000000300900000030000030099959409" +
		"a100010029420101222000000300900000030000030099a00280802d136595952930bc05a02000007d20001d4c01a2000100064401c073c189",
	video.AV1:  "81084c000a0b00000042abbfc3700be101",
	video.AAC:  "118856e500",
	video.Opus: "4f707573486561640101380180bb0000000000",
	video.MP3:  "fff38464",
}

func newTrack(t testing.TB, codec video.Codec) *video.Track {
	t.Helper()
	track, err := video.NewTrack(codec, unhex(t, trackConfigs[codec]))
	if err != nil {
		t.Fatal(err)
	}
	return track
}

func unhex(t testing.TB, s string) []byte {
	t.Helper()
	b, err := hex.DecodeString(s)
	if err != nil {
		t.Fatal(err)
	}
	return b
}
