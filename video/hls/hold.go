package hls

import (
	"slices"

	"github.com/owncast-go/owncast/video"
)

// hold gathers what comes after a break until both tracks are there again, or
// one of them has been waited for: both may be configured anew, and a break
// should not be followed by another one.
func (s *stream) hold(p video.Packet) error {
	s.held = append(s.held, p)
	key := slices.IndexFunc(s.held, func(q video.Packet) bool { return q.Track.Kind == video.Video && q.Key })
	sound := slices.IndexFunc(s.held, func(q video.Packet) bool { return q.Track.Kind == video.Audio })
	patience := keyWait
	if key >= 0 || s.main.init.video() == nil {
		patience = soundWait
	}
	first := s.held[0].DTS
	if (key < 0 || sound < 0) && p.DTS-first < patience {
		return nil
	}
	held := s.held
	s.held, s.waitSince = nil, max(first, 1)
	s.audioTrack = nil
	if sound >= 0 {
		s.audioTrack = held[sound].Track
	}
	if key >= 0 {
		held = keyFirst(held, key)
	}
	for _, q := range held {
		if err := s.dispatch(q); err != nil {
			return err
		}
	}
	return nil
}

// keyFirst begins with the key frame. What belongs before it has no picture.
func keyFirst(ps []video.Packet, key int) []video.Packet {
	k := ps[key]
	rest := slices.DeleteFunc(slices.Delete(ps, key, key+1), func(p video.Packet) bool { return p.DTS < k.DTS })
	return slices.Insert(rest, 0, k)
}
