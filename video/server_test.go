package video

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"net"
	"reflect"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

func TestNewServerChecksItsConfig(t *testing.T) {
	auth := PublishAuthorizerFunc(func(context.Context, PublishRequest) error { return nil })
	pack := &fakePackager{t: t}
	tests := []struct {
		name string
		cfg  Config
		want string // what the error names; "" if there is none
	}{
		{"everything required", Config{State: &State{}, Packager: pack, Auth: auth}, ""},
		{"no state", Config{Packager: pack, Auth: auth}, "State"},
		{"no packager", Config{State: &State{}, Auth: auth}, "Packager"},
		{"no authorizer", Config{State: &State{}, Packager: pack}, "Auth"},
		{"unknown policy", Config{State: &State{}, Packager: pack, Auth: auth, Policy: 2}, "policy 2"},
		{"nothing", Config{}, "State\nvideo: config without a Packager\nvideo: config without an Auth"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s, err := NewServer(tt.cfg)
			if tt.want == "" {
				if err != nil || s == nil {
					t.Errorf("got %v, %v", s, err)
				}
				return
			}
			if err == nil || !strings.Contains(err.Error(), tt.want) || s != nil {
				t.Errorf("got %v, %v; want an error about %q", s, err, tt.want)
			}
		})
	}
}

func TestPolicyString(t *testing.T) {
	for p, want := range map[Policy]string{Reject: "reject", TakeOver: "take over", 7: "unknown"} {
		if got := p.String(); got != want {
			t.Errorf("Policy(%d) is %q, want %q", p, got, want)
		}
	}
}

func TestPublishAsksTheAuthorizer(t *testing.T) {
	errOwn := errors.New("not today")
	tests := []struct {
		name string
		auth PublishAuthorizerFunc
		want func(error) bool
	}{
		{"and returns its error as it is", func(context.Context, PublishRequest) error { return errOwn }, func(err error) bool { return err == errOwn }},
		{"and returns a wrong key as it is", func(context.Context, PublishRequest) error { return ErrStreamKey }, func(err error) bool { return err == ErrStreamKey }},
		{"and survives its panic", func(context.Context, PublishRequest) error { panic("boom") }, func(err error) bool {
			return err != nil && strings.Contains(err.Error(), "boom")
		}},
		{"with the request", func(_ context.Context, req PublishRequest) error {
			if req.App != "live" || req.StreamKey != testKey || req.Encoder != "test" || req.RemoteAddr == nil {
				return errOwn
			}
			return nil
		}, func(err error) bool { return err == nil }},
		{"with the caller's context", func(ctx context.Context, _ PublishRequest) error {
			if _, ok := ctx.Deadline(); ok {
				t.Error("a deadline from nowhere")
			}
			return ctx.Err()
		}, func(err error) bool { return err == nil }},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			r := newRig(t, func(c *Config) { c.Auth = tt.auth })
			p, err := r.tryPublish()
			if !tt.want(err) {
				t.Errorf("got %v", err)
			}
			if (err == nil) != (p != nil) {
				t.Errorf("publication %v with error %v", p, err)
			}
			if p != nil {
				p.Close(nil)
			} else if st := r.state.Status(); !reflect.DeepEqual(st, Status{}) {
				t.Errorf("status %+v", st)
			}
			r.shutdown()
		})
	}
}

func TestPublishOfAnUnknownAddress(t *testing.T) {
	r := newRig(t)
	p, err := r.server.Publish(context.Background(), PublishRequest{StreamKey: testKey})
	if err != nil {
		t.Fatal(err)
	}
	if in := r.state.Status().Ingest; in.RemoteAddr != "" || in.Encoder != "" {
		t.Errorf("reported as %+v", in)
	}
	p.Close(nil)
}

func TestSecondPublisher(t *testing.T) {
	takeOver := func(c *Config) { c.Policy = TakeOver }
	t.Run("is rejected", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			r := newRig(t)
			p := r.publish()
			if _, err := r.tryPublish(); !errors.Is(err, ErrAlreadyLive) {
				t.Errorf("before the first packet: %v", err)
			}
			p.send(2)
			time.Sleep(3*time.Second - 1)
			if _, err := r.tryPublish(); !errors.Is(err, ErrAlreadyLive) {
				t.Errorf("got %v", err)
			}
			p.wantNotCut()
			p.send(1)
			time.Sleep(2 * time.Second)
			if _, err := r.tryPublish(); !errors.Is(err, ErrAlreadyLive) {
				t.Errorf("two seconds after a packet: %v", err)
			}
			p.Close(nil)
			r.publish().send(1)
			r.wantEvents("started, live", interruptedNil, "resumed, live")
			r.server.Disconnect()
		})
	})
	t.Run("with a wrong key takes nothing over", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			r := newRig(t, takeOver)
			p := r.publish()
			if _, err := r.server.Publish(context.Background(), PublishRequest{StreamKey: "guess"}); !errors.Is(err, ErrStreamKey) {
				t.Errorf("got %v", err)
			}
			p.wantNotCut()
			p.Close(nil)
		})
	})
	t.Run("takes over a stale one", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			r := newRig(t)
			old := r.publish()
			old.send(2)
			time.Sleep(3 * time.Second)
			p := r.publish()
			old.wantCut(ErrTakenOver)
			p.send(2)
			old.wantCut(ErrTakenOver)
			old.Close(errGone)
			p.wantNotCut()
			p.send(1)
			r.wantEvents("started, live", "interrupted, reconnecting, 30s: "+ErrTakenOver.Error(), "resumed, live")
			r.wantCalls("begin", "write", "interrupt", "write")
			p.Close(nil)
			r.shutdown()
		})
	})
	t.Run("takes over one that never sent anything", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			r := newRig(t)
			old := r.publish()
			time.Sleep(3 * time.Second)
			p := r.publish()
			old.wantCut(ErrTakenOver)
			p.send(2)
			r.wantEvents("started, live")
			r.server.Disconnect()
		})
	})
	t.Run("takes over by policy", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			r := newRig(t, takeOver)
			var all []*encoder
			for range 20 {
				p := r.publish()
				p.send(2)
				if n := len(all); n > 0 {
					all[n-1].wantCut(ErrTakenOver)
				}
				all = append(all, p)
			}
			if r.pack.breaks != 19 || len(r.pack.sessions) != 1 {
				t.Errorf("%d breaks in %d sessions", r.pack.breaks, len(r.pack.sessions))
			}
			r.wantSteadyDTS()
			for _, p := range all {
				p.Close(nil)
			}
			r.shutdown()
		})
	})
	t.Run("begins another session if there is no grace", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			r := newRig(t, takeOver, func(c *Config) { c.Grace = -1 })
			r.publish().send(2)
			r.publish().send(2)
			r.wantEvents("started, live", "stopped, offline: "+ErrTakenOver.Error(), "started, live")
			r.server.Disconnect()
		})
	})
}

func TestDisconnect(t *testing.T) {
	t.Run("of nothing", func(t *testing.T) {
		r := newRig(t)
		if r.server.Disconnect() {
			t.Error("there was something")
		}
		r.shutdown()
		if len(r.events) > 0 {
			t.Errorf("events: %q", r.events)
		}
	})
	t.Run("ends publisher and session at once, and the key is free", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			r := newRig(t)
			old := r.publish()
			old.send(2)
			if !r.server.Disconnect() {
				t.Error("there was nothing")
			}
			old.wantCut(ErrDisconnected)
			r.wantPhase(Offline)
			if in := r.state.Status().Ingest; in != nil {
				t.Errorf("reported: %+v", in)
			}
			p := r.publish()
			p.send(2)
			old.wantCut(ErrDisconnected)
			old.Close(nil)
			r.wantPhase(Live)
			r.wantEvents("started, live", "stopped, offline: "+ErrDisconnected.Error(), "started, live")
			r.wantCalls("begin", "write", "end", "begin", "write")
			p.Close(nil)
			r.shutdown()
		})
	})
	t.Run("ends a session that waits", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			r := newRig(t)
			p := r.publish()
			p.send(2)
			p.Close(errGone)
			if !r.server.Disconnect() || r.server.Disconnect() {
				t.Error("wrong answer")
			}
			time.Sleep(time.Minute)
			r.wantEvents("started, live", "interrupted, reconnecting, 30s: connection reset", "stopped, offline: connection reset")
			r.wantCalls("begin", "write", "interrupt", "end")
		})
	})
	t.Run("of a publisher that has sent nothing", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			r := newRig(t)
			p := r.publish()
			if !r.server.Disconnect() {
				t.Error("there was nothing")
			}
			p.wantCut(ErrDisconnected)
			if st := r.state.Status(); !reflect.DeepEqual(st, Status{}) {
				t.Errorf("status %+v", st)
			}
			r.wantEvents()
		})
	})
}

func TestLatencyOfASession(t *testing.T) {
	standard := LatencyLevel(DefaultLatencyLevel)
	own := Latency{Segment: time.Second, Segments: 7}
	tests := []struct {
		name string
		ask  func(context.Context) (Latency, error)
		want Latency
	}{
		{"is the default", nil, standard},
		{"is what the host says", func(context.Context) (Latency, error) { return own, nil }, own},
		{"is the default if the host cannot say", func(context.Context) (Latency, error) { return own, errGone }, standard},
		{"is the default if the host says nothing", func(context.Context) (Latency, error) { return Latency{}, nil }, standard},
		{"is the default if the host panics", func(context.Context) (Latency, error) { panic("boom") }, standard},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			r := newRig(t, func(c *Config) { c.Latency = tt.ask })
			p := r.publish()
			p.send(1)
			p.Close(nil)
			r.shutdown()
			if got := r.pack.sessions[0].Latency; got != tt.want {
				t.Errorf("got %+v, want %+v", got, tt.want)
			}
		})
	}
	t.Run("is asked for each session", func(t *testing.T) {
		level := 0
		r := newRig(t, func(c *Config) {
			c.Grace = -1
			c.Latency = func(context.Context) (Latency, error) { level++; return LatencyLevel(level), nil }
		})
		for range 3 {
			p := r.publish()
			p.send(1)
			p.Close(nil)
		}
		for i, s := range r.pack.sessions {
			if s.Latency != LatencyLevel(i+1) {
				t.Errorf("session %d: %+v", i, s.Latency)
			}
		}
	})
}

func TestSetMetadataNamesTheEncoder(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t)
		p := r.publish()
		before := r.state.Status().Ingest
		p.SetMetadata(Metadata{Width: 1})
		if in := r.state.Status().Ingest; in != before {
			t.Errorf("reported anew: %+v", in)
		}
		p.SetMetadata(Metadata{Encoder: "OBS\x00 \xff30\n" + strings.Repeat("é", 100)})
		in := r.state.Status().Ingest
		if !strings.HasPrefix(in.Encoder, "OBS 30é") || len(in.Encoder) > 128 {
			t.Errorf("encoder %q", in.Encoder)
		}
		if before.Encoder != "test" {
			t.Errorf("a report was changed: %+v", before)
		}
		p.send(1)
		if got := r.state.Status().Ingest.Encoder; got != in.Encoder {
			t.Errorf("encoder of the next report %q", got)
		}
		p.Close(nil)
		p.SetMetadata(Metadata{Encoder: "late"})
		if in := r.state.Status().Ingest; in != nil {
			t.Errorf("reported after Close: %+v", in)
		}
		r.shutdown()
	})
}

func TestLogsHaveNoKeyAndNoAddress(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var out bytes.Buffer
		r := newRig(t, func(c *Config) {
			c.Logger = slog.New(slog.NewTextHandler(&out, &slog.HandlerOptions{Level: slog.LevelDebug}))
		})
		p := r.publish()
		p.send(2)
		p.Close(&net.OpError{Op: "read", Addr: &net.TCPAddr{IP: net.IPv4(192, 0, 2, 1)}, Err: errGone})
		r.publish().send(1)
		r.server.Disconnect()
		for _, secret := range []string{testKey, "192.0.2.1"} {
			if strings.Contains(out.String(), secret) {
				t.Errorf("%q is logged:\n%s", secret, &out)
			}
		}
		for _, want := range []string{"stream started", "stream interrupted", "stream resumed", "stream stopped", r.pack.sessions[0].ID} {
			if !strings.Contains(out.String(), want) {
				t.Errorf("%q is not logged:\n%s", want, &out)
			}
		}
	})
}
