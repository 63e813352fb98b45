package hls

import (
	"encoding/binary"
	"errors"
	"math"
	"time"
)

// feedForm is the version of the messages of a Feed.
const feedForm = 1

// Tags of what a message of a Feed has, one after the other, behind its form
// and the id of its session.
const (
	tagStream = iota + 1
	tagMaster
	tagInit
	tagPart
	tagState
)

// Bounds of what a message may have.
const (
	maxRenditions = 64
	maxListed     = 1 << 18
	maxName       = 255
)

// errFeed is a message that no Feed of this version has made.
var errFeed = errors.New("hls: not a message of a feed")

// feedStream is what never changes in a session.
type feedStream struct{ renditions []feedRendition }

type feedRendition struct {
	name         string
	target       int
	partTarget   time.Duration
	window, live time.Duration
}

// feedMaster is the multivariant playlist; without a text, there is none.
type feedMaster struct{ text, tag []byte }

// feedInit is a header.
type feedInit struct {
	rendition, name string
	data            []byte
}

// feedPart is a part of a segment.
type feedPart struct {
	rendition   string
	msn, number uint64
	dur         time.Duration
	independent bool
	data        []byte
}

// feedState is what a rendition lists, as far as it has changed: nothing is
// said of segments with a number below known.
type feedState struct {
	rendition                             string
	version, nextMSN, nextPart, gone      uint64
	firstListed, firstKept, memory, known uint64
	ended, dropped                        bool
	inits                                 []string
	segments                              []feedSegment
	open                                  *feedSegment
	stored                                []feedStored
}

// feedSegment is a segment. One without parts is no longer in memory.
type feedSegment struct {
	msn           uint64
	init          int // in the list of the state
	discontinuity bool
	independent   bool
	start         time.Time
	dur           time.Duration
	size          int64
	first         uint64 // the number of its first part
	parts         int
}

// feedStored is a segment that the storage has.
type feedStored struct {
	msn uint64
	dir string
}

// feedWriter writes a message.
type feedWriter struct{ b []byte }

func newFeedWriter(session string) *feedWriter {
	w := &feedWriter{b: []byte{feedForm}}
	w.text(session)
	return w
}

func (w *feedWriter) number(n uint64)          { w.b = binary.AppendUvarint(w.b, n) }
func (w *feedWriter) duration(d time.Duration) { w.number(uint64(max(d, 0))) }
func (w *feedWriter) bytes(b []byte)           { w.number(uint64(len(b))); w.b = append(w.b, b...) }
func (w *feedWriter) text(s string)            { w.number(uint64(len(s))); w.b = append(w.b, s...) }
func (w *feedWriter) tag(t byte)               { w.b = append(w.b, t) }

func (w *feedWriter) flags(bits ...bool) {
	var n byte
	for i, set := range bits {
		if set {
			n |= 1 << i
		}
	}
	w.b = append(w.b, n)
}

func (w *feedWriter) stream(s *feedStream) {
	w.tag(tagStream)
	w.number(uint64(len(s.renditions)))
	for _, r := range s.renditions {
		w.text(r.name)
		w.number(uint64(r.target))
		w.duration(r.partTarget)
		w.duration(r.window)
		w.duration(r.live)
	}
}

func (w *feedWriter) master(m *feedMaster) {
	w.tag(tagMaster)
	w.bytes(m.text)
	w.bytes(m.tag)
}

func (w *feedWriter) init(i *feedInit) {
	w.tag(tagInit)
	w.text(i.rendition)
	w.text(i.name)
	w.bytes(i.data)
}

func (w *feedWriter) part(p *feedPart) {
	w.tag(tagPart)
	w.text(p.rendition)
	w.number(p.msn)
	w.number(p.number)
	w.duration(p.dur)
	w.flags(p.independent)
	w.bytes(p.data)
}

func (w *feedWriter) state(s *feedState) {
	w.tag(tagState)
	w.text(s.rendition)
	for _, n := range []uint64{s.version, s.nextMSN, s.nextPart, s.gone, s.firstListed, s.firstKept, s.memory, s.known} {
		w.number(n)
	}
	w.flags(s.ended, s.dropped, s.open != nil)
	w.number(uint64(len(s.inits)))
	for _, name := range s.inits {
		w.text(name)
	}
	w.number(uint64(len(s.segments)))
	for i := range s.segments {
		w.segment(&s.segments[i])
	}
	if s.open != nil {
		w.segment(s.open)
	}
	w.number(uint64(len(s.stored)))
	for _, st := range s.stored {
		w.number(st.msn)
		w.text(st.dir)
	}
}

func (w *feedWriter) segment(s *feedSegment) {
	w.number(s.msn)
	w.number(uint64(s.init))
	w.flags(s.discontinuity, s.independent)
	w.number(uint64(s.start.UnixNano()))
	w.duration(s.dur)
	w.number(uint64(s.size))
	w.number(s.first)
	w.number(uint64(s.parts))
}

// feedReader reads a message. After a failure all that it returns is zero.
type feedReader struct {
	b      []byte
	failed bool
}

func (r *feedReader) fail() {
	r.failed, r.b = true, nil
}

func (r *feedReader) number() uint64 {
	n, size := binary.Uvarint(r.b)
	if size <= 0 {
		r.fail()
		return 0
	}
	r.b = r.b[size:]
	return n
}

// count reads a number of things, each of at least so many bytes.
func (r *feedReader) count(limit, bytes int) int {
	n := r.number()
	if n > uint64(limit) || n > uint64(len(r.b)/max(bytes, 1)) {
		r.fail()
		return 0
	}
	return int(n)
}

func (r *feedReader) size() int64 {
	n := r.number()
	if n > math.MaxInt64 {
		r.fail()
		return 0
	}
	return int64(n)
}

func (r *feedReader) duration() time.Duration { return time.Duration(r.size()) }

func (r *feedReader) bytes() []byte {
	n := r.number()
	if n > uint64(len(r.b)) {
		r.fail()
		return nil
	}
	b := r.b[:n:n]
	r.b = r.b[n:]
	return b
}

func (r *feedReader) text() string {
	b := r.bytes()
	if len(b) > maxName {
		r.fail()
		return ""
	}
	return string(b)
}

func (r *feedReader) byte() byte {
	if len(r.b) == 0 {
		r.fail()
		return 0
	}
	b := r.b[0]
	r.b = r.b[1:]
	return b
}

// begin reads the form and the session.
func (r *feedReader) begin() (session string) {
	if r.byte() != feedForm {
		r.fail()
	}
	return r.text()
}

func (r *feedReader) stream() *feedStream {
	s := &feedStream{renditions: make([]feedRendition, r.count(maxRenditions, 5))}
	for i := range s.renditions {
		s.renditions[i] = feedRendition{
			name: r.text(), target: int(r.number() & math.MaxInt32), partTarget: r.duration(), window: r.duration(), live: r.duration(),
		}
	}
	return s
}

func (r *feedReader) master() *feedMaster { return &feedMaster{text: r.bytes(), tag: r.bytes()} }

func (r *feedReader) init() *feedInit {
	return &feedInit{rendition: r.text(), name: r.text(), data: r.bytes()}
}

func (r *feedReader) part() *feedPart {
	p := &feedPart{rendition: r.text(), msn: r.number(), number: r.number(), dur: r.duration()}
	p.independent = r.byte()&1 != 0
	p.data = r.bytes()
	return p
}

func (r *feedReader) state() *feedState {
	s := &feedState{rendition: r.text()}
	for _, n := range []*uint64{&s.version, &s.nextMSN, &s.nextPart, &s.gone, &s.firstListed, &s.firstKept, &s.memory, &s.known} {
		*n = r.number()
	}
	flags := r.byte()
	s.ended, s.dropped = flags&1 != 0, flags&2 != 0
	s.inits = make([]string, r.count(maxListed, 1))
	for i := range s.inits {
		s.inits[i] = r.text()
	}
	s.segments = make([]feedSegment, r.count(maxListed, 8))
	for i := range s.segments {
		s.segments[i] = r.segment(len(s.inits))
		if i > 0 && s.segments[i].msn <= s.segments[i-1].msn {
			r.fail()
		}
	}
	if flags&4 != 0 {
		open := r.segment(len(s.inits))
		s.open = &open
	}
	if s.firstKept > s.firstListed || s.firstListed > s.nextMSN || s.nextMSN-s.firstKept > maxListed || s.open != nil && s.open.msn != s.nextMSN {
		r.fail()
	}
	s.stored = make([]feedStored, r.count(maxListed, 2))
	for i := range s.stored {
		s.stored[i] = feedStored{msn: r.number(), dir: r.text()}
	}
	return s
}

func (r *feedReader) segment(inits int) feedSegment {
	s := feedSegment{msn: r.number(), init: int(r.number() & math.MaxInt32)}
	flags := r.byte()
	s.discontinuity, s.independent = flags&1 != 0, flags&2 != 0
	s.start = time.Unix(0, r.size()).UTC()
	s.dur, s.size, s.first = r.duration(), r.size(), r.number()
	s.parts = int(r.number() & math.MaxInt32)
	if s.init >= inits || s.parts > maxListed {
		r.fail()
	}
	return s
}
