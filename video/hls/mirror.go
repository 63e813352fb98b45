package hls

import (
	"slices"
	"time"
)

// maxHeld is how many bytes of parts a rendition of a Replica has before those
// go that are older than the last maxHeldParts: nobody has said for long what
// is listed.
const (
	maxHeld      = 256 << 20
	maxHeldParts = 100
)

// mirror is a rendition of a Replica: what has come of it, and what is made of
// that.
type mirror struct {
	name string
	r    *rendition // nil as long as only its name is known

	inits map[string]*initSegment
	parts map[uint64]*part    // by number
	segs  map[uint64]*segment // by media sequence number: closed ones
	head  map[uint64]*feedSegment
	state *feedState
	stale bool // state has something that was not published

	memory    *memory // that the last part lies in
	memoryMSN uint64  // of which segment
	last      uint64  // number of that part
	got       int     // bytes of the segment
	held      int     // bytes of all parts
	expected  int     // bytes of the next one

	window  window
	floor   uint64    // nothing before it is listed any more
	missing bool      // something should be there that is not
	since   time.Time // since when
}

func newMirror(name string) *mirror {
	return &mirror{
		name: name, inits: map[string]*initSegment{}, parts: map[uint64]*part{}, segs: map[uint64]*segment{}, head: map[uint64]*feedSegment{},
	}
}

func (m *mirror) addInit(i *feedInit) {
	if old := m.inits[i.name]; old == nil || old.data == nil {
		if old == nil {
			old = &initSegment{name: i.name}
			m.inits[i.name] = old
		}
		old.data = i.data
		m.stale = true
	}
}

// init returns the header of the name, which may still have to come.
func (m *mirror) init(name string) *initSegment {
	i := m.inits[name]
	if i == nil {
		i = &initSegment{name: name}
		m.inits[name] = i
	}
	return i
}

// addPart keeps a part, behind the one before it if there is room, for what
// lies in one piece is sent in one.
func (m *mirror) addPart(p *feedPart) {
	if m.parts[p.number] != nil || len(p.data) == 0 {
		return
	}
	if m.memoryMSN != p.msn {
		m.expected = m.got + m.got/32
		m.memory, m.memoryMSN, m.got = nil, p.msn, 0
	}
	if m.memory == nil || m.last+1 != p.number || cap(m.memory.b)-len(m.memory.b) < len(p.data) {
		m.memory = &memory{b: make([]byte, 0, max(len(p.data), m.expected-m.got))}
	}
	start := len(m.memory.b)
	m.memory.b = append(m.memory.b, p.data...)
	m.got += len(p.data)
	m.last = p.number
	end := len(m.memory.b)
	m.parts[p.number] = &part{
		number: p.number, dur: p.dur, independent: p.independent, memory: m.memory, start: start, end: end,
		data: m.memory.b[start:end:end],
	}
	if m.held += len(p.data); m.held > maxHeld {
		m.drop(p.number - min(p.number, maxHeldParts))
	}
	m.stale = true
}

// drop forgets the parts before a number.
func (m *mirror) drop(before uint64) {
	for n, p := range m.parts {
		if n < before {
			m.held -= len(p.data)
			delete(m.parts, n)
		}
	}
}

// addState takes what the rendition lists now.
func (m *mirror) addState(st *feedState) {
	if m.state != nil && (st.version < m.state.version || m.state.ended && !st.ended) {
		return // it was sent again, behind what came after it
	}
	for i := range st.segments {
		fs := &st.segments[i]
		m.head[fs.msn] = fs
		if g := m.segs[fs.msn]; g == nil {
			m.segs[fs.msn] = &segment{
				msn: fs.msn, init: m.init(st.inits[fs.init]), discontinuity: fs.discontinuity, independent: fs.independent,
				start: fs.start, date: dateLine(fs.start), dur: fs.dur, size: fs.size,
			}
		}
	}
	for _, s := range st.stored {
		if g := m.segs[s.msn]; g != nil && g.stored.Load() != storeDone {
			g.dir = s.dir // before it is told to be there
			g.stored.Store(storeDone)
		}
	}
	m.state, m.stale = st, true
}

// publish makes of what has come what viewers get, if there is anything new.
func (m *mirror) publish(now time.Time, shared bool) {
	st := m.state
	if st == nil || !m.stale {
		return
	}
	w, missing := m.extend(st, shared)
	open, whole := m.openParts(st)
	missing = missing || !whole
	if missing && !m.missing {
		m.since = now
	}
	m.missing = missing
	if missing && !st.ended && !m.lost(now, &w) {
		return // what was there before is good enough for a while
	}
	m.stale = missing
	m.window = w
	m.release(st, shared)
	m.show(m.snapshot(st, open))
	m.prune(st)
}

// lost tells whether what is missing has been for so long that viewers are to
// go on without it: with a list that they can play.
func (m *mirror) lost(now time.Time, w *window) bool {
	target := time.Duration(m.r.target) * time.Second
	var d time.Duration
	for _, g := range w.listed {
		d += g.dur
	}
	return now.Sub(m.since) >= replicaPatience*target && d >= partWindow*target
}

// show makes s what viewers get, unless it is the same as before.
func (m *mirror) show(s *snapshot) {
	old := m.r.cur.Load()
	if old != nil && old.version == s.version && old.ended == s.ended && old.gone == s.gone &&
		slices.Equal(old.segs, s.segs) && slices.Equal(old.open, s.open) {
		return
	}
	if m.r.published != nil {
		m.r.published(s)
	}
	m.floor = s.nextMSN
	if len(s.segs) > 0 {
		m.floor = s.segs[0].msn
	}
	if m.r.cur.Store(s); old != nil {
		close(old.changed)
	}
}

// window is the segments that viewers can have.
type window struct {
	listed []*segment // without a gap, up to the open one
	kept   []*segment // before them
}

// extend returns the window at the state: with the segments that have come
// since, and without those that are no longer listed. It tells whether one is
// missing that the other side has.
func (m *mirror) extend(st *feedState, shared bool) (w window, missing bool) {
	w = window{m.window.listed, slices.Clone(m.window.kept)}
	from := max(st.firstListed, m.floor)
	for _, list := range [][]*segment{w.kept, w.listed} {
		if n := len(list); n > 0 { // what was not listed then is not listed later
			from = max(from, list[n-1].msn+1)
		}
	}
	for msn := from; msn < st.nextMSN; msn++ {
		if g := m.complete(msn, shared); g != nil {
			w.listed = append(w.listed[:len(w.listed):len(w.listed)], g)
			continue
		}
		w.unlist(len(w.listed))
		missing = missing || msn >= st.memory
	}
	n := 0
	for n < len(w.listed) && w.listed[n].msn < st.firstListed {
		n++
	}
	if !shared {
		n = max(n, w.liveFrom(m.r.live))
	}
	w.unlist(n)
	first := st.firstListed
	if len(w.listed) > 0 {
		first = w.listed[0].msn
	}
	w.kept = slices.DeleteFunc(w.kept, func(g *segment) bool { return g.msn < st.firstKept || g.msn >= first })
	return w, missing
}

// unlist takes the first n segments off the list.
func (w *window) unlist(n int) {
	w.kept = append(w.kept, w.listed[:n]...)
	w.listed = w.listed[n:]
}

// liveFrom is where in the list the live window begins.
func (w *window) liveFrom(live time.Duration) int {
	var d time.Duration
	for i := len(w.listed) - 1; i >= 0; i-- {
		if d += w.listed[i].dur; d >= live {
			return i
		}
	}
	return 0
}

// release lets go of media that is not needed any more: what the storage has,
// where the other side has it there alone; and without such a storage what is
// no longer listed, but for the newest of it.
func (m *mirror) release(st *feedState, shared bool) {
	w := &m.window
	if !shared {
		if n := len(w.kept) - 1; n > 0 {
			for _, g := range w.kept[:n] {
				g.parts.Store(nil)
			}
			w.kept = w.kept[n:]
		}
		return
	}
	for _, list := range [][]*segment{w.kept, w.listed} {
		for _, g := range list {
			if g.msn < st.memory && g.stored.Load() == storeDone {
				g.parts.Store(nil)
			}
		}
	}
}

// complete returns the segment if it can be served.
func (m *mirror) complete(msn uint64, shared bool) *segment {
	g := m.segs[msn]
	if g == nil || g.init.data == nil {
		return nil
	}
	if g.name == "" {
		g.name = segmentName(m.r.session, msn)
		g.lines = "#EXTINF:" + decimal(g.dur.Seconds(), 5) + ",\n" + g.name + "\n"
	}
	if g.parts.Load() == nil {
		if ps := m.partsOf(m.head[msn]); ps != nil {
			g.parts.Store(&ps)
		}
	}
	if g.parts.Load() == nil && (!shared || g.stored.Load() != storeDone) {
		return nil
	}
	return g
}

// partsOf returns the parts of a segment, or nil if one is not there.
func (m *mirror) partsOf(fs *feedSegment) []*part {
	if fs == nil || fs.parts == 0 {
		return nil
	}
	ps := make([]*part, 0, min(fs.parts, len(m.parts)))
	for n := fs.first; n < fs.first+uint64(fs.parts); n++ {
		p := m.parts[n]
		if p == nil {
			return nil
		}
		if p.line == "" {
			p.line = partLine(m.r.session, p)
		}
		ps = append(ps, p)
	}
	return ps
}

// openParts returns the parts of the open segment, and whether they are all
// there.
func (m *mirror) openParts(st *feedState) ([]*part, bool) {
	if st.open == nil {
		return nil, true
	}
	ps := m.partsOf(st.open)
	if m.init(st.inits[st.open.init]).data == nil {
		ps = nil
	}
	return ps, ps != nil
}

// snapshot is what the rendition is at the state.
func (m *mirror) snapshot(st *feedState, open []*part) *snapshot {
	w := m.window
	s := &snapshot{
		r: m.r, version: st.version, nextMSN: st.nextMSN, nextPart: st.nextPart, gone: st.gone,
		segs: w.listed, kept: w.kept, ended: st.ended, dropped: st.dropped, changed: make(chan struct{}),
	}
	first := st.nextMSN
	if len(s.segs) > 0 {
		first = s.segs[0].msn
	}
	for msn := st.firstListed; msn < first; msn++ {
		if fs := m.head[msn]; fs != nil && fs.discontinuity {
			s.gone++ // it is listed on the other side alone
		}
	}
	if len(open) > 0 {
		o := st.open
		s.open = open
		s.openHead = &segment{msn: o.msn, init: m.init(st.inits[o.init]), discontinuity: o.discontinuity, start: o.start, date: dateLine(o.start)}
	}
	for _, name := range st.inits {
		if init := m.inits[name]; init != nil && init.data != nil {
			s.inits = append(s.inits, init)
		}
	}
	return s
}

// prune forgets what no playlist can name any more.
func (m *mirror) prune(st *feedState) {
	for msn := range m.segs {
		if msn < st.firstKept {
			delete(m.segs, msn)
			delete(m.head, msn)
		}
	}
	needed := st.nextPart
	if st.open != nil {
		needed = min(needed, st.open.first)
	}
	for _, list := range [][]*segment{m.window.kept, m.window.listed} {
		if i := inMemory(list, 0); i < len(list) {
			needed = min(needed, (*list[i].parts.Load())[0].number)
		}
	}
	m.drop(needed)
	for name := range m.inits {
		if !slices.Contains(st.inits, name) {
			delete(m.inits, name)
		}
	}
}
