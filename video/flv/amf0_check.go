package flv

// CheckAMF0 returns the error that [DecodeAMF0] would return, without making
// the values: unless it fails, it does not allocate. It is for those who hand
// AMF0 on to a decoder that has no limits of its own: every length and count
// was found to be covered by b.
func CheckAMF0(b []byte) error {
	r := amf0Reader{data: b}
	for len(r.data) > 0 {
		r.skipValue(0)
	}
	return r.err
}

func (r *amf0Reader) skipValue(depth int) {
	marker := r.enter(depth)
	if r.err != nil {
		return
	}
	switch marker {
	case amfNumber:
		r.bytes(8)
	case amfBoolean:
		r.bytes(1)
	case amfString:
		r.bytes(r.uint16())
	case amfLongString, amfXML:
		r.bytes(r.uint32())
	case amfNull, amfUndefined, amfUnsupported:
	case amfTypedObject:
		r.bytes(r.uint16())
		r.skipProperties(depth + 1)
	case amfObject:
		r.skipProperties(depth + 1)
	case amfECMAArray:
		r.uint32()
		r.skipProperties(depth + 1)
	case amfStrictArray:
		for n := r.elements(); n > 0 && r.err == nil; n-- {
			r.skipValue(depth + 1)
		}
	case amfDate:
		r.bytes(8)
		r.bytes(2)
	default:
		r.fail("marker %d", marker)
	}
}

func (r *amf0Reader) skipProperties(depth int) {
	for {
		name := r.bytes(r.uint16())
		if r.atEnd(name) || r.err != nil {
			return
		}
		r.skipValue(depth)
	}
}
