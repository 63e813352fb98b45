package hls

import (
	"errors"
	"io"
)

// body is the bytes of a part or a segment: pieces that are sent one after
// another and never change.
type body [][]byte

func (b body) size() int64 {
	n := 0
	for _, p := range b {
		n += len(p)
	}
	return int64(n)
}

func (b body) reader() *bodyReader { return &bodyReader{b: b, size: b.size()} }

// bodyReader reads a body without joining its pieces.
type bodyReader struct {
	b    body
	size int64
	at   int64
}

func (r *bodyReader) Read(p []byte) (int, error) {
	if r.at >= r.size {
		return 0, io.EOF
	}
	skip, n := r.at, 0
	for _, piece := range r.b {
		if skip >= int64(len(piece)) {
			skip -= int64(len(piece))
			continue
		}
		n += copy(p[n:], piece[skip:])
		skip = 0
		if n == len(p) {
			break
		}
	}
	r.at += int64(n)
	return n, nil
}

// WriteTo spares whoever copies the body, such as a storage, a buffer.
func (r *bodyReader) WriteTo(w io.Writer) (int64, error) {
	skip, start := r.at, r.at
	for _, piece := range r.b {
		if skip >= int64(len(piece)) {
			skip -= int64(len(piece))
			continue
		}
		n, err := w.Write(piece[skip:])
		r.at += int64(n)
		skip = 0
		if err != nil {
			return r.at - start, err
		}
	}
	return r.at - start, nil
}

func (r *bodyReader) Seek(offset int64, whence int) (int64, error) {
	switch whence {
	case io.SeekCurrent:
		offset += r.at
	case io.SeekEnd:
		offset += r.size
	}
	if offset < 0 {
		return 0, errors.New("hls: seek before the start")
	}
	r.at = offset
	return offset, nil
}
