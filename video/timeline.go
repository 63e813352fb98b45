package video

import "time"

const (
	// maxJump is how far from the session's clock a packet may be before its
	// own clock is taken to have jumped. It bounds what one packet can add to
	// a segment.
	maxJump = 2 * time.Second
	// minStep is what DTS grows by at least within a kind of track.
	minStep = time.Millisecond
	// lead is what a run of packets leaves free before its first one, for
	// packets of the other kind that are sent after it and belong before it.
	lead = 100 * time.Millisecond
	// maxStep bounds what is believed to be the length of a frame.
	maxStep = time.Second
	// maxCTS is more than any codec reorders.
	maxCTS = 10 * time.Second
)

// timeline puts the packets of a session's publishers on one clock, which
// starts near 0. Differences of DTS are the wire's own, but where the wire
// repeats itself, goes back or jumps.
type timeline struct {
	clock   time.Duration // the latest DTS of either kind
	lines   [2]line       // of video and audio
	resumed bool          // the next packet is the first of another publisher
}

// line is what a timeline knows of one kind of track.
type line struct {
	offset time.Duration // from the wire's clock to the session's
	wire   time.Duration // the last DTS, on the wire's clock
	last   time.Duration // the last DTS, on the session's clock
	step   time.Duration // the length of the last frame
	placed bool          // offset and wire are of this publisher
	used   bool          // last is set
}

// timelineCounts is what was wrong with a publisher's timestamps.
type timelineCounts struct {
	jumps, backs, cts int
}

// resume tells that the packets from now on are another publisher's, with
// another clock.
func (t *timeline) resume() {
	t.lines[0].placed, t.lines[1].placed = false, false
	t.resumed = true
}

// place changes pkt's times to the session's and marks it if there is a break
// before it.
func (t *timeline) place(pkt *Packet, counts *timelineCounts) {
	own, other := &t.lines[0], &t.lines[1]
	if pkt.Track.Kind == Audio {
		own, other = other, own
	}
	wire := pkt.DTS
	pkt.Discontinuity = t.resumed
	t.resumed = false

	switch {
	case !own.placed && !other.placed:
		own.offset = t.clock + lead - wire
	case !own.placed && t.near(wire+other.offset):
		own.offset = other.offset
	case !own.placed:
		// Audio and video count from different bases: all that says what
		// belongs together is that it came together.
		own.offset = t.clock - wire
	case t.near(wire + own.offset):
		if wire < own.wire {
			counts.backs++
		}
	case other.placed && t.near(wire+other.offset):
		// It follows the other kind over a jump, so it is the same break.
		own.offset = other.offset
		counts.jumps++
	default:
		own.offset = t.clock + own.frame(pkt.Track.Kind) - wire
		pkt.Discontinuity = true
		counts.jumps++
	}
	pkt.DTS = t.settle(own, wire)

	if pkt.CTS < -maxCTS || pkt.CTS > maxCTS {
		pkt.CTS = 0
		counts.cts++
	}
}

// settle notes the packet and returns its DTS, which is what the offset makes
// of wire unless that were a step back.
func (t *timeline) settle(own *line, wire time.Duration) time.Duration {
	if step := wire - own.wire; own.placed && step > 0 && step <= maxStep {
		own.step = step
	}
	var least time.Duration
	if own.used {
		least = own.last + minStep
	}
	dts := max(wire+own.offset, least)
	own.wire, own.last = wire, dts
	own.placed, own.used = true, true
	t.clock = max(t.clock, dts)
	return dts
}

// near tells whether dts can be the session's present.
func (t *timeline) near(dts time.Duration) bool {
	d := dts - t.clock
	return -maxJump <= d && d <= maxJump
}

func (l *line) frame(k Kind) time.Duration {
	switch {
	case l.step > 0:
		return l.step
	case k == Audio:
		return time.Second * 1024 / 48000
	default:
		return time.Second / 30
	}
}
