package hls

import (
	"fmt"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/grafov/m3u8"
)

// checker holds every playlist of one rendition to DESIGN's invariants.
type checker struct {
	t     testing.TB
	name  string
	prev  *list
	segs  map[uint64]listSegment
	parts map[string]bool
	discs map[uint64]bool // segments that were discontinuous
	later map[uint64]bool // segments that do not begin with a key frame
	n     int
	base  uint64 // discontinuities before the list was resumed
	// keyless allows segments that do not begin with a key frame.
	keyless bool
	slack   float64 // by how much dates may differ from durations
}

func newChecker(t testing.TB, name string) *checker {
	return &checker{t: t, name: name, segs: map[uint64]listSegment{}, parts: map[string]bool{}, discs: map[uint64]bool{}, later: map[uint64]bool{}, slack: 0.05}
}

func (c *checker) fail(l *list, format string, args ...any) {
	c.t.Helper()
	c.t.Fatalf("%s, playlist %d: %s\n%s", c.name, c.n, fmt.Sprintf(format, args...), l.text)
}

func (c *checker) snapshot(s *snapshot) {
	c.t.Helper()
	switch {
	case c.t.Failed():
		return // what follows tells nothing
	case s.dropped: // it is not served
		if c.prev != nil {
			c.prev.hint = ""
		}
		return
	}
	c.n++
	l, err := parseList(string(s.playlist(false).text))
	if err != nil {
		c.t.Fatalf("%s: %v\n%s", c.name, err, s.playlist(false).text)
	}
	c.constants(l)
	c.segments(l)
	c.partAge(l)
	c.progress(l)
	c.named(s, l)
	c.delta(s, l)
	c.secondOpinion(l)
	c.prev = l
}

// discsAt is the discontinuity sequence number of what was at the time, if it
// is in a segment of some length.
func (l *list) discsAt(at time.Time) (n uint64, ok bool) {
	n = l.dsn
	for _, s := range l.segs {
		if s.discontinuity {
			n++
		}
		if s.dur >= 0.5 && !at.Before(s.at) && at.Sub(s.at).Seconds() < s.dur {
			return n, true
		}
	}
	return 0, false
}

// inStep checks that the sound counts discontinuities as the picture does.
func (c *checker) inStep(main *list) {
	c.t.Helper()
	if c.prev == nil || main == nil {
		return
	}
	for _, s := range c.prev.segs {
		middle := s.at.Add(time.Duration(s.dur / 2 * float64(time.Second)))
		n, ok := c.prev.discsAt(middle)
		m, both := main.discsAt(middle)
		if ok && both && n != m {
			c.t.Fatalf("segment %d follows %d discontinuities, in the picture %d\n%s\n%s", s.msn, n, m, c.prev.text, main.text)
		}
	}
}

// aligned checks that a rendition of the ladder has the broadcast's segments:
// the same numbers, at the same time, after as many discontinuities.
func (c *checker) aligned(main *checker) {
	c.t.Helper()
	if c.prev == nil {
		return
	}
	if c.prev.target != main.prev.target {
		c.fail(c.prev, "target duration %d, the broadcast's is %d", c.prev.target, main.prev.target)
	}
	discs := c.prev.dsn
	for _, s := range c.prev.segs {
		if s.discontinuity {
			discs++
		}
		m, ok := main.segs[s.msn]
		if open := main.prev.open; !ok && s.msn == main.prev.msn+uint64(len(main.prev.segs)) && (open.at.IsZero() || open.at.Equal(s.at)) {
			continue // its end is known, but the broadcast's goes on
		}
		if !ok || !m.at.Equal(s.at) {
			c.fail(c.prev, "segment %d is of %v, the broadcast's of %v\n%s", s.msn, s.at, m.at, main.prev.text)
		}
		want := uint64(0)
		for n := range main.discs {
			if n <= s.msn {
				want++
			}
		}
		if discs != want {
			c.fail(c.prev, "segment %d follows %d discontinuities, in the broadcast %d\n%s", s.msn, discs, want, main.prev.text)
		}
	}
}

// encoded tells whether the rendition is of the ladder.
func (c *checker) encoded() bool { return c.name != mainRendition && c.name != audioRendition }

func (c *checker) constants(l *list) {
	c.t.Helper()
	if l.version < 9 || !l.canBlock || l.target < 1 || l.skipped != 0 {
		c.fail(l, "header: version %d, target %d", l.version, l.target)
	}
	if l.partHold < 3*l.partTarget-1e-9 || l.hold < 3*float64(l.target) || l.skip < 6*float64(l.target) {
		c.fail(l, "hold-backs %v %v, skip %v", l.partHold, l.hold, l.skip)
	}
	if p := c.prev; p != nil && (p.target != l.target || p.partTarget != l.partTarget || p.partHold != l.partHold || p.hold != l.hold) {
		c.fail(l, "a constant changed")
	}
	if (l.hint == "") != l.ended {
		c.fail(l, "hint %q, ended %v", l.hint, l.ended)
	}
}

func (c *checker) segments(l *list) {
	c.t.Helper()
	all := l.segs
	if len(l.open.parts) > 0 {
		all = append(all[:len(all):len(all)], l.open)
	}
	for i, s := range all {
		closed := i < len(l.segs)
		if closed && (s.dur <= 0 || math.Round(s.dur) > float64(l.target)) {
			c.fail(l, "segment %d of %v s, target %d", s.msn, s.dur, l.target)
		}
		if s.init == "" || s.at.IsZero() {
			c.fail(l, "segment %d without map or date", s.msn)
		}
		var sum float64
		for k, p := range s.parts {
			last := closed && k == len(s.parts)-1
			if p.dur > l.partTarget+1e-9 || p.dur <= 0 || !last && p.dur < 0.85*l.partTarget-1e-9 {
				c.fail(l, "segment %d part %d of %v s, part target %v", s.msn, k, p.dur, l.partTarget)
			}
			sum += p.dur
		}
		if closed && len(s.parts) > 0 && math.Abs(sum-s.dur) > 1e-6 {
			c.fail(l, "segment %d: parts of %v s in %v s", s.msn, sum, s.dur)
		}
		if len(s.parts) > 0 && !s.parts[0].independent {
			if c.later[l.msn+uint64(i)] = true; !c.keyless {
				c.fail(l, "segment %d does not begin with a key frame", s.msn)
			}
		}
		if l.independent && c.later[l.msn+uint64(i)] {
			c.fail(l, "segment %d needs others before it", l.msn+uint64(i))
		}
		if i > 0 && !s.discontinuity {
			if d := s.at.Sub(all[i-1].at).Seconds() - all[i-1].dur; math.Abs(d) > c.slack {
				c.fail(l, "segment %d: date off by %v s", s.msn, d)
			}
		}
		if i > 0 && s.at.Before(all[i-1].at) {
			c.fail(l, "segment %d: date goes back", s.msn)
		}
		if i > 0 && s.init != all[i-1].init && !s.discontinuity {
			c.fail(l, "segment %d: another map without a discontinuity", s.msn)
		}
		if closed {
			c.remember(l, s)
		}
	}
}

// partAge checks that parts are listed for as long as they must be and no
// longer: three target durations from the end.
func (c *checker) partAge(l *list) {
	c.t.Helper()
	var behind float64
	for _, p := range l.open.parts {
		behind += p.dur
	}
	limit := 3*float64(l.target) + 1e-6
	for i := len(l.segs) - 1; i >= 0 && !l.ended; i-- {
		behind += l.segs[i].dur
		if has := len(l.segs[i].parts) > 0; has != (behind <= limit) {
			c.fail(l, "segment %d begins %v s before the end: parts listed: %v", l.segs[i].msn, behind, has)
		}
	}
}

func (c *checker) remember(l *list, s listSegment) {
	c.t.Helper()
	old, ok := c.segs[s.msn]
	if ok && (old.uri != s.uri || old.dur != s.dur || old.discontinuity != s.discontinuity || !old.at.Equal(s.at) || old.init != s.init) {
		c.fail(l, "segment %d changed: %+v", s.msn, old)
	}
	c.segs[s.msn] = s
	if s.discontinuity {
		c.discs[s.msn] = true
	}
}

func (c *checker) progress(l *list) {
	c.t.Helper()
	p := c.prev
	if p == nil {
		c.base = l.dsn
		return
	}
	if l.msn < p.msn || l.dsn < p.dsn || l.msn+uint64(len(l.segs)) < p.msn+uint64(len(p.segs)) {
		c.fail(l, "sequence went back: %d -> %d", p.msn, l.msn)
	}
	last := p.msn + uint64(len(p.segs))
	if l.msn >= last && (c.encoded() || c.name == audioRendition && last > p.msn && l.dsn > p.dsn) {
		c.base = l.dsn // nothing of the old list is left
		for m := range c.discs {
			if m < l.msn {
				delete(c.discs, m)
			}
		}
	}
	gone := c.base
	for m := range c.discs {
		if m < l.msn {
			gone++
		}
	}
	if l.dsn != gone {
		c.fail(l, "discontinuity sequence %d, but %d have left", l.dsn, gone)
	}
	var total float64
	for _, s := range l.segs {
		total += s.dur
	}
	if l.msn > 0 && total < 3*float64(l.target) && c.name == mainRendition {
		c.fail(l, "window of %v s after removals", total)
	}
	if p.ended && !l.ended {
		c.fail(l, "not ended any more")
	}
	// What was hinted at is what came next.
	for _, s := range append(l.segs[:len(l.segs):len(l.segs)], l.open) {
		for _, q := range s.parts {
			if !c.parts[q.uri] && p.hint != q.uri && p.hint != "" && len(c.parts) > 0 {
				c.fail(l, "hinted at %q, then came %q", p.hint, q.uri)
			}
			if !c.parts[q.uri] {
				c.parts[q.uri] = true
				p.hint = ""
			}
		}
	}
}

// named checks that what the playlist names is there.
func (c *checker) named(s *snapshot, l *list) {
	c.t.Helper()
	for _, g := range l.segs {
		if found := s.findSegment(g.msn); found == nil || found.name != g.uri || !found.available() {
			c.fail(l, "segment %d is not there", g.msn)
		}
		if s.findInit(g.init) == nil {
			c.fail(l, "map %q is not there", g.init)
		}
		for _, q := range g.parts {
			c.part(s, l, q)
		}
	}
	for _, q := range l.open.parts {
		c.part(s, l, q)
	}
	if len(l.open.parts) > 0 && s.findInit(l.open.init) == nil {
		c.fail(l, "map %q is not there", l.open.init)
	}
}

func (c *checker) part(s *snapshot, l *list, q listPart) {
	c.t.Helper()
	number := strings.TrimSuffix(strings.TrimPrefix(q.uri, s.r.session+"-p"), ".m4s")
	n, err := parseNumber(number)
	if err != nil {
		c.fail(l, "part %q: %v", q.uri, err)
	}
	if p := s.findPart(n); p == nil || p.number != n {
		c.fail(l, "part %q is not there", q.uri)
	}
}

// delta checks that a delta update and what was skipped make the full list.
func (c *checker) delta(s *snapshot, full *list) {
	c.t.Helper()
	d := s.playlist(true)
	if !d.skipped {
		return
	}
	l, err := parseList(string(d.text))
	if err != nil {
		c.fail(full, "delta: %v", err)
	}
	if l.skipped == 0 || l.msn != full.msn || l.skipped+len(l.segs) != len(full.segs) {
		c.fail(l, "delta of %d + %d segments for %d", l.skipped, len(l.segs), len(full.segs))
	}
	var kept float64
	for i, g := range l.segs {
		f := full.segs[l.skipped+i]
		if g.uri != f.uri || g.dur != f.dur || g.discontinuity != f.discontinuity || g.init != f.init {
			c.fail(l, "delta differs at %d", f.msn)
		}
		kept += g.dur
	}
	for _, q := range l.open.parts {
		kept += q.dur
	}
	if kept < l.skip-1e-6 {
		c.fail(l, "delta keeps %v s, skip boundary %v", kept, l.skip)
	}
}

// secondOpinion lets another parser read the playlist.
func (c *checker) secondOpinion(l *list) {
	c.t.Helper()
	if len(l.segs) == 0 {
		return
	}
	got, kind, err := m3u8.DecodeFrom(strings.NewReader(l.text), false)
	if err != nil || kind != m3u8.MEDIA {
		c.fail(l, "grafov/m3u8: %v", err)
	}
	m, ok := got.(*m3u8.MediaPlaylist)
	if !ok || m.SeqNo != l.msn || int(m.Count()) != len(l.segs) || m.Closed != l.ended {
		c.fail(l, "grafov/m3u8 reads %d segments from %d", m.Count(), m.SeqNo)
	}
}
