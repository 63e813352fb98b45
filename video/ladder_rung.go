package video

import "time"

const (
	firstBackoff = time.Second
	lastBackoff  = time.Minute
	// A rendition that is left out for the sake of the others is tried again
	// at their cost, and so not often.
	firstLeaveOut = time.Minute
	lastLeaveOut  = 10 * time.Minute
	// goodAfter is after how much good running failures are forgotten.
	goodAfter = time.Minute
)

// rung is a rendition of the ladder, through all the runs of a session.
type rung struct {
	index     int
	rendition Rendition

	// Of the supervisor's goroutine.
	failures int       // on end
	leftOut  int       // how often on end it was too much for the machine
	retryAt  time.Time // from when on a run includes it
	forceAt  time.Time // when a run without it is ended for it
	restarts int
	status   RenditionStatus

	// Guarded by the supervisor's mu.
	watchable bool  // since it was last dropped
	news      bool  // of watchable
	failure   error // in the last run it was in
	told      bool  // of failure

	// Of one run, guarded by mu too.
	started bool
	tracks  [2]*Track // of video and audio, once checked
	last    [2]time.Duration
	meter   outputMeter
}

// reset prepares g for a run.
func (g *rung) reset(now time.Time) {
	g.failure, g.told, g.started = nil, false, false
	g.tracks, g.last = [2]*Track{}, [2]time.Duration{}
	g.meter = outputMeter{came: now}
}

// fail notes a failure and returns when g is tried again at the latest.
// alone tells that others go on without it, and slow that it is given up for
// their sake.
func (g *rung) fail(now time.Time, alone, slow bool) time.Duration {
	g.failures++
	retry := backoff(g.failures, firstBackoff, lastBackoff)
	force := retry
	if alone || slow {
		g.leftOut++
		force = backoff(g.leftOut, firstLeaveOut, lastLeaveOut)
	}
	if slow {
		retry = force
	}
	g.retryAt, g.forceAt = now.Add(retry), now.Add(force)
	return force
}

// good forgets the failures before.
func (g *rung) good() { g.failures, g.leftOut = 0, 0 }

// backoff is the n-th pause of a series that doubles.
func backoff(n int, first, last time.Duration) time.Duration {
	d := first
	for ; n > 1 && d < last; n-- {
		d *= 2
	}
	return min(d, last)
}

// cost is what the rendition asks of an encoder, for comparing.
func (r Rendition) cost(source *Track) float64 {
	if r.VideoBitrate == 0 {
		return 0 // a copy
	}
	w, h := float64(r.Width), float64(r.Height)
	sw, sh := float64(source.Width), float64(source.Height)
	switch {
	case sw == 0 || sh == 0:
		return float64(r.VideoBitrate)
	case w == 0 && h == 0:
		w, h = sw, sh
	case w == 0:
		w = h * sw / sh
	case h == 0:
		h = w * sh / sw
	}
	rate := source.FrameRate
	if rate == 0 {
		rate = 30
	}
	if r.FrameRate > 0 {
		rate = min(rate, float64(r.FrameRate))
	}
	return w * h * rate
}
