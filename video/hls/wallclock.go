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

func (c *wallClock) at(media time.Duration) time.Time { return c.wall.Add(media - c.epoch) }

// resume is at, for media that need not follow what was told. From here on
// the clock is ahead by what it would have gone back.
func (c *wallClock) resume(media time.Duration) time.Time {
	if back := c.last.Sub(c.at(media)); back > 0 {
		c.wall = c.wall.Add(back)
	}
	return c.at(media)
}

// passed says that everything until the media time was told.
func (c *wallClock) passed(media time.Duration) {
	if at := c.at(media); at.After(c.last) {
		c.last = at
	}
}
