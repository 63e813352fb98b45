package hls

import "time"

// wallClock tells when a media time was, for EXT-X-PROGRAM-DATE-TIME. It goes
// by the wall clock once for each publisher and counts on from there, and it
// never goes back.
type wallClock struct {
	running bool
	epoch   time.Duration // the media time ...
	wall    time.Time     // ... that was then
	last    time.Time     // what has been told
}

// anchor says that the media time is now.
func (c *wallClock) anchor(media time.Duration, now time.Time) {
	now = now.Round(0) // what is told has no monotonic clock
	if now.Before(c.last) {
		now = c.last
	}
	c.running, c.epoch, c.wall = true, media, now
}

func (c *wallClock) at(media time.Duration) time.Time {
	w := c.wall.Add(media - c.epoch)
	if w.Before(c.last) {
		return c.last
	}
	return w
}

// passed says that everything until the media time was told.
func (c *wallClock) passed(media time.Duration) { c.last = c.at(media) }
