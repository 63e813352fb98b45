package video

import (
	"errors"
	"fmt"

	"github.com/bluenviron/mediacommon/v2/pkg/codecs/av1"
)

const obuTypeSequenceHeader = 1

// parseAV1 reads an AV1CodecConfigurationRecord (AV1-ISOBMFF section 2.3).
// Its sequence header is optional there, but nothing else tells how large the
// picture is.
func (t *Track) parseAV1() error {
	t.Kind = Video
	if len(t.Config) < 4 {
		return errShortConfig
	}
	if t.Config[0] != 0x81 {
		return fmt.Errorf("configuration version %#02x", t.Config[0])
	}
	for obus := t.Config[4:]; len(obus) > 0; {
		header, payload, rest, err := nextOBU(obus)
		if err != nil {
			return err
		}
		if header>>3&15 == obuTypeSequenceHeader {
			return t.parseAV1SequenceHeader(payload)
		}
		obus = rest
	}
	return errors.New("configuration without a sequence header")
}

// nextOBU takes the first unit off obus (AV1 section 5.3).
func nextOBU(obus []byte) (header byte, payload, rest []byte, err error) {
	header = obus[0]
	start := 1
	if header&4 != 0 { // extension
		start = 2
	}
	if header&0x80 != 0 || start > len(obus) {
		return 0, nil, nil, errShortConfig
	}
	size := len(obus) - start
	if header&2 != 0 {
		var v av1.LEB128
		n, err := v.Unmarshal(obus[start:])
		if err != nil || int64(v) > int64(size-n) {
			return 0, nil, nil, errShortConfig
		}
		start += n
		size = int(v)
	}
	return header, obus[start : start+size], obus[start+size:], nil
}

// parseAV1SequenceHeader reads a sequence_header_obu (AV1 section 5.5) up to
// its color configuration. The dependency's reader is not used because it
// refuses headers with a decoder model or an initial display delay.
func (t *Track) parseAV1SequenceHeader(payload []byte) error {
	r := bitReader{data: payload}
	profile := r.uint(3)
	r.skip(1) // still_picture
	reduced := r.flag()
	level, tier := uint32(0), false
	if reduced {
		level = r.uint(5)
	} else {
		level, tier = t.readAV1OperatingPoints(&r)
	}

	widthBits, heightBits := int(r.uint(4))+1, int(r.uint(4))+1
	width, height := int64(r.uint(widthBits))+1, int64(r.uint(heightBits))+1
	skipAV1Tools(&r, reduced)

	depth := 8
	if r.flag() { // high_bitdepth
		depth = 10
		if profile == 2 && r.flag() {
			depth = 12
		}
	}
	if err := r.err(); err != nil {
		return err
	}
	if profile > 2 {
		return fmt.Errorf("profile %d", profile)
	}
	t.Profile = [...]string{"Main", "High", "Professional"}[profile]
	letter := 'M'
	if tier {
		letter = 'H'
	}
	t.CodecString = fmt.Sprintf("av01.%d.%02d%c.%02d", profile, level, letter, depth)
	return t.setPictureSize(width, height)
}

// readAV1OperatingPoints reads timing and operating points and returns level
// and tier of the first one, which stands for the whole stream.
func (t *Track) readAV1OperatingPoints(r *bitReader) (level uint32, tier bool) {
	model, delayBits := false, 0
	if r.flag() { // timing_info_present_flag
		units, scale := r.uint(32), r.uint(32)
		if r.flag() { // equal_picture_interval
			ticks := float64(r.golomb()) + 1
			t.FrameRate = saneFrameRate(float64(scale) / (float64(units) * ticks))
		}
		if model = r.flag(); model {
			delayBits = int(r.uint(5)) + 1
			r.skip(32 + 5 + 5)
		}
	}
	displayDelay := r.flag()
	for i := range int(r.uint(5)) + 1 {
		r.skip(12) // operating_point_idc
		l, h := r.uint(5), false
		if l > 7 {
			h = r.flag()
		}
		if i == 0 {
			level, tier = l, h
		}
		if model && r.flag() {
			r.skip(2*delayBits + 1)
		}
		if displayDelay && r.flag() {
			r.skip(4)
		}
	}
	return level, tier
}

// skipAV1Tools passes what is between picture size and color_config.
func skipAV1Tools(r *bitReader, reduced bool) {
	if !reduced && r.flag() { // frame_id_numbers_present_flag
		r.skip(4 + 3)
	}
	r.skip(3)
	if !reduced {
		r.skip(4)
		order := r.flag()
		if order {
			r.skip(2)
		}
		screenContent := r.flag() || r.flag() // chosen per frame, or forced
		if screenContent && !r.flag() {
			r.skip(1) // seq_force_integer_mv
		}
		if order {
			r.skip(3)
		}
	}
	r.skip(3)
}
