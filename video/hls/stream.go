package hls

import (
	"sync/atomic"
	"time"

	"github.com/owncast-go/owncast/video"
)

const (
	// mainRendition is the directory of the broadcast as it came, and
	// audioRendition that of its sound alone.
	mainRendition  = "0"
	audioRendition = "audio"
	mediaPlaylist  = "stream.m3u8"

	// memoryTargets is how many target durations of a rendition stay in memory
	// if a storage has the rest: where players are that keep their distance
	// from the end, and as long as a slow storage may take.
	memoryTargets = 5

	// trackGone is how long a track may be silent before the segments are
	// made without it.
	trackGone = 5 * time.Second
	// keyWait is how long sound waits for a picture it belongs to.
	keyWait = 3 * time.Second
	// soundWait is how long a picture waits for its sound.
	soundWait = 500 * time.Millisecond
)

// boundary is where the main rendition began a segment.
type boundary struct {
	at            time.Duration
	discontinuity bool
}

// stream is one session: what its packets become.
type stream struct {
	p       *Packager
	session video.Session
	start   starter
	main    *muxer
	audio   *muxer // the sound alone; follows main's segments
	pending []boundary

	waiting    bool // for a packet a segment can begin with
	waitSince  time.Duration
	held       []video.Packet // that came while waiting
	broken     bool           // the next segment is discontinuous
	audioTrack *video.Track
	inits      int

	epoch     time.Duration // the media time ...
	epochWall time.Time     // ... that was on this clock
	lastWall  time.Time

	list    atomic.Pointer[[]*rendition] // playable ones, main first
	all     atomic.Pointer[[]*rendition] // everything that can be fetched
	archive *archive
}

// write takes the next packet.
func (s *stream) write(p video.Packet) error {
	if p.Track.Kind == video.Audio && (p.Track.SampleRate <= 0 || p.Track.FrameSamples(p.Data) <= 0) {
		return nil // no frame
	}
	if s.main == nil {
		return s.begin(p)
	}
	if p.Discontinuity {
		s.interrupt()
		s.anchor(p.DTS)
	}
	if s.waiting && s.main.init.video() != nil && s.main.init.audio() != nil {
		return s.hold(p)
	}
	return s.dispatch(p)
}

func (s *stream) dispatch(p video.Packet) error {
	if p.Track.Kind == video.Video {
		return s.writeVideo(p)
	}
	return s.writeAudio(p)
}

// hold gathers what comes after a break until both tracks are there again, or
// one of them has been waited for: both may be configured anew, and a break
// should not be followed by another one.
func (s *stream) hold(p video.Packet) error {
	s.held = append(s.held, p)
	var key, sound *video.Packet
	for i := range s.held {
		q := &s.held[i]
		switch {
		case q.Track.Kind == video.Audio:
			sound = q
		case q.Key && key == nil:
			key = q
		}
	}
	patience := keyWait
	if key != nil {
		patience = soundWait
	}
	if (key == nil || sound == nil) && p.DTS-s.held[0].DTS < patience {
		return nil
	}
	if sound != nil {
		s.audioTrack = sound.Track
	}
	held := s.held
	s.held = nil
	for _, q := range held {
		if err := s.dispatch(q); err != nil {
			return err
		}
	}
	return nil
}

// begin gathers packets until the constants of the playlists can be told, and
// then takes them one by one.
func (s *stream) begin(p video.Packet) error {
	if s.epochWall.IsZero() || p.Discontinuity {
		s.anchor(p.DTS)
	}
	plan, ok := s.start.add(p, s.session.Latency.Segment)
	if !ok {
		return nil
	}
	s.audioTrack = plan.audio
	main := s.rendition(mainRendition, plan, plan.partTarget)
	main.firstDone = s.session.Playable
	s.main = &muxer{r: main, frame: plan.frame, limit: time.Duration(plan.target)*time.Second + 400*time.Millisecond, split: s.split}
	s.waiting = true
	s.setRenditions()
	for _, p := range plan.packets {
		p.Discontinuity = false // everything before the last one was let go
		if err := s.write(p); err != nil {
			return err
		}
	}
	return nil
}

func (s *stream) rendition(name string, plan plan, partTarget time.Duration) *rendition {
	target := time.Duration(plan.target) * time.Second
	live := max(s.session.Latency.Segment*time.Duration(s.session.Latency.Segments), 3*target)
	r := &rendition{
		name: name, session: s.session.ID, target: plan.target, partTarget: partTarget,
		window: max(s.p.cfg.DVR, live), memory: memoryTargets * target,
		store: s.archive.put, expire: s.archive.expire, siblings: s.renditions, published: s.p.published,
	}
	if s.p.cfg.Storage == nil {
		r.window, r.memory = live, live
	}
	return r
}

// renditions are the ones a player may choose from, the main one first.
func (s *stream) renditions() []*rendition {
	if l := s.list.Load(); l != nil {
		return *l
	}
	return nil
}

func (s *stream) setRenditions() {
	list := []*rendition{s.main.r}
	all := list
	if s.audio != nil {
		all = []*rendition{s.main.r, s.audio.r}
		if s.main.init.video() != nil && s.main.init.audio() != nil {
			list = all
		}
	}
	s.list.Store(&list)
	s.all.Store(&all)
}

// find returns the rendition of a directory, or nil.
func (s *stream) find(name string) *rendition {
	if l := s.all.Load(); l != nil {
		for _, r := range *l {
			if r.name == name {
				return r
			}
		}
	}
	return nil
}

// anchor says that the media time is now.
func (s *stream) anchor(at time.Duration) {
	now := s.p.now()
	if now.Before(s.lastWall) {
		now = s.lastWall
	}
	s.epoch, s.epochWall = at, now
}

func (s *stream) wall(at time.Duration) time.Time {
	w := s.epochWall.Add(at - s.epoch)
	if w.Before(s.lastWall) {
		return s.lastWall
	}
	return w
}

func (s *stream) writeVideo(p video.Packet) error {
	m := s.main
	switch {
	case s.waiting, !p.Track.Equal(m.init.video()):
		if !p.Key {
			return nil
		}
		return s.restart(p, p.Track, s.currentAudio(p.DTS))
	case p.Key && !s.currentAudio(p.DTS).Equal(m.init.audio()):
		return s.restart(p, p.Track, s.currentAudio(p.DTS))
	case p.Key && p.DTS-m.segStart >= least(s.session.Latency.Segment):
		s.next(p.DTS)
	}
	m.add(p)
	return nil
}

func (s *stream) writeAudio(p video.Packet) error {
	m := s.main
	s.audioTrack = p.Track
	hasVideo := m.init.video() != nil
	switch {
	case s.waiting && (hasVideo || m.init == nil && s.start.hasVideo) && !s.waitedFor(p.DTS):
		return nil
	case s.waiting:
		return s.restart(p, nil, p.Track)
	case hasVideo && p.DTS-m.videoEnd > trackGone:
		return s.restart(p, nil, p.Track)
	case !p.Track.Equal(m.init.audio()) && hasVideo:
		return nil // until the next key frame
	case !p.Track.Equal(m.init.audio()):
		return s.restart(p, nil, p.Track)
	case !hasVideo && p.DTS-m.segStart >= s.session.Latency.Segment-m.audioStep/2:
		s.next(p.DTS)
	}
	m.add(p)
	s.follow(p)
	return nil
}

// waitedFor tells whether sound has waited long enough for its picture.
func (s *stream) waitedFor(at time.Duration) bool {
	if s.waitSince == 0 {
		s.waitSince = at
	}
	return at-s.waitSince > keyWait
}

// currentAudio is the sound that a segment beginning at can have: none if it
// stopped some time ago.
func (s *stream) currentAudio(at time.Duration) *video.Track {
	if s.waiting || s.main.init.audio() == nil {
		return s.audioTrack
	}
	if at-s.main.audioEnd > trackGone {
		s.audioTrack = nil
	}
	return s.audioTrack
}

// next ends the segment and begins another one of the same tracks.
func (s *stream) next(at time.Duration) {
	s.main.next(at)
	s.main.begin(s.main.init, at, s.wall(s.main.partStart), false)
	s.pending = append(s.pending, boundary{at: at})
}

// split ends a segment that has no key frame to end at. The samples that
// have gathered, from at on, begin the next one.
func (s *stream) split(at time.Duration) {
	m := s.main
	m.r.close()
	m.begin(m.init, at, s.wall(m.partStart), false)
	s.pending = append(s.pending, boundary{at: at})
}

func (s *stream) splitAudio(at time.Duration) {
	a := s.audio
	a.r.close()
	a.begin(a.init, at, s.wall(a.partStart), false)
}

// restart ends the segment and begins one that need not fit to it, with the
// packet p.
func (s *stream) restart(p video.Packet, picture, sound *video.Track) error {
	m := s.main
	discontinuity := m.init != nil
	if discontinuity && !s.waiting {
		s.flush(p.DTS)
	}
	init := m.init
	if init == nil || !picture.Equal(init.video()) || !sound.Equal(init.audio()) {
		var err error
		if init, err = s.newInit(mainRendition, picture, sound); err != nil {
			return err
		}
	}
	s.waiting, s.waitSince = false, 0
	m.begin(init, p.DTS, s.wall(p.DTS), discontinuity)
	s.pending = append(s.pending[:0], boundary{at: p.DTS, discontinuity: discontinuity})
	if picture == nil || sound == nil {
		s.pending = s.pending[:0]
	}
	s.setRenditions()
	m.add(p)
	return nil
}

func (s *stream) newInit(rendition string, tracks ...*video.Track) (*initSegment, error) {
	present := tracks[:0:0]
	for _, t := range tracks {
		if t != nil {
			present = append(present, t)
		}
	}
	s.inits++
	return newInit(initName(s.session.ID, s.inits), present...)
}

// follow gives a packet to the rendition of the sound alone, whose segments
// begin where the main one's do.
func (s *stream) follow(p video.Packet) {
	if s.main.init.video() == nil {
		return
	}
	for len(s.pending) > 0 && p.DTS >= s.pending[0].at-10*time.Millisecond {
		b := s.pending[0]
		s.pending = s.pending[1:]
		if !s.followInto(p, b) {
			return
		}
	}
	if s.audio != nil && s.audio.r.open != nil {
		s.audio.add(p)
	}
}

func (s *stream) followInto(p video.Packet, b boundary) bool {
	if s.audio == nil {
		step := fromScale(int64(p.Track.FrameSamples(p.Data)), int64(p.Track.SampleRate))
		main := s.main.r
		s.audio = &muxer{
			r: s.rendition(audioRendition, plan{target: main.target}, partTarget(step)), frame: step,
			limit: time.Duration(main.target)*time.Second + 490*time.Millisecond, split: s.splitAudio,
		}
		s.audio.r.nextMSN = main.open.msn
	}
	a := s.audio
	a.close(p.DTS)
	init := a.init
	if init == nil || !p.Track.Equal(init.audio()) {
		var err error
		if init, err = s.newInit(audioRendition, p.Track); err != nil {
			return false
		}
	}
	wall := s.wall(p.DTS)
	if !b.discontinuity && a.init != nil {
		wall = s.wall(a.partStart)
	}
	a.begin(init, p.DTS, wall, b.discontinuity)
	s.setRenditions()
	return true
}

// flush sends everything there is and ends the segments.
func (s *stream) flush(at time.Duration) {
	end := s.main.clock()
	if at > 0 && at < end {
		end = at
	}
	s.main.close(end)
	if s.audio != nil {
		s.audio.close(s.audio.audioEnd)
	}
	s.pending = s.pending[:0]
	s.lastWall = s.wall(s.main.partStart)
}

// interrupt ends the segments; what comes next need not fit to them.
func (s *stream) interrupt() {
	s.held = nil
	if s.main == nil {
		s.start = starter{}
		s.epochWall = time.Time{}
		return
	}
	if s.waiting {
		return
	}
	s.flush(0)
	s.waiting, s.waitSince = true, 0
}

// end ends the playlists.
func (s *stream) end() {
	if s.main == nil {
		return
	}
	s.interrupt()
	s.main.r.end()
	if s.audio != nil {
		s.audio.r.end()
	}
}
