package video

import (
	"errors"
	"fmt"
	"math/bits"
	"strings"

	"github.com/bluenviron/mediacommon/v2/pkg/codecs/h264"
	"github.com/bluenviron/mediacommon/v2/pkg/codecs/h265"
)

const (
	hevcNALTypeVPS = 32
	hevcNALTypeSPS = 33
	hevcNALTypePPS = 34
)

// parseHEVC reads an HEVCDecoderConfigurationRecord (ISO/IEC 14496-15 section
// 8.3.3.1.2). The sample entry "hvc1", which is what Apple's players take,
// wants all parameter sets in it.
func (t *Track) parseHEVC() error {
	t.Kind = Video
	r := byteReader{data: t.Config}
	head := r.bytes(23)
	if head == nil {
		return errShortConfig
	}
	if head[0] > 1 { // 0 was written before the standard was final
		return fmt.Errorf("configuration version %d", head[0])
	}
	if head[21]&3 == 2 {
		return errors.New("NAL unit lengths of 3 bytes")
	}
	sps, err := readHEVCSets(&r, int(head[22]))
	if err != nil {
		return err
	}
	if err := t.parseHEVCSPS(sps); err != nil {
		return err
	}
	t.FrameRate = hevcFrameRate(sps)
	if t.FrameRate == 0 {
		t.FrameRate = saneFrameRate(float64(int(head[19])<<8|int(head[20])) / 256)
	}
	return nil
}

// readHEVCSets checks the arrays of parameter sets and returns the first SPS.
func readHEVCSets(r *byteReader, arrays int) ([]byte, error) {
	var vps, sps, pps []byte
	for range arrays {
		nalType := r.uint8() & 63
		for range r.uint16() {
			nal := r.bytes(r.uint16())
			if r.short {
				return nil, errShortConfig
			}
			if len(nal) < 2 || int(nal[0]>>1&63) != nalType {
				return nil, fmt.Errorf("parameter set is not NAL unit type %d", nalType)
			}
			switch {
			case nalType == hevcNALTypeVPS && vps == nil:
				vps = nal
			case nalType == hevcNALTypeSPS && sps == nil:
				sps = nal
			case nalType == hevcNALTypePPS && pps == nil:
				pps = nal
			}
		}
	}
	if r.short {
		return nil, errShortConfig
	}
	if vps == nil || sps == nil || pps == nil {
		return nil, errors.New("configuration lacks a parameter set")
	}
	return sps, nil
}

// parseHEVCSPS reads profile and picture size (H.265 section 7.3.2.2). The
// dependency's reader is not used for it because it refuses parameter sets
// whose temporal sub-layers have a profile or level.
func (t *Track) parseHEVCSPS(nal []byte) error {
	r := bitReader{data: h264.EmulationPreventionRemove(nal[2:])}
	r.skip(4)
	subLayers := int(r.uint(3))
	r.skip(1)
	if err := t.parseHEVCProfile(&r); err != nil {
		return err
	}
	skipHEVCSubLayers(&r, subLayers)

	r.golomb() // sps_seq_parameter_set_id
	chroma := r.golomb()
	unitX, unitY := int64(1), int64(1)
	switch chroma {
	case 0:
	case 1:
		unitX, unitY = 2, 2
	case 2:
		unitX = 2
	case 3:
		r.skip(1) // separate_colour_plane_flag
	default:
		return errors.New("sequence parameter set: invalid sample format")
	}
	width, height := int64(r.golomb()), int64(r.golomb())
	if r.flag() {
		width -= unitX * (int64(r.golomb()) + int64(r.golomb()))
		height -= unitY * (int64(r.golomb()) + int64(r.golomb()))
	}
	if err := r.err(); err != nil {
		return err
	}
	return t.setPictureSize(width, height)
}

// parseHEVCProfile reads the general part of profile_tier_level (H.265
// section 7.3.3) and writes it as ISO/IEC 14496-15 section E.3 says.
func (t *Track) parseHEVCProfile(r *bitReader) error {
	space, tier, profile := r.uint(2), r.uint(1), r.uint(5)
	compatibility := bits.Reverse32(r.uint(32))
	var constraints [6]uint32
	last := 0
	for i := range constraints {
		constraints[i] = r.uint(8)
		if constraints[i] != 0 {
			last = i + 1
		}
	}
	level := r.uint(8)
	if err := r.err(); err != nil {
		return err
	}
	t.Profile = hevcProfile(profile)
	if space != 0 || t.Profile == "" {
		return fmt.Errorf("profile %d of space %d", profile, space)
	}
	var s strings.Builder
	fmt.Fprintf(&s, "hvc1.%d.%X.%c%d", profile, compatibility, "LH"[tier], level)
	for _, c := range constraints[:last] {
		fmt.Fprintf(&s, ".%X", c)
	}
	t.CodecString = s.String()
	return nil
}

func skipHEVCSubLayers(r *bitReader, subLayers int) {
	if subLayers == 0 {
		return
	}
	skip := 0
	for range subLayers {
		if r.flag() {
			skip += 88
		}
		if r.flag() {
			skip += 8
		}
	}
	r.skip(2*(8-subLayers) + skip)
}

// hevcProfile names the profiles of H.265 annex A. Those of the scalable,
// multi-view and 3D extensions have no name here, since nothing plays them.
func hevcProfile(idc uint32) string {
	switch idc {
	case 1:
		return "Main"
	case 2:
		return "Main 10"
	case 3:
		return "Main Still Picture"
	case 4:
		return "Format Range Extensions"
	case 5:
		return "High Throughput"
	case 9:
		return "Screen Content Coding"
	default:
		return ""
	}
}

// hevcFrameRate reads the timing that is near the end of the parameter set,
// and gives 0 where the dependency cannot.
func hevcFrameRate(nal []byte) float64 {
	var sps h265.SPS
	if sps.Unmarshal(nal) != nil || sps.VUI == nil || sps.VUI.TimingInfo == nil {
		return 0
	}
	return saneFrameRate(float64(sps.VUI.TimingInfo.TimeScale) / float64(sps.VUI.TimingInfo.NumUnitsInTick))
}
