package rtmp

import "time"

// clock counts a connection's timestamps on over their wraps at 2^32
// milliseconds. Audio and video share it, so that neither is a wrap behind
// the other.
type clock struct {
	last    int64 // milliseconds
	started bool
}

// at returns the time that t, which is within 24 days of the one before,
// stands for.
func (c *clock) at(t uint32) time.Duration {
	if !c.started {
		c.started, c.last = true, int64(t)
	} else {
		c.last += int64(int32(t - uint32(c.last)))
	}
	return time.Duration(c.last) * time.Millisecond
}
