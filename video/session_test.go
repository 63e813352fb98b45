package video

import (
	"errors"
	"reflect"
	"testing"
	"testing/synctest"
	"time"
)

const interruptedNil = "interrupted, reconnecting, 30s: <nil>"

// sessionTests are lives of a session, without its Shutdown.
var sessionTests = []struct {
	name   string
	change func(*Config)
	run    func(*rig)
	events []string
	calls  []string
	phase  Phase
}{
	{
		name: "a publisher that never comes leaves it offline",
		run:  func(*rig) {},
	},
	{
		name: "a publisher that sends nothing begins no session",
		run: func(r *rig) {
			p := r.publish()
			time.Sleep(time.Second)
			p.Close(nil)
			time.Sleep(time.Minute)
		},
	},
	{
		name:   "live from the packet that makes it playable",
		run:    func(r *rig) { r.publish().send(2) },
		events: []string{"started, live"},
		calls:  []string{"begin", "write"},
		phase:  Live,
	},
	{
		name: "not live before",
		run: func(r *rig) {
			r.pack.playable = 5
			r.publish().send(2)
		},
		calls: []string{"begin", "write"},
	},
	{
		name: "reconnecting when the publisher goes",
		run: func(r *rig) {
			p := r.publish()
			p.send(2)
			p.Close(nil)
			time.Sleep(30*time.Second - 1)
		},
		events: []string{"started, live", interruptedNil},
		calls:  []string{"begin", "write", "interrupt"},
		phase:  Reconnecting,
	},
	{
		name: "offline after the grace",
		run: func(r *rig) {
			p := r.publish()
			p.send(2)
			p.Close(errGone)
			time.Sleep(30 * time.Second)
		},
		events: []string{"started, live", "interrupted, reconnecting, 30s: connection reset", "stopped, offline: connection reset"},
		calls:  []string{"begin", "write", "interrupt", "end"},
	},
	{
		name:   "offline at once without a grace",
		change: func(c *Config) { c.Grace = -1 },
		run: func(r *rig) {
			p := r.publish()
			p.send(2)
			p.Close(nil)
		},
		events: []string{"started, live", "stopped, offline: <nil>"},
		calls:  []string{"begin", "write", "interrupt", "end"},
	},
	{
		name:   "the grace is as configured",
		change: func(c *Config) { c.Grace = time.Minute },
		run: func(r *rig) {
			p := r.publish()
			p.send(2)
			p.Close(nil)
			time.Sleep(time.Minute - 1)
			r.wantPhase(Reconnecting)
			time.Sleep(1)
		},
		events: []string{"started, live", "interrupted, reconnecting, 1m0s: <nil>", "stopped, offline: <nil>"},
		calls:  []string{"begin", "write", "interrupt", "end"},
	},
	{
		name: "a publisher that returns in time continues the session",
		run: func(r *rig) {
			p := r.publish()
			p.send(2)
			p.Close(errGone)
			time.Sleep(29 * time.Second)
			p = r.publish()
			r.wantPhase(Reconnecting)
			p.send(100)
			time.Sleep(time.Minute)
			if r.pack.breaks != 1 || len(r.pack.sessions) != 1 {
				r.t.Errorf("%d breaks, %d sessions", r.pack.breaks, len(r.pack.sessions))
			}
			r.wantSteadyDTS()
		},
		events: []string{"started, live", "interrupted, reconnecting, 30s: connection reset", "resumed, live"},
		calls:  []string{"begin", "write", "interrupt", "write"},
		phase:  Live,
	},
	{
		name: "a publisher that returns late begins another session",
		run: func(r *rig) {
			p := r.publish()
			p.send(2)
			p.Close(nil)
			time.Sleep(31 * time.Second)
			r.publish().send(2)
			if len(r.pack.sessions) != 2 || r.pack.sessions[0].ID == r.pack.sessions[1].ID || r.pack.breaks != 0 {
				r.t.Errorf("sessions %v, %d breaks", r.pack.sessions, r.pack.breaks)
			}
		},
		events: []string{"started, live", interruptedNil, "stopped, offline: <nil>", "started, live"},
		calls:  []string{"begin", "write", "interrupt", "end", "begin", "write"},
		phase:  Live,
	},
	{
		name: "a connection without a packet does not hold the session",
		run: func(r *rig) {
			p := r.publish()
			p.send(2)
			p.Close(nil)
			time.Sleep(20 * time.Second)
			p = r.publish()
			time.Sleep(20 * time.Second)
			r.wantPhase(Offline)
			if r.state.Status().Ingest == nil {
				r.t.Error("the connected publisher is not reported")
			}
			p.send(2)
		},
		events: []string{"started, live", interruptedNil, "stopped, offline: <nil>", "started, live"},
		calls:  []string{"begin", "write", "interrupt", "end", "begin", "write"},
		phase:  Live,
	},
	{
		name: "a publisher that connects and goes does not lengthen the grace",
		run: func(r *rig) {
			p := r.publish()
			p.send(2)
			p.Close(nil)
			time.Sleep(20 * time.Second)
			r.publish().Close(errGone)
			time.Sleep(10 * time.Second)
		},
		events: []string{"started, live", interruptedNil, "stopped, offline: <nil>"},
		calls:  []string{"begin", "write", "interrupt", "end"},
	},
	{
		name: "a publisher that goes before anything was playable is no event",
		run: func(r *rig) {
			p := r.publish()
			p.send(1)
			p.Close(errGone)
			r.wantPhase(Offline)
			time.Sleep(time.Minute)
			if st := r.state.Status(); !reflect.DeepEqual(st, Status{}) {
				r.t.Errorf("status %+v", st)
			}
		},
		calls: []string{"begin", "write", "interrupt", "end"},
	},
	{
		name: "a session that becomes playable with its second publisher starts then",
		run: func(r *rig) {
			p := r.publish()
			p.send(1)
			p.Close(errGone)
			r.publish().send(1)
			time.Sleep(time.Minute)
		},
		events: []string{"started, live"},
		calls:  []string{"begin", "write", "interrupt", "write"},
		phase:  Live,
	},
	{
		name: "a session that becomes playable by the flush starts and is interrupted",
		run: func(r *rig) {
			r.pack.playable = 0
			r.pack.onInterrupt = func() { r.pack.sessions[0].Playable() }
			p := r.publish()
			p.send(1)
			p.Close(nil)
		},
		events: []string{"started, live", interruptedNil},
		calls:  []string{"begin", "write", "interrupt"},
		phase:  Reconnecting,
	},
	{
		name: "a packet that is refused ends the publication, and the session waits",
		run: func(r *rig) {
			p := r.publish()
			p.send(2)
			r.pack.onWrite = func(Packet) error { return errRefused }
			if err := p.write(true); !errors.Is(err, errRefused) {
				r.t.Errorf("WritePacket: %v", err)
			}
			r.pack.onWrite = nil
			p.wantCut(errRefused)
			r.wantPhase(Reconnecting)
			p.Close(errRefused)
			r.publish().send(1)
		},
		events: []string{"started, live", "interrupted, reconnecting, 30s: " + errRefused.Error(), "resumed, live"},
		calls:  []string{"begin", "write", "interrupt", "write"},
		phase:  Live,
	},
	{
		name: "publishers whose packets are refused do not lengthen the grace",
		run: func(r *rig) {
			p := r.publish()
			p.send(2)
			p.Close(nil)
			r.pack.onWrite = func(Packet) error { return errRefused }
			for range 5 {
				time.Sleep(5 * time.Second)
				p := r.publish()
				if err := p.write(true); !errors.Is(err, errRefused) {
					r.t.Errorf("WritePacket: %v", err)
				}
				p.Close(nil)
			}
			time.Sleep(5 * time.Second)
		},
		events: []string{"started, live", interruptedNil, "stopped, offline: " + errRefused.Error()},
		calls: []string{
			"begin", "write", "interrupt", "write", "interrupt", "write", "interrupt",
			"write", "interrupt", "write", "interrupt", "write", "interrupt", "end",
		},
	},
	{
		name: "a packet without a track ends the publication",
		run: func(r *rig) {
			p := r.publish()
			if err := p.WritePacket(Packet{}); !errors.Is(err, errNoTrack) {
				r.t.Errorf("WritePacket: %v", err)
			}
			p.wantCut(errNoTrack)
			p = r.publish()
			if err := p.WritePacket(Packet{Track: &Track{}}); !errors.Is(err, errNoTrack) {
				r.t.Errorf("WritePacket: %v", err)
			}
		},
	},
	{
		name: "a session that the packager refuses to begin is none",
		run: func(r *rig) {
			r.pack.onBegin = func(Session) error { return errRefused }
			p := r.publish()
			if err := p.write(true); !errors.Is(err, errRefused) {
				r.t.Errorf("WritePacket: %v", err)
			}
			p.wantCut(errRefused)
			r.pack.onBegin = nil
			r.publish().send(2)
		},
		events: []string{"started, live"},
		calls:  []string{"begin", "begin", "write"},
		phase:  Live,
	},
	{
		name: "a packet after Close is refused",
		run: func(r *rig) {
			p := r.publish()
			p.send(2)
			p.Close(nil)
			if err := p.write(true); !errors.Is(err, errPublicationClosed) {
				r.t.Errorf("WritePacket: %v", err)
			}
			p.wantNotCut()
			p.Close(errGone)
		},
		events: []string{"started, live", interruptedNil},
		calls:  []string{"begin", "write", "interrupt"},
		phase:  Reconnecting,
	},
}

func TestSession(t *testing.T) {
	for _, tt := range sessionTests {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var change []func(*Config)
				if tt.change != nil {
					change = append(change, tt.change)
				}
				r := newRig(t, change...)
				tt.run(r)
				synctest.Wait()
				r.wantPhase(tt.phase)
				r.wantEvents(tt.events...)
				r.wantCalls(tt.calls...)
				r.server.Disconnect()
			})
		})
	}
}
