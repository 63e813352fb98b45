package video

import "bytes"

// Captions are the kinds of closed captions that a picture carries.
type Captions uint8

// The kinds of captions (ATSC A/53 part 4, section 6.2.3).
const (
	CEA608 Captions = 1 << iota // of line 21, field 1: channel CC1
	CEA708                      // of digital television: service 1
)

const (
	// maxCaptionUnits is how many units of a picture are looked at.
	maxCaptionUnits = 32
	// maxSEI is how many bytes of a supplemental unit are.
	maxSEI = 4096

	seiT35         = 4    // user_data_registered_itu_t_t35
	obuTypeMeta    = 5    // metadata
	obuMetaT35     = 4    // METADATA_TYPE_ITUT_T35
	hevcNALTypeSEI = 39   // before the picture
	h264NALTypeSEI = 6    //
	ccPresent      = 0x40 // process_cc_data_flag
	ccCount        = 0x1f
	ccValid        = 4
)

// CaptionsOf returns what captions p carries: of H.264 and HEVC in
// supplemental enhancement information, of AV1 in metadata. It looks at no
// more than what comes before the picture itself, allocates nothing, and takes
// bytes of any kind. A stream that can have captions has them in nearly every
// picture, if only as padding, which counts.
func CaptionsOf(p Packet) Captions {
	if p.Track == nil {
		return 0
	}
	config := p.Track.Config
	switch {
	case p.Track.Codec == H264 && len(config) > 4:
		return captionsOfNALs(p.Data, int(config[4]&3)+1, func(header byte) (sei, picture bool) {
			t := header & 31
			return t == h264NALTypeSEI, t >= 1 && t <= 5
		}, 1)
	case p.Track.Codec == HEVC && len(config) > 21:
		return captionsOfNALs(p.Data, int(config[21]&3)+1, func(header byte) (sei, picture bool) {
			t := header >> 1 & 63
			return t == hevcNALTypeSEI, t < hevcNALTypeVPS
		}, 2)
	case p.Track.Codec == AV1:
		return captionsOfOBUs(p.Data)
	default:
		return 0
	}
}

// captionsOfNALs looks at length-prefixed units up to the picture. header is
// the size of their headers, and kind tells their types by the first byte.
func captionsOfNALs(data []byte, lengthSize int, kind func(byte) (sei, picture bool), header int) (found Captions) {
	for range maxCaptionUnits {
		if len(data) <= lengthSize {
			break
		}
		size := uint64(0)
		for _, b := range data[:lengthSize] {
			size = size<<8 | uint64(b)
		}
		data = data[lengthSize:]
		if size > uint64(len(data)) {
			break
		}
		nal := data[:size]
		data = data[size:]
		if len(nal) <= header {
			continue
		}
		sei, picture := kind(nal[0])
		if picture {
			break
		}
		if sei {
			found |= captionsOfSEI(nal[header:])
		}
	}
	return found
}

// captionsOfSEI reads the messages of a unit (H.264 section 7.3.2.3.1, H.265
// section 7.3.5).
func captionsOfSEI(escaped []byte) (found Captions) {
	var buf [maxSEI]byte
	r := byteReader{data: unescape(buf[:0], escaped)}
	for !r.short && len(r.data) > 1 { // the last byte is the trailing bits
		typ, size := seiNumber(&r), seiNumber(&r)
		payload := r.bytes(size)
		if typ == seiT35 && payload != nil {
			found |= captionsOfT35(payload)
		}
	}
	return found
}

// seiNumber reads payloadType or payloadSize.
func seiNumber(r *byteReader) (n int) {
	for {
		b := r.uint8()
		n += b
		if b != 0xff {
			return n
		}
	}
}

// unescape appends as much of a unit as there is room for, without its
// emulation prevention bytes (H.264 section 7.4.1.1).
func unescape(dst, nal []byte) []byte {
	zeros := 0
	for _, b := range nal {
		if len(dst) == cap(dst) {
			break
		}
		if zeros >= 2 && b == 3 {
			zeros = 0
			continue
		}
		if b == 0 {
			zeros++
		} else {
			zeros = 0
		}
		dst = append(dst, b)
	}
	return dst
}

// captionsOfOBUs looks at the units of a temporal unit up to the picture (AV1
// sections 5.8 and 6.2.2).
func captionsOfOBUs(data []byte) (found Captions) {
	const frameHeader, tileGroup, frame = 3, 4, 6
	for range maxCaptionUnits {
		if len(data) == 0 {
			break
		}
		header, payload, rest, err := nextOBU(data)
		if err != nil {
			break
		}
		data = rest
		switch header >> 3 & 15 {
		case frameHeader, tileGroup, frame:
			return found
		case obuTypeMeta:
			if len(payload) > 0 && payload[0] == obuMetaT35 {
				found |= captionsOfT35(payload[1:])
			}
		}
	}
	return found
}

// captionsOfT35 reads ATSC's cc_data (A/53 part 4, tables 6.7 to 6.10, and
// CTA-708 section 4.3). The country is the United States, the provider ATSC.
func captionsOfT35(payload []byte) (found Captions) {
	data, ok := bytes.CutPrefix(payload, []byte{0xb5, 0, 0x31, 'G', 'A', '9', '4', 3})
	if !ok || len(data) < 2 || data[0]&ccPresent == 0 {
		return 0
	}
	n := int(data[0] & ccCount)
	data = data[2:]
	for range n {
		if len(data) < 3 {
			break
		}
		if data[0]&ccValid != 0 {
			switch data[0] & 3 {
			case 0:
				found |= CEA608
			case 2, 3:
				found |= CEA708
			}
		}
		data = data[3:]
	}
	return found
}
