package hls

import (
	"strconv"
	"sync/atomic"
	"time"
)

// part is a partial segment: one fragment. It never changes.
type part struct {
	number      uint64 // counted over the whole session, so that a hint is right whatever segment the part falls in
	dur         time.Duration
	independent bool
	line        string // what a playlist says of it

	data       []byte
	memory     *memory // that it lies in
	start, end int     // and where
}

// memory is where parts of a segment lie, one behind the other.
type memory struct {
	b []byte // appended to by the writer, within its capacity
}

// segment is one media segment. A closed one changes in two ways only: it
// gets stored, and its bytes leave the memory.
type segment struct {
	msn           uint64
	name          string
	init          *initSegment
	discontinuity bool
	independent   bool
	start         time.Time
	date          string // EXT-X-PROGRAM-DATE-TIME of its start
	dur           time.Duration
	size          int64

	list   []*part                 // of an open segment; nil once closed
	memory *memory                 // of the newest of them; nil once closed
	parts  atomic.Pointer[[]*part] // of a closed segment; nil once only the storage has it
	stored atomic.Int32            // one of the storage states
	dir    string                  // where a recorder wants it; of the archive until it is stored

	lines string // what a playlist says of the closed segment, after its parts
}

func dateLine(at time.Time) string {
	return "#EXT-X-PROGRAM-DATE-TIME:" + at.UTC().Format("2006-01-02T15:04:05.000Z") + "\n"
}

// available tells whether the segment can be served.
func (s *segment) available() bool { return s.parts.Load() != nil || s.stored.Load() == storeDone }

// Storage states of a segment.
const (
	storePending int32 = iota
	storeDone
	storeFailed
)

// key is where the storage has the segment, once it is stored.
func (s *segment) key(rendition string) string {
	if s.dir != "" {
		return s.dir + s.name
	}
	return segmentKey(rendition, s.name)
}

// body is the parts, in as few pieces as they lie in.
func (s *segment) body() (body, bool) {
	ps := s.parts.Load()
	if ps == nil {
		return nil, false
	}
	var b body
	for i, list := 0, *ps; i < len(list); {
		first := list[i]
		for i < len(list) && list[i].memory == first.memory {
			i++
		}
		b = append(b, first.memory.b[first.start:list[i-1].end])
	}
	return b, true
}

func partLine(session string, p *part) string {
	line := "#EXT-X-PART:DURATION=" + decimal(p.dur.Seconds(), 5) + ",URI=\"" + partName(session, p.number)
	if p.independent {
		return line + "\",INDEPENDENT=YES\n"
	}
	return line + "\"\n"
}

func decimal(v float64, digits int) string { return strconv.FormatFloat(v, 'f', digits, 64) }

// Names of what a rendition serves. They carry the session's id, so that no
// name is ever used for two things.
func segmentName(session string, msn uint64) string {
	return session + "-" + strconv.FormatUint(msn, 10) + ".m4s"
}

func partName(session string, number uint64) string {
	return session + "-p" + strconv.FormatUint(number, 10) + ".m4s"
}

func initName(session string, n int) string {
	return session + "-i" + strconv.Itoa(n) + ".mp4"
}
