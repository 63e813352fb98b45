package hls

import (
	"time"

	"github.com/owncast-go/owncast/video"
)

// maxPending bounds the boundaries that wait for a rendition.
const maxPending = 32

// boundary is where the main rendition began a segment.
type boundary struct {
	at         time.Duration // when its first packet is decoded ...
	shown      time.Duration // ... and presented
	picture    bool          // it begins with a picture ...
	key        bool          // ... that needs none before it
	wall       time.Time
	msn, discs uint64
}

// opening is the boundary of a segment that begins with p.
func opening(p video.Packet) boundary {
	isVideo := p.Track.Kind == video.Video
	return boundary{at: p.DTS, shown: p.DTS + p.CTS, picture: isVideo, key: isVideo && p.Key}
}

// follower is a rendition beside the main one: the sound alone, or one of the
// ladder. It begins a segment where the main one does, and counts
// discontinuities as that does (RFC 8216bis §6.2.4). Segments of the ladder
// have the main one's numbers too; the sound alone may lack one where the
// sound has changed.
type follower struct {
	s       *stream
	m       *muxer // nil before its first segment
	pending []boundary

	// Of the ladder.
	encoded   bool
	index     int
	order     interleaver
	held      []video.Packet // while no segment is open; see hold
	heldBytes int
	since     time.Duration // when the first of them is presented; 0 before
	sound     *video.Track  // what a segment beginning now has of sound
	missed    int           // boundaries on end without a key frame
	failed    bool          // it was dropped before it could be watched
	watchable bool
	err       error // of a callback of m's
}

// mark notes where the main rendition begins a segment.
func (s *stream) mark(b boundary) {
	init := s.main.init
	// Of a broadcast of sound there is no sound alone, unless there was.
	if init.audio() != nil && (init.video() != nil || s.sound.m != nil) {
		s.sound.mark(b)
	}
	for _, f := range s.ladder {
		f.mark(b)
	}
}

func (f *follower) mark(b boundary) {
	n := len(f.pending)
	switch {
	case n > 0 && f.pending[n-1].msn == b.msn:
		f.pending = f.pending[:n-1] // that segment has never been
	case n == maxPending:
		f.pending = append(f.pending[:0], f.pending[1:]...)
	}
	f.pending = append(f.pending, b)
}

// pass returns the last pending boundary that p reaches, and forgets it and
// those before it.
func (f *follower) pass(p *video.Packet) (boundary, bool) {
	n := 0
	for n < len(f.pending) && f.reaches(p, &f.pending[n]) {
		n++
	}
	if n == 0 {
		return boundary{}, false
	}
	b := f.pending[n-1]
	f.pending = append(f.pending[:0], f.pending[n:]...)
	// A number that has been used is not used again.
	return b, !f.encoded || b.msn >= f.m.r.nextMSN
}

// reaches tells whether p is not in the segments before b any more.
func (f *follower) reaches(p *video.Packet, b *boundary) bool {
	if !f.encoded || !b.picture {
		return p.DTS >= b.at
	}
	at, tolerance := p.DTS+p.CTS, near(f.m.frame)
	switch {
	case p.Track.Kind != video.Video:
		return false
	case p.Key, !b.key:
		return at >= b.shown-tolerance
	default:
		return at > b.shown+tolerance
	}
}

// begin begins the segment of b with the packet p. If that does not follow
// what the playlist has, nothing of it is listed any longer: it is as if the
// rendition began here.
func (f *follower) begin(b boundary, p video.Packet, picture, sound *video.Track) error {
	m := f.m
	init, err := f.s.initFor(m.init, picture, sound)
	if err != nil {
		return err
	}
	// An open segment is one that this one can follow.
	discontinuity, follows := b.discs > m.r.discs, m.r.open != nil
	if discontinuity || init != m.init {
		m.close(m.clock())
	} else {
		m.next(p.DTS)
	}
	if m.init == nil || b.discs > m.r.discs+1 || f.encoded && (b.msn != m.r.nextMSN ||
		!discontinuity && (!follows || init != m.init || m.late() > maxLate)) {
		m.r.resume(b.msn, b.discs)
		m.restart()
		discontinuity = false
	}
	m.begin(init, p.DTS, f.date(b, p, discontinuity), discontinuity)
	return nil
}

// date is when a segment begins: for pictures when that of the main rendition
// does, for they are the same.
func (f *follower) date(b boundary, p video.Packet, discontinuity bool) time.Time {
	switch {
	case f.encoded:
		return b.wall
	case discontinuity || f.m.init == nil:
		return f.s.clock.at(p.DTS)
	default:
		return f.s.clock.at(f.m.partStart)
	}
}

// flush sends what has come and ends the segment.
func (f *follower) flush() {
	if f.m != nil {
		f.m.close(f.m.clock())
	}
}

// make makes the muxer, for frames of the length and segments of the length,
// which is 0 if there can be parts of any length.
func (f *follower) make(name string, frame, segment time.Duration) {
	s := f.s
	f.m = &muxer{
		r:     s.rendition(name, s.main.r.target, partTarget(frame, segment)),
		limit: time.Duration(s.main.r.target)*time.Second + 490*time.Millisecond,
		split: f.split,
		// Where the main rendition has split a segment is known only when
		// more has come.
		squeeze: f.encoded,
	}
	s.enlist()
}

// split ends a segment that the main rendition does not end. Sound goes on in
// another one, for it may have a gap there; pictures are not where they should
// be.
func (f *follower) split(at time.Duration) bool {
	m := f.m
	m.end()
	if f.encoded {
		f.err = errTooLong
		return false
	}
	m.begin(m.init, at, f.s.clock.at(m.partStart), false)
	return true
}

// hear takes sound for the rendition of the sound alone.
func (f *follower) hear(p video.Packet) error {
	if b, ok := f.pass(&p); ok {
		if f.m == nil {
			f.make(audioRendition, fromScale(int64(p.Track.FrameSamples(p.Data)), int64(p.Track.SampleRate)), 0)
		}
		if err := f.begin(b, p, nil, p.Track); err != nil {
			return err
		}
	}
	if f.m != nil && f.m.r.open != nil {
		f.m.add(p)
	}
	return nil
}
