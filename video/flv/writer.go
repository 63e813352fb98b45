package flv

import (
	"encoding/binary"
	"fmt"
	"io"
	"slices"
	"time"

	"github.com/owncast-go/owncast/video"
)

const maxUint24 = 1<<24 - 1

// Writer writes an FLV file. Each tag is one call of the writer below. It is
// for one goroutine.
type Writer struct {
	w       io.Writer
	kinds   byte // the header's flags
	started bool
	video   *video.Track // the last that was written
	audio   *video.Track
	buf     []byte
}

// NewWriter returns a Writer to w whose header announces the kinds of track;
// without any it announces both. Readers may wait for what was announced. It
// writes nothing yet.
func NewWriter(w io.Writer, kinds ...video.Kind) *Writer {
	const hasVideo, hasAudio = 1, 4
	flags := byte(0)
	if len(kinds) == 0 || slices.Contains(kinds, video.Video) {
		flags |= hasVideo
	}
	if len(kinds) == 0 || slices.Contains(kinds, video.Audio) {
		flags |= hasAudio
	}
	return &Writer{w: w, kinds: flags}
}

// WriteTag writes t, and the file's header before the first one. Timestamps
// are cut to whole milliseconds and counted modulo 2³² of them. A body of
// 16 MiB or more is an error.
func (w *Writer) WriteTag(t Tag) error {
	buf := append(w.begin(), t.Body...)
	return w.end(buf, t.Type, t.Timestamp)
}

// WriteMetadata writes a script tag with m.
func (w *Writer) WriteMetadata(m video.Metadata) error {
	return w.end(AppendMetadata(w.begin(), m), TagScript, 0)
}

// WritePacket writes p with its DTS as timestamp, and before it the sequence
// header of its track if the last packet of the kind had another one. The
// errors are those of [AppendPacket], [AppendSequenceHeader] and of the writer
// below.
func (w *Writer) WritePacket(p video.Packet) error {
	kind, last := TagVideo, &w.video
	if p.Track.Kind == video.Audio {
		kind, last = TagAudio, &w.audio
	}
	if !p.Track.Equal(*last) {
		begin := w.begin()
		buf, err := AppendSequenceHeader(begin, p.Track)
		if err != nil {
			return err
		}
		if len(buf) > len(begin) {
			if err := w.end(buf, kind, p.DTS); err != nil {
				return err
			}
		}
	}
	*last = p.Track
	buf, err := AppendPacket(w.begin(), p)
	if err != nil {
		return err
	}
	return w.end(buf, kind, p.DTS)
}

// begin returns the buffer with room for a tag's header.
func (w *Writer) begin() []byte {
	buf := w.buf[:0]
	if !w.started {
		buf = append(buf, 'F', 'L', 'V', 1, w.kinds)
		buf = binary.BigEndian.AppendUint32(buf, fileHeaderSize)
		buf = append(buf, 0, 0, 0, 0)
	}
	return append(buf, make([]byte, tagHeaderSize)...)
}

// end completes what begin began, a body behind it, and writes it.
func (w *Writer) end(buf []byte, kind TagType, ts time.Duration) error {
	tag := buf
	if !w.started {
		tag = buf[fileHeaderSize+prevSizeSize:]
	}
	size := len(tag) - tagHeaderSize
	if size > maxUint24 {
		return fmt.Errorf("flv: %v tag of %d bytes", kind, size)
	}
	ms := uint32(ts.Milliseconds())
	tag[0] = byte(kind)
	putUint24(tag[1:], uint32(size))
	putUint24(tag[4:], ms)
	tag[7] = byte(ms >> 24)
	buf = binary.BigEndian.AppendUint32(buf, uint32(len(tag)))
	w.started = true
	w.buf = buf
	if _, err := w.w.Write(buf); err != nil {
		return fmt.Errorf("flv: write %v tag: %w", kind, err)
	}
	return nil
}
