package hls

import (
	"bytes"
	"cmp"
	"hash/crc32"
	"math"
	"slices"
	"sort"
	"strconv"
	"strings"
	"unicode"

	"github.com/grafov/m3u8"

	"github.com/owncast-go/owncast/video"
)

// overhead is what BANDWIDTH, an upper bound, is above the largest segment
// so far.
const overhead = 1.1

// describe renders the multivariant playlist (RFC 8216bis §4.4.6) of what the
// newest segments are.
func (s *stream) describe() {
	if s.main == nil || len(s.main.r.segs) == 0 {
		return
	}
	listed := s.listed()
	if len(listed) == 0 {
		s.master.Store(nil)
		s.p.feed()
		return
	}
	master := m3u8.NewMasterPlaylist()
	master.SetVersion(9)
	for _, c := range listed {
		s.captions.declare(&c.VariantParams)
		master.Append(c.r.name+"/"+mediaPlaylist, nil, c.VariantParams)
	}
	// The package writes PROGRAM-ID, which version 6 has removed.
	text := bytes.ReplaceAll(master.Encode().Bytes(), []byte("PROGRAM-ID=0,"), nil)
	text = withChannels(text)
	if old := s.master.Load(); old != nil && bytes.Equal(old.text, text) {
		return
	}
	d := new(rendered)
	d.set(text, s.session.ID+"-"+strconv.FormatUint(uint64(crc32.ChecksumIEEE(text)), 16))
	s.master.Store(d)
	s.p.feed()
}

// choice is a rendition as the multivariant playlist has it.
type choice struct {
	m3u8.VariantParams
	r      *rendition
	pixels int
}

// listed is what viewers are to choose from, the best first: the broadcast as
// the ladder wants it, the renditions that can be watched, and the sound alone
// beside a picture.
func (s *stream) listed() []choice {
	var list []choice
	ladder := s.session.Ladder
	for _, f := range s.ladder {
		if f.watchable && f.m.r.header() != nil {
			list = append(list, newChoice(f.m.r, ladder.Renditions[f.index].Name))
		}
	}
	if ladder.Source == video.Always || ladder.Source == video.Fallback && len(list) == 0 {
		// Among equals it is the best.
		list = slices.Insert(list, 0, newChoice(s.main.r, ladder.SourceName))
	}
	sort.SliceStable(list, func(i, j int) bool {
		return cmp.Or(cmp.Compare(list[j].pixels, list[i].pixels), cmp.Compare(list[j].FrameRate, list[i].FrameRate)) < 0
	})
	if m := s.sound.m; m != nil && len(m.r.segs) > 0 && len(list) > 0 && offersAudio(s.main.r) {
		list = append(list, choice{r: m.r, VariantParams: variant(m.r)})
	}
	if len(s.ladder) == 0 && ladder.SourceName == "" {
		return list // there is nothing to tell apart
	}
	for i := range list {
		list[i].Name = list[i].name()
	}
	return list
}

func newChoice(r *rendition, name string) choice {
	c := choice{r: r, VariantParams: variant(r)}
	if t := r.header().video(); t != nil {
		c.pixels = t.Width * t.Height
	}
	c.Name = name
	return c
}

// name is what the choice is called, in a form that a quoted string can have
// (RFC 8216bis §4.2).
func (c *choice) name() string {
	t := c.r.header().video()
	switch {
	case c.Name != "":
		return strings.Map(func(r rune) rune {
			if r == '"' || unicode.IsControl(r) {
				return -1
			}
			return r
		}, c.Name)
	case t != nil && t.Height > 0:
		return strconv.Itoa(t.Height) + "p"
	default:
		return "audio"
	}
}

// showWhenReady shows the session when there is what its viewers are to
// choose from, for players read the multivariant playlist once; or now, if
// they have waited long enough for that. What has failed is not waited for.
func (s *stream) showWhenReady(now bool) {
	if s.isShown || s.main == nil || len(s.main.r.segs) == 0 {
		return
	}
	there, missing := 0, 0
	for _, f := range s.ladder {
		switch {
		case f.watchable:
			there++
		case !f.failed:
			missing++
		}
	}
	if s.session.Ladder.Source == video.Never {
		now, missing = there > 0, 1
	}
	if now || missing == 0 {
		s.isShown = true
		s.p.show(s)
	}
}

func offersAudio(main *rendition) bool {
	init := main.segs[len(main.segs)-1].init
	return init.video() != nil && init.audio() != nil
}

func variant(r *rendition) m3u8.VariantParams {
	init := r.header()
	v := m3u8.VariantParams{
		Bandwidth:        bandwidth(r.rate.peak() * overhead),
		AverageBandwidth: bandwidth(r.rate.average()),
	}
	var codecs []string
	for _, t := range init.tracks {
		codecs = append(codecs, t.CodecString)
	}
	v.Codecs = strings.Join(codecs, ",")
	if t := init.video(); t != nil {
		if t.Width > 0 && t.Height > 0 {
			v.Resolution = strconv.Itoa(t.Width) + "x" + strconv.Itoa(t.Height)
		}
		v.FrameRate = math.Round(r.frameRate*1000) / 1000
	}
	return v
}

func bandwidth(v float64) uint32 { return uint32(min(math.Ceil(v), math.MaxUint32)) }
