package hls

import (
	"cmp"
	"context"
	"slices"
	"sync"
	"time"
)

const (
	// feedFull is how often a Feed tells all that is listed.
	feedFull = 10 * time.Second
	// feedMessage is how large a message of a Feed gets before another one is
	// begun; it has one part or header more than that at the most.
	feedMessage = 256 << 10
)

// Feed tells what a Packager serves of its own sessions, for [Replica] values
// in other processes. It never holds up the Packager: whoever reads it late
// gets what there is by then in fewer messages. Make one with
// [Packager.NewFeed]. Its methods but Repeat and Close are for one goroutine.
type Feed struct {
	p    *Packager
	wake chan struct{}

	mu    sync.Mutex // guards again, media
	again bool       // the next messages tell everything
	media bool       // and have the media, too

	s    *stream // that was told of
	sent map[*rendition]*sentRendition
	list int // of its renditions that were told of
	main *rendered
	full time.Time // when everything was told
}

// sentRendition is what was told of a rendition.
type sentRendition struct {
	snapshot *snapshot
	nextMSN  uint64          // segments before it were told of
	part     uint64          // parts before it were sent
	inits    map[string]bool // that were sent
	pending  []*segment      // that were not stored when they were told of
}

// NewFeed returns a Feed of p. Close it.
func (p *Packager) NewFeed() *Feed {
	f := &Feed{p: p, wake: make(chan struct{}, 1), again: true, media: true}
	f.nudge()
	p.mu.Lock()
	defer p.mu.Unlock()
	feeds := append(slices.Clone(p.allFeeds()), f)
	p.feeds.Store(&feeds)
	return f
}

// Close ends the Feed. Next must not be called any more.
func (f *Feed) Close() {
	f.p.mu.Lock()
	defer f.p.mu.Unlock()
	feeds := slices.DeleteFunc(slices.Clone(f.p.allFeeds()), func(o *Feed) bool { return o == f })
	f.p.feeds.Store(&feeds)
}

func (p *Packager) allFeeds() []*Feed {
	if l := p.feeds.Load(); l != nil {
		return *l
	}
	return nil
}

// feed tells the Feeds that something has changed.
func (p *Packager) feed() {
	for _, f := range p.allFeeds() {
		f.nudge()
	}
}

func (f *Feed) nudge() {
	select {
	case f.wake <- struct{}{}:
	default:
	}
}

// Repeat has the next messages tell everything that is listed; with the media
// too, if some of it has not come through. It is safe for concurrent use.
func (f *Feed) Repeat(media bool) {
	f.mu.Lock()
	f.again, f.media = true, f.media || media
	f.mu.Unlock()
	f.nudge()
}

// Next returns what has changed since the last call, in messages that are to be
// applied in order. It waits until there is something, or for ctx.
func (f *Feed) Next(ctx context.Context) ([][]byte, error) {
	for {
		if messages := f.take(); len(messages) > 0 {
			return messages, nil
		}
		t := time.NewTimer(feedFull)
		select {
		case <-f.wake:
		case <-t.C:
		case <-ctx.Done():
			t.Stop()
			return nil, ctx.Err()
		}
		t.Stop()
	}
}

// take returns what has changed.
func (f *Feed) take() [][]byte {
	s := f.p.shown.Load()
	if s == nil || s.replica {
		return nil
	}
	f.mu.Lock()
	again, media := f.again, f.media
	f.again, f.media = false, false
	f.mu.Unlock()
	all := s.all()
	if s != f.s {
		f.s, f.sent, f.main = s, map[*rendition]*sentRendition{}, nil
		again, media = true, true
	}
	now := f.p.now()
	again = again || len(all) != f.list || now.Sub(f.full) >= feedFull && s.ended.Load() == nil
	b := &feedBatch{session: s.session.ID}
	if again {
		f.list, f.full, f.main = len(all), now, nil
		b.writer().stream(describeStream(all))
	}
	for _, r := range all {
		f.rendition(b, r, again, media)
	}
	if m := s.master.Load(); m != nil && (m != f.main || again) || m == nil && f.main != nil {
		f.main = m
		fm := &feedMaster{}
		if m != nil {
			fm.text, fm.tag = m.text, []byte(m.tag)
		}
		b.writer().master(fm)
	}
	return b.done()
}

func describeStream(all []*rendition) *feedStream {
	s := &feedStream{}
	for _, r := range all {
		s.renditions = append(s.renditions, feedRendition{r.name, r.target, r.partTarget, r.window, r.live})
	}
	return s
}

// rendition adds what has changed of one; or everything, and also the media
// that was sent before.
func (f *Feed) rendition(b *feedBatch, r *rendition, again, media bool) {
	s := r.cur.Load()
	if s == nil {
		return
	}
	sent := f.sent[r]
	if sent == nil {
		sent = &sentRendition{}
		f.sent[r] = sent
		again, media = true, true
	}
	stored := sent.settled()
	if s == sent.snapshot && !again && len(stored) == 0 {
		return
	}
	if again || media {
		sent.inits = nil // for who comes late; they are small
	}
	if media {
		sent.part = 0
	}
	known := sent.nextMSN
	if again {
		known, sent.pending = 0, nil
	}
	sent.sendMedia(b, r, s)
	st := sent.state(r, s, known)
	if !again {
		st.stored = append(stored, st.stored...)
	}
	b.writer().state(st)
	sent.snapshot, sent.nextMSN = s, s.nextMSN
}

// settled returns those segments that the storage has by now, and was not said
// to have.
func (sent *sentRendition) settled() []feedStored {
	var stored []feedStored
	sent.pending = slices.DeleteFunc(sent.pending, func(g *segment) bool {
		state := g.stored.Load()
		if state == storeDone {
			stored = append(stored, feedStored{g.msn, g.dir})
		}
		return state != storePending
	})
	return stored
}

// sendMedia adds the headers and parts that are in memory and were not sent.
func (sent *sentRendition) sendMedia(b *feedBatch, r *rendition, s *snapshot) {
	if sent.inits == nil {
		sent.inits = map[string]bool{}
	}
	for _, i := range s.inits {
		if !sent.inits[i.name] {
			sent.inits[i.name] = true
			b.writer().init(&feedInit{r.name, i.name, i.data})
		}
	}
	from := sent.part
	for _, list := range [][]*segment{s.kept, s.segs} {
		for _, g := range list[inMemory(list, from):] {
			if ps := g.parts.Load(); ps != nil {
				sendParts(b, r, g.msn, *ps, from)
			}
		}
	}
	sendParts(b, r, s.nextMSN, s.open, from)
	sent.part = s.nextPart
}

// inMemory is where in the list the segments begin that are in memory and have
// parts with a number of at least from.
func inMemory(list []*segment, from uint64) int {
	i := len(list)
	for i > 0 {
		ps := list[i-1].parts.Load()
		if ps == nil || (*ps)[len(*ps)-1].number < from {
			break
		}
		i--
	}
	return i
}

// sendParts adds the parts with a number of at least from.
func sendParts(b *feedBatch, r *rendition, msn uint64, ps []*part, from uint64) {
	if len(ps) == 0 || ps[len(ps)-1].number < from {
		return
	}
	for _, p := range ps {
		if p.number >= from {
			b.writer().part(&feedPart{r.name, msn, p.number, p.dur, p.independent, p.data})
		}
	}
}

// state is what s lists, of segments with a number of at least known.
func (sent *sentRendition) state(r *rendition, s *snapshot, known uint64) *feedState {
	st := &feedState{
		rendition: r.name, version: s.version, nextMSN: s.nextMSN, nextPart: s.nextPart, gone: s.gone,
		firstListed: s.nextMSN, memory: s.nextMSN, known: known, ended: s.ended, dropped: s.dropped,
	}
	if len(s.segs) > 0 {
		st.firstListed = s.segs[0].msn
	}
	st.firstKept = st.firstListed
	if len(s.kept) > 0 {
		st.firstKept = s.kept[0].msn
	}
	index := map[*initSegment]int{}
	for i, init := range s.inits {
		st.inits = append(st.inits, init.name)
		index[init] = i
	}
	for _, list := range [][]*segment{s.kept, s.segs} {
		if i := inMemory(list, 0); i < len(list) {
			st.memory = min(st.memory, list[i].msn)
		}
		from, _ := slices.BinarySearchFunc(list, known, func(g *segment, n uint64) int { return cmp.Compare(g.msn, n) })
		for _, g := range list[from:] {
			st.segments = append(st.segments, describeSegment(g, index[g.init]))
			switch g.stored.Load() {
			case storeDone:
				st.stored = append(st.stored, feedStored{g.msn, g.dir})
			case storePending:
				sent.pending = append(sent.pending, g)
			}
		}
	}
	if len(s.open) > 0 {
		o := s.openHead
		st.open = &feedSegment{
			msn: o.msn, init: index[o.init], discontinuity: o.discontinuity, start: o.start,
			independent: s.open[0].independent, first: s.open[0].number, parts: len(s.open),
		}
	}
	return st
}

func describeSegment(g *segment, init int) feedSegment {
	fs := feedSegment{
		msn: g.msn, init: init, discontinuity: g.discontinuity, independent: g.independent,
		start: g.start, dur: g.dur, size: g.size,
	}
	if ps := g.parts.Load(); ps != nil {
		fs.first, fs.parts = (*ps)[0].number, len(*ps)
	}
	return fs
}

// feedBatch is the messages that are being written.
type feedBatch struct {
	session  string
	w        *feedWriter
	messages [][]byte
}

// writer returns the message to go on with.
func (b *feedBatch) writer() *feedWriter {
	if b.w != nil && len(b.w.b) >= feedMessage {
		b.messages = append(b.messages, b.w.b)
		b.w = nil
	}
	if b.w == nil {
		b.w = newFeedWriter(b.session)
	}
	return b.w
}

func (b *feedBatch) done() [][]byte {
	if b.w != nil {
		b.messages = append(b.messages, b.w.b)
	}
	return b.messages
}
