package hls

import (
	"sync/atomic"
	"time"
)

// Limits of what is kept beyond the listed window, so that a player which
// has just read a playlist still gets what it names.
const (
	keptSegments = 1 // in memory
	partWindow   = 3 // target durations from the end in which parts are listed
)

// rendition is one media playlist of a session and what it names. One
// goroutine writes it; any number read its snapshots.
type rendition struct {
	name       string // its directory
	session    string
	target     int // EXT-X-TARGETDURATION, seconds
	partTarget time.Duration
	window     time.Duration // listed
	memory     time.Duration // kept in memory, of what is listed
	store      func(*rendition, *segment)
	expire     func(*rendition, []*segment)
	siblings   func() []*rendition // the other renditions, for reports

	cur atomic.Pointer[snapshot]

	// Of the writer alone.
	segs      []*segment // listed; replaced, never changed in place
	kept      []*segment // no longer listed
	inits     []*initSegment
	open      *segment
	nextMSN   uint64
	nextPart  uint64
	discs     uint64 // EXT-X-DISCONTINUITY-SEQUENCE
	ended     bool
	bits      float64 // of closed segments
	seconds   float64
	peak      float64 // bits per second of the largest segment
	version   uint64
	frameRate float64
	firstDone func()          // called once, when the first segment was closed
	published func(*snapshot) // of tests
}

// begin opens the next segment.
func (r *rendition) begin(init *initSegment, at time.Time, discontinuity bool) {
	if len(r.inits) == 0 || r.inits[len(r.inits)-1] != init {
		r.inits = append(r.inits[:len(r.inits):len(r.inits)], init)
	}
	r.open = &segment{
		msn: r.nextMSN, name: segmentName(r.session, r.nextMSN), init: init,
		discontinuity: discontinuity && r.nextMSN > 0, at: at,
	}
	r.nextMSN++
}

// add appends a part to the open segment. It is seen with the next publish.
func (r *rendition) add(data []byte, dur time.Duration, independent bool) {
	p := &part{number: r.nextPart, dur: dur, independent: independent, data: data}
	r.nextPart++
	s := r.open
	if len(s.list) == 0 {
		s.independent = independent
	}
	s.list = append(s.list, p)
	s.dur += dur
	s.size += int64(len(data))
}

// close ends the open segment and publishes it. A segment without parts has
// never been.
func (r *rendition) close() {
	s := r.open
	r.open = nil
	if s == nil {
		return
	}
	if len(s.list) == 0 {
		r.nextMSN--
		return
	}
	list := s.list
	s.list = nil // the bytes must go when parts does
	s.parts.Store(&list)
	s.partLines = partLines(r.session, list)
	s.lines = "#EXTINF:" + decimal(s.dur.Seconds(), 5) + ",\n" + s.name + "\n"
	seconds := s.dur.Seconds()
	r.bits += float64(s.size) * 8
	r.seconds += seconds
	r.peak = max(r.peak, float64(s.size)*8/seconds)
	segs := make([]*segment, len(r.segs), len(r.segs)+1)
	copy(segs, r.segs)
	r.segs = append(segs, s)
	r.store(r, s)
	r.trim()
	r.publish()
	if f := r.firstDone; f != nil {
		r.firstDone = nil
		f()
	}
}

// end closes the playlist.
func (r *rendition) end() {
	r.close()
	r.ended = true
	r.publish()
}

// trim takes from the list what has left the window, and out of the memory
// what the storage has.
func (r *rendition) trim() {
	var total time.Duration
	for _, s := range r.segs {
		total += s.dur
	}
	drop := 0
	for ; drop < len(r.segs)-1 && total-r.segs[drop].dur >= r.window; drop++ {
		total -= r.segs[drop].dur
	}
	var recent time.Duration
	for i := len(r.segs) - 1; i >= drop; i-- {
		if recent >= r.memory {
			if r.segs[i].stored.Load() != storeDone {
				drop = i + 1 // it cannot be served for longer, so nothing before it is listed either
				break
			}
			r.segs[i].parts.Store(nil)
		}
		recent += r.segs[i].dur
	}
	r.unlist(drop)
}

func (r *rendition) unlist(n int) {
	gone := r.segs[:n]
	for _, s := range gone {
		if s.discontinuity {
			r.discs++
		}
	}
	r.segs = r.segs[n:]
	r.kept = append(r.kept[:len(r.kept):len(r.kept)], gone...)
	over := max(0, len(r.kept)-keptSegments)
	r.kept = append([]*segment(nil), r.kept[over:]...)
	r.expire(r, gone)
	r.forgetInits()
}

// forgetInits drops the headers no segment needs any more.
func (r *rendition) forgetInits() {
	oldest := r.open
	if len(r.segs) > 0 {
		oldest = r.segs[0]
	}
	if len(r.kept) > 0 {
		oldest = r.kept[0]
	}
	for oldest != nil && len(r.inits) > 1 && r.inits[0] != oldest.init && !r.uses(r.inits[0]) {
		r.inits = r.inits[1:]
	}
}

func (r *rendition) uses(i *initSegment) bool {
	for _, list := range [][]*segment{r.kept, r.segs} {
		for _, s := range list {
			if s.init == i {
				return true
			}
		}
	}
	return r.open != nil && r.open.init == i
}

// publish makes the state of the writer visible and wakes who waits for it.
func (r *rendition) publish() {
	r.version++
	s := &snapshot{
		r: r, version: r.version, segs: r.segs, kept: r.kept, inits: r.inits,
		nextPart: r.nextPart, discs: r.discs, ended: r.ended,
		peak: r.peak, frameRate: r.frameRate, changed: make(chan struct{}),
	}
	if r.seconds > 0 {
		s.average = r.bits / r.seconds
	}
	s.nextMSN = r.nextMSN
	if o := r.open; o != nil {
		s.nextMSN = o.msn
		s.open = o.list[:len(o.list):len(o.list)]
		s.openHead = o
	}
	if r.published != nil {
		r.published(s)
	}
	if old := r.cur.Swap(s); old != nil {
		close(old.changed)
	}
}
