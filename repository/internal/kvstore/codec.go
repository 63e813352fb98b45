package kvstore

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"math/bits"
	"time"

	"github.com/owncast-go/owncast/repository"
)

// codec writes or reads the fields of a record. One function per type names
// its fields, in the order of their numbers, and so defines both directions.
//
// A record is a byte that says the form, 1, and then the fields that are not
// zero: number and kind as a varint, and a varint, or a length and that many
// bytes. Fields that the reader does not know are skipped and those that it
// misses are zero, so types can get new fields, under numbers that were never
// used, without a migration, and an older program can read them.
//
// Next to encoding/json this takes a third of the space and a tenth of the time
// for a message of the chat, and renaming a field of a Go type changes no data.
type codec struct {
	buf     []byte // what is written, or what is still to be read
	reading bool
	err     error // of reading; from then on all fields are zero

	record []byte // what is read
	text   string // a copy of it that the strings are parts of, so that they need one allocation; made for the first
}

const codecForm = 1

// The kinds of a field.
const (
	kindNumber = iota
	kindBytes
)

var errRecord = errors.New("not a record")

// encode returns a record.
func encode[T any](v T, fields func(*codec, *T)) []byte {
	c := codec{buf: make([]byte, 1, 128)}
	c.buf[0] = codecForm
	fields(&c, &v)
	return c.buf
}

// decode reads a record. What it returns shares nothing with data. Its errors
// match [repository.ErrCorrupt].
func decode[T any](data []byte, fields func(*codec, *T)) (T, error) {
	var v T
	err := decodeInto(data, &v, fields)
	return v, err
}

// decodeInto does so where v, a zero value, is. It stays zero if there is an
// error.
func decodeInto[T any](data []byte, v *T, fields func(*codec, *T)) error {
	c := codec{reading: true, record: data}
	if len(data) == 0 || data[0] != codecForm {
		c.fail()
	} else {
		c.buf = data[1:]
		fields(&c, v)
	}
	for c.err == nil && len(c.buf) > 0 { // fields of a newer program
		_, kind, size := c.header()
		c.skip(kind, size)
	}
	if c.err != nil {
		var none T
		*v = none
		return fmt.Errorf("%T: %w: %w", none, repository.ErrCorrupt, c.err)
	}
	return nil
}

// header returns what field comes next, and how long its header is.
func (c *codec) header() (n, kind, size int) {
	head, size := binary.Uvarint(c.buf)
	if size <= 0 || head > math.MaxInt32 {
		c.fail()
		return 0, 0, 0
	}
	return int(head >> 1), int(head & 1), size
}

func (c *codec) fail() { c.buf, c.err = nil, errRecord }

// skip passes over a field whose header has a size.
func (c *codec) skip(kind, size int) {
	if c.err != nil {
		return
	}
	c.buf = c.buf[size:]
	if kind == kindNumber {
		c.varint()
	} else {
		c.take()
	}
}

// next moves to the value of field n, and reports whether there is one.
func (c *codec) next(n, kind int) bool {
	for c.err == nil && len(c.buf) > 0 {
		got, gotKind, size := c.header()
		switch {
		case c.err != nil || got > n:
			return false
		case got < n:
			c.skip(gotKind, size)
		case gotKind != kind:
			c.fail()
			return false
		default:
			c.buf = c.buf[size:]
			return true
		}
	}
	return false
}

func (c *codec) varint() uint64 {
	v, size := binary.Uvarint(c.buf)
	if size <= 0 {
		c.fail()
		return 0
	}
	c.buf = c.buf[size:]
	return v
}

// take returns the bytes of a field.
func (c *codec) take() []byte {
	size := c.varint()
	if size > uint64(len(c.buf)) {
		c.fail()
		return nil
	}
	b := c.buf[:size]
	c.buf = c.buf[size:]
	return b
}

func (c *codec) head(n, kind int) {
	c.buf = binary.AppendUvarint(c.buf, uint64(n)<<1|uint64(kind))
}

// number is a field that is an integer.
func number[T ~int | ~int64 | ~uint8 | ~uint64](c *codec, n int, v *T) {
	if !c.reading {
		if *v != 0 {
			c.head(n, kindNumber)
			c.buf = binary.AppendUvarint(c.buf, zigzag(int64(*v)))
		}
		return
	}
	if c.next(n, kindNumber) {
		i := unzigzag(c.varint())
		if *v = T(i); int64(*v) != i {
			c.fail()
		}
	}
}

// zigzag makes numbers near zero small ones.
func zigzag(i int64) uint64 { return uint64(i)<<1 ^ uint64(i>>63) }

func unzigzag(u uint64) int64 { return int64(u>>1) ^ -int64(u&1) }

func (c *codec) bool(n int, v *bool) {
	var i uint8
	if *v {
		i = 1
	}
	number(c, n, &i)
	*v = i != 0
}

func (c *codec) string(n int, v *string) {
	if !c.reading {
		if *v != "" {
			c.put(n, *v)
		}
		return
	}
	if c.next(n, kindBytes) {
		*v = c.takeString()
	}
}

func (c *codec) takeString() string {
	b := c.take()
	if len(b) == 0 {
		return ""
	}
	if c.text == "" {
		c.text = string(c.record)
	}
	end := len(c.text) - len(c.buf)
	return c.text[end-len(b) : end]
}

func (c *codec) put(n int, s string) {
	c.head(n, kindBytes)
	c.buf = binary.AppendUvarint(c.buf, uint64(len(s)))
	c.buf = append(c.buf, s...)
}

// strings is a list, as so many fields of one number.
func (c *codec) strings(n int, v *[]string) {
	if !c.reading {
		for _, s := range *v {
			c.put(n, s)
		}
		return
	}
	for c.next(n, kindBytes) {
		*v = append(*v, c.takeString())
	}
}

func (c *codec) bytes(n int, v *[]byte) {
	if !c.reading {
		if len(*v) > 0 {
			c.put(n, string(*v))
		}
		return
	}
	if c.next(n, kindBytes) {
		*v = append([]byte(nil), c.take()...)
	}
}

func (c *codec) hash(n int, v *repository.Hash) {
	if !c.reading {
		if *v != (repository.Hash{}) {
			c.put(n, string(v[:]))
		}
		return
	}
	if c.next(n, kindBytes) {
		if copy(v[:], c.take()) != len(v) {
			c.fail()
		}
	}
}

// time is seconds since 1970 and nanoseconds.
func (c *codec) time(n int, v *time.Time) {
	if !c.reading {
		if !v.IsZero() {
			b := binary.AppendUvarint(make([]byte, 0, 16), zigzag(v.Unix()))
			c.put(n, string(binary.AppendUvarint(b, uint64(v.Nanosecond()))))
		}
		return
	}
	if !c.next(n, kindBytes) {
		return
	}
	b := c.take()
	seconds, size := binary.Uvarint(b)
	if size <= 0 {
		c.fail()
		return
	}
	nanos, size2 := binary.Uvarint(b[size:])
	if size2 <= 0 || nanos >= uint64(time.Second) {
		c.fail()
		return
	}
	*v = time.Unix(unzigzag(seconds), int64(nanos)).UTC()
}

// list is a list of records, as so many fields of one number.
func list[T any](c *codec, n int, v *[]T, fields func(*codec, *T)) {
	if !c.reading {
		for _, e := range *v {
			c.put(n, string(encode(e, fields)))
		}
		return
	}
	for c.next(n, kindBytes) {
		e, err := decode(c.take(), fields)
		if err != nil {
			c.fail()
			return
		}
		*v = append(*v, e)
	}
}

// appendFloat writes a number, whole and small ones in few bytes: their bits
// are all at the high end.
func appendFloat(b []byte, v float64) []byte {
	return binary.AppendUvarint(b, bits.ReverseBytes64(math.Float64bits(v)))
}

// float reads what appendFloat wrote. A size of 0 and less is an error.
func float(b []byte) (v float64, size int) {
	u, size := binary.Uvarint(b)
	return math.Float64frombits(bits.ReverseBytes64(u)), size
}
