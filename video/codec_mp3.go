package video

import (
	"errors"
	"fmt"
)

// mp3Header is the header of a frame of MPEG-1, 2 or 2.5 layer III.
type mp3Header struct {
	version  string
	rate     int
	channels int
	samples  int
}

func (t *Track) parseMP3() error {
	t.Kind = Audio
	if len(t.Config) != 4 {
		return fmt.Errorf("frame header of %d bytes", len(t.Config))
	}
	h, err := parseMP3Header(t.Config)
	if err != nil {
		return err
	}
	t.SampleRate, t.Channels = h.rate, h.channels
	t.CodecString = "mp4a.40.34"
	t.Profile = h.version + " Layer III"
	return nil
}

// parseMP3Header reads ISO/IEC 11172-3 section 2.4.1.3, as ISO/IEC 13818-3
// and the unofficial MPEG-2.5 extend it. The dependency's reader wants a fifth
// byte and does not know MPEG-2.5.
func parseMP3Header(b []byte) (mp3Header, error) {
	if len(b) < 4 {
		return mp3Header{}, errShortConfig
	}
	if b[0] != 0xff || b[1]&0xe0 != 0xe0 {
		return mp3Header{}, errors.New("no frame header")
	}
	if b[1]>>1&3 != 1 {
		return mp3Header{}, errors.New("not layer III")
	}
	bitrate, rate := b[2]>>4, b[2]>>2&3
	if bitrate == 0 || bitrate == 15 || rate == 3 {
		return mp3Header{}, errors.New("invalid frame header")
	}
	h := mp3Header{rate: [...]int{44100, 48000, 32000}[rate], channels: 2, samples: 576}
	switch b[1] >> 3 & 3 {
	case 3:
		h.version, h.samples = "MPEG-1", 1152
	case 2:
		h.version, h.rate = "MPEG-2", h.rate/2
	case 0:
		h.version, h.rate = "MPEG-2.5", h.rate/4
	default:
		return mp3Header{}, errors.New("invalid frame header")
	}
	if b[3]>>6 == 3 {
		h.channels = 1
	}
	return h, nil
}
