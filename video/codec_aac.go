package video

import (
	"errors"
	"fmt"
)

// The audio object types (ISO/IEC 14496-3 table 1.17) that players take.
const (
	aacLC = 2
	aacHE = 5  // with spectral band replication
	aacPS = 29 // and parametric stereo
)

// aacConfig is what an AudioSpecificConfig says.
type aacConfig struct {
	objectType int // of the whole: one of the constants
	coreRate   int
	rate       int // of the decoder's output
	channels   int // of the decoder's output
	coreFrame  int // samples of a frame at coreRate
}

func (c *aacConfig) frameSamples() int { return c.coreFrame * (c.rate / c.coreRate) }

func (t *Track) parseAAC() error {
	t.Kind = Audio
	c, err := parseAACConfig(t.Config)
	if err != nil {
		return err
	}
	t.SampleRate, t.Channels = c.rate, c.channels
	t.CodecString = fmt.Sprintf("mp4a.40.%d", c.objectType)
	switch c.objectType {
	case aacHE:
		t.Profile = "HE-AAC"
	case aacPS:
		t.Profile = "HE-AAC v2"
	default:
		t.Profile = "LC"
	}
	return nil
}

// parseAACConfig reads an AudioSpecificConfig (ISO/IEC 14496-3 section
// 1.6.2.1). The dependency's reader is not used because it stops before the
// extension at the end and does not read a program config element there.
func parseAACConfig(config []byte) (aacConfig, error) {
	r := bitReader{data: config}
	c := aacConfig{objectType: readAACObjectType(&r)}
	c.coreRate = readAACRate(&r)
	c.rate = c.coreRate
	channelConfig := r.uint(4)
	object := c.objectType
	if object == aacHE || object == aacPS {
		c.rate = readAACRate(&r)
		object = readAACObjectType(&r)
	}
	if r.short {
		return c, errShortConfig
	}
	if object != aacLC {
		return c, fmt.Errorf("audio object type %d", object)
	}

	c.coreFrame = 1024
	if r.flag() {
		c.coreFrame = 960
	}
	if r.flag() { // dependsOnCoreCoder
		r.skip(14)
	}
	if r.flag() {
		return c, errors.New("configuration with an extension that low complexity does not have")
	}
	c.channels = aacChannels(&r, channelConfig)
	if r.short {
		return c, errShortConfig
	}
	if c.objectType == aacLC {
		c.readExtension(&r)
	}
	if c.objectType == aacPS {
		c.channels = 2
	}
	return c, c.check()
}

// readExtension reads the explicit but backward compatible signalling. Bytes
// that are something else are left alone.
func (c *aacConfig) readExtension(r *bitReader) {
	if r.left() < 16 || r.uint(11) != 0x2b7 || readAACObjectType(r) != aacHE || !r.flag() {
		return
	}
	rate := readAACRate(r)
	if r.short {
		return
	}
	c.objectType, c.rate = aacHE, rate
	if r.left() >= 12 && r.uint(11) == 0x548 && r.flag() {
		c.objectType = aacPS
	}
}

func (c *aacConfig) check() error {
	if c.coreRate < 7350 || c.coreRate > 96000 {
		return fmt.Errorf("sample rate of %d Hz", c.coreRate)
	}
	if c.rate != c.coreRate && c.rate != 2*c.coreRate {
		return fmt.Errorf("sample rate of %d Hz extended to %d Hz", c.coreRate, c.rate)
	}
	if c.channels == 0 {
		return errors.New("channel configuration")
	}
	return nil
}

func readAACObjectType(r *bitReader) int {
	if v := r.uint(5); v != 31 {
		return int(v)
	}
	return 32 + int(r.uint(6))
}

func readAACRate(r *bitReader) int {
	rates := [...]int{96000, 88200, 64000, 48000, 44100, 32000, 24000, 22050, 16000, 12000, 11025, 8000, 7350}
	i := int(r.uint(4))
	switch {
	case i < len(rates):
		return rates[i]
	case i == 15:
		return int(r.uint(24))
	default:
		return 0
	}
}

// aacChannels returns 0 for what is reserved.
func aacChannels(r *bitReader, config uint32) int {
	switch {
	case config == 0:
		return readAACProgramConfig(r)
	case config <= 6:
		return int(config)
	case config == 7 || config == 12 || config == 14:
		return 8
	case config == 11:
		return 7
	default:
		return 0
	}
}

// readAACProgramConfig counts the channels of a program_config_element
// (ISO/IEC 14496-3 table 4.2) and passes it.
func readAACProgramConfig(r *bitReader) int {
	r.skip(4 + 2 + 4)
	elements := int(r.uint(4) + r.uint(4) + r.uint(4)) // front, side, back
	lfe, data, coupling := int(r.uint(2)), int(r.uint(3)), int(r.uint(4))
	if r.flag() {
		r.skip(4) // mono mixdown
	}
	if r.flag() {
		r.skip(4) // stereo mixdown
	}
	if r.flag() {
		r.skip(3) // matrix mixdown
	}
	channels := lfe
	for range elements {
		channels++
		if r.flag() {
			channels++
		}
		r.skip(4)
	}
	r.skip(4*lfe + 4*data + 5*coupling)
	r.skip(-r.pos & 7)
	r.skip(8 * int(r.uint(8))) // comment
	return channels
}
