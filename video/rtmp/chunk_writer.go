package rtmp

import "encoding/binary"

// chunkWriter cuts messages into chunks. Its zero value writes chunks of the
// default size.
type chunkWriter struct {
	size    int // 0: the default
	streams [8]struct {
		used   bool
		stream uint32
		time   uint32
	}
}

// append appends m to dst in chunks of chunk stream csid, which is one of 2
// to 7. Only the first message of a chunk stream has its own timestamp, as
// long as none goes back: the time of those that follow is told by a delta,
// which is not long enough to be extended, and extended ones are where
// implementations disagree.
func (w *chunkWriter) append(dst []byte, csid byte, m message) []byte {
	size := w.size
	if size == 0 {
		size = defaultChunkSize
	}
	s := &w.streams[csid]
	format, time := byte(0), m.time
	if delta := m.time - s.time; s.used && s.stream == m.stream && delta < extendedTime {
		format, time = 1, delta
	}
	s.used, s.stream, s.time = true, m.stream, m.time

	dst = append(dst, format<<6|csid)
	dst = appendUint24(dst, min(time, extendedTime))
	dst = appendUint24(dst, uint32(len(m.body)))
	dst = append(dst, m.typ)
	if format == 0 {
		dst = binary.LittleEndian.AppendUint32(dst, m.stream)
	}
	for body := m.body; ; {
		if time >= extendedTime {
			dst = binary.BigEndian.AppendUint32(dst, time)
		}
		n := min(size, len(body))
		dst = append(dst, body[:n]...)
		if body = body[n:]; len(body) == 0 {
			return dst
		}
		dst = append(dst, 3<<6|csid)
	}
}

func appendUint24(dst []byte, v uint32) []byte {
	return append(dst, byte(v>>16), byte(v>>8), byte(v))
}
