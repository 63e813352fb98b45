package video

import (
	"bytes"
	"fmt"
)

const (
	maxConfigSize = 64 << 10
	maxPictureDim = 16384 // of the highest levels of H.264, HEVC and AV1
	maxFrameRate  = 300
)

// NewTrack makes the track that config describes. What config holds is told
// at the [Codec] constants; it is copied. Hostile input is expected: the
// error is always a [*CodecError], for a codec that is not one of the
// constants as well as for a configuration that is broken, over 64 KiB, or of
// a kind that players of fragmented MP4 do not take.
//
// CodecString follows RFC 6381 and the annexes it points to (ISO/IEC 14496-15
// annex E, AV1-ISOBMFF section 5). Width and Height are those of the picture
// after cropping, pixel aspect ratio ignored. FrameRate is 0 if the
// configuration does not tell or tells something outside of 1 to 300.
//
// AAC must be LC, HE or HE v2. If spectral band replication or parametric
// stereo is signalled explicitly, in either of the two ways (ISO/IEC 14496-3
// section 1.6.5), SampleRate and Channels are those of the decoder's output.
// Signalled implicitly, it is not visible here: the track is one of LC at the
// core's rate, as players take it from the configuration too. Opus is always
// at 48,000 Hz.
func NewTrack(codec Codec, config []byte) (t *Track, err error) {
	defer func() {
		if r := recover(); r != nil {
			t, err = nil, codecErrorf(codec, "malformed configuration: %v", r)
		}
	}()
	if len(config) > maxConfigSize {
		return nil, codecErrorf(codec, "configuration of %d bytes", len(config))
	}
	t = &Track{Codec: codec, Config: bytes.Clone(config)}
	if err = t.parse(); err != nil {
		return nil, &CodecError{Codec: string(codec), Reason: err.Error()}
	}
	return t, nil
}

func (t *Track) parse() error {
	switch t.Codec {
	case H264:
		return t.parseH264()
	case HEVC:
		return t.parseHEVC()
	case AV1:
		return t.parseAV1()
	case AAC:
		return t.parseAAC()
	case Opus:
		return t.parseOpus()
	case MP3:
		return t.parseMP3()
	default:
		return fmt.Errorf("not supported")
	}
}

// FrameSamples returns how many samples the audio frame data holds, counted
// at t.SampleRate. It is exact for every frame:
//
//   - AAC: 1024, or 960 if the configuration says so; twice that where
//     SampleRate is the doubled output rate of explicitly signalled HE-AAC.
//     data is not looked at and may be nil.
//   - Opus: 120 to 5760, from the packet's first bytes (RFC 6716 section 3.1).
//   - MP3: 1152 for MPEG-1, 576 for MPEG-2 and 2.5, from the frame's header.
//
// It returns 0 if t is not audio, or if its configuration or data is invalid.
// It does not allocate.
func (t *Track) FrameSamples(data []byte) int {
	switch t.Codec {
	case AAC:
		c, err := parseAACConfig(t.Config)
		if err != nil {
			return 0
		}
		return c.frameSamples()
	case Opus:
		return opusSamples(data)
	case MP3:
		h, err := parseMP3Header(data)
		if err != nil {
			return 0
		}
		return h.samples
	default:
		return 0
	}
}

// setPictureSize takes sizes as 64-bit numbers, so that a hostile crop of
// 32-bit offsets cannot wrap around to something that looks right.
func (t *Track) setPictureSize(width, height int64) error {
	if width < 1 || height < 1 || width > maxPictureDim || height > maxPictureDim {
		return fmt.Errorf("picture of %dx%d", width, height)
	}
	t.Width, t.Height = int(width), int(height)
	return nil
}

func saneFrameRate(f float64) float64 {
	if f >= 1 && f <= maxFrameRate {
		return f
	}
	return 0
}

func codecErrorf(codec Codec, format string, args ...any) *CodecError {
	return &CodecError{Codec: string(codec), Reason: fmt.Sprintf(format, args...)}
}
