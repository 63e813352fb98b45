package flv

import (
	"encoding/binary"
	"time"

	"github.com/owncast-go/owncast/video"
)

// enhancedHeader is what comes before the codec's own part of an Enhanced
// RTMP body.
type enhancedHeader struct {
	packetType byte
	codec      fourCC
	offset     time.Duration // to be added to the timestamp
	rest       []byte        // of track 0; nil if there is none
}

func (d *Decoder) enhancedVideo(dts time.Duration, body []byte) (video.Packet, bool, error) {
	frame := body[0] >> 4 & 7
	if frame == frameCommand { // metadata, the exception, is passed over too
		return video.Packet{}, false, nil
	}
	h, err := readEnhancedHeader(body, videoPacketMultitrack)
	if err != nil || h.rest == nil {
		return video.Packet{}, false, err
	}
	if h.packetType != packetSequenceStart && h.packetType != packetFrames && h.packetType != packetFramesX {
		return video.Packet{}, false, nil
	}
	var codec video.Codec
	switch h.codec {
	case fourCCAVC:
		codec = video.H264
	case fourCCHEVC:
		codec = video.HEVC
	case fourCCAV1:
		codec = video.AV1
	default:
		return video.Packet{}, false, unsupported(h.codec.String())
	}
	if h.packetType == packetSequenceStart {
		return video.Packet{}, false, configure(&d.video, codec, h.rest)
	}
	p := video.Packet{DTS: dts + h.offset, Data: h.rest}
	if h.packetType == packetFrames && codec != video.AV1 {
		if len(h.rest) < 3 {
			return video.Packet{}, false, malformed("composition time of %d bytes", len(h.rest))
		}
		p.CTS, p.Data = milliseconds(int24(h.rest)), h.rest[3:]
	}
	p.Key = key(frame, d.video, p.Data)
	return d.videoPacket(codec, p)
}

func (d *Decoder) enhancedAudio(dts time.Duration, body []byte) (video.Packet, bool, error) {
	h, err := readEnhancedHeader(body, audioPacketMultitrack)
	if err != nil || h.rest == nil {
		return video.Packet{}, false, err
	}
	if h.packetType != packetSequenceStart && h.packetType != packetFrames {
		return video.Packet{}, false, nil
	}
	var codec video.Codec
	switch h.codec {
	case fourCCAAC:
		codec = video.AAC
	case fourCCOpus:
		codec = video.Opus
	case fourCCMP3:
		if h.packetType == packetSequenceStart { // its frames tell all
			return video.Packet{}, false, nil
		}
		return d.mp3(dts+h.offset, h.rest)
	default:
		return video.Packet{}, false, unsupported(h.codec.String())
	}
	if h.packetType == packetSequenceStart {
		return video.Packet{}, false, configure(&d.audio, codec, h.rest)
	}
	return d.audioPacket(codec, dts+h.offset, h.rest)
}

// readEnhancedHeader reads ExVideoTagHeader or ExAudioTagHeader, which differ
// in the number of the packet type for multitrack messages.
func readEnhancedHeader(body []byte, multitrack byte) (enhancedHeader, error) {
	h := enhancedHeader{packetType: body[0] & 15}
	rest := body[1:]
	for h.packetType == packetModEx {
		var err error
		if rest, err = h.readModEx(rest); err != nil {
			return h, err
		}
	}
	if h.packetType == multitrack {
		return h, h.readMultitrack(rest)
	}
	if len(rest) < 4 {
		return h, malformed("FourCC of %d bytes", len(rest))
	}
	h.codec = fourCC(binary.BigEndian.Uint32(rest))
	h.rest = rest[4:]
	return h, nil
}

// readModEx reads one modifier and the packet type that follows it.
func (h *enhancedHeader) readModEx(b []byte) ([]byte, error) {
	if len(b) < 1 {
		return nil, malformed("truncated modifier")
	}
	size := int(b[0]) + 1
	b = b[1:]
	if size == 256 {
		if len(b) < 2 {
			return nil, malformed("truncated modifier")
		}
		size = int(binary.BigEndian.Uint16(b)) + 1
		b = b[2:]
	}
	if len(b) < size+1 {
		return nil, malformed("modifier of %d bytes in %d", size, len(b))
	}
	data, types := b[:size], b[size]
	if types>>4 == 0 && size >= 3 { // TimestampOffsetNano
		if ns := uint24(data); ns <= maxNanoOffset {
			h.offset = time.Duration(ns)
		}
	}
	h.packetType = types & 15
	return b[size+1:], nil
}

// readMultitrack looks for track 0.
func (h *enhancedHeader) readMultitrack(b []byte) error {
	if len(b) < 1 {
		return malformed("truncated multitrack header")
	}
	kind := b[0] >> 4
	h.packetType = b[0] & 15
	b = b[1:]
	if kind > multitrackManyCodecs {
		return malformed("multitrack type %d", kind)
	}
	if kind != multitrackManyCodecs {
		if len(b) < 4 {
			return malformed("truncated multitrack header")
		}
		h.codec = fourCC(binary.BigEndian.Uint32(b))
		b = b[4:]
	}
	for len(b) > 0 {
		if kind == multitrackManyCodecs {
			if len(b) < 4 {
				return malformed("truncated multitrack header")
			}
			h.codec = fourCC(binary.BigEndian.Uint32(b))
			b = b[4:]
		}
		if len(b) == 0 {
			return malformed("truncated multitrack header")
		}
		track, rest, err := cutTrack(b, kind)
		if err != nil {
			return err
		}
		if b[0] == 0 {
			h.rest = track
			return nil
		}
		b = rest
	}
	return nil
}

// cutTrack takes the body of the track whose id comes first in b, which is
// not empty.
func cutTrack(b []byte, kind byte) (track, rest []byte, err error) {
	if kind == multitrackOne {
		return b[1:], nil, nil
	}
	if len(b) < 4 {
		return nil, nil, malformed("truncated multitrack header")
	}
	size := int(uint24(b[1:]))
	if size > len(b)-4 {
		return nil, nil, malformed("track of %d bytes in %d", size, len(b)-4)
	}
	return b[4 : 4+size : 4+size], b[4+size:], nil
}
