package hls

import (
	"bytes"
	"cmp"
	"hash/crc32"
	"slices"
	"strconv"
	"time"
)

// snapshot is a rendition at one moment. It never changes; its playlists are
// rendered when first asked for and then shared by everybody who asks.
type snapshot struct {
	r        *rendition // only its constants
	version  uint64
	segs     []*segment
	kept     []*segment
	inits    []*initSegment
	openHead *segment // nil between segments; only what begin set is read of it
	open     []*part
	nextMSN  uint64 // of the open segment
	nextPart uint64
	gone     uint64
	ended    bool
	dropped  bool          // it is not to be served
	changed  chan struct{} // closed when there is a newer one

	full, delta rendered
}

func (s *snapshot) playlist(delta bool) *rendered {
	skip := 0
	if delta {
		skip = s.skippable()
	}
	d, suffix := &s.full, ""
	if skip > 0 {
		d, suffix = &s.delta, "-d"
	}
	d.once.Do(func() {
		d.skipped = skip > 0
		text := s.render(skip)
		// The sum is for replicas, which may list less.
		d.set(text, s.r.session+"-"+s.r.name+"-"+strconv.FormatUint(s.version, 10)+suffix+"-"+strconv.FormatUint(uint64(crc32.ChecksumIEEE(text)), 36))
	})
	return d
}

// skippable is how many segments a delta update leaves out.
func (s *snapshot) skippable() int {
	behind := s.openDuration()
	limit := time.Duration(6*s.r.target) * time.Second
	for i := len(s.segs) - 1; i >= 0; i-- {
		if behind >= limit {
			return i + 1
		}
		behind += s.segs[i].dur
	}
	return 0
}

func (s *snapshot) openDuration() (d time.Duration) {
	for _, p := range s.open {
		d += p.dur
	}
	return d
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

// tooFar tells whether a request is for more than two segments after the last
// one, or for more parts than three seconds can have after the last one
// (RFC 8216bis §6.2.5.2).
func (s *snapshot) tooFar(msn uint64, part int) bool {
	if s.ended || msn < s.nextMSN {
		return false
	}
	if msn > s.nextMSN+1 {
		return true
	}
	ahead := 3
	if pt := s.r.partTarget; pt < time.Second {
		ahead = int((3*time.Second + pt - 1) / pt)
	}
	if msn == s.nextMSN {
		ahead += len(s.open)
	}
	return part >= ahead
}

func (s *snapshot) findSegment(msn uint64) *segment {
	for _, list := range [][]*segment{s.segs, s.kept} {
		if i, ok := slices.BinarySearchFunc(list, msn, func(g *segment, n uint64) int { return cmp.Compare(g.msn, n) }); ok {
			return list[i]
		}
	}
	return nil
}

func (s *snapshot) findPart(number uint64) *part {
	if p := findPart(s.open, number); p != nil {
		return p
	}
	for i := len(s.segs) - 1; i >= 0; i-- {
		ps := s.segs[i].parts.Load()
		if ps == nil {
			return nil
		}
		if number >= (*ps)[0].number {
			return findPart(*ps, number)
		}
	}
	return nil
}

func findPart(ps []*part, number uint64) *part {
	if len(ps) > 0 && number >= ps[0].number && number-ps[0].number < uint64(len(ps)) {
		return ps[number-ps[0].number]
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

// render writes the media playlist (RFC 8216bis §4.4), leaving out the first
// skip segments.
func (s *snapshot) render(skip int) []byte {
	r := s.r
	if r.vod {
		return s.renderVOD()
	}
	var b bytes.Buffer
	b.Grow(2048 + 128*(len(s.segs)-skip))
	target, pt := float64(r.target), r.partTarget.Seconds()
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
	b.WriteString("\n#EXT-X-DISCONTINUITY-SEQUENCE:" + strconv.FormatUint(s.gone, 10) + "\n")
	if s.independent() {
		b.WriteString("#EXT-X-INDEPENDENT-SEGMENTS\n")
	}
	if skip > 0 {
		b.WriteString("#EXT-X-SKIP:SKIPPED-SEGMENTS=" + strconv.Itoa(skip) + "\n")
	}
	s.renderSegments(&b, skip)
	s.renderEnd(&b)
	return b.Bytes()
}

func (s *snapshot) independent() bool {
	for _, g := range s.segs {
		if !g.independent {
			return false
		}
	}
	return len(s.open) == 0 || s.open[0].independent
}

func (s *snapshot) renderSegments(b *bytes.Buffer, skip int) {
	withParts := len(s.segs)
	behind := s.openDuration()
	for withParts > 0 {
		behind += s.segs[withParts-1].dur
		if behind > time.Duration(partWindow*s.r.target)*time.Second {
			break
		}
		withParts--
	}
	var init *initSegment
	for i := skip; i < len(s.segs); i++ {
		g := s.segs[i]
		renderHead(b, g, &init)
		if i >= withParts && !s.ended {
			renderParts(b, g)
		}
		b.WriteString(g.lines)
	}
	if len(s.open) > 0 {
		renderHead(b, s.openHead, &init)
		for _, p := range s.open {
			b.WriteString(p.line)
		}
	}
}

// renderParts writes the parts, which are in memory for longer than they are
// listed in the newest playlist.
func renderParts(b *bytes.Buffer, g *segment) {
	if ps := g.parts.Load(); ps != nil {
		for _, p := range *ps {
			b.WriteString(p.line)
		}
	}
}

func renderHead(b *bytes.Buffer, g *segment, init **initSegment) {
	if g.discontinuity {
		b.WriteString("#EXT-X-DISCONTINUITY\n")
	}
	if g.init != *init {
		*init = g.init
		b.WriteString("#EXT-X-MAP:URI=\"" + g.init.name + "\"\n")
	}
	b.WriteString(g.date)
}

func (s *snapshot) renderEnd(b *bytes.Buffer) {
	if s.ended {
		b.WriteString("#EXT-X-ENDLIST\n")
		return
	}
	b.WriteString("#EXT-X-PRELOAD-HINT:TYPE=PART,URI=\"" + partName(s.r.session, s.nextPart) + "\"\n")
	for _, o := range s.r.siblings() {
		t := o.cur.Load()
		if o == s.r || t == nil || t.dropped {
			continue
		}
		msn, part := t.last()
		b.WriteString("#EXT-X-RENDITION-REPORT:URI=\"../" + o.name + "/" + mediaPlaylist + "\",LAST-MSN=" +
			strconv.FormatUint(msn, 10) + ",LAST-PART=" + strconv.Itoa(part) + "\n")
	}
}
