package videotest

import "github.com/owncast-go/owncast/video/flv"

type kind int

const (
	kindNone kind = iota // marks the end of a stream
	kindHeader
	kindMedia
)

// kindOf tells what a tag is for (Adobe's Video File Format Specification
// 10.1, E.4; Enhanced RTMP v2, "Enhanced Video" and "Enhanced Audio").
func kindOf(tag flv.Tag) kind {
	b := tag.Body
	switch {
	case tag.Type == flv.TagScript:
		return kindHeader
	case len(b) < 2:
		return kindNone
	case tag.Type == flv.TagVideo && b[0]&0x80 != 0, tag.Type == flv.TagAudio && b[0]>>4 == 9:
		return packetKind(b[0] & 0x0f)
	case tag.Type == flv.TagVideo && b[0]&0x0f == 7, tag.Type == flv.TagAudio && b[0]>>4 == 10:
		return packetKind(b[1])
	}
	return kindMedia // a codec without headers
}

// packetKind goes by the packet type of AVC, AAC and FourCC tags, which agree
// on the ones that matter here; 3 is coded frames without a composition time.
func packetKind(t byte) kind {
	switch t {
	case 0:
		return kindHeader
	case 1, 3:
		return kindMedia
	default:
		return kindNone
	}
}
