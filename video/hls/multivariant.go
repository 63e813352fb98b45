package hls

import (
	"bytes"
	"math"
	"strings"

	"github.com/grafov/m3u8"
)

// overhead is what BANDWIDTH, an upper bound, is above the largest segment
// so far.
const overhead = 1.1

// multivariant renders the multivariant playlist (RFC 8216bis §4.4.6).
func (s *stream) multivariant() []byte {
	master := m3u8.NewMasterPlaylist()
	master.SetVersion(9)
	master.SetIndependentSegments(true)
	for _, r := range s.renditions() {
		snap := r.cur.Load()
		if snap == nil || len(snap.segs) == 0 {
			continue
		}
		master.Append(r.name+"/"+mediaPlaylist, nil, variant(snap))
	}
	// The package writes PROGRAM-ID, which version 6 has removed.
	text := bytes.ReplaceAll(master.Encode().Bytes(), []byte("PROGRAM-ID=0,"), nil)
	return text
}

func variant(s *snapshot) m3u8.VariantParams {
	init := s.segs[len(s.segs)-1].init
	v := m3u8.VariantParams{
		Bandwidth:        uint32(math.Ceil(s.peak * overhead)),
		AverageBandwidth: uint32(math.Ceil(s.average)),
	}
	var codecs []string
	for _, t := range init.tracks {
		codecs = append(codecs, t.CodecString)
	}
	v.Codecs = strings.Join(codecs, ",")
	if t := init.video(); t != nil {
		if t.Width > 0 && t.Height > 0 {
			v.Resolution = decimal(float64(t.Width), 0) + "x" + decimal(float64(t.Height), 0)
		}
		v.FrameRate = math.Round(s.frameRate*1000) / 1000
	}
	return v
}
