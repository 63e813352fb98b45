package video

import (
	"errors"
	"reflect"
	"testing"
	"testing/synctest"
	"time"
)

func TestSessionStatus(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t)
		begin := time.Now().UTC()
		if st := r.state.Status(); !reflect.DeepEqual(st, Status{}) || st.Online() {
			t.Errorf("before the first publisher: %+v", st)
		}
		p := r.publish()
		st := r.state.Status()
		if st.Ingest == nil || st.Ingest.RemoteAddr != "192.0.2.1:1234" || st.Ingest.Encoder != "test" ||
			!st.Ingest.ConnectedAt.Equal(begin) || st.Ingest.Video != nil || st.Ingest.Warnings != nil {
			t.Errorf("publisher without a packet: %+v", st.Ingest)
		}
		if st.Online() || st.SessionID != "" {
			t.Errorf("publisher without a packet: %+v", st)
		}
		time.Sleep(time.Second)
		p.send(2)
		st = r.state.Status()
		if !st.Online() || st.SessionID != r.pack.sessions[0].ID || !st.StartedAt.Equal(begin.Add(time.Second)) || !st.EndedAt.IsZero() {
			t.Errorf("live: %+v", st)
		}
		if st.Ingest.Video != testVideo || st.Ingest.Audio != testAudio {
			t.Errorf("tracks of a live publisher: %+v", st.Ingest)
		}
		live := st
		p.Close(nil)
		st = r.state.Status()
		live.Phase, live.Ingest = Reconnecting, nil
		if !reflect.DeepEqual(st, live) || !st.Online() {
			t.Errorf("reconnecting: %+v, want %+v", st, live)
		}
		time.Sleep(30 * time.Second)
		synctest.Wait()
		st = r.state.Status()
		live.Phase, live.EndedAt = Offline, begin.Add(31*time.Second)
		if !reflect.DeepEqual(st, live) || st.Online() {
			t.Errorf("ended: %+v, want %+v", st, live)
		}
		// A session that is never playable is none to those who read it.
		p = r.publish()
		p.send(1)
		p.Close(nil)
		time.Sleep(time.Minute)
		synctest.Wait()
		if st := r.state.Status(); !reflect.DeepEqual(st, live) {
			t.Errorf("after an unplayable session: %+v, want %+v", st, live)
		}
		p = r.publish()
		p.send(2)
		if st := r.state.Status(); !st.EndedAt.IsZero() || !st.StartedAt.Equal(time.Now()) || st.SessionID != r.pack.sessions[2].ID {
			t.Errorf("live again: %+v", st)
		}
		r.server.Disconnect()
		synctest.Wait() // for the events
		for i, st := range r.seen[:3] {
			if st.SessionID != live.SessionID {
				t.Errorf("event %d has session %q", i, st.SessionID)
			}
		}
	})
}

func TestSessionSurvivesAFlappingPublisher(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t)
		p := r.publish()
		p.send(2)
		for range 200 {
			p.Close(errGone)
			time.Sleep(100 * ms)
			p = r.publish()
			p.send(1)
		}
		p.Close(nil)
		time.Sleep(time.Minute)
		synctest.Wait()
		if r.pack.breaks != 200 || len(r.pack.sessions) != 1 {
			t.Errorf("%d breaks in %d sessions, want 200 in 1", r.pack.breaks, len(r.pack.sessions))
		}
		r.wantSteadyDTS()
		count := map[string]int{}
		for _, e := range r.events {
			count[e]++
		}
		if count["started, live"] != 1 || count["stopped, offline: <nil>"] != 1 || count["resumed, live"] != 200 || len(r.events) != 403 {
			t.Errorf("%d events: %v", len(r.events), count)
		}
	})
}

func TestSessionIDsAreFitForFileNames(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, func(c *Config) { c.Grace = -1 })
		seen := map[string]bool{}
		for range 100 {
			p := r.publish()
			p.send(1)
			p.Close(nil)
		}
		for _, s := range r.pack.sessions {
			if len(s.ID) < 10 || len(s.ID) > 16 || seen[s.ID] {
				t.Fatalf("session %q", s.ID)
			}
			for _, c := range s.ID {
				if (c < 'a' || c > 'z') && (c < '0' || c > '9') {
					t.Fatalf("session %q", s.ID)
				}
			}
			seen[s.ID] = true
		}
	})
}

func TestSessionContainsPanicsOfThePackager(t *testing.T) {
	boom := func() { panic("boom") }
	t.Run("in WritePacket they end the publication", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			r := newRig(t)
			p := r.publish()
			p.send(2)
			r.pack.onWrite = func(Packet) error { panic("boom") }
			err := p.write(true)
			if err == nil || errors.Is(err, ErrServerClosed) {
				t.Fatalf("WritePacket: %v", err)
			}
			r.pack.onWrite = nil
			p.wantCut(err)
			r.publish().send(1)
			r.wantPhase(Live)
			r.wantEvents("started, live", "interrupted, reconnecting, 30s: "+err.Error(), "resumed, live")
		})
	})
	t.Run("in Begin they end the publication", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			r := newRig(t)
			r.pack.onBegin = func(Session) error { panic("boom") }
			p := r.publish()
			if err := p.write(true); err == nil {
				t.Error("WritePacket: no error")
			}
			r.pack.onBegin = nil
			r.publish().send(2)
			r.wantPhase(Live)
		})
	})
	t.Run("in Interrupt and End they change nothing", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			r := newRig(t)
			r.pack.onInterrupt, r.pack.onEnd = boom, boom
			p := r.publish()
			p.send(2)
			p.Close(nil)
			time.Sleep(time.Minute)
			synctest.Wait()
			r.wantEvents("started, live", interruptedNil, "stopped, offline: <nil>")
			r.publish().send(2)
			r.wantPhase(Live)
			r.shutdownSoon()
		})
	})
}

func TestAReturnAtTheLastMomentCallsTheEndOff(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t)
		p := r.publish()
		p.send(2)
		p.Close(nil)
		time.Sleep(30*time.Second - ms)
		// The grace is over while the packager works.
		r.pack.onWrite = func(Packet) error { time.Sleep(time.Second); return nil }
		p = r.publish()
		p.send(1)
		synctest.Wait()
		r.wantPhase(Live)
		r.wantEvents("started, live", interruptedNil, "resumed, live")
		p.Close(nil)
		r.shutdown()
	})
}

func TestCloseTwiceIsOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t)
		p := r.publish()
		p.Close(nil)
		p.Close(nil)
		r.publish()
		p.Close(nil)
		r.shutdownSoon()
	})
}
