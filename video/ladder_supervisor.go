package video

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"
)

const (
	// lookEvery is how often a run is looked at.
	lookEvery = 500 * time.Millisecond
	// leastLag is how far a rendition may always fall behind.
	leastLag = 6 * time.Second
	// stalledAfter is for how long nothing may come of it.
	stalledAfter = 10 * time.Second
	// silentAfter tells a Transcoder that hangs from one that is slow.
	silentAfter = 3 * time.Second
	// endTime is what a Transcoder has to end in after its context is done.
	endTime = 3 * time.Second
	// maxAbandoned is how many Transcoders that did not are put up with.
	maxAbandoned = 3

	ladderQueueBytes = 64 << 20
)

// supervisor has the renditions of one session made: it runs the Transcoder
// for each stretch of the broadcast, watches it, and starts it again when it
// has failed. The broadcast does not wait for any of it.
//
// A goroutine runs it from the session's first packet to its end. Its lock is
// below the packager's, and not held while the packager is called.
type supervisor struct {
	server   *Server
	session  *session
	log      *slog.Logger
	packager LadderPackager
	maxLag   time.Duration
	wake     chan struct{} // holds a token if something has happened
	rungs    []*rung

	mu        sync.Mutex // guards what rungs and runs say it does
	abandoned int        // Transcoders that have not ended
}

// newSupervisor returns nil if there is nothing to supervise.
func (s *Server) newSupervisor(sess *session, latency Latency, ladder Ladder) *supervisor {
	packager, ok := s.cfg.Packager.(LadderPackager)
	if !ok || s.cfg.Transcoder == nil || len(ladder.Renditions) == 0 {
		return nil
	}
	l := &supervisor{
		server: s, session: sess, packager: packager, log: s.log.With("session", sess.id),
		maxLag: max(leastLag, 3*latency.Segment), wake: make(chan struct{}, 1),
	}
	for i, r := range ladder.Renditions {
		l.rungs = append(l.rungs, &rung{index: i, rendition: r, status: RenditionStatus{Name: r.Name}})
	}
	return l
}

func (l *supervisor) limits() SubscriptionLimits {
	return SubscriptionLimits{Bytes: ladderQueueBytes, Time: l.maxLag + 2*time.Second}
}

// run returns when ctx is done, which it is with the end of the session.
func (l *supervisor) run(ctx context.Context, sub *Subscription) {
	defer l.server.pending.done()
	for sub != nil {
		l.follow(ctx, sub)
		sub.Close()
		if l.rest(ctx) != nil {
			return
		}
		sub = l.server.subscribeTo(ctx, l.session, l.limits())
	}
}

// follow has stretch after stretch transcoded until something fails.
func (l *supervisor) follow(ctx context.Context, sub *Subscription) {
	var after *Packet
	for {
		st, err := nextStretch(ctx, sub, after)
		if err != nil {
			return
		}
		rungs := l.due(time.Now())
		if len(rungs) == 0 || !l.transcode(ctx, st, rungs) {
			return
		}
		_, _, after = st.result()
	}
}

// due are the renditions that a run which begins now includes.
func (l *supervisor) due(now time.Time) []*rung {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.abandoned >= maxAbandoned {
		for _, g := range l.rungs {
			g.retryAt = now.Add(lastBackoff)
		}
	}
	var list []*rung
	for _, g := range l.rungs {
		if g.retryAt.After(now) {
			continue
		}
		if g.status.Err != nil {
			g.restarts++
		}
		g.reset(now)
		list = append(list, g)
	}
	return list
}

// rest waits until a rendition is due.
func (l *supervisor) rest(ctx context.Context) error {
	l.publish(ctx)
	next := l.rungs[0].retryAt
	for _, g := range l.rungs {
		if g.retryAt.Before(next) {
			next = g.retryAt
		}
	}
	t := time.NewTimer(time.Until(next))
	defer t.Stop()
	select {
	case <-t.C:
		return ctx.Err()
	case <-ctx.Done():
		return ctx.Err()
	}
}

// transcode runs the Transcoder for a stretch. It tells whether the next one
// can follow at once.
func (l *supervisor) transcode(ctx context.Context, st *stretch, rungs []*rung) bool {
	runCtx, cancel := context.WithCancel(ctx)
	defer cancel()
	r := &ladderRun{l: l, st: st, rungs: rungs}
	began := time.Now()
	done := make(chan error, 1)
	l.server.pending.add()
	go func() { // ends with the Transcoder
		defer l.server.pending.done()
		done <- r.call(runCtx)
	}()
	tick := time.NewTicker(lookEvery)
	defer tick.Stop()
	for {
		select {
		case err := <-done:
			r.finish()
			return l.ended(ctx, r, err)
		case <-ctx.Done():
			l.stop(r, cancel, done)
			return false
		case <-l.wake:
			l.hear(ctx)
		case <-tick.C:
			l.hear(ctx)
			l.measure(r, began)
			l.publish(ctx)
		}
		if v := l.judge(r, time.Now()); v != nil {
			l.stop(r, cancel, done)
			l.execute(ctx, r, v)
			return false
		}
	}
}

// stop ends the Transcoder, or gives it up.
func (l *supervisor) stop(r *ladderRun, cancel context.CancelFunc, done <-chan error) {
	cancel()
	r.finish()
	t := time.NewTimer(endTime)
	defer t.Stop()
	select {
	case err := <-done:
		l.log.Debug("transcoder ended", "err", err)
		return
	case <-t.C:
	}
	l.log.Error("transcoder does not end and is left alone")
	l.mu.Lock()
	l.abandoned++
	l.mu.Unlock()
	l.server.pending.add()
	go func() { // ends with the Transcoder
		defer l.server.pending.done()
		err := <-done
		l.log.Info("transcoder that was left alone has ended", "err", err)
		l.mu.Lock()
		defer l.mu.Unlock()
		l.abandoned--
	}()
}

// ended deals with a Transcoder that has returned.
func (l *supervisor) ended(ctx context.Context, r *ladderRun, err error) bool {
	if ctx.Err() != nil {
		return false
	}
	l.hear(ctx)
	one := new(RenditionError)
	whole, pictured, _ := r.st.result()
	switch {
	case r.st.sub.Lost() > 0:
		l.execute(ctx, r, &verdict{err: ErrTooSlow, slow: true, rungs: r.rungs})
		return false
	case errors.As(err, &one) && one.Index >= 0 && one.Index < len(r.rungs):
		l.failAlone(ctx, r, r.rungs[one.Index], one)
		return false
	case err == nil && !whole:
		err = errEarly
	}
	if err != nil {
		l.execute(ctx, r, &verdict{err: err, rungs: r.rungs})
		return false
	}
	for _, g := range r.rungs {
		g.status.Running = false
		if pictured {
			l.endRendition(g.index)
		} else {
			l.dropRendition(g)
		}
	}
	l.hear(ctx)
	l.publish(ctx)
	return r.st.idle()
}

// writeRendition and the next two call the packager, which may panic.
func (l *supervisor) writeRendition(i int, p Packet) (err error) {
	defer func() {
		if v := recover(); v != nil {
			err = l.server.panicked("packager", v)
		}
	}()
	return l.packager.WriteRendition(l.session.id, i, p)
}

func (l *supervisor) endRendition(i int) {
	defer func() {
		if v := recover(); v != nil {
			_ = l.server.panicked("packager", v)
		}
	}()
	l.packager.EndRendition(l.session.id, i)
}

func (l *supervisor) dropRendition(g *rung) {
	defer func() {
		if v := recover(); v != nil {
			_ = l.server.panicked("packager", v)
		}
	}()
	l.packager.DropRendition(l.session.id, g.index)
	l.mu.Lock()
	defer l.mu.Unlock()
	g.watchable, g.news = false, false
}

// renditionPlayable is called by the packager, which holds locks of its own.
func (l *supervisor) renditionPlayable(i int) {
	if i < 0 || i >= len(l.rungs) {
		return
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.rungs[i].watchable, l.rungs[i].news = true, true
	l.signal()
}

func (l *supervisor) signal() {
	select {
	case l.wake <- struct{}{}:
	default:
	}
}

func (l *supervisor) breakRun(r *ladderRun, err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if r.broken == nil {
		r.broken = err
	}
	l.signal()
}

func (l *supervisor) failInRun(g *rung, err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if g.failure == nil {
		g.failure = err
	}
	l.signal()
}

func (l *supervisor) name(g *rung) string {
	if g.rendition.Name != "" {
		return g.rendition.Name
	}
	return fmt.Sprint(g.index)
}
