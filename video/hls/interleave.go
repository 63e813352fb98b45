package hls

import (
	"slices"
	"time"

	"github.com/owncast-go/owncast/video"
)

const (
	// pictureLate is how much sound waits for the pictures that belong to it:
	// an encoder takes its time, while sound may be a copy that is there at
	// once.
	pictureLate = 10 * time.Second
	// soundLate is how much picture waits for its sound.
	soundLate = time.Second
)

// interleaver puts the packets of a rendition into the order of their times,
// so that a segment has the sound that belongs to its pictures.
type interleaver struct {
	queue  []video.Packet
	bytes  int
	newest [2]time.Duration // of video and audio
	came   [2]bool
}

// index of a kind in an interleaver.
func kindIndex(p *video.Packet) int {
	if p.Track.Kind == video.Audio {
		return 1
	}
	return 0
}

func (n *interleaver) put(p video.Packet) {
	i := len(n.queue)
	for i > 0 && n.queue[i-1].DTS > p.DTS {
		i--
	}
	n.queue = slices.Insert(n.queue, i, p)
	n.bytes += len(p.Data)
	k := kindIndex(&p)
	n.newest[k], n.came[k] = max(n.newest[k], p.DTS), true
}

// next returns the first packet if nothing before it is to be waited for, or
// if nothing more will come.
func (n *interleaver) next(all bool) (video.Packet, bool) {
	if len(n.queue) == 0 || !all && !n.ripe(&n.queue[0]) {
		return video.Packet{}, false
	}
	p := n.queue[0]
	n.queue = slices.Delete(n.queue, 0, 1)
	n.bytes -= len(p.Data)
	return p, true
}

func (n *interleaver) ripe(p *video.Packet) bool {
	own := kindIndex(p)
	other := 1 - own
	limit := soundLate
	switch {
	case own == 1:
		limit = pictureLate
	case !n.came[other]:
		limit = soundWait // there may be none
	}
	if !n.came[other] {
		return n.newest[own]-p.DTS >= limit
	}
	return n.newest[other] >= p.DTS || n.newest[own]-n.newest[other] > limit
}
