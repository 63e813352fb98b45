package flv

import (
	"encoding/binary"
	"math"
	"time"
)

// Property is a named value.
type Property struct {
	Name  string
	Value any
}

// Object is an AMF0 object. Its properties keep their order, and a name may
// come more than once.
type Object []Property

// ECMAArray is an AMF0 array whose elements have names. It is what onMetaData
// carries.
type ECMAArray []Property

// The markers of AMF0 section 2.1.
const (
	amfNumber      = 0
	amfBoolean     = 1
	amfString      = 2
	amfObject      = 3
	amfNull        = 5
	amfUndefined   = 6
	amfECMAArray   = 8
	amfObjectEnd   = 9
	amfStrictArray = 10
	amfDate        = 11
	amfLongString  = 12
	amfUnsupported = 13
	amfXML         = 15
	amfTypedObject = 16
)

const (
	maxAMF0Depth  = 8
	maxAMF0Values = 1 << 16
)

// maxAMF0Date is the most milliseconds ECMAScript counts on either side of
// 1970 (ECMA-262 section "Time Values and Time Range").
const maxAMF0Date = 8.64e15

// DecodeAMF0 decodes all values that b holds, one after the other. They are
// float64, bool, string (a long string and an XML document too), nil (null,
// undefined and unsupported), [Object] (a typed object too, without its class),
// [ECMAArray], []any and time.Time (in UTC; the zero Time if it is out of
// range). Strings are taken as they are, valid UTF-8 or not.
//
// The error matches [ErrMalformed]. It is one to nest arrays and objects more
// than 8 deep, to have more than 65,536 values, to use references, movie clips
// and record sets, or to switch to AMF3; the count of an ECMA array is ignored,
// as encoders often guess it. What is returned beside the error are the values
// before it. Memory is bounded by a multiple of len(b), whatever its counts
// say.
func DecodeAMF0(b []byte) ([]any, error) {
	r := amf0Reader{data: b}
	var values []any
	for len(r.data) > 0 {
		v := r.value(0)
		if r.err != nil {
			return values, r.err
		}
		values = append(values, v)
	}
	return values, nil
}

// amf0Reader reads values from the start of data. After an error it reads
// nothing more.
type amf0Reader struct {
	data  []byte
	count int
	err   error
}

func (r *amf0Reader) fail(format string, args ...any) {
	if r.err == nil {
		r.err = malformed("AMF0: "+format, args...)
	}
	r.data = nil
}

// bytes returns nil after an error only.
func (r *amf0Reader) bytes(n int) []byte {
	if r.err != nil {
		return nil
	}
	if n > len(r.data) {
		r.fail("%d bytes of %d", len(r.data), n)
		return nil
	}
	b := r.data[:n:n]
	r.data = r.data[n:]
	return b
}

func (r *amf0Reader) uint8() byte {
	if b := r.bytes(1); b != nil {
		return b[0]
	}
	return 0
}

func (r *amf0Reader) uint16() int {
	if b := r.bytes(2); b != nil {
		return int(binary.BigEndian.Uint16(b))
	}
	return 0
}

// uint32 gives a number that no length can reach where an int has 32 bits.
func (r *amf0Reader) uint32() int {
	if b := r.bytes(4); b != nil {
		return int(min(binary.BigEndian.Uint32(b), math.MaxInt32))
	}
	return 0
}

func (r *amf0Reader) float64() float64 {
	if b := r.bytes(8); b != nil {
		return math.Float64frombits(binary.BigEndian.Uint64(b))
	}
	return 0
}

// enter counts a value and gives its marker. depth is the number of arrays
// and objects around it.
func (r *amf0Reader) enter(depth int) byte {
	marker := r.uint8()
	r.count++
	if r.count > maxAMF0Values {
		r.fail("more than %d values", maxAMF0Values)
	}
	switch marker {
	case amfObject, amfECMAArray, amfStrictArray, amfTypedObject:
		if depth == maxAMF0Depth {
			r.fail("nested more than %d deep", maxAMF0Depth)
		}
	}
	return marker
}

// elements reads the length of a strict array, each element of which is a
// byte at least.
func (r *amf0Reader) elements() int {
	n := r.uint32()
	if n > len(r.data) {
		r.fail("array of %d in %d bytes", n, len(r.data))
		return 0
	}
	return n
}

func (r *amf0Reader) value(depth int) any {
	marker := r.enter(depth)
	if r.err != nil {
		return nil
	}
	switch marker {
	case amfNumber:
		return r.float64()
	case amfBoolean:
		return r.uint8() != 0
	case amfString:
		return string(r.bytes(r.uint16()))
	case amfLongString, amfXML:
		return string(r.bytes(r.uint32()))
	case amfNull, amfUndefined, amfUnsupported:
		return nil
	case amfTypedObject:
		r.bytes(r.uint16())
		return Object(r.properties(depth + 1))
	case amfObject:
		return Object(r.properties(depth + 1))
	case amfECMAArray:
		r.uint32()
		return ECMAArray(r.properties(depth + 1))
	case amfStrictArray:
		return r.array(depth + 1)
	case amfDate:
		return r.date()
	default:
		r.fail("marker %d", marker)
		return nil
	}
}

func (r *amf0Reader) array(depth int) []any {
	n := r.elements()
	values := []any{}
	for range n {
		v := r.value(depth)
		if r.err != nil {
			return values
		}
		values = append(values, v)
	}
	return values
}

// properties returns those before an error, too.
func (r *amf0Reader) properties(depth int) []Property {
	properties := []Property{}
	for {
		name := r.bytes(r.uint16())
		if r.atEnd(name) || r.err != nil {
			return properties
		}
		v := r.value(depth)
		if r.err != nil {
			return properties
		}
		properties = append(properties, Property{Name: string(name), Value: v})
	}
}

// atEnd tells whether what follows an empty name ends an object, and passes
// it then.
func (r *amf0Reader) atEnd(name []byte) bool {
	if len(name) == 0 && len(r.data) > 0 && r.data[0] == amfObjectEnd {
		r.data = r.data[1:]
		return true
	}
	return false
}

func (r *amf0Reader) date() time.Time {
	ms := r.float64()
	r.bytes(2) // time zone, "should not be filled in"
	if math.IsNaN(ms) || math.Abs(ms) > maxAMF0Date {
		return time.Time{}
	}
	return time.UnixMilli(int64(ms)).UTC()
}
