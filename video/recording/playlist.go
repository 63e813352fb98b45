package recording

import (
	"bytes"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/grafov/m3u8"
)

// playlistVersion is that of EXT-X-MAP in a playlist of whole segments (RFC
// 8216 §7).
const playlistVersion = 6

// overhead is what BANDWIDTH, an upper bound, is above the densest segment.
const overhead = 1.1

// line is a tag that the package does not know.
type line string

func (l line) TagName() string       { return string(l) }
func (l line) Encode() *bytes.Buffer { return bytes.NewBufferString(string(l)) }
func (l line) String() string        { return string(l) }

// media renders the media playlist: of type EVENT while it grows, and VOD
// when it has ended.
func (x index) media(ended bool) ([]byte, error) {
	p, err := m3u8.NewMediaPlaylist(0, max(1, uint(len(x.records))))
	if err != nil {
		return nil, err
	}
	independent := len(x.records) > 0
	used := -1
	for i, r := range x.records {
		// The package writes dates with as many digits as they have.
		at := r.Start.UTC().Truncate(time.Millisecond)
		s := &m3u8.MediaSegment{URI: r.Name, Duration: r.Duration.Seconds(), ProgramDateTime: at}
		s.Discontinuity = r.Discontinuity && i > 0
		if r.Header != used {
			used = r.Header
			s.Map = &m3u8.Map{URI: x.headers[used].Name}
		}
		independent = independent && r.Independent
		if err := p.AppendSegment(s); err != nil {
			return nil, err
		}
	}
	p.TargetDuration = float64(x.target)
	p.MediaType = m3u8.EVENT
	if ended {
		p.MediaType = m3u8.VOD
		p.Closed = true
	}
	if independent {
		p.SetCustomTag(line("#EXT-X-INDEPENDENT-SEGMENTS"))
	}
	p.SetVersion(playlistVersion) // which setting a map has changed
	// Version 7 of the protocol has removed the tag.
	return bytes.Replace(p.Encode().Bytes(), []byte("#EXT-X-ALLOW-CACHE:NO\n"), nil, 1), nil
}

// multivariant renders the playlist that names the media playlist.
func (x index) multivariant() []byte {
	v := m3u8.VariantParams{Codecs: x.codecs(), FrameRate: math.Round(x.frameRate*1000) / 1000}
	v.Bandwidth, v.AverageBandwidth = x.bandwidth()
	var width, height int
	for _, h := range x.headers {
		if h.Width*h.Height > width*height {
			width, height = h.Width, h.Height
		}
	}
	if width > 0 {
		v.Resolution = strconv.Itoa(width) + "x" + strconv.Itoa(height)
	}
	p := m3u8.NewMasterPlaylist()
	p.SetVersion(playlistVersion)
	p.Append(rendition+playlistFile, nil, v)
	// The package writes PROGRAM-ID, which version 6 has removed.
	return bytes.ReplaceAll(p.Encode().Bytes(), []byte("PROGRAM-ID=0,"), nil)
}

// codecs names each format in any of the segments (RFC 8216 §4.3.4.2).
func (x index) codecs() string {
	var all []string
	for _, h := range x.headers {
		for _, c := range h.Codecs {
			if !slices.Contains(all, c) {
				all = append(all, c)
			}
		}
	}
	return strings.Join(all, ",")
}

// bandwidth returns the densest stretch of at least half a target duration
// (RFC 8216bis §4.4.6.2), and the average.
func (x index) bandwidth() (peak, average uint32) {
	var bits, seconds, runBits, runSeconds, highest float64
	for _, r := range x.records {
		b, s := float64(r.Size)*8, r.Duration.Seconds()
		bits, seconds, runBits, runSeconds = bits+b, seconds+s, runBits+b, runSeconds+s
		if 2*runSeconds >= float64(x.target) {
			highest = max(highest, runBits/runSeconds)
			runBits, runSeconds = 0, 0
		}
	}
	mean := bits / max(seconds, 0.001)
	return clamp(max(highest, mean) * overhead), clamp(mean)
}

func clamp(v float64) uint32 { return uint32(min(math.Ceil(v), math.MaxUint32)) }
