package hls

import (
	"time"

	"github.com/owncast-go/owncast/video"
)

// maxPending bounds the boundaries that wait for sound.
const maxPending = 8

// boundary is where the main rendition began a segment.
type boundary struct {
	at         time.Duration
	msn, discs uint64
}

// mark notes where the main rendition begins a segment, if it has sound.
func (s *stream) mark(at time.Duration) {
	m := s.main
	if m.init.audio() == nil || m.init.video() == nil && s.audio == nil {
		return
	}
	if len(s.pending) == maxPending {
		s.pending = append(s.pending[:0], s.pending[1:]...)
	}
	s.pending = append(s.pending, boundary{at: at, msn: m.r.open.msn, discs: m.r.discs})
}

// follow gives a packet to the rendition of the sound alone. It has what the
// main rendition has of sound, begins a segment where that does, and counts
// discontinuities as that does (RFC 8216bis §6.2.4).
func (s *stream) follow(p video.Packet) error {
	n := 0
	for n < len(s.pending) && p.DTS >= s.pending[n].at {
		n++
	}
	if n > 0 {
		b := s.pending[n-1]
		s.pending = append(s.pending[:0], s.pending[n:]...)
		if err := s.followInto(p, b); err != nil {
			return err
		}
	}
	if s.audio != nil && s.audio.r.open != nil {
		s.audio.add(p)
	}
	return nil
}

// followInto begins a segment of the sound alone.
func (s *stream) followInto(p video.Packet, b boundary) error {
	if s.audio == nil {
		s.beginAudio(p, b)
	}
	a := s.audio
	discontinuity := b.discs > a.r.discs
	if discontinuity {
		a.close(a.audioEnd)
	} else if a.init != nil {
		a.next(p.DTS)
	}
	if b.discs > a.r.discs+1 {
		a.r.resume(b.msn, b.discs-1) // there was a stretch without sound
	}
	init := a.init
	if !p.Track.Equal(init.audio()) {
		var err error
		if init, err = s.newInit(p.Track); err != nil {
			return err
		}
	}
	wall := s.clock.at(a.partStart)
	if discontinuity || a.init == nil {
		wall = s.clock.at(p.DTS)
	}
	a.begin(init, p.DTS, wall, discontinuity)
	return nil
}

func (s *stream) beginAudio(p video.Packet, b boundary) {
	target := s.main.r.target
	step := fromScale(int64(p.Track.FrameSamples(p.Data)), int64(p.Track.SampleRate))
	s.audio = &muxer{
		r:     s.rendition(audioRendition, target, partTarget(step, 0)),
		limit: time.Duration(target)*time.Second + 490*time.Millisecond,
		split: s.splitAudio,
	}
	s.audio.r.resume(b.msn, b.discs)
	s.renditions.Store(&[]*rendition{s.main.r, s.audio.r})
}

// splitAudio ends a segment that the main rendition does not end.
func (s *stream) splitAudio(at time.Duration) {
	a := s.audio
	a.end()
	a.begin(a.init, at, s.clock.at(a.partStart), false)
}
