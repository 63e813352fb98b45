package hls

import (
	"sync"
	"sync/atomic"
	"time"

	"github.com/owncast-go/owncast/video"
)

const (
	// mainRendition is the directory of the broadcast as it came, and
	// audioRendition that of its sound alone. Those of the ladder are "1" and
	// so on.
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
	// ladderWait is how much of the broadcast after its first segment waits
	// for the renditions of the ladder before it is shown without them.
	ladderWait = 4 * time.Second
	// maxLate is how far the playlist's clock may fall behind.
	maxLate = 3 * time.Second
)

// stream is one session: what its packets become. The broadcast and each
// rendition of the ladder may be written from goroutines of their own.
type stream struct {
	p       *Packager
	session video.Session
	archive *archive
	replica bool // it is another process's; see Replica

	mu      sync.Mutex // guards the rest but the atomic fields
	start   starter
	main    *muxer
	segment time.Duration // what the first segment was long
	sound   *follower     // the sound alone
	ladder  []*follower

	waiting    bool           // for a packet a segment can begin with
	waitSince  time.Duration  // 0 before anything came
	held       []video.Packet // what came after a break; see hold
	audioTrack *video.Track
	inits      int
	clock      wallClock
	captions   captionSearch

	ended    atomic.Pointer[time.Time] // when; nil before
	isShown  bool
	firstEnd time.Duration // of the first segment, once there is one; see showWhenReady

	renditions atomic.Pointer[[]*rendition] // main first
	master     atomic.Pointer[rendered]     // the multivariant playlist; nil if there is nothing to list
}

func newStream(p *Packager, session video.Session) *stream {
	s := &stream{p: p, session: session}
	s.sound = &follower{s: s}
	for i := range session.Ladder.Renditions {
		s.ladder = append(s.ladder, &follower{s: s, encoded: true, index: i})
	}
	return s
}

// write takes the next packet.
func (s *stream) write(p video.Packet) error {
	if p.Track.Kind == video.Audio && (p.Track.SampleRate <= 0 || p.Track.FrameSamples(p.Data) <= 0) {
		return nil // no frame
	}
	if s.main == nil {
		return s.begin(p)
	}
	if !s.isShown {
		s.showWhenReady(s.firstEnd > 0 && p.DTS-s.firstEnd >= ladderWait)
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
	s.audioTrack, s.segment = plan.audio, plan.segment
	s.main = &muxer{
		r: s.rendition(mainRendition, plan.target, plan.partTarget), frame: plan.frame, deltas: frameMemory,
		limit: time.Duration(plan.target)*time.Second + 400*time.Millisecond, split: s.split,
	}
	s.main.r.closed = s.mainClosed
	s.waiting = true
	s.enlist()
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

// enlist makes the renditions that have a muxer known, the main one first.
func (s *stream) enlist() {
	list := []*rendition{s.main.r}
	for _, f := range append(s.ladder[:len(s.ladder):len(s.ladder)], s.sound) {
		if f.m != nil {
			list = append(list, f.m.r)
		}
	}
	s.renditions.Store(&list)
	s.p.feed()
}

// mainClosed is called with every segment of the main rendition.
func (s *stream) mainClosed() {
	if s.firstEnd == 0 {
		s.firstEnd = max(s.main.clock(), 1)
	}
	s.describe()
	s.showWhenReady(false)
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
		s.next(p)
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
		s.next(p)
	}
	m.add(p)
	return s.sound.hear(p)
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

// next ends the segment and begins another one of the same tracks, with p.
func (s *stream) next(p video.Packet) {
	s.main.next(p.DTS)
	s.beginMain(s.main.init, opening(p), false)
}

// split ends a segment that has no key frame to end at. The samples that
// have gathered begin the next one.
func (s *stream) split(at time.Duration) bool {
	b := boundary{at: at, shown: at}
	if v := s.main.frag.video; len(v) > 0 {
		b.picture, b.key = true, v[0].key
		b.shown += fromScale(int64(v[0].cts), videoTimescale)
	}
	s.main.end()
	s.beginMain(s.main.init, b, false)
	return true
}

// restart ends the segment and begins one that need not fit to it, with the
// packet p.
func (s *stream) restart(p video.Packet, picture, sound *video.Track) error {
	m := s.main
	discontinuity := m.init != nil
	if discontinuity && !s.waiting {
		s.flush(p.DTS)
	}
	init, err := s.initFor(m.init, picture, sound)
	if err != nil {
		return err
	}
	s.waiting = false
	s.beginMain(init, opening(p), discontinuity)
	m.add(p)
	if p.Track.Kind == video.Audio {
		return s.sound.hear(p)
	}
	return nil
}

// beginMain opens a segment of the main rendition, and tells the others where
// it is.
func (s *stream) beginMain(init *initSegment, b boundary, discontinuity bool) {
	m := s.main
	b.wall = s.clock.at(m.partStart)
	if discontinuity || m.init == nil {
		b.wall = s.clock.resume(b.at)
	}
	m.begin(init, b.at, b.wall, discontinuity)
	b.msn, b.discs = m.r.open.msn, m.r.discs
	s.mark(b)
}

// initFor returns the header of the tracks, which is old if that fits.
func (s *stream) initFor(old *initSegment, picture, sound *video.Track) (*initSegment, error) {
	if old != nil && picture.Equal(old.video()) && sound.Equal(old.audio()) {
		return old, nil
	}
	return s.newInit(picture, sound)
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
	s.sound.flush()
	s.sound.pending = s.sound.pending[:0]
	s.clock.passed(s.main.partStart)
	if m := s.sound.m; m != nil {
		s.clock.passed(m.partStart) // which may be later than the picture's
	}
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
	s.waiting = true
	s.showWhenReady(true)
}

// end ends the playlists.
func (s *stream) end() {
	s.interrupt()
	for _, f := range s.ladder {
		f.finish()
	}
	for _, r := range s.all() {
		r.end()
	}
	now := s.p.now()
	s.ended.Store(&now)
	s.p.feed()
}
