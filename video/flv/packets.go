package flv

import (
	"bufio"
	"errors"
	"fmt"
	"io"

	"github.com/owncast-go/owncast/video"
)

// ErrTooLarge is what the error of [ReadPackets] about a file that is larger
// than was allowed matches.
var ErrTooLarge = errors.New("flv: too large")

// ReadPackets reads a whole FLV file of at most most bytes. The packets are in
// the order of the file, with its timestamps; their Data is the caller's. The
// errors are those of [Reader], without io.EOF, and of [Decoder], and one that
// matches [ErrTooLarge].
func ReadPackets(file io.Reader, most int64) ([]video.Packet, error) {
	limited := &io.LimitedReader{R: file, N: most + 1}
	r := NewReader(bufio.NewReader(limited), 0)
	var d Decoder
	var packets []video.Packet
	for {
		tag, err := r.Next()
		if limited.N <= 0 {
			return nil, fmt.Errorf("%w: a file of more than %d bytes", ErrTooLarge, most)
		}
		if errors.Is(err, io.EOF) {
			return packets, nil
		}
		if err != nil {
			return nil, err
		}
		p, ok, err := d.tag(tag)
		if err != nil {
			return nil, err
		}
		if ok {
			packets = append(packets, p)
		}
	}
}

// tag decodes the body of a tag of any kind.
func (d *Decoder) tag(t Tag) (video.Packet, bool, error) {
	switch t.Type {
	case TagVideo:
		return d.Video(t.Timestamp, t.Body)
	case TagAudio:
		return d.Audio(t.Timestamp, t.Body)
	default:
		return video.Packet{}, false, nil
	}
}
