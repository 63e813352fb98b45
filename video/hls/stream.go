package hls

import (
	"slices"
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
	// from the end.
	memoryTargets = 5

	// trackGone is how long a track may be silent before the segments are
	// made without it.
	trackGone = 5 * time.Second
	// keyWait is how long sound waits for a picture it belongs to.
	keyWait = 3 * time.Second
	// soundWait is how long a picture waits for its sound, or sound for a
	// picture that it did not have before.
	soundWait = 500 * time.Millisecond
	// maxLate is how far the playlist's clock may fall behind.
	maxLate = 3 * time.Second
)

// stream is one session: what its packets become. All of it but the atomic
// fields is the writer's.
type stream struct {
	p       *Packager
	session video.Session
	archive *archive
	start   starter
	main    *muxer
	audio   *muxer // the sound alone; see follow
	pending []boundary

	waiting    bool           // for a packet a segment can begin with
	waitSince  time.Duration  // 0 before anything came
	held       []video.Packet // what came after a break; see hold
	audioTrack *video.Track
	inits      int
	clock      wallClock
	captions   captionSearch

	ended   atomic.Pointer[time.Time] // when; nil before
	isShown bool

	renditions atomic.Pointer[[]*rendition] // main first
	master     atomic.Pointer[rendered]     // the multivariant playlist
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
		s.clock.anchor(p.DTS, s.p.now())
	}
	if s.waiting && s.waitSince == 0 && s.main.init != nil {
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
	key := slices.IndexFunc(s.held, func(q video.Packet) bool { return q.Track.Kind == video.Video && q.Key })
	sound := slices.IndexFunc(s.held, func(q video.Packet) bool { return q.Track.Kind == video.Audio })
	patience := keyWait
	if key >= 0 || s.main.init.video() == nil {
		patience = soundWait
	}
	first := s.held[0].DTS
	if (key < 0 || sound < 0) && p.DTS-first < patience {
		return nil
	}
	held := s.held
	s.held, s.waitSince = nil, max(first, 1)
	s.audioTrack = nil
	if sound >= 0 {
		s.audioTrack = held[sound].Track
	}
	if key >= 0 {
		held = keyFirst(held, key)
	}
	for _, q := range held {
		if err := s.dispatch(q); err != nil {
			return err
		}
	}
	return nil
}

// keyFirst begins with the key frame. What belongs before it has no picture.
func keyFirst(ps []video.Packet, key int) []video.Packet {
	k := ps[key]
	rest := slices.DeleteFunc(slices.Delete(ps, key, key+1), func(p video.Packet) bool { return p.DTS < k.DTS })
	return slices.Insert(rest, 0, k)
}

// begin gathers packets until the constants of the playlists can be told, and
// then takes them one by one.
func (s *stream) begin(p video.Packet) error {
	if !s.clock.running || p.Discontinuity {
		s.clock.anchor(p.DTS, s.p.now())
	}
	plan, ok := s.start.add(p, s.session.Latency.Segment)
	if !ok {
		return nil
	}
	return s.carryOut(plan)
}

// carryOut begins the playlists that are planned and takes the packets.
func (s *stream) carryOut(plan plan) error {
	s.audioTrack = plan.audio
	s.main = &muxer{
		r: s.rendition(mainRendition, plan.target, plan.partTarget), frame: plan.frame, deltas: frameMemory,
		limit: time.Duration(plan.target)*time.Second + 400*time.Millisecond, split: s.split,
	}
	s.main.r.closed = s.mainClosed
	s.waiting = true
	s.renditions.Store(&[]*rendition{s.main.r})
	for _, p := range plan.packets {
		p.Discontinuity = false // everything before the last one was let go
		if err := s.write(p); err != nil {
			return err
		}
	}
	return nil
}

func (s *stream) rendition(name string, target int, partTarget time.Duration) *rendition {
	seconds := time.Duration(target) * time.Second
	live := max(s.session.Latency.Segment*time.Duration(s.session.Latency.Segments), 3*seconds)
	r := &rendition{
		name: name, session: s.session.ID, target: target, partTarget: partTarget,
		window: live, live: live, memory: memoryTargets * seconds,
		archive: s.archive, siblings: s.all, closed: s.describe, published: s.p.published,
	}
	if s.p.cfg.Storage != nil {
		r.window = max(s.p.cfg.DVR, live)
	}
	return r
}

// all is every rendition, the main one first.
func (s *stream) all() []*rendition {
	if l := s.renditions.Load(); l != nil {
		return *l
	}
	return nil
}

// find returns the rendition of a directory, or nil if it has no playlist yet.
func (s *stream) find(name string) *rendition {
	for _, r := range s.all() {
		if r.name == name && r.cur.Load() != nil {
			return r
		}
	}
	return nil
}

// mainClosed is called with every segment of the main rendition. The first
// one is what can be watched.
func (s *stream) mainClosed() {
	s.describe()
	if !s.isShown {
		s.isShown = true
		s.p.show(s)
	}
}

func (s *stream) writeVideo(p video.Packet) error {
	m := s.main
	s.captions.look(&p)
	switch {
	case s.waiting, !p.Track.Equal(m.init.video()):
		if !p.Key {
			return nil
		}
		return s.restart(p, p.Track, s.currentAudio(p.DTS))
	case p.Key && (!s.currentAudio(p.DTS).Equal(m.init.audio()) || m.late() > maxLate):
		return s.restart(p, p.Track, s.audioTrack)
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
	return s.follow(p)
}

// waitedFor tells whether sound has waited long enough for its picture.
func (s *stream) waitedFor(at time.Duration) bool {
	if s.waitSince == 0 {
		s.waitSince = at
	}
	return at-s.waitSince >= keyWait
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
	s.beginMain(s.main.init, at, false)
}

// split ends a segment that has no key frame to end at. The samples that
// have gathered, from at on, begin the next one.
func (s *stream) split(at time.Duration) {
	s.main.end()
	s.beginMain(s.main.init, at, false)
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
		if init, err = s.newInit(picture, sound); err != nil {
			return err
		}
	}
	s.waiting = false
	s.beginMain(init, p.DTS, discontinuity)
	m.add(p)
	if p.Track.Kind == video.Audio {
		return s.follow(p)
	}
	return nil
}

// beginMain opens a segment of the main rendition.
func (s *stream) beginMain(init *initSegment, at time.Duration, discontinuity bool) {
	m := s.main
	wall := s.clock.at(m.partStart)
	if discontinuity || m.init == nil {
		wall = s.clock.resume(at)
	}
	m.begin(init, at, wall, discontinuity)
	s.mark(at)
}

func (s *stream) newInit(tracks ...*video.Track) (*initSegment, error) {
	present := tracks[:0:0]
	for _, t := range tracks {
		if t != nil {
			present = append(present, t)
		}
	}
	s.inits++
	return newInit(initName(s.session.ID, s.inits), present...)
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
	s.clock.passed(s.main.partStart)
}

// interrupt ends the segments; what comes next need not fit to them.
func (s *stream) interrupt() {
	s.held, s.waitSince = nil, 0
	if s.main == nil {
		s.start = starter{}
		s.clock.running = false
		return
	}
	if s.waiting {
		return
	}
	s.flush(0)
	if s.audio != nil {
		s.clock.passed(s.audio.partStart) // which may be later than the picture's
	}
	s.waiting = true
}

// end ends the playlists.
func (s *stream) end() {
	s.interrupt()
	for _, r := range s.all() {
		r.end()
	}
	now := s.p.now()
	s.ended.Store(&now)
}
