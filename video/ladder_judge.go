package video

import (
	"cmp"
	"context"
	"slices"
	"time"
)

// verdict is why a run must end. Without an error nothing has failed, but the
// next run has other renditions.
type verdict struct {
	err   error
	slow  bool    // the machine cannot do it
	rungs []*rung // that fail
}

// judge says whether a run must end, and why; nil lets it go on.
func (l *supervisor) judge(r *ladderRun, now time.Time) *verdict {
	_, picture, endedAt := r.st.progress()
	lost := r.st.sub.Lost() > 0
	l.mu.Lock()
	defer l.mu.Unlock()
	if r.broken != nil {
		return &verdict{err: r.broken, rungs: r.rungs}
	}
	late, running, silent := r.late(picture, lost, now)
	switch {
	case len(late) > 0 && len(late) < running && silent:
		// The Transcoder leaves them out; the others need not suffer for it.
		for _, g := range late {
			g.failure = ErrStalled
		}
		l.signal()
		return nil
	case len(late) > 0 && silent:
		return &verdict{err: ErrStalled, rungs: late}
	case len(late) > 0:
		return &verdict{err: ErrTooSlow, rungs: late, slow: true}
	case !endedAt.IsZero() && now.Sub(endedAt) > stalledAfter:
		return &verdict{err: ErrStalled, rungs: r.rungs}
	case running == 0, l.misses(r, now):
		return &verdict{}
	default:
		return nil
	}
}

// late returns the renditions that are too far behind, how many have not
// failed, and whether nothing at all comes of those that are late. lost tells
// that the Transcoder did not even read all there was. The caller has the
// lock.
func (r *ladderRun) late(picture time.Duration, lost bool, now time.Time) (late []*rung, running int, silent bool) {
	silent = true
	for _, g := range r.rungs {
		if g.failure != nil {
			continue
		}
		running++
		lag, quiet := g.lag(picture, r.st.start), now.Sub(g.meter.came)
		if lost || lag > r.l.maxLag || quiet > stalledAfter && lag > time.Second {
			late = append(late, g)
			silent = silent && quiet > silentAfter
		}
	}
	return late, running, silent
}

// misses tells whether it is time to end r for a rendition that it lacks.
func (l *supervisor) misses(r *ladderRun, now time.Time) bool {
	return slices.ContainsFunc(l.rungs, func(g *rung) bool {
		return !g.forceAt.After(now) && (g.failure != nil || !slices.Contains(r.rungs, g))
	})
}

// lag is by how much g is behind the newest picture there is.
func (g *rung) lag(picture, start time.Duration) time.Duration {
	have := start
	if g.meter.began {
		have = g.meter.picture
	}
	return max(picture-have, 0)
}

// execute has renditions of a run that was ended fail.
func (l *supervisor) execute(ctx context.Context, r *ladderRun, v *verdict) {
	l.hear(ctx) // of what has failed on its own before
	l.mu.Lock()
	failed := func(g *rung) bool { return g.failure != nil }
	here := slices.DeleteFunc(slices.Clone(r.rungs), failed)
	blamed := slices.DeleteFunc(slices.Clone(v.rungs), failed)
	l.mu.Unlock()
	for _, g := range here {
		g.status.Running = false
	}
	// The one that costs the most is left out, so that the others can be made.
	var costly *rung
	if v.slow && len(here) > 0 {
		costly = slices.MaxFunc(here, func(a, b *rung) int { return compareCost(a.rendition, b.rendition, r.st.track) })
		if !slices.Contains(blamed, costly) {
			blamed = append(blamed, costly)
		}
	}
	now := time.Now()
	for _, g := range blamed {
		l.fail(ctx, g, v.err, g.fail(now, false, g == costly))
	}
}

func compareCost(a, b Rendition, source *Track) int {
	return cmp.Or(cmp.Compare(a.cost(source), b.cost(source)), cmp.Compare(a.VideoBitrate, b.VideoBitrate))
}

// failAlone has one rendition fail while the others go on, or are started
// again at once.
func (l *supervisor) failAlone(ctx context.Context, r *ladderRun, g *rung, err error) {
	for _, other := range r.rungs {
		other.status.Running = false
	}
	l.fail(ctx, g, err, g.fail(time.Now(), len(r.rungs) > 1, false))
}

// fail takes a rendition away and tells of it.
func (l *supervisor) fail(ctx context.Context, g *rung, err error, retry time.Duration) {
	l.dropRendition(g)
	g.status.Running, g.status.Err = false, err
	g.status.Speed, g.status.Lag, g.status.FrameRate, g.status.Bitrate = 0, 0, 0, 0
	l.log.Warn("rendition failed", "rendition", l.name(g), "err", err, "retry", retry)
	l.tell(ctx, func(s *Server) {
		emit(s.running, s, s.cfg.Events.RenditionFailed,
			RenditionFailed{Status: s.status, Rendition: g.rendition, Index: g.index, Err: err, Retry: retry})
	})
}

// hear acts on what the packager and the writes of a run have told.
func (l *supervisor) hear(ctx context.Context) {
	for _, g := range l.rungs {
		l.mu.Lock()
		started := g.news
		var failure error
		if !g.told {
			failure = g.failure
		}
		g.told, g.news = failure != nil || g.told, false
		l.mu.Unlock()
		switch {
		case failure != nil:
			l.fail(ctx, g, failure, g.fail(time.Now(), len(l.rungs) > 1, false))
		case started:
			g.status.Running, g.status.Err, g.status.Restarts = true, nil, g.restarts
			l.log.Info("rendition started", "rendition", l.name(g))
			l.tell(ctx, func(s *Server) {
				emit(s.running, s, s.cfg.Events.RenditionStarted,
					RenditionStarted{Status: s.status, Rendition: g.rendition, Index: g.index})
			})
		}
	}
}

// measure brings the status of what runs up to date.
func (l *supervisor) measure(r *ladderRun, began time.Time) {
	_, picture, _ := r.st.progress()
	now := time.Now()
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, g := range r.rungs {
		if g.failure != nil {
			continue
		}
		st := &g.status
		st.Speed, st.FrameRate, st.Bitrate = g.meter.look(now)
		st.Lag = g.lag(picture, r.st.start)
		st.Running, st.Restarts = g.watchable, g.restarts
		if now.Sub(began) >= goodAfter {
			g.good()
		}
	}
}

// publish shows the status of the renditions.
func (l *supervisor) publish(ctx context.Context) { l.tell(ctx, func(*Server) {}) }

// tell calls f with the turn, and with the status of the renditions as it is
// now, if the session is still the one.
func (l *supervisor) tell(ctx context.Context, f func(*Server)) {
	s := l.server
	if s.turn.lock(ctx) != nil {
		return
	}
	defer s.release()
	if s.session != l.session {
		return
	}
	list := make([]RenditionStatus, len(l.rungs))
	for i, g := range l.rungs {
		list[i] = g.status
	}
	s.status.Renditions = list
	s.start(l.session) // a rendition may have made it playable
	s.publish()
	f(s)
}
