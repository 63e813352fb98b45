package hls

import "encoding/binary"

// box appends an ISO base media box of the type, with what body appends as
// its content (ISO/IEC 14496-12 §4.2).
func box(b []byte, typ string, body func([]byte) []byte) []byte {
	at := len(b)
	b = append(b, 0, 0, 0, 0)
	b = append(b, typ...)
	b = body(b)
	binary.BigEndian.PutUint32(b[at:], uint32(len(b)-at))
	return b
}

// fullBox appends a box with a version and flags.
func fullBox(b []byte, typ string, version byte, flags uint32, body func([]byte) []byte) []byte {
	return box(b, typ, func(b []byte) []byte {
		return body(u32(b, uint32(version)<<24|flags))
	})
}

func raw(p ...byte) func([]byte) []byte {
	return func(b []byte) []byte { return append(b, p...) }
}

func empty(b []byte) []byte { return b }

func u16(b []byte, vs ...uint16) []byte {
	for _, v := range vs {
		b = binary.BigEndian.AppendUint16(b, v)
	}
	return b
}

func u32(b []byte, vs ...uint32) []byte {
	for _, v := range vs {
		b = binary.BigEndian.AppendUint32(b, v)
	}
	return b
}

func u64(b []byte, v uint64) []byte { return binary.BigEndian.AppendUint64(b, v) }

func zeros(b []byte, n int) []byte {
	for range n {
		b = append(b, 0)
	}
	return b
}
