package hls

import (
	"sync/atomic"
	"time"
)

// partWindow is in how many target durations from the end parts are listed
// (RFC 8216bis §6.2.2).
const partWindow = 3

// rendition is one media playlist of a session and what it names. It is
// written under the stream's mutex; any number of goroutines read its
// snapshots.
type rendition struct {
	name       string // its directory
	session    string
	target     int // EXT-X-TARGETDURATION, seconds
	partTarget time.Duration
	window     time.Duration // listed
	live       time.Duration // of it, what is kept in memory if the storage does not have it
	memory     time.Duration // and if it does
	archive    *archive
	siblings   func() []*rendition // the other renditions, for reports
	closed     func()              // called when a segment was closed
	published  func(*snapshot)     // of tests
	vod        bool                // it is complete before anybody asks for it
	proven     *atomic.Bool        // the Packager's storage is the one that has the segments; nil stands for true

	cur atomic.Pointer[snapshot] // nil before the first

	// Of the writer.
	segs      []*segment    // listed, without a gap; replaced, never changed in place
	kept      []*segment    // no longer listed, but known to who has an older playlist
	listedFor time.Duration // of segs
	keptFor   time.Duration // of kept, but for the last of them
	inits     []*initSegment
	open      *segment
	nextMSN   uint64
	nextPart  uint64
	discs     uint64 // discontinuities up to the open segment
	gone      uint64 // EXT-X-DISCONTINUITY-SEQUENCE
	ended     bool
	dropped   bool // it has failed, and is refused until it is back
	rate      bitRate
	version   uint64
	frameRate float64
	expected  int // bytes of the next segment
}

// header is that of the newest segment, or of the one that is open if none is
// listed.
func (r *rendition) header() *initSegment {
	switch {
	case len(r.segs) > 0:
		return r.segs[len(r.segs)-1].init
	case r.open != nil:
		return r.open.init
	default:
		return nil
	}
}

// stored tells whether the Packager's storage has a segment.
func (r *rendition) stored(g *segment) bool {
	return g.stored.Load() == storeDone && (r.proven == nil || r.proven.Load())
}

// begin opens the next segment.
func (r *rendition) begin(init *initSegment, at time.Time, discontinuity bool) {
	if len(r.inits) == 0 || r.inits[len(r.inits)-1] != init {
		r.inits = append(r.inits[:len(r.inits):len(r.inits)], init)
	}
	if discontinuity {
		r.discs++
	}
	r.open = &segment{
		msn: r.nextMSN, name: segmentName(r.session, r.nextMSN), init: init,
		discontinuity: discontinuity, start: at, date: dateLine(at),
	}
	r.nextMSN++
}

// resume makes the next segment the one with the number, after discs
// discontinuities that other renditions have had. What was listed does not
// lead there, and is no longer.
func (r *rendition) resume(msn, discs uint64) {
	r.unlist(len(r.segs))
	r.nextMSN = max(r.nextMSN, msn)
	r.discs, r.gone = discs, discs
}

// room returns where the next part of the open segment is to be written,
// which takes n bytes: behind the one before, if it fits there, for what lies
// in one piece is sent in one.
func (r *rendition) room(n int) *memory {
	s := r.open
	if s.memory == nil || cap(s.memory.b)-len(s.memory.b) < n {
		s.memory = &memory{b: make([]byte, 0, max(n, r.expected-int(s.size)))}
	}
	return s.memory
}

// add appends what was written to m as a part to the open segment. It is seen
// with the next publish.
func (r *rendition) add(m *memory, dur time.Duration, independent bool) {
	s := r.open
	at := 0
	if n := len(s.list); n > 0 && s.list[n-1].memory == m {
		at = s.list[n-1].end
	}
	p := &part{number: r.nextPart, dur: dur, independent: independent, memory: m, start: at, end: len(m.b)}
	p.data = m.b[p.start:p.end:p.end]
	p.line = partLine(r.session, p)
	r.nextPart++
	if len(s.list) == 0 {
		s.independent = independent
	}
	s.list = append(s.list, p)
	s.dur += dur
	s.size += int64(len(p.data))
}

// close ends the open segment and publishes it. A segment without parts,
// which never is the first after a discontinuity, has never been.
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
	s.list, s.memory = nil, nil // the bytes must go when parts does
	r.expected = int(s.size + s.size/32)
	s.parts.Store(&list)
	s.lines = "#EXTINF:" + decimal(s.dur.Seconds(), 5) + ",\n" + s.name + "\n"
	r.rate.add(s.size, s.dur, time.Duration(r.target)*time.Second/2)
	r.segs = append(r.segs[:len(r.segs):len(r.segs)], s)
	r.listedFor += s.dur
	r.archive.put(r, s)
	r.trim()
	r.publish()
	r.closed()
}

// end closes the playlist.
func (r *rendition) end() {
	r.close()
	r.ended = true
	r.publish()
}

// drop takes everything off the list and has the playlist refused. The open
// segment is given up; its number is not used again.
func (r *rendition) drop() {
	r.open = nil
	r.unlist(len(r.segs))
	r.dropped = true
	r.publish()
}

// trim takes from the list what has left the window, and out of the memory
// what the storage has.
func (r *rendition) trim() {
	total, drop := r.listedFor, 0
	for ; drop < len(r.segs)-1 && total-r.segs[drop].dur >= r.window; drop++ {
		total -= r.segs[drop].dur
	}
	// What is older than settled was looked at when the segments before came.
	settled := max(r.live, r.memory) + time.Duration(3*r.target)*time.Second
	var recent time.Duration
	for i := len(r.segs) - 1; i >= drop && recent < settled; i-- {
		stored := r.segs[i].stored.Load() == storeDone
		if stored && recent >= r.memory {
			r.segs[i].parts.Store(nil)
		}
		if !stored && recent >= r.live {
			drop = i + 1 // it cannot be served for longer, so nothing before it is listed either
			break
		}
		recent += r.segs[i].dur
	}
	r.unlist(drop)
}

// unlist takes the first n segments off the list. What the storage has can be
// asked for as long as RFC 8216bis §6.2.2 wants it, by who has the last
// playlist that named it; of what is in memory only, the newest.
func (r *rendition) unlist(n int) {
	if n == 0 {
		return
	}
	for _, s := range r.segs[:n] {
		r.listedFor -= s.dur
		if s.discontinuity {
			r.gone++
		}
	}
	old := max(len(r.kept)-1, 0) // what is before was stored when it was kept
	kept := append(r.kept[:len(r.kept):len(r.kept)], r.segs[:n]...)
	r.segs = r.segs[n:]
	over := 0
	for i := len(kept) - 2; i >= old; i-- {
		s := kept[i]
		if s.stored.Load() != storeDone {
			over = i + 1
			break
		}
		s.parts.Store(nil)
	}
	r.keptFor = r.keptTime(kept, over, old)
	for ; over < len(kept)-1 && r.keptFor-kept[over].dur >= r.window; over++ {
		r.keptFor -= kept[over].dur
	}
	r.archive.expire(r, kept[:over])
	clear(kept[:over]) // their bytes must leave the memory; no snapshot has the array yet
	r.kept = kept[over:]
	r.forgetInits()
}

// keptTime is how long the segments are together, from over on and but for the
// last: those before old are in keptFor already.
func (r *rendition) keptTime(kept []*segment, over, old int) time.Duration {
	var d time.Duration
	if over == 0 {
		d, over = r.keptFor, old
	}
	for _, s := range kept[over : len(kept)-1] {
		d += s.dur
	}
	return d
}

// forgetInits drops the headers no segment needs any more.
func (r *rendition) forgetInits() {
	n := 0
	for n < len(r.inits)-1 && !r.uses(r.inits[n]) {
		n++
	}
	r.inits = r.inits[n:]
}

func (r *rendition) uses(i *initSegment) bool {
	for _, list := range [][]*segment{r.kept, r.segs} {
		if len(list) > 0 && list[0].init == i {
			return true // headers come in the order of their segments
		}
	}
	return r.open != nil && r.open.init == i
}

// publish makes the state of the writer visible and wakes who waits for it.
func (r *rendition) publish() {
	r.version++
	s := &snapshot{
		r: r, version: r.version, segs: r.segs, kept: r.kept, inits: r.inits,
		nextMSN: r.nextMSN, nextPart: r.nextPart, gone: r.gone, ended: r.ended, dropped: r.dropped,
		changed: make(chan struct{}),
	}
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
	r.archive.p.feed()
}
