package flv

import (
	"bytes"
	"time"

	"github.com/owncast-go/owncast/video"
)

// Decoder turns the tag bodies of one publisher into packets. It keeps the
// track that each kind of packet belongs to. The zero Decoder is ready; it is
// for one goroutine.
//
// The bodies of video and of audio are those of FLV, the legacy codec ids 7
// (AVC), 12 (HEVC), 10 (AAC), 2 and 14 (MP3), and those of Enhanced RTMP: avc1,
// hvc1, av01, mp4a, Opus and .mp3. Of a multitrack message track 0 is taken.
// Metadata, multichannel configurations, sequence ends, MPEG-2 TS sequence
// starts and commands are passed over.
//
// A [*video.CodecError] tells that the publisher sends what cannot be
// packaged; any other error matches [ErrMalformed]. The Decoder stays usable
// after both.
type Decoder struct {
	video *video.Track
	audio *video.Track
}

// VideoTrack returns the track of the last video sequence header, or nil
// before the first.
func (d *Decoder) VideoTrack() *video.Track { return d.video }

// AudioTrack returns the track of the last audio sequence header (of MP3, of
// the last frame that was different), or nil before the first.
func (d *Decoder) AudioTrack() *video.Track { return d.audio }

// Video decodes a video body whose timestamp is dts. It returns false if
// there is no packet in it: if it was a sequence header, was empty, came before
// a sequence header of its codec, or is one of those passed over.
//
// The packet's Data is part of body and must not be changed any more; only of
// AV1 with temporal delimiters amid a body it is a copy. NAL units are not
// looked at. The packet's Track is the same pointer as long as the sequence
// header is the same.
func (d *Decoder) Video(dts time.Duration, body []byte) (video.Packet, bool, error) {
	if len(body) == 0 {
		return video.Packet{}, false, nil
	}
	if body[0]&videoEnhanced != 0 {
		return d.enhancedVideo(dts, body)
	}
	return d.legacyVideo(dts, body)
}

// Audio decodes an audio body whose timestamp is dts, as [Decoder.Video] does.
// MP3 has no sequence header: its first frame makes the track, and a frame
// with another version, rate or number of channels makes another one.
func (d *Decoder) Audio(dts time.Duration, body []byte) (video.Packet, bool, error) {
	if len(body) == 0 {
		return video.Packet{}, false, nil
	}
	if body[0]>>4 == audioEnhanced {
		return d.enhancedAudio(dts, body)
	}
	return d.legacyAudio(dts, body)
}

func (d *Decoder) legacyVideo(dts time.Duration, body []byte) (video.Packet, bool, error) {
	frame, id := body[0]>>4, body[0]&15
	if frame == frameCommand {
		return video.Packet{}, false, nil
	}
	codec := video.H264
	switch id {
	case videoLegacyAVC:
	case videoLegacyHEVC:
		codec = video.HEVC
	default:
		return video.Packet{}, false, unsupported(videoCodecName(id))
	}
	if len(body) < 5 {
		return video.Packet{}, false, malformed("video body of %d bytes", len(body))
	}
	switch body[1] {
	case legacySequenceHeader:
		return video.Packet{}, false, configure(&d.video, codec, body[5:])
	case legacyFrame:
		p := video.Packet{DTS: dts, CTS: milliseconds(int24(body[2:])), Key: isKey(frame), Data: body[5:]}
		return d.videoPacket(codec, p)
	default: // end of sequence
		return video.Packet{}, false, nil
	}
}

func (d *Decoder) legacyAudio(dts time.Duration, body []byte) (video.Packet, bool, error) {
	switch id := body[0] >> 4; id {
	case audioLegacyMP3, audioLegacyMP38k:
		return d.mp3(dts, body[1:])
	case audioLegacyAAC:
	default:
		return video.Packet{}, false, unsupported(audioCodecName(id))
	}
	if len(body) < 2 {
		return video.Packet{}, false, malformed("audio body of %d byte", len(body))
	}
	switch body[1] {
	case legacySequenceHeader:
		return video.Packet{}, false, configure(&d.audio, video.AAC, body[2:])
	case legacyFrame:
		return d.audioPacket(video.AAC, dts, body[2:])
	default:
		return video.Packet{}, false, nil
	}
}

// videoPacket completes p, which has all but a track.
func (d *Decoder) videoPacket(codec video.Codec, p video.Packet) (video.Packet, bool, error) {
	if d.video == nil || d.video.Codec != codec {
		return video.Packet{}, false, nil
	}
	if codec == video.AV1 {
		data, err := stripTemporalDelimiters(p.Data)
		if err != nil {
			return video.Packet{}, false, err
		}
		p.Data = data
	}
	if len(p.Data) == 0 {
		return video.Packet{}, false, nil
	}
	p.Track = d.video
	return p, true, nil
}

func (d *Decoder) audioPacket(codec video.Codec, dts time.Duration, data []byte) (video.Packet, bool, error) {
	if len(data) == 0 || d.audio == nil || d.audio.Codec != codec {
		return video.Packet{}, false, nil
	}
	return video.Packet{Track: d.audio, DTS: dts, Key: true, Data: data}, true, nil
}

func (d *Decoder) mp3(dts time.Duration, frame []byte) (video.Packet, bool, error) {
	if len(frame) == 0 {
		return video.Packet{}, false, nil
	}
	if len(frame) < 4 || frame[0] != 0xff || frame[1]&0xe0 != 0xe0 {
		return video.Packet{}, false, malformed("MP3 frame without a header")
	}
	header := frame[:4]
	if d.audio == nil || d.audio.Codec != video.MP3 || !sameMP3(d.audio.Config, header) {
		if err := configure(&d.audio, video.MP3, header); err != nil {
			return video.Packet{}, false, err
		}
	}
	return d.audioPacket(video.MP3, dts, frame)
}

// sameMP3 tells whether two frame headers are of one track: sync, version and
// layer are alike, and so are sampling rate and whether it is mono. Bit rate,
// padding, and the way stereo is joined differ from frame to frame.
func sameMP3(a, b []byte) bool {
	return a[0] == b[0] && (a[1]^b[1])&0xfe == 0 && (a[2]^b[2])&0x0c == 0 && (a[3]>>6 == 3) == (b[3]>>6 == 3)
}

// configure sets *track to the one that config describes, if it is not so
// already. An empty configuration, which some publishers send, says nothing.
func configure(track **video.Track, codec video.Codec, config []byte) error {
	if t := *track; len(config) == 0 || t != nil && t.Codec == codec && bytes.Equal(t.Config, config) {
		return nil
	}
	t, err := video.NewTrack(codec, config)
	if err != nil {
		return err
	}
	*track = t
	return nil
}

func unsupported(name string) error {
	return &video.CodecError{Codec: name, Reason: "not supported"}
}

func isKey(frame byte) bool { return frame == frameKey || frame == frameGenerated }

func milliseconds(v int32) time.Duration { return time.Duration(v) * time.Millisecond }
