package hls

import "time"

// bitRate measures a rendition for BANDWIDTH and AVERAGE-BANDWIDTH.
type bitRate struct {
	bits, seconds       float64
	runBits, runSeconds float64 // of segments that are too short to be a peak
	highest             float64
}

// add counts a segment. The peak is that of the densest stretch that is at
// least as long as least (RFC 8216bis §4.4.6.2: half a target duration).
func (b *bitRate) add(size int64, dur, least time.Duration) {
	bits := float64(size) * 8
	b.bits += bits
	b.seconds += dur.Seconds()
	b.runBits += bits
	b.runSeconds += dur.Seconds()
	if b.runSeconds >= least.Seconds() {
		b.highest = max(b.highest, b.runBits/b.runSeconds)
		b.runBits, b.runSeconds = 0, 0
	}
}

func (b *bitRate) average() float64 {
	if b.seconds == 0 {
		return 0
	}
	return b.bits / b.seconds
}

func (b *bitRate) peak() float64 { return max(b.highest, b.average()) }
