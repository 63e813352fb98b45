package video

import (
	"errors"
)

var errShortConfig = errors.New("truncated configuration")

// bitReader reads fields of bits, most significant first. Reading past the
// end gives zeros and sets short, so that a parser checks once at its end.
type bitReader struct {
	data  []byte
	pos   int // in bits
	short bool
}

func (r *bitReader) left() int { return 8*len(r.data) - r.pos }

// uint reads n ≤ 32 bits.
func (r *bitReader) uint(n int) uint32 {
	if n > r.left() {
		r.skip(n)
		return 0
	}
	var v uint64
	for got := 0; got < n; {
		in := r.pos & 7
		take := min(8-in, n-got)
		b := uint64(r.data[r.pos>>3]) >> (8 - in - take) & (1<<take - 1)
		v = v<<take | b
		got += take
		r.pos += take
	}
	return uint32(v)
}

func (r *bitReader) flag() bool { return r.uint(1) == 1 }

func (r *bitReader) skip(n int) {
	if n > r.left() {
		r.short = true
		r.pos = 8 * len(r.data)
		return
	}
	r.pos += n
}

// golomb reads ue(v) of H.265 section 9.2, which is also uvlc() of AV1
// section 4.10.3.
func (r *bitReader) golomb() uint32 {
	zeros := 0
	for !r.flag() {
		zeros++
		if zeros > 31 || r.short {
			r.short = true
			return 0
		}
	}
	return r.uint(zeros) + 1<<zeros - 1
}

func (r *bitReader) err() error {
	if r.short {
		return errShortConfig
	}
	return nil
}

// byteReader takes a configuration apart in the same manner.
type byteReader struct {
	data  []byte
	short bool
}

func (r *byteReader) bytes(n int) []byte {
	if n > len(r.data) {
		r.short, r.data = true, nil
		return nil
	}
	b := r.data[:n]
	r.data = r.data[n:]
	return b
}

func (r *byteReader) uint8() int {
	b := r.bytes(1)
	if b == nil {
		return 0
	}
	return int(b[0])
}

func (r *byteReader) uint16() int { return r.uint8()<<8 | r.uint8() }
