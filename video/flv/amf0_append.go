package flv

import (
	"encoding/binary"
	"math"
	"time"
)

// AppendAMF0 appends values to dst and returns the longer slice. It takes
// what [DecodeAMF0] gives and ints besides; a value of any other type, and
// what is nested more than 8 deep, is written as null. A string of more than
// 65,535 bytes becomes a long string, a longer name of a property is cut.
func AppendAMF0(dst []byte, values ...any) []byte {
	for _, v := range values {
		dst = appendAMF0(dst, v, 0)
	}
	return dst
}

func appendAMF0(dst []byte, value any, depth int) []byte {
	switch v := value.(type) {
	case float64:
		return appendNumber(append(dst, amfNumber), v)
	case int:
		return appendNumber(append(dst, amfNumber), float64(v))
	case bool:
		if v {
			return append(dst, amfBoolean, 1)
		}
		return append(dst, amfBoolean, 0)
	case string:
		if len(v) > math.MaxUint16 {
			dst = binary.BigEndian.AppendUint32(append(dst, amfLongString), uint32(len(v)))
			return append(dst, v...)
		}
		return appendName(append(dst, amfString), v)
	case time.Time:
		ms := math.NaN() // as a zero Time is read
		if !v.IsZero() {
			ms = float64(v.UnixMilli())
		}
		return append(appendNumber(append(dst, amfDate), ms), 0, 0)
	}
	if depth == maxAMF0Depth {
		return append(dst, amfNull)
	}
	switch v := value.(type) {
	case Object:
		return appendProperties(append(dst, amfObject), v, depth+1)
	case ECMAArray:
		dst = binary.BigEndian.AppendUint32(append(dst, amfECMAArray), uint32(len(v)))
		return appendProperties(dst, v, depth+1)
	case []any:
		dst = binary.BigEndian.AppendUint32(append(dst, amfStrictArray), uint32(len(v)))
		for _, e := range v {
			dst = appendAMF0(dst, e, depth+1)
		}
		return dst
	default:
		return append(dst, amfNull)
	}
}

func appendProperties(dst []byte, properties []Property, depth int) []byte {
	for _, p := range properties {
		dst = appendAMF0(appendName(dst, p.Name), p.Value, depth)
	}
	return append(dst, 0, 0, amfObjectEnd)
}

func appendName(dst []byte, s string) []byte {
	s = s[:min(len(s), math.MaxUint16)]
	dst = binary.BigEndian.AppendUint16(dst, uint16(len(s)))
	return append(dst, s...)
}

func appendNumber(dst []byte, v float64) []byte {
	return binary.BigEndian.AppendUint64(dst, math.Float64bits(v))
}
