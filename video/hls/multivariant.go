package hls

import (
	"bytes"
	"hash/crc32"
	"math"
	"strconv"
	"strings"

	"github.com/grafov/m3u8"
)

// overhead is what BANDWIDTH, an upper bound, is above the largest segment
// so far.
const overhead = 1.1

// describe renders the multivariant playlist (RFC 8216bis §4.4.6) of what the
// newest segments are. The sound alone is offered beside a picture.
func (s *stream) describe() {
	if len(s.main.r.segs) == 0 {
		return
	}
	master := m3u8.NewMasterPlaylist()
	master.SetVersion(9)
	for _, r := range s.all() {
		if len(r.segs) == 0 || r.name == audioRendition && !offersAudio(s.main.r) {
			continue
		}
		v := variant(r)
		s.captions.declare(&v)
		master.Append(r.name+"/"+mediaPlaylist, nil, v)
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
}

func offersAudio(main *rendition) bool {
	init := main.segs[len(main.segs)-1].init
	return init.video() != nil && init.audio() != nil
}

func variant(r *rendition) m3u8.VariantParams {
	init := r.segs[len(r.segs)-1].init
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
