package hls

import (
	"bytes"
	"compress/gzip"
	"strconv"
	"strings"
	"sync"
	"time"
)

// snapshot is a rendition at one moment. It never changes; its playlists are
// rendered when first asked for and then shared by everybody who asks.
type snapshot struct {
	r         *rendition
	version   uint64
	segs      []*segment
	kept      []*segment
	inits     []*initSegment
	openHead  *segment // nil between segments; only what begin set is read of it
	open      []*part
	nextMSN   uint64 // of the open segment
	nextPart  uint64
	discs     uint64
	ended     bool
	peak      float64 // bits per second
	average   float64
	frameRate float64
	changed   chan struct{} // closed when there is a newer one

	full, delta rendered
}

// rendered is a playlist's text, in the two forms it is sent in.
type rendered struct {
	once, zipOnce sync.Once
	text, zipped  []byte
	skipped       bool
}

func (s *snapshot) playlist(delta bool) *rendered {
	skip := 0
	if delta {
		skip = s.skippable()
	}
	d := &s.full
	if skip > 0 {
		d = &s.delta
	}
	d.once.Do(func() { d.text, d.skipped = s.render(skip), skip > 0 })
	return d
}

// gzip returns the compressed text, or nil if that failed.
func (d *rendered) gzip() []byte {
	d.zipOnce.Do(func() {
		var z bytes.Buffer
		w, err := gzip.NewWriterLevel(&z, gzip.BestSpeed)
		if err != nil {
			return // the level is a constant
		}
		if _, err := w.Write(d.text); err == nil && w.Close() == nil {
			d.zipped = z.Bytes()
		}
	})
	return d.zipped
}

// skippable is how many segments a delta update leaves out.
func (s *snapshot) skippable() int {
	var behind time.Duration
	for _, p := range s.open {
		behind += p.dur
	}
	limit := time.Duration(6*s.r.target) * time.Second
	for i := len(s.segs) - 1; i >= 0; i-- {
		if behind >= limit {
			return i + 1
		}
		behind += s.segs[i].dur
	}
	return 0
}

// has tells whether the playlist holds the part of the segment; part < 0 asks
// for the whole segment. A part after a segment's last one is the first of
// the next segment (RFC 8216bis §6.2.5.2).
func (s *snapshot) has(msn uint64, part int) bool {
	if s.ended || msn < s.nextMSN && part < 0 {
		return true
	}
	switch {
	case msn > s.nextMSN:
		return false
	case msn == s.nextMSN:
		return part >= 0 && part < len(s.open)
	case msn+1 < s.nextMSN || len(s.open) > 0:
		return true
	}
	if len(s.segs) == 0 {
		return true
	}
	ps := s.segs[len(s.segs)-1].parts.Load()
	return ps == nil || part < len(*ps)
}

func (s *snapshot) findSegment(msn uint64) *segment {
	for _, list := range [][]*segment{s.segs, s.kept} {
		for _, g := range list {
			if g.msn == msn {
				return g
			}
		}
	}
	return nil
}

func (s *snapshot) findPart(number uint64) *part {
	if n := len(s.open); n > 0 && number >= s.open[0].number {
		if i := number - s.open[0].number; i < uint64(n) {
			return s.open[i]
		}
		return nil
	}
	for i := len(s.segs) - 1; i >= 0; i-- {
		ps := s.segs[i].parts.Load()
		if ps == nil {
			return nil
		}
		first := (*ps)[0].number
		if number >= first {
			if number-first < uint64(len(*ps)) {
				return (*ps)[number-first]
			}
			return nil
		}
	}
	return nil
}

func (s *snapshot) findInit(name string) *initSegment {
	for _, i := range s.inits {
		if i.name == name {
			return i
		}
	}
	return nil
}

// render writes the media playlist (RFC 8216bis §4.4), leaving out the first
// skip segments.
func (s *snapshot) render(skip int) []byte {
	r := s.r
	var b strings.Builder
	b.Grow(1024 + 160*(len(s.segs)-skip))
	target := float64(r.target)
	pt := r.partTarget.Seconds()
	b.WriteString("#EXTM3U\n#EXT-X-VERSION:9\n#EXT-X-TARGETDURATION:")
	b.WriteString(strconv.Itoa(r.target))
	b.WriteString("\n#EXT-X-SERVER-CONTROL:CAN-BLOCK-RELOAD=YES,CAN-SKIP-UNTIL=" + decimal(6*target, 1))
	b.WriteString(",PART-HOLD-BACK=" + decimal(3*pt, 3) + ",HOLD-BACK=" + decimal(3*target, 1))
	b.WriteString("\n#EXT-X-PART-INF:PART-TARGET=" + decimal(pt, 5))
	first := s.nextMSN
	if len(s.segs) > 0 {
		first = s.segs[0].msn
	}
	b.WriteString("\n#EXT-X-MEDIA-SEQUENCE:" + strconv.FormatUint(first, 10))
	b.WriteString("\n#EXT-X-DISCONTINUITY-SEQUENCE:" + strconv.FormatUint(s.discs, 10) + "\n")
	if s.independent() {
		b.WriteString("#EXT-X-INDEPENDENT-SEGMENTS\n")
	}
	if skip > 0 {
		b.WriteString("#EXT-X-SKIP:SKIPPED-SEGMENTS=" + strconv.Itoa(skip) + "\n")
	}
	s.renderSegments(&b, skip)
	s.renderEnd(&b)
	return []byte(b.String())
}

func (s *snapshot) independent() bool {
	for _, g := range s.segs {
		if !g.independent {
			return false
		}
	}
	return len(s.open) == 0 || s.open[0].independent
}

func (s *snapshot) renderSegments(b *strings.Builder, skip int) {
	withParts := len(s.segs)
	var behind time.Duration
	for _, p := range s.open {
		behind += p.dur
	}
	for withParts > 0 && behind < time.Duration(partWindow*s.r.target)*time.Second {
		withParts--
		behind += s.segs[withParts].dur
	}
	var init *initSegment
	for i, g := range s.segs {
		if i < skip {
			continue
		}
		s.renderHead(b, g, &init)
		if i >= withParts && !s.ended {
			b.WriteString(g.partLines)
		}
		b.WriteString(g.lines)
	}
	if len(s.open) > 0 {
		s.renderHead(b, s.openHead, &init)
		b.WriteString(partLines(s.r.session, s.open))
	}
}

func (s *snapshot) renderHead(b *strings.Builder, g *segment, init **initSegment) {
	if g.discontinuity {
		b.WriteString("#EXT-X-DISCONTINUITY\n")
	}
	if g.init != *init {
		*init = g.init
		b.WriteString("#EXT-X-MAP:URI=\"" + g.init.name + "\"\n")
	}
	b.WriteString("#EXT-X-PROGRAM-DATE-TIME:" + g.at.UTC().Format("2006-01-02T15:04:05.000Z") + "\n")
}

func (s *snapshot) renderEnd(b *strings.Builder) {
	if s.ended {
		b.WriteString("#EXT-X-ENDLIST\n")
		return
	}
	b.WriteString("#EXT-X-PRELOAD-HINT:TYPE=PART,URI=\"" + partName(s.r.session, s.nextPart) + "\"\n")
	for _, o := range s.r.siblings() {
		t := o.cur.Load()
		if o == s.r || t == nil {
			continue
		}
		msn, part := t.last()
		b.WriteString("#EXT-X-RENDITION-REPORT:URI=\"../" + o.name + "/" + mediaPlaylist + "\",LAST-MSN=" +
			strconv.FormatUint(msn, 10) + ",LAST-PART=" + strconv.Itoa(part) + "\n")
	}
}

// last is the newest part there is.
func (s *snapshot) last() (msn uint64, part int) {
	if len(s.open) > 0 {
		return s.nextMSN, len(s.open) - 1
	}
	if len(s.segs) == 0 {
		return 0, 0
	}
	g := s.segs[len(s.segs)-1]
	if ps := g.parts.Load(); ps != nil {
		part = len(*ps) - 1
	}
	return g.msn, part
}

func partLines(session string, ps []*part) string {
	var b strings.Builder
	for _, p := range ps {
		b.WriteString("#EXT-X-PART:DURATION=" + decimal(p.dur.Seconds(), 5) + ",URI=\"" + partName(session, p.number) + "\"")
		if p.independent {
			b.WriteString(",INDEPENDENT=YES")
		}
		b.WriteByte('\n')
	}
	return b.String()
}

func decimal(v float64, digits int) string { return strconv.FormatFloat(v, 'f', digits, 64) }
