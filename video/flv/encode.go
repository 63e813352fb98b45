package flv

import (
	"encoding/binary"
	"fmt"
	"time"

	"github.com/owncast-go/owncast/video"
)

// Composition times are signed 24-bit numbers of milliseconds.
const (
	maxCTS = (1<<23 - 1) * time.Millisecond
	minCTS = -(1 << 23) * time.Millisecond
)

// The first byte of legacy audio: codec id, "44 kHz", 16 bits, stereo, which
// is what AAC has to say whatever it is, and MP3's readers do not look at.
const (
	audioHeaderAAC = audioLegacyAAC<<4 | 0xf
	audioHeaderMP3 = audioLegacyMP3<<4 | 0xf
)

// AppendSequenceHeader appends the tag body that tells t's configuration to
// dst and returns the longer slice: H.264 and AAC with their legacy codec ids,
// HEVC, AV1 and Opus as Enhanced RTMP. MP3 has none: nothing is appended. The
// error, for another codec, is a [*video.CodecError].
func AppendSequenceHeader(dst []byte, t *video.Track) ([]byte, error) {
	switch t.Codec {
	case video.H264:
		dst = append(dst, frameKey<<4|videoLegacyAVC, legacySequenceHeader, 0, 0, 0)
	case video.AAC:
		dst = append(dst, audioHeaderAAC, legacySequenceHeader)
	case video.MP3:
		return dst, nil
	case video.HEVC, video.AV1:
		dst = append(dst, videoEnhanced|frameKey<<4|packetSequenceStart)
		dst = appendFourCC(dst, t.Codec)
	case video.Opus:
		dst = append(dst, audioEnhanced<<4|packetSequenceStart)
		dst = appendFourCC(dst, t.Codec)
	default:
		return dst, unsupported(string(t.Codec))
	}
	return append(dst, t.Config...), nil
}

// AppendPacket appends the tag body of p, whose Track must not be nil, to dst
// and returns the longer slice. It is written in the way of
// [AppendSequenceHeader]. CTS is cut to whole milliseconds; one that does not
// fit into 24 bits of them is an error, and so is one of AV1, which has no
// place for it.
func AppendPacket(dst []byte, p video.Packet) ([]byte, error) {
	if p.CTS < minCTS || p.CTS > maxCTS {
		return dst, fmt.Errorf("flv: composition time %v", p.CTS)
	}
	cts := uint32(p.CTS.Milliseconds())
	frame := byte(frameInter)
	if p.Key {
		frame = frameKey
	}
	switch p.Track.Codec {
	case video.H264:
		dst = append(dst, frame<<4|videoLegacyAVC, legacyFrame)
		dst = appendUint24(dst, cts)
	case video.HEVC:
		packetType := byte(packetFrames)
		if cts == 0 {
			packetType = packetFramesX
		}
		dst = append(dst, videoEnhanced|frame<<4|packetType)
		dst = appendFourCC(dst, p.Track.Codec)
		if cts != 0 {
			dst = appendUint24(dst, cts)
		}
	case video.AV1:
		if cts != 0 {
			return dst, fmt.Errorf("flv: composition time %v of AV1", p.CTS)
		}
		dst = append(dst, videoEnhanced|frame<<4|packetFrames)
		dst = appendFourCC(dst, p.Track.Codec)
	case video.AAC:
		dst = append(dst, audioHeaderAAC, legacyFrame)
	case video.MP3:
		dst = append(dst, audioHeaderMP3)
	case video.Opus:
		dst = append(dst, audioEnhanced<<4|packetFrames)
		dst = appendFourCC(dst, p.Track.Codec)
	default:
		return dst, unsupported(string(p.Track.Codec))
	}
	return append(dst, p.Data...), nil
}

func appendFourCC(dst []byte, codec video.Codec) []byte {
	c := fourCCOpus
	switch codec {
	case video.HEVC:
		c = fourCCHEVC
	case video.AV1:
		c = fourCCAV1
	}
	return binary.BigEndian.AppendUint32(dst, uint32(c))
}
