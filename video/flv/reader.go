package flv

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"time"
)

const (
	fileHeaderSize = 9
	tagHeaderSize  = 11
	prevSizeSize   = 4

	maxFileHeaderSize = 4096
	defaultMaxBody    = 8 << 20
	// trustedBody is how much memory is taken on a tag header's word alone.
	trustedBody = 1 << 20
)

// Reader reads the tags of an FLV file (Adobe's specification, section E.2
// to E.4.1). It reads no more of its source than the tags it returns, in
// small pieces: give it something buffered. It is for one goroutine.
type Reader struct {
	r       io.Reader
	maxBody int
	offset  int64
	err     error
	started bool
	head    [prevSizeSize + tagHeaderSize]byte
}

// NewReader returns a Reader of r that takes tag bodies of up to maxBody bytes;
// 0 means 8 MiB. It reads nothing yet.
func NewReader(r io.Reader, maxBody int) *Reader {
	if maxBody <= 0 {
		maxBody = defaultMaxBody
	}
	return &Reader{r: r, maxBody: maxBody}
}

// Next returns the next tag, and blocks as its source does. The tag's Body is
// the caller's. At the end of the file, if a tag was complete before it, the
// error is io.EOF; if not, it matches io.ErrUnexpectedEOF. What is no FLV file,
// an encrypted tag and one that is too large match [ErrMalformed], and the
// source's own errors are passed on. After an error Next returns it again.
func (r *Reader) Next() (Tag, error) {
	if r.err != nil {
		return Tag{}, r.err
	}
	tag, err := r.next()
	if err != nil {
		if !errors.Is(err, io.EOF) {
			err = fmt.Errorf("flv: at byte %d: %w", r.offset, err)
		}
		r.err = err
		return Tag{}, err
	}
	return tag, nil
}

func (r *Reader) next() (Tag, error) {
	if !r.started {
		if err := r.readFileHeader(); err != nil {
			return Tag{}, err
		}
		r.started = true
	}
	// The size of the tag before is read with the next header, so that a tag
	// is not held back until the four bytes behind it are there.
	n, err := r.readFull(r.head[:])
	if n == prevSizeSize && errors.Is(err, io.ErrUnexpectedEOF) {
		return Tag{}, io.EOF
	}
	if err != nil {
		return Tag{}, err
	}
	h := r.head[prevSizeSize:]
	if h[0]&0x20 != 0 {
		return Tag{}, malformed("encrypted tag")
	}
	tag := Tag{Type: TagType(h[0] & 0x1f), Timestamp: timestamp(h)}
	if tag.Type != TagAudio && tag.Type != TagVideo && tag.Type != TagScript {
		return Tag{}, malformed("tag of type %d", uint8(tag.Type))
	}
	size := int(uint24(h[1:]))
	if size > r.maxBody {
		return Tag{}, malformed("tag of %d bytes", size)
	}
	tag.Body, err = r.readBody(size)
	return tag, err
}

func (r *Reader) readFileHeader() error {
	h := r.head[:fileHeaderSize]
	if _, err := r.readFull(h); err != nil {
		return noEOF(err)
	}
	if h[0] != 'F' || h[1] != 'L' || h[2] != 'V' || h[3] != 1 {
		return malformed("not an FLV file of version 1")
	}
	size := binary.BigEndian.Uint32(h[5:])
	if size < fileHeaderSize || size > maxFileHeaderSize {
		return malformed("header of %d bytes", size)
	}
	_, err := r.readBody(int(size) - fileHeaderSize)
	return err
}

func (r *Reader) readFull(b []byte) (int, error) {
	n, err := io.ReadFull(r.r, b)
	r.offset += int64(n)
	return n, err
}

func (r *Reader) readBody(size int) ([]byte, error) {
	body := make([]byte, min(size, trustedBody))
	read := 0
	for {
		if _, err := r.readFull(body[read:]); err != nil {
			return nil, noEOF(err)
		}
		read = len(body)
		if read == size {
			return body, nil
		}
		more := make([]byte, min(size, 2*read))
		copy(more, body)
		body = more
	}
}

func noEOF(err error) error {
	if errors.Is(err, io.EOF) {
		return io.ErrUnexpectedEOF
	}
	return err
}

func timestamp(tagHeader []byte) time.Duration {
	ms := uint32(tagHeader[7])<<24 | uint24(tagHeader[4:])
	return time.Duration(ms) * time.Millisecond
}
