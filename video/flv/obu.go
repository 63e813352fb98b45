package flv

const obuTemporalDelimiter = 2

// stripTemporalDelimiters removes what samples of AV1-ISOBMFF must not have
// (section 2.4). Encoders write one delimiter, first of all, so what it returns
// is nearly always part of data; it never writes to data.
func stripTemporalDelimiters(data []byte) ([]byte, error) {
	start := 0
	var out []byte // set once a delimiter was found behind something else
	for pos := 0; pos < len(data); {
		size, err := obuSize(data[pos:])
		if err != nil {
			return nil, err
		}
		end := pos + size
		switch {
		case data[pos]>>3&15 != obuTemporalDelimiter:
			if out != nil {
				out = append(out, data[pos:end]...)
			}
		case out == nil && pos == start:
			start = end
		case out == nil:
			out = append(make([]byte, 0, len(data)), data[start:pos]...)
		}
		pos = end
	}
	if out != nil {
		return out, nil
	}
	return data[start:], nil
}

// obuSize returns the size of the first unit with its header (AV1 sections
// 5.3 and 4.10.5). A unit without a size goes to the end.
func obuSize(b []byte) (int, error) {
	if b[0]&0x80 != 0 {
		return 0, malformed("invalid OBU header")
	}
	pos := 1 + int(b[0]>>2&1) // extension
	if b[0]&2 == 0 {
		return len(b), nil
	}
	size := uint64(0)
	for i := range 8 {
		if pos >= len(b) {
			return 0, malformed("truncated OBU")
		}
		c := b[pos]
		pos++
		size |= uint64(c&0x7f) << (7 * i)
		if c&0x80 == 0 {
			if size > uint64(len(b)-pos) {
				return 0, malformed("OBU of %d bytes in %d", size, len(b)-pos)
			}
			return pos + int(size), nil
		}
	}
	return 0, malformed("invalid OBU size")
}
