package hls

import (
	"slices"
	"time"

	"github.com/owncast-go/owncast/video"
)

const (
	// longestWait bounds how much of a broadcast is gathered before its
	// first playlist, and with it the target duration.
	longestWait = 12 * time.Second
	// longestBytes bounds the same in memory.
	longestBytes = 64 << 20
	// wantedPart is what the length of parts is near to, and shortestPart and
	// longestPart is how near.
	wantedPart   = time.Second / 3
	shortestPart = time.Second / 4
	longestPart  = 420 * time.Millisecond
	// usualFrame is the length of a picture as long as nothing is known.
	usualFrame = time.Second / 30
)

// plan is what a broadcast's beginning tells about the rest of it: the
// constants of its playlists.
type plan struct {
	packets    []video.Packet
	audio      *video.Track // nil if there is none yet
	segment    time.Duration
	target     int // seconds
	partTarget time.Duration
	frame      time.Duration // of video; 0 without
}

// starter gathers the beginning of a broadcast until a first segment is
// complete. Only then is known how long segments get, for they can be cut at
// key frames alone, while the target duration must never change.
type starter struct {
	packets  []video.Packet
	bytes    int
	hasVideo bool // a key frame was seen
	first    time.Duration
	audio    *video.Track
}

// add takes a packet and tells, with the last of them, what they make.
func (s *starter) add(p video.Packet, segment time.Duration) (plan, bool) {
	if p.Discontinuity {
		*s = starter{}
	}
	isVideo := p.Track.Kind == video.Video
	switch {
	case isVideo && !s.hasVideo && !p.Key:
		return plan{}, false
	case isVideo && !s.hasVideo:
		s.hasVideo = true
		s.first = p.DTS
		s.packets = keyFirst(append(s.packets, p), len(s.packets))
		s.bytes = 0
		for _, q := range s.packets {
			s.bytes += len(q.Data)
		}
		return plan{}, false
	case len(s.packets) == 0:
		s.first = p.DTS
	}
	if !isVideo && s.audio == nil {
		s.audio = p.Track
	}
	s.packets = append(s.packets, p)
	s.bytes += len(p.Data)
	have := p.DTS - s.first
	switch {
	case have >= longestWait, s.bytes > longestBytes:
		return s.plan(longestWait, segment), true
	case s.hasVideo && isVideo && p.Key && have >= least(segment):
		return s.plan(have, segment), true
	case !s.hasVideo && have >= max(segment, 2*time.Second):
		return s.plan(segment, segment), true
	}
	return plan{}, false
}

// least is what a segment must have to end at a key frame: the wanted length,
// or a little less, for key frames need not fall on a frame's multiple.
func least(segment time.Duration) time.Duration { return segment - segment/10 }

func (s *starter) plan(longest, segment time.Duration) plan {
	longest = max(longest, segment)
	pl := plan{packets: s.packets, audio: s.audio, segment: longest, target: int((longest + 950*time.Millisecond - 1) / time.Second)}
	if s.hasVideo {
		pl.frame = s.frame()
		pl.partTarget = partTarget(pl.frame, longest)
	} else {
		p := s.packets[0]
		pl.partTarget = partTarget(fromScale(int64(p.Track.FrameSamples(p.Data)), int64(p.Track.SampleRate)), 0)
	}
	pl.target = max(pl.target, int((pl.partTarget+time.Second-1)/time.Second), 1)
	s.packets = nil
	return pl
}

// frame is the usual time between pictures.
func (s *starter) frame() time.Duration {
	var deltas []time.Duration
	last, sum := time.Duration(-1), time.Duration(0)
	for _, p := range s.packets {
		if p.Track.Kind != video.Video {
			continue
		}
		if last >= 0 {
			deltas = append(deltas, p.DTS-last)
		}
		last = p.DTS
	}
	if len(deltas) == 0 {
		return usualFrame
	}
	slices.Sort(deltas)
	// The wire counts in milliseconds: the mean of what is near the median
	// has the rest of the precision.
	median, n := deltas[len(deltas)/2], 0
	for _, d := range deltas {
		if d > median-2*time.Millisecond && d < median+2*time.Millisecond {
			sum += d
			n++
		}
	}
	return max(sum/time.Duration(n), time.Millisecond)
}

// partTarget is the length of parts for frames of the length: a whole number
// of frames, so that all parts are alike, and 2 ms for the wire's rounding.
// If a segment's length is known, the number is chosen so that its last part
// is not much shorter than the others.
func partTarget(frame, segment time.Duration) time.Duration {
	n := bestPart(frame, int((segment+frame/2)/frame))
	ms := (time.Duration(n)*frame + 2*time.Millisecond + time.Millisecond - 1) / time.Millisecond
	return ms * time.Millisecond
}

// bestPart is how many frames a part has if a segment has the given number:
// what is nearest to the wanted length of those that leave no rest, or else
// of those that leave at least half a part, or else of all.
func bestPart(frame time.Duration, segment int) int {
	wanted := max(1, int((wantedPart+frame/2)/frame))
	best, class := wanted, 0
	for n := int((shortestPart + frame - 1) / frame); n <= int(longestPart/frame); n++ {
		c := 0
		switch rest := segment % n; {
		case rest == 0 && segment > 0:
			c = 2
		case 2*rest >= n:
			c = 1
		}
		if c > class || c == class && max(n-wanted, wanted-n) <= max(best-wanted, wanted-best) {
			best, class = n, c
		}
	}
	return best
}
