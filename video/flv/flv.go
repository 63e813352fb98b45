// Package flv translates between the bodies of FLV tags, which are those of
// RTMP messages too, and the tracks and packets of package video.
//
// It knows Adobe's Video File Format Specification 10.1 and Enhanced RTMP v1
// and v2. A [Decoder] takes what one publisher sends; [AppendSequenceHeader]
// and [AppendPacket] make such bodies; [Reader] and [Writer] are for files and
// pipes. Script data is AMF0, see [DecodeAMF0].
//
// Everything here works on bytes of strangers: nothing panics, and nothing
// takes more memory than a small multiple of what was received.
package flv

import (
	"errors"
	"fmt"
	"time"
)

// ErrMalformed is what every error about bytes that cannot be read matches.
// After one from a [Decoder] the next body may be tried; a [Reader] has lost
// its place.
var ErrMalformed = errors.New("flv: malformed")

func malformed(format string, args ...any) error {
	return fmt.Errorf("%w: %s", ErrMalformed, fmt.Sprintf(format, args...))
}

// TagType is the kind of a tag, and the type id of an RTMP message.
type TagType uint8

// The types of tag.
const (
	TagAudio  TagType = 8
	TagVideo  TagType = 9
	TagScript TagType = 18
)

// String returns "audio", "video", "script" or "unknown".
func (t TagType) String() string {
	switch t {
	case TagAudio:
		return "audio"
	case TagVideo:
		return "video"
	case TagScript:
		return "script"
	default:
		return "unknown"
	}
}

// Tag is one tag of a file.
type Tag struct {
	Type TagType
	// Timestamp is what the 32 bits on the wire say, in whole milliseconds:
	// it wraps around after 49.7 days.
	Timestamp time.Duration
	Body      []byte
}
