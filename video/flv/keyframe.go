package flv

import "github.com/owncast-go/owncast/video"

// frameUnsaid is a frame type that the specifications do not have. Some
// publishers of Enhanced RTMP leave the field at it.
const frameUnsaid = 0

// key tells whether a picture can be decoded without others: the body's word
// for it, or the picture's own if the body says nothing.
func key(frame byte, t *video.Track, data []byte) bool {
	if frame != frameUnsaid || t == nil {
		return isKey(frame)
	}
	switch t.Codec {
	case video.H264:
		return hasNAL(data, int(t.Config[4]&3)+1, func(header byte) bool { return header&0x1f == 5 })
	case video.HEVC: // BLA, IDR and CRA (ITU-T H.265 table 7-1)
		return hasNAL(data, int(t.Config[21]&3)+1, func(header byte) bool { return header>>1&0x3f >= 16 && header>>1&0x3f <= 21 })
	case video.AV1:
		return hasSequenceHeader(data)
	default:
		return false
	}
}

// hasNAL tells whether one of the length-prefixed units is as wanted.
func hasNAL(data []byte, lengthSize int, wanted func(header byte) bool) bool {
	for len(data) > lengthSize {
		size := uint64(0)
		for _, b := range data[:lengthSize] {
			size = size<<8 | uint64(b)
		}
		data = data[lengthSize:]
		if size > 0 && wanted(data[0]) {
			return true
		}
		if size > uint64(len(data)) {
			return false
		}
		data = data[size:]
	}
	return false
}

// hasSequenceHeader tells whether a temporal unit begins a coded video
// sequence (AV1 section 7.5).
func hasSequenceHeader(data []byte) bool {
	const sequenceHeader = 1
	for len(data) > 0 {
		size, err := obuSize(data)
		if err != nil {
			return false
		}
		if data[0]>>3&15 == sequenceHeader {
			return true
		}
		data = data[size:]
	}
	return false
}
