package hls

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"time"

	"github.com/owncast-go/owncast/video"
)

// maxMissed is how many segments on end of a rendition may begin without a
// key frame where those of the broadcast have one.
const maxMissed = 2

// Errors of a rendition that cannot be packaged.
var (
	errKeyFrames = errors.New("hls: key frames are not where the broadcast has them")
	errTooLong   = errors.New("hls: a segment gets longer than the target duration")
	errBacklog   = errors.New("hls: too much comes before a segment can begin")
	errHeader    = errors.New("hls: the configuration changes where no segment begins")
)

// WriteRendition adds a packet of the i-th rendition of the ladder. A segment
// of it begins with the key frame that is presented when the key frame is that
// the segment of the same number of the broadcast begins with, give or take a
// frame. If there is none it begins with what there is, and after a third such
// segment on end the rendition is refused: no player could change to it.
//
// The playlist of a rendition that has not followed, or comes back, or has
// another configuration where the broadcast has not, begins anew; it then
// lists nothing of before. An error matches [video.CodecError] or says what is
// wrong with the timing. It drops the rendition.
func (p *Packager) WriteRendition(session string, i int, pkt video.Packet) error {
	if pkt.Track == nil || pkt.Track.Kind != video.Video && pkt.Track.Kind != video.Audio {
		return errors.New("hls: packet without a track")
	}
	f := p.lock(session, i)
	if f == nil {
		return nil
	}
	defer f.s.mu.Unlock()
	if pkt.Track.Kind == video.Audio && (pkt.Track.SampleRate <= 0 || pkt.Track.FrameSamples(pkt.Data) <= 0) {
		return nil // no frame
	}
	err := f.write(pkt)
	if err == nil {
		err = f.err
	}
	if err != nil {
		f.drop()
		return fmt.Errorf("rendition %d: %w", i, err)
	}
	return nil
}

// EndRendition ends the open segment of the i-th rendition.
func (p *Packager) EndRendition(session string, i int) {
	if f := p.lock(session, i); f != nil {
		defer f.s.mu.Unlock()
		f.finish()
	}
}

// DropRendition takes the i-th rendition out of the multivariant playlist.
// Its own playlist is not found until it comes back.
func (p *Packager) DropRendition(session string, i int) {
	if f := p.lock(session, i); f != nil {
		defer f.s.mu.Unlock()
		f.drop()
	}
}

// lock returns the i-th rendition of the session, whose stream is then locked.
// It is nil if there is none or the session has ended.
func (p *Packager) lock(session string, i int) *follower {
	p.mu.Lock()
	s := p.stream
	p.mu.Unlock()
	if s == nil || s.session.ID != session || i < 0 || i >= len(s.ladder) {
		return nil
	}
	s.mu.Lock()
	if s.ended.Load() != nil {
		s.mu.Unlock()
		return nil
	}
	return s.ladder[i]
}

// write takes the next packet of a rendition of the ladder.
func (f *follower) write(p video.Packet) error {
	if p.Discontinuity {
		f.finish()
	}
	if f.order.put(p); f.order.bytes > longestBytes {
		return errBacklog
	}
	return f.place(false)
}

// place writes what is in order, or all there is.
func (f *follower) place(all bool) error {
	for {
		p, ok := f.order.next(all)
		if !ok {
			return nil
		}
		var err error
		if f.m == nil || f.m.r.open == nil {
			err = f.hold(p)
		} else {
			err = f.dispatch(p)
		}
		if err != nil {
			return err
		}
	}
}

// hold gathers packets until there is a key frame that a segment begins with,
// and it is known what goes with it.
func (f *follower) hold(p video.Packet) error {
	if f.since == 0 {
		f.since = max(p.DTS+p.CTS, 1)
	}
	f.held = append(f.held, p)
	if f.heldBytes += len(p.Data); f.heldBytes > longestBytes {
		return errBacklog
	}
	return f.release(false)
}

// release writes what is held, if a segment can begin with it; and if all of
// it has come, without waiting for more.
func (f *follower) release(all bool) error {
	s := f.s
	if s.main == nil {
		return nil
	}
	frame := f.frame()
	key := slices.IndexFunc(f.held, func(p video.Packet) bool { return f.matches(p, frame) })
	if key < 0 {
		return f.sift(frame)
	}
	newest, k := f.held[len(f.held)-1].DTS, f.held[key]
	sound := slices.IndexFunc(f.held, func(p video.Packet) bool { return p.Track.Kind == video.Audio })
	if !all && (sound < 0 || f.m == nil) && newest-k.DTS < soundWait {
		return nil
	}
	if f.m == nil {
		f.make(strconv.Itoa(f.index+1), frame, s.segment)
		f.m.frame, f.m.deltas = frame, frameMemory
		f.m.r.closed = f.closed
	}
	f.sound = nil
	if sound >= 0 {
		f.sound = f.held[sound].Track
	}
	held := keyFirst(f.held, key)
	f.forget()
	for _, q := range held {
		if err := f.dispatch(q); err != nil {
			return err
		}
	}
	return nil
}

func (f *follower) forget() { f.held, f.heldBytes, f.since, f.missed = nil, 0, 0, 0 }

// frame is the length of a picture.
func (f *follower) frame() time.Duration {
	if f.m != nil {
		return f.m.frame
	}
	return (&starter{packets: f.held}).frame()
}

// near is by how much pictures may differ that are the same.
func near(frame time.Duration) time.Duration { return frame + 2*time.Millisecond }

// matches tells whether a segment can begin with p after there was none.
func (f *follower) matches(p video.Packet, frame time.Duration) bool {
	if p.Track.Kind != video.Video || !p.Key {
		return false
	}
	at := p.DTS + p.CTS
	return slices.ContainsFunc(f.pending, func(b boundary) bool {
		return b.picture && (at-b.shown).Abs() <= near(frame) && (f.m == nil || b.msn >= f.m.r.nextMSN)
	})
}

// sift forgets what no segment can begin with. While the broadcast itself
// waits for something, more boundaries may be coming.
func (f *follower) sift(frame time.Duration) error {
	newest := f.held[len(f.held)-1]
	if f.s.waiting {
		return nil
	}
	missed := 0
	for _, b := range f.pending {
		if b.key && b.shown >= f.since && b.shown+near(frame) < newest.DTS {
			missed++
		}
	}
	if missed > maxMissed {
		return errKeyFrames
	}
	f.heldBytes = 0
	f.held = slices.DeleteFunc(f.held, func(p video.Packet) bool {
		gone := p.Track.Kind == video.Video || newest.DTS-p.DTS > keyWait
		if !gone {
			f.heldBytes += len(p.Data)
		}
		return gone
	})
	return nil
}

// dispatch adds a packet to the segment it belongs to.
func (f *follower) dispatch(p video.Packet) error {
	if p.Track.Kind == video.Audio {
		f.sound = p.Track
	}
	if b, ok := f.pass(&p); ok {
		if err := f.enter(b, p); err != nil {
			return err
		}
	}
	m := f.m
	switch {
	case m.r.open == nil:
		return nil
	case p.Track.Kind == video.Audio && !p.Track.Equal(m.init.audio()):
		return nil // until the next segment
	case p.Track.Kind == video.Video && !p.Track.Equal(m.init.video()):
		return errHeader
	}
	m.add(p)
	return f.err
}

// enter begins the segment of b with p. After a gap, which the list cannot go
// on over, only a key frame will do.
func (f *follower) enter(b boundary, p video.Packet) error {
	key := p.Key && (p.DTS+p.CTS-b.shown).Abs() <= near(f.m.frame)
	if b.picture && !key && (b.msn != f.m.r.nextMSN || b.discs > f.m.r.discs+1) {
		f.flush()
		return nil
	}
	if b.key {
		f.missed++
		if key {
			f.missed = 0
		}
		if f.missed > maxMissed {
			return errKeyFrames
		}
	}
	if f.sound != nil && f.m.init.audio() != nil && p.DTS-f.m.audioEnd > trackGone {
		f.sound = nil
	}
	if p.Track.Kind == video.Video {
		return f.begin(b, p, p.Track, f.sound)
	}
	return f.begin(b, p, nil, f.sound)
}

// finish writes everything that has come and ends the segment. What comes
// next need not fit to it.
func (f *follower) finish() {
	err := f.place(true)
	if err == nil && len(f.held) > 0 {
		err = f.release(true)
	}
	if err != nil {
		f.drop()
		return
	}
	f.forget()
	f.order = interleaver{}
	f.flush()
	f.err = nil // it ends anyway
}

// drop has the rendition refused until it comes back.
func (f *follower) drop() {
	f.forget()
	f.order, f.err = interleaver{}, nil
	f.failed, f.watchable = true, false
	if f.m != nil {
		f.m.restart()
		f.m.r.drop()
	}
	f.s.describe()
	f.s.showWhenReady(false)
}

// closed is called with every segment. With the first one the rendition can
// be watched.
func (f *follower) closed() {
	r := f.m.r
	if r.dropped {
		r.dropped = false
		r.publish()
	}
	f.s.describe()
	if f.watchable || len(r.segs) == 0 {
		return
	}
	f.watchable = true
	f.s.showWhenReady(false)
	if tell := f.s.session.RenditionPlayable; tell != nil {
		tell(f.index)
	}
}
