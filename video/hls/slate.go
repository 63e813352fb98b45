package hls

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/owncast-go/owncast/video"
)

const (
	maxSlate      = 60 * time.Second
	maxSlateBytes = 32 << 20
	// slateSegment is the wanted length of a Slate's segments.
	slateSegment = 4 * time.Second
	// slateAfter is how long a session that is over is shown at least.
	slateAfter = 5 * time.Minute
)

// Slate is a clip that is shown while there is no session: it is packaged
// once, as a playlist that is complete. It never changes, and may be that of
// any number of Packagers.
type Slate struct{ stream *stream }

// NewSlate makes a Slate of packets, which begin with a key frame if they have
// a picture, and come in order of DTS within a kind of track. At most a minute
// and 32 MiB of them are taken. A track that cannot be packaged is a
// [*video.CodecError].
func NewSlate(packets []video.Packet) (*Slate, error) {
	ps, err := checkSlate(packets)
	if err != nil {
		return nil, err
	}
	s := newStream(New(Config{}), video.Session{
		ID:      slateID(ps),
		Latency: video.Latency{Segment: slateSegment, Segments: int(2 * maxSlate / slateSegment)},
	})
	s.archive = &archive{p: s.p, session: s.session.ID}
	for _, p := range ps {
		s.start.hasVideo = s.start.hasVideo || p.Track.Kind == video.Video
		if s.start.audio == nil && p.Track.Kind == video.Audio {
			s.start.audio = p.Track
		}
	}
	s.start.packets = ps
	s.clock.anchor(0, time.Unix(0, 0)) // it is not told
	if err := s.carryOut(s.start.plan(longestSegment(ps), slateSegment)); err != nil {
		return nil, err
	}
	s.end()
	if s.master.Load() == nil {
		return nil, errors.New("hls: nothing to be shown in the slate")
	}
	for _, r := range s.all() {
		r.vod = true
	}
	return &Slate{stream: s}, nil
}

// checkSlate returns the packets from the first one on that can be decoded,
// on a clock that starts at 0.
func checkSlate(packets []video.Packet) ([]video.Packet, error) {
	ps := slices.Clone(packets)
	size := 0
	last := map[video.Kind]time.Duration{}
	for i, p := range ps {
		if p.Track == nil || p.Track.Kind != video.Video && p.Track.Kind != video.Audio {
			return nil, fmt.Errorf("hls: slate: packet %d is of no track", i)
		}
		if at, ok := last[p.Track.Kind]; ok && p.DTS < at {
			return nil, fmt.Errorf("hls: slate: packet %d goes back in time", i)
		}
		last[p.Track.Kind] = p.DTS
		if size += len(p.Data); size > maxSlateBytes {
			return nil, fmt.Errorf("hls: slate of more than %d bytes", maxSlateBytes)
		}
	}
	isVideo := func(p video.Packet) bool { return p.Track.Kind == video.Video }
	if slices.ContainsFunc(ps, isVideo) {
		key := slices.IndexFunc(ps, func(p video.Packet) bool { return isVideo(p) && p.Key })
		if key < 0 {
			return nil, errors.New("hls: slate without a key frame")
		}
		// Pictures before it cannot be decoded, and sound before it has none.
		ps = keyFirst(ps, key)
	}
	if len(ps) == 0 {
		return nil, errors.New("hls: slate without packets")
	}
	start := ps[0].DTS
	for i := range ps {
		ps[i].DTS -= start
		ps[i].Discontinuity = false
		if ps[i].DTS > maxSlate {
			return nil, fmt.Errorf("hls: slate of more than %v", maxSlate)
		}
	}
	return ps, nil
}

// longestSegment is how long the segments of ps get, which begin at key frames
// once they have the wanted length. Those of sound alone can begin anywhere.
func longestSegment(ps []video.Packet) time.Duration {
	longest := slateSegment
	var begin, last, step time.Duration
	for _, p := range ps {
		if p.Track.Kind != video.Video {
			continue
		}
		step, last = p.DTS-last, p.DTS
		longest = max(longest, p.DTS-begin)
		if p.Key && p.DTS-begin >= least(slateSegment) {
			begin = p.DTS
		}
	}
	return max(longest, last+step-begin)
}

// slateID is an ID that no other clip has, so that names of media are the
// same in every process and never those of something else.
func slateID(ps []video.Packet) string {
	h := sha256.New()
	number := func(n int64) { _ = binary.Write(h, binary.BigEndian, n) } // a hash takes everything
	for _, p := range ps {
		for _, b := range [][]byte{[]byte(p.Track.Codec), p.Track.Config, p.Data} {
			number(int64(len(b)))
			_, _ = h.Write(b)
		}
		number(int64(p.DTS))
		number(int64(p.CTS))
	}
	return "slate" + hex.EncodeToString(h.Sum(nil)[:10])
}

// visible is what the playlists are of; nil if there is nothing to be shown.
func (p *Packager) visible() *stream {
	s := p.shown.Load()
	if p.cfg.Slate != nil && (s == nil || s.over(p.now())) {
		return p.cfg.Slate.stream
	}
	return s
}

// owner is whose name a file has, whether that is shown at present or not: a
// player that has its playlist gets what is in it.
func (p *Packager) owner(file string) *stream {
	candidates := []*stream{p.shown.Load()}
	if p.cfg.Slate != nil {
		candidates = append(candidates, p.cfg.Slate.stream)
	}
	for _, s := range candidates {
		if s != nil && strings.HasPrefix(file, s.session.ID+"-") {
			return s
		}
	}
	return nil
}

// over tells whether the session has ended so long ago that viewers are done
// with it.
func (s *stream) over(now time.Time) bool {
	ended := s.ended.Load()
	return ended != nil && now.Sub(*ended) >= max(slateAfter, s.all()[0].window)
}

// renderVOD writes a playlist to which nothing is ever added (RFC 8216bis
// §4.4.3.5), and which is of no time of the day.
func (s *snapshot) renderVOD() []byte {
	var b bytes.Buffer
	b.WriteString("#EXTM3U\n#EXT-X-VERSION:7\n#EXT-X-TARGETDURATION:" + strconv.Itoa(s.r.target))
	b.WriteString("\n#EXT-X-PLAYLIST-TYPE:VOD\n#EXT-X-MEDIA-SEQUENCE:" + strconv.FormatUint(s.segs[0].msn, 10) + "\n")
	if s.independent() {
		b.WriteString("#EXT-X-INDEPENDENT-SEGMENTS\n")
	}
	var init *initSegment
	for _, g := range s.segs {
		if g.discontinuity {
			b.WriteString("#EXT-X-DISCONTINUITY\n")
		}
		if g.init != init {
			init = g.init
			b.WriteString("#EXT-X-MAP:URI=\"" + init.name + "\"\n")
		}
		b.WriteString(g.lines)
	}
	b.WriteString("#EXT-X-ENDLIST\n")
	return b.Bytes()
}
