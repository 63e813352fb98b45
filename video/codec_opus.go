package video

import (
	"bytes"
	"errors"
	"fmt"

	"github.com/bluenviron/mediacommon/v2/pkg/codecs/opus"
)

const (
	opusRate       = 48000
	opusMaxSamples = 5760 // 120 ms
)

// parseOpus reads an identification header (RFC 7845 section 5.1).
func (t *Track) parseOpus() error {
	t.Kind = Audio
	c := t.Config
	if len(c) < 19 {
		return errShortConfig
	}
	if !bytes.HasPrefix(c, []byte("OpusHead")) {
		return errors.New("not an identification header")
	}
	if c[8]>>4 != 0 {
		return fmt.Errorf("identification header version %d", c[8])
	}
	t.Channels = int(c[9])
	if err := checkOpusMapping(t.Channels, c[18], c[19:]); err != nil {
		return err
	}
	t.SampleRate = opusRate
	t.CodecString = "opus"
	return nil
}

func checkOpusMapping(channels int, family byte, table []byte) error {
	switch {
	case family == 0 && (channels == 1 || channels == 2):
		return nil
	case family != 1 || channels < 1 || channels > 8:
		return fmt.Errorf("%d channels in mapping family %d", channels, family)
	case len(table) < 2+channels:
		return errShortConfig
	}
	streams, coupled := int(table[0]), int(table[1])
	if streams == 0 || coupled > streams || streams+coupled > channels {
		return errors.New("invalid channel mapping")
	}
	for _, c := range table[2 : 2+channels] {
		if int(c) >= streams+coupled && c != 255 {
			return errors.New("invalid channel mapping")
		}
	}
	return nil
}

func opusSamples(packet []byte) int {
	n := opus.PacketDuration2(packet)
	if n > opusMaxSamples {
		return 0
	}
	return int(n)
}
