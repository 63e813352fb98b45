package rtmp

import (
	"encoding/binary"
	"fmt"
	"slices"
)

// chunkStream is the state of one chunk stream, section 5.3.1.
type chunkStream struct {
	id       uint32
	typ      byte
	stream   uint32
	time     uint32 // of the last message that began
	field    uint32 // the last timestamp or delta as it was sent
	absolute bool   // field is a timestamp
	extended bool   // field did not fit 24 bits
	length   int
	begun    bool   // a message is being read
	body     []byte // as much of it as has been read
}

// chunkReader puts messages together from chunks.
type chunkReader struct {
	in         *reader
	chunkSize  int
	streams    []*chunkStream
	last       *chunkStream // the one of the previous chunk
	buffered   int          // sum of the lengths of unfinished messages
	maxStreams int
	maxMedia   int
	maxCommand int
	maxTotal   int
	prealloc   int // the most to allocate for what a peer only announces
}

func newChunkReader(in *reader, l Limits) *chunkReader {
	return &chunkReader{
		in:         in,
		chunkSize:  defaultChunkSize,
		maxStreams: l.MaxChunkStreams,
		maxMedia:   l.MaxMedia,
		maxCommand: l.MaxCommand,
		maxTotal:   l.MaxBuffered,
		prealloc:   l.MaxMedia,
	}
}

// next returns the next message that is not about chunks themselves. Its
// body is freshly allocated.
func (c *chunkReader) next() (message, error) {
	for {
		s, err := c.readHeader()
		if err != nil {
			return message{}, err
		}
		whole, err := c.readPayload(s)
		if err != nil {
			return message{}, err
		}
		if !whole {
			continue
		}
		m := message{typ: s.typ, stream: s.stream, time: s.time, body: s.body}
		c.drop(s)
		switch m.typ {
		case typeSetChunkSize:
			err = c.setChunkSize(m.body)
		case typeAbort:
			c.abort(m.body)
		default:
			return m, nil
		}
		if err != nil {
			return message{}, err
		}
	}
}

// readHeader reads the basic header and the message header of a chunk.
func (c *chunkReader) readHeader() (*chunkStream, error) {
	b, err := c.in.next(1)
	if err != nil {
		return nil, err
	}
	format, id := b[0]>>6, uint32(b[0]&63)
	switch id {
	case 0:
		if b, err = c.in.next(1); err != nil {
			return nil, err
		}
		id = uint32(b[0]) + 64
	case 1:
		if b, err = c.in.next(2); err != nil {
			return nil, err
		}
		id = uint32(binary.LittleEndian.Uint16(b)) + 64
	}
	s, err := c.find(id, format)
	if err != nil {
		return nil, err
	}
	if format == 3 {
		err = c.skipExtendedTime(s)
	} else {
		err = c.readMessageHeader(s, format)
	}
	if err != nil {
		return nil, err
	}
	if s.begun {
		return s, nil
	}
	return s, c.begin(s, format)
}

// find returns the state of a chunk stream, which a first chunk with a type
// and a length brings into being.
func (c *chunkReader) find(id uint32, format byte) (*chunkStream, error) {
	if c.last != nil && c.last.id == id {
		return c.last, nil
	}
	for _, s := range c.streams {
		if s.id == id {
			c.last = s
			return s, nil
		}
	}
	if format > 1 {
		return nil, fmt.Errorf("%w: chunk stream %d begins with a chunk of type %d", ErrProtocol, id, format)
	}
	if len(c.streams) >= c.maxStreams {
		return nil, fmt.Errorf("%w: more than %d chunk streams", ErrLimit, c.maxStreams)
	}
	s := &chunkStream{id: id}
	c.streams = append(c.streams, s)
	c.last = s
	return s, nil
}

func (c *chunkReader) readMessageHeader(s *chunkStream, format byte) error {
	h, err := c.in.next([...]int{11, 7, 3}[format])
	if err != nil {
		return err
	}
	s.field = uint24(h)
	if format < 2 {
		c.drop(s) // a new header in the middle of a message gives that one up
		s.length = int(uint24(h[3:]))
		s.typ = h[6]
	}
	if format == 0 {
		s.stream = binary.LittleEndian.Uint32(h[7:])
	}
	s.absolute = format == 0
	if s.extended = s.field == extendedTime; !s.extended {
		return nil
	}
	if h, err = c.in.next(4); err != nil {
		return err
	}
	s.field = binary.BigEndian.Uint32(h)
	return nil
}

// skipExtendedTime skips the extended timestamp of a chunk without a message
// header. Section 5.3.1.3 wants it there, old librtmp leaves it out: it is
// there if it repeats what was sent before.
func (c *chunkReader) skipExtendedTime(s *chunkStream) error {
	if !s.extended {
		return nil
	}
	b, err := c.in.peek(4)
	if err != nil {
		return err
	}
	if binary.BigEndian.Uint32(b) == s.field {
		c.in.discard(4)
	}
	return nil
}

// begin starts a message. A chunk without a message header that follows a
// timestamp repeats it: section 5.3.1.2.4 would have it added once more, but
// the encoders that send such chunks do not mean that.
func (c *chunkReader) begin(s *chunkStream, format byte) error {
	limit := c.maxCommand
	if s.typ == typeAudio || s.typ == typeVideo || s.typ == typeAggregate {
		limit = c.maxMedia
	}
	if s.length > limit {
		return fmt.Errorf("%w: message of %d bytes, type %d", ErrLimit, s.length, s.typ)
	}
	if c.buffered+s.length > c.maxTotal {
		return fmt.Errorf("%w: unfinished messages of %d bytes", ErrLimit, c.buffered+s.length)
	}
	switch {
	case !s.absolute:
		s.time += s.field
	case format == 0:
		s.time = s.field
	}
	c.buffered += s.length
	s.begun, s.body = true, make([]byte, 0, min(s.length, c.prealloc))
	return nil
}

// readPayload reads what a chunk carries and tells whether it completes the
// message.
func (c *chunkReader) readPayload(s *chunkStream) (whole bool, err error) {
	start := len(s.body)
	for len(s.body) < s.length && len(s.body)-start < c.chunkSize {
		at := len(s.body)
		end := min(start+c.chunkSize, s.length)
		if end > cap(s.body) {
			s.body = slices.Grow(s.body, min(end-at, max(at, c.prealloc)))
			end = min(end, cap(s.body))
		}
		s.body = s.body[:end]
		if err := c.in.readFull(s.body[at:]); err != nil {
			return false, err
		}
	}
	return len(s.body) == s.length, nil
}

// drop forgets the message that is being read.
func (c *chunkReader) drop(s *chunkStream) {
	if !s.begun {
		return
	}
	c.buffered -= s.length
	s.begun, s.body = false, nil
}

func (c *chunkReader) setChunkSize(body []byte) error {
	if len(body) < 4 {
		return nil
	}
	size := binary.BigEndian.Uint32(body) & 0x7fffffff
	if size == 0 {
		return fmt.Errorf("%w: chunk size 0", ErrProtocol)
	}
	c.chunkSize = int(min(size, maxChunkSize))
	return nil
}

func (c *chunkReader) abort(body []byte) {
	if len(body) < 4 {
		return
	}
	id := binary.BigEndian.Uint32(body)
	for _, s := range c.streams {
		if s.id == id {
			c.drop(s)
		}
	}
}

func uint24(b []byte) uint32 {
	return uint32(b[0])<<16 | uint32(b[1])<<8 | uint32(b[2])
}
