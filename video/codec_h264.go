package video

import (
	"errors"
	"fmt"

	"github.com/bluenviron/mediacommon/v2/pkg/codecs/h264"
)

const (
	h264NALTypeSPS = 7
	h264NALTypePPS = 8
)

// parseH264 reads an AVCDecoderConfigurationRecord (ISO/IEC 14496-15 section
// 5.3.3.1.2). What follows the parameter sets is not looked at.
func (t *Track) parseH264() error {
	t.Kind = Video
	r := byteReader{data: t.Config}
	head := r.bytes(5)
	if head == nil {
		return errShortConfig
	}
	if head[0] != 1 {
		return fmt.Errorf("configuration version %d", head[0])
	}
	if head[4]&3 == 2 {
		return errors.New("NAL unit lengths of 3 bytes")
	}
	sps, err := readH264Sets(&r, r.uint8()&31, h264NALTypeSPS)
	if err != nil {
		return err
	}
	if _, err := readH264Sets(&r, r.uint8(), h264NALTypePPS); err != nil {
		return err
	}
	if len(sps) < 4 {
		return errShortConfig
	}
	t.CodecString = fmt.Sprintf("avc1.%02x%02x%02x", sps[1], sps[2], sps[3])
	return t.parseH264SPS(sps)
}

// readH264Sets checks count parameter sets and returns the first.
func readH264Sets(r *byteReader, count, nalType int) ([]byte, error) {
	var first []byte
	for i := range count {
		nal := r.bytes(r.uint16())
		if r.short {
			return nil, errShortConfig
		}
		if len(nal) == 0 || int(nal[0]&31) != nalType {
			return nil, fmt.Errorf("parameter set is not NAL unit type %d", nalType)
		}
		if i == 0 {
			first = nal
		}
	}
	if r.short {
		return nil, errShortConfig
	}
	if first == nil {
		return nil, fmt.Errorf("no parameter set of NAL unit type %d", nalType)
	}
	return first, nil
}

func (t *Track) parseH264SPS(nal []byte) error {
	var sps h264.SPS
	if err := sps.Unmarshal(nal); err != nil {
		return fmt.Errorf("sequence parameter set: %w", err)
	}
	t.Profile = h264Profile(&sps)
	if t.Profile == "" {
		return fmt.Errorf("profile %d", sps.ProfileIdc)
	}
	if sps.ChromaFormatIdc > 3 || sps.BitDepthLumaMinus8 > 6 || sps.BitDepthChromaMinus8 > 6 {
		return errors.New("sequence parameter set: invalid sample format")
	}

	fields := int64(1)
	if !sps.FrameMbsOnlyFlag {
		fields = 2
	}
	width := 16 * (int64(sps.PicWidthInMbsMinus1) + 1)
	height := 16 * fields * (int64(sps.PicHeightInMapUnitsMinus1) + 1)
	if c := sps.FrameCropping; c != nil {
		unitX, unitY := h264CropUnits(&sps)
		width -= unitX * (int64(c.LeftOffset) + int64(c.RightOffset))
		height -= unitY * fields * (int64(c.TopOffset) + int64(c.BottomOffset))
	}
	if v := sps.VUI; v != nil && v.TimingInfo != nil {
		t.FrameRate = saneFrameRate(float64(v.TimingInfo.TimeScale) / (2 * float64(v.TimingInfo.NumUnitsInTick)))
	}
	return t.setPictureSize(width, height)
}

// h264CropUnits gives CropUnitX, and CropUnitY of a frame without fields
// (H.264 section 7.4.2.1.1).
func h264CropUnits(sps *h264.SPS) (x, y int64) {
	if sps.SeparateColourPlaneFlag {
		return 1, 1
	}
	switch sps.ChromaFormatIdc {
	case 1:
		return 2, 2
	case 2:
		return 2, 1
	default:
		return 1, 1
	}
}

// h264Profile names the profiles of H.264 annex A; the scalable and
// multi-view ones, and Extended, which nothing plays, have no name here.
func h264Profile(sps *h264.SPS) string {
	intra := ""
	if sps.ConstraintSet3Flag {
		intra = " Intra"
	}
	switch sps.ProfileIdc {
	case 66:
		if sps.ConstraintSet1Flag {
			return "Constrained Baseline"
		}
		return "Baseline"
	case 77:
		return "Main"
	case 100:
		switch {
		case sps.ConstraintSet4Flag && sps.ConstraintSet5Flag:
			return "Constrained High"
		case sps.ConstraintSet4Flag:
			return "Progressive High"
		}
		return "High"
	case 110:
		return "High 10" + intra
	case 122:
		return "High 4:2:2" + intra
	case 244:
		return "High 4:4:4 Predictive" + intra
	case 44:
		return "CAVLC 4:4:4 Intra"
	default:
		return ""
	}
}
