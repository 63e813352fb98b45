package hls

import (
	"hash/crc32"
	"slices"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"github.com/owncast-go/owncast/video"
)

// replicaPatience is for how long a Replica that lacks something shows what it
// had before, in target durations.
const replicaPatience = 2

// Replica shows on a Packager what a [Feed] tells of another one in another
// process: the same playlists, of the same names and numbers, so that players
// can go from one to the other at any time. Make one with
// [Packager.NewReplica]. It is safe for concurrent use; messages are applied
// one after the other.
//
// Where both Packagers have the same Storage, which [Replica.ProveStorage] finds
// out, viewers can go back as far as the other one's can, and get from the
// Storage what that has. Otherwise they can go back as far as there is media in
// memory: the live window.
//
// A session of the Packager's own goes before it: as long as that can be
// watched, the Replica follows without being shown.
type Replica struct {
	p *Packager

	mu   sync.Mutex // guards the rest
	s    *replicated
	past []string // sessions that are over, the newest last
	held bool
}

// replicated is a session as far as it is known.
type replicated struct {
	stream    *stream
	described bool
	mirrors   []*mirror // the main one first

	shared  *atomic.Bool // the Storage is proven to have what the other Packager's has
	refuted time.Time    // when it was found not to
}

// NewReplica returns a Replica that shows nothing yet.
func (p *Packager) NewReplica() *Replica { return &Replica{p: p} }

// Hold lets the Replica follow without showing what it gets, until it is told
// to go on: while there is a backlog.
func (r *Replica) Hold(hold bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.held = hold
	if !hold && r.s != nil {
		r.refresh()
	}
}

// Apply takes a message of a Feed, which it keeps. The error tells that it is
// none. missing tells that something has not come that should have: it is worth
// asking for [Feed.Repeat] with the media.
func (r *Replica) Apply(message []byte) (missing bool, err error) {
	rd := feedReader{b: message}
	session := rd.begin()
	if rd.failed || session == "" {
		return false, errFeed
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if slices.Contains(r.past, session) {
		return false, nil
	}
	if r.s == nil || r.s.stream.session.ID != session {
		r.enter(session)
	}
	for len(rd.b) > 0 && !rd.failed {
		r.record(&rd)
	}
	r.refresh()
	for _, m := range r.s.mirrors {
		missing = missing || m.missing
	}
	if rd.failed {
		return missing, errFeed
	}
	return missing, nil
}

// enter begins with another session.
func (r *Replica) enter(session string) {
	if r.s != nil {
		r.past = append(r.past, r.s.stream.session.ID)
		if len(r.past) > 16 {
			r.past = slices.Delete(r.past, 0, 1)
		}
	}
	s := &stream{p: r.p, session: video.Session{ID: session}, replica: true}
	s.archive = &archive{p: r.p, session: session}
	r.s = &replicated{stream: s, shared: new(atomic.Bool)}
}

// record takes what comes next in a message.
func (r *Replica) record(rd *feedReader) {
	switch rd.byte() {
	case tagStream:
		if s := rd.stream(); !rd.failed {
			r.describe(s)
		}
	case tagMaster:
		if m := rd.master(); !rd.failed {
			r.s.setMaster(m)
		}
	case tagInit:
		if i := rd.init(); !rd.failed {
			r.s.mirror(i.rendition).addInit(i)
		}
	case tagPart:
		if p := rd.part(); !rd.failed {
			r.s.mirror(p.rendition).addPart(p)
		}
	case tagState:
		if st := rd.state(); !rd.failed {
			r.s.mirror(st.rendition).addState(st)
		}
	default:
		rd.fail()
	}
	if r.s != nil && len(r.s.mirrors) > maxRenditions {
		rd.fail()
	}
}

// mirror returns the rendition of the name.
func (s *replicated) mirror(name string) *mirror {
	for _, m := range s.mirrors {
		if m.name == name {
			return m
		}
	}
	m := newMirror(name)
	s.mirrors = append(s.mirrors, m)
	return m
}

// describe takes the renditions there are, in their order, and what never
// changes of them.
func (r *Replica) describe(d *feedStream) {
	s := r.s
	if len(d.renditions) == 0 {
		return
	}
	ordered := make([]*mirror, 0, len(d.renditions))
	var list []*rendition
	for _, fr := range d.renditions {
		m := s.mirror(fr.name)
		if m.r == nil {
			m.r = &rendition{
				name: fr.name, session: s.stream.session.ID, target: max(fr.target, 1), partTarget: max(fr.partTarget, time.Millisecond),
				window: fr.window, live: fr.live, archive: s.stream.archive, siblings: s.stream.all, published: r.p.published,
				proven: s.shared,
			}
		}
		ordered = append(ordered, m)
		list = append(list, m.r)
	}
	for _, m := range s.mirrors {
		if !slices.Contains(ordered, m) {
			ordered = append(ordered, m)
		}
	}
	s.mirrors, s.described = ordered, true
	s.stream.renditions.Store(&list)
}

func (s *replicated) setMaster(m *feedMaster) {
	if len(m.text) == 0 {
		s.stream.master.Store(nil)
		return
	}
	if old := s.stream.master.Load(); old != nil && string(old.text) == string(m.text) {
		return
	}
	d := new(rendered)
	d.set(m.text, s.stream.session.ID+"-"+strconv.FormatUint(uint64(crc32.ChecksumIEEE(m.text)), 16))
	s.stream.master.Store(d)
}

// refresh publishes what has come, and shows the session when it can be
// watched.
func (r *Replica) refresh() {
	s := r.s
	if r.held || !s.described {
		return
	}
	shared := s.shared.Load()
	ended := true
	for _, m := range s.mirrors {
		if m.r == nil {
			continue
		}
		m.publish(r.p.now(), shared)
		if cur := m.r.cur.Load(); cur == nil || !cur.ended {
			ended = false
		}
	}
	main := s.mirrors[0].r.cur.Load()
	if main == nil || len(main.segs) == 0 {
		return
	}
	if ended && s.stream.ended.Load() == nil {
		now := r.p.now()
		s.stream.ended.Store(&now)
	}
	r.p.showReplica(s.stream)
}

// showReplica puts s in the place of what is shown, unless that is a session of
// the Packager's own that has not ended.
func (p *Packager) showReplica(s *stream) {
	p.mu.Lock()
	defer p.mu.Unlock()
	old := p.shown.Load()
	if old == s || old != nil && !old.replica && old.ended.Load() == nil {
		return
	}
	p.shown.Store(s)
	if old != nil {
		old.archive.abandon()
	}
}

// End ends the session, if it is the one with the id and has not ended: nothing
// more will come of it. Later messages of it are ignored.
func (r *Replica) End(session string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.s == nil || r.s.stream.session.ID != session {
		return
	}
	r.past = append(r.past, session)
	for _, m := range r.s.mirrors {
		if m.state != nil && !m.state.ended {
			ended := *m.state
			ended.ended, ended.version = true, ended.version+1
			m.state, m.stale = &ended, true
		}
	}
	r.refresh()
}
