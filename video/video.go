// Package video is the domain of a broadcast: tracks and packets, who may
// publish, and the session that turns one publisher after another into a
// stream that can be watched.
//
// A [Server] is fed by an ingest (package rtmp) through [Server.Publish] and
// feeds a [Packager] (package hls). Neither knows the other: what passes
// between them are [Packet] values, and what the rest of a program wants to
// know is in [State] and [Events].
package video

import (
	"bytes"
	"time"
)

// Kind tells a video track from an audio track.
type Kind uint8

// The kinds of track.
const (
	Video Kind = iota + 1
	Audio
)

// String returns "video" or "audio".
func (k Kind) String() string {
	switch k {
	case Video:
		return "video"
	case Audio:
		return "audio"
	default:
		return "unknown"
	}
}

// Codec is the format of a track.
type Codec string

// The codecs that can be packaged. The comment says what [Track].Config and
// [Packet].Data hold.
const (
	H264 Codec = "h264" // AVCDecoderConfigurationRecord; length-prefixed NAL units (ISO/IEC 14496-15)
	HEVC Codec = "hevc" // HEVCDecoderConfigurationRecord; length-prefixed NAL units (ISO/IEC 14496-15)
	AV1  Codec = "av1"  // AV1CodecConfigurationRecord; OBUs of one temporal unit, without temporal delimiters (AV1-ISOBMFF)
	AAC  Codec = "aac"  // AudioSpecificConfig; one raw access unit (ISO/IEC 14496-3)
	Opus Codec = "opus" // identification header, "OpusHead" included; one packet (RFC 7845)
	MP3  Codec = "mp3"  // the first frame's four-byte header; one frame (ISO/IEC 11172-3)
)

// Track is an elementary stream with one configuration. It is immutable: a
// stream whose configuration changes continues with another *Track. Make one
// with [NewTrack].
type Track struct {
	Kind   Kind
	Codec  Codec
	Config []byte // the codec's own configuration, see [Codec]

	CodecString string // for CODECS in playlists (RFC 6381), such as "avc1.64001f"
	Profile     string // for people, such as "High"; "" if unknown

	Width, Height int     // of video, in pixels as displayed; 0 if unknown
	FrameRate     float64 // of video, as the configuration has it; 0 if it does not say
	SampleRate    int     // of audio, in Hz
	Channels      int     // of audio
}

// Equal tells whether t and u are configured alike. Two nil tracks are equal.
func (t *Track) Equal(u *Track) bool {
	if t == nil || u == nil {
		return t == u
	}
	return t == u || t.Kind == u.Kind && t.Codec == u.Codec && bytes.Equal(t.Config, u.Config)
}

// Packet is one coded frame: a picture with all its slices, or one audio
// frame. Packets are values; Data is shared by everyone who holds a copy and
// must not be changed by anyone once the packet was handed on.
type Packet struct {
	Track *Track
	// DTS is when the packet is decoded. From an ingest it is the wire's own
	// clock, counted on over wraps; from a Server it is the session's, which
	// starts near 0 and never goes back within a kind of track.
	DTS time.Duration
	// CTS is what the presentation is later than DTS, as the wire had it.
	CTS time.Duration
	// Key marks a packet that can be decoded without any before it. Audio
	// packets always are.
	Key bool
	// Discontinuity marks the first packet after a break: a publisher that
	// came back, or a clock that jumped. Only a Server sets it.
	Discontinuity bool
	Data          []byte
}

// Metadata is what a publisher says of its broadcast. Nothing of it is
// trusted for more than reports and first guesses.
type Metadata struct {
	Encoder       string
	Width, Height int
	FrameRate     float64
	VideoBitrate  int // bits per second
	AudioBitrate  int // bits per second
}

// Latency is how a session is cut into segments.
type Latency struct {
	Segment  time.Duration // wanted length of a segment
	Segments int           // how many of them a live playlist lists
}

// DefaultLatencyLevel is the latency level of a new installation.
const DefaultLatencyLevel = 2

// LatencyLevel returns the Latency of a level from 0 (shortest delay) to 4
// (safest). Levels outside are taken as the nearest.
func LatencyLevel(level int) Latency {
	switch {
	case level <= 0:
		return Latency{Segment: time.Second, Segments: 25}
	case level == 1:
		return Latency{Segment: 2 * time.Second, Segments: 15}
	case level == 2:
		return Latency{Segment: 3 * time.Second, Segments: 10}
	case level == 3:
		return Latency{Segment: 4 * time.Second, Segments: 8}
	default:
		return Latency{Segment: 5 * time.Second, Segments: 5}
	}
}
