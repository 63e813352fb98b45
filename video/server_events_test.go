package video

import (
	"context"
	"errors"
	"runtime"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

func TestEventsThatPanicChangeNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t)
		own := r.server.cfg.Events
		r.server.cfg.Events = Events{
			StreamStarted:     func(ctx context.Context, e StreamStarted) { own.StreamStarted(ctx, e); panic("boom") },
			StreamStopped:     func(ctx context.Context, e StreamStopped) { own.StreamStopped(ctx, e); panic("boom") },
			StreamInterrupted: func(ctx context.Context, e StreamInterrupted) { own.StreamInterrupted(ctx, e); panic("boom") },
			StreamResumed:     func(ctx context.Context, e StreamResumed) { own.StreamResumed(ctx, e); panic("boom") },
			StreamWarned:      func(ctx context.Context, e StreamWarned) { own.StreamWarned(ctx, e); panic("boom") },
		}
		p := r.publish()
		p.send(2)
		p.Close(nil)
		p = r.publish()
		p.send(200) // one long way between key frames
		p.Close(nil)
		r.shutdown()
		r.wantEvents("started, live", interruptedNil, "resumed, live", "warned: keyframe-interval",
			interruptedNil, "stopped, offline: <nil>")
	})
}

func TestEventsMayBeLeftOut(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, func(c *Config) { c.Events = Events{} })
		p := r.publish()
		p.send(2)
		p.Close(nil)
		p = r.publish()
		p.send(200)
		p.Close(nil)
		r.shutdown()
		r.wantPhase(Offline)
	})
}

func TestEventsAreDeliveredOneAtATimeAndShutdownWaitsForThem(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t)
		own := r.server.cfg.Events
		r.server.cfg.Events.StreamStarted = func(ctx context.Context, e StreamStarted) {
			time.Sleep(10 * time.Second)
			own.StreamStarted(ctx, e)
		}
		r.pack.playable = 2
		p := r.publish()
		p.send(1) // and the publisher does not wait for the event
		r.wantPhase(Live)
		p.Close(nil)
		r.wantPhase(Reconnecting)
		r.wantEvents()
		begin := time.Now()
		r.shutdown()
		if d := time.Since(begin); d != 10*time.Second {
			t.Errorf("Shutdown took %v", d)
		}
		r.wantEvents("started, live", interruptedNil, "stopped, offline: <nil>")
	})
}

func TestContextsOfEvents(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t)
		own := r.server.cfg.Events
		var during error
		r.server.cfg.Events.StreamStarted = func(ctx context.Context, e StreamStarted) {
			own.StreamStarted(ctx, e)
			<-ctx.Done() // until Shutdown begins
		}
		r.server.cfg.Events.StreamStopped = func(ctx context.Context, e StreamStopped) {
			own.StreamStopped(ctx, e)
			during = ctx.Err()
		}
		r.pack.playable = 2
		p := r.publish()
		go func() {
			p.send(1)
			p.Close(nil)
		}()
		synctest.Wait()
		r.shutdown()
		if during != nil {
			t.Errorf("the context of StreamStopped was done: %v", during)
		}
		for i, ctx := range r.ctxs {
			if !errors.Is(ctx.Err(), context.Canceled) {
				t.Errorf("event %d: context is not done after Shutdown", i)
			}
		}
	})
}

func TestTheLastEventIsCutOffWithShutdown(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t)
		r.server.cfg.Events.StreamStopped = func(ctx context.Context, _ StreamStopped) { <-ctx.Done() }
		p := r.publish()
		p.send(2)
		p.Close(nil)
		ctx, cancel := context.WithTimeout(context.Background(), time.Second)
		defer cancel()
		begin := time.Now()
		if err := r.server.Shutdown(ctx); err != nil && !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("Shutdown: %v", err)
		}
		if d := time.Since(begin); d != time.Second {
			t.Errorf("Shutdown took %v", d)
		}
	})
}

func TestEventsGoOnAfterACallbackEndsItsGoroutine(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t)
		r.server.cfg.Events.StreamStarted = func(context.Context, StreamStarted) { runtime.Goexit() }
		p := r.publish()
		p.send(2)
		p.Close(nil)
		r.wantEvents(interruptedNil)
		r.shutdown()
		r.wantEvents(interruptedNil, "stopped, offline: <nil>")
	})
}

// Statuses of events are in the order of what happened, whoever delivers.
func TestEventsAreInOrder(t *testing.T) {
	r := newRig(t, func(c *Config) { c.Policy = TakeOver; c.Grace = time.Hour })
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			for range 50 {
				p := r.publish()
				for range 3 {
					if p.write(true) != nil {
						break
					}
				}
				p.Close(nil)
			}
		})
	}
	wg.Wait()
	r.shutdown()
	if r.events[0] != "started, live" || r.seen[len(r.seen)-1].Phase != Offline {
		t.Errorf("first %q, last %q", r.events[0], r.events[len(r.events)-1])
	}
	for i, st := range r.seen[1 : len(r.seen)-1] {
		want := Reconnecting
		if i%2 == 1 {
			want = Live
		}
		if st.Phase != want {
			t.Fatalf("event %d: %q after %q", i+1, r.events[i+1], r.events[i])
		}
	}
}
