package video

import (
	"context"
	"errors"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

func TestShutdown(t *testing.T) {
	stopped := "stopped, offline: " + ErrServerClosed.Error()
	tests := []struct {
		name   string
		run    func(*rig) *encoder // returns what is left open
		events []string
		calls  []string
	}{
		{name: "before anything", run: func(*rig) *encoder { return nil }},
		{name: "with a publisher that has sent nothing", run: func(r *rig) *encoder { return r.publish() }},
		{
			name: "before anything is playable",
			run: func(r *rig) *encoder {
				p := r.publish()
				p.send(1)
				return p
			},
			calls: []string{"begin", "write", "end"},
		},
		{
			name: "while live",
			run: func(r *rig) *encoder {
				p := r.publish()
				p.send(2)
				return p
			},
			events: []string{"started, live", stopped},
			calls:  []string{"begin", "write", "end"},
		},
		{
			name: "while reconnecting",
			run: func(r *rig) *encoder {
				p := r.publish()
				p.send(2)
				p.Close(nil)
				return nil
			},
			events: []string{"started, live", interruptedNil, "stopped, offline: <nil>"},
			calls:  []string{"begin", "write", "interrupt", "end"},
		},
		{
			name: "while reconnecting with a publisher that has sent nothing",
			run: func(r *rig) *encoder {
				p := r.publish()
				p.send(2)
				p.Close(nil)
				return r.publish()
			},
			events: []string{"started, live", interruptedNil, stopped},
			calls:  []string{"begin", "write", "interrupt", "end"},
		},
		{
			name: "after the session",
			run: func(r *rig) *encoder {
				p := r.publish()
				p.send(2)
				p.Close(nil)
				time.Sleep(time.Minute)
				return nil
			},
			events: []string{"started, live", interruptedNil, "stopped, offline: <nil>"},
			calls:  []string{"begin", "write", "interrupt", "end"},
		},
		{
			name: "after Disconnect, with the publication still open",
			run: func(r *rig) *encoder {
				p := r.publish()
				r.server.Disconnect()
				return p
			},
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				r := newRig(t)
				p := tt.run(r)
				if p != nil {
					go func() {
						<-p.Done()
						time.Sleep(time.Second)
						p.Close(p.Err())
					}()
					r.shutdownSoon500(p)
				}
				begin := time.Now()
				r.shutdown()
				r.shutdown()
				if p != nil && time.Since(begin) != 500*ms {
					t.Errorf("returned %v after the first call had given up", time.Since(begin))
				}
				if _, err := r.tryPublish(); !errors.Is(err, ErrServerClosed) {
					t.Errorf("Publish: %v", err)
				}
				if r.server.Disconnect() {
					t.Error("something was left")
				}
				r.wantPhase(Offline)
				r.wantEvents(tt.events...)
				r.wantCalls(tt.calls...)
			})
		})
	}
}

// shutdownSoon500 gives up on p, which closes a second after it is told to,
// after half of it.
func (r *rig) shutdownSoon500(p *encoder) {
	r.t.Helper()
	select {
	case <-p.Done(): // cut before
		synctest.Wait()
	default:
	}
	ctx, cancel := context.WithTimeout(context.Background(), 500*ms)
	defer cancel()
	if err := r.server.Shutdown(ctx); !errors.Is(err, context.DeadlineExceeded) {
		r.t.Errorf("Shutdown with an open publication: %v", err)
	}
	if err := p.Err(); err == nil {
		r.t.Error("the publisher was not told")
	}
}

func TestShutdownWithAContextThatIsDoneEndsTheSession(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t)
		p := r.publish()
		p.send(2)
		ctx, cancel := context.WithCancel(context.Background())
		cancel()
		if err := r.server.Shutdown(ctx); !errors.Is(err, context.Canceled) {
			t.Errorf("got %v", err)
		}
		p.wantCut(ErrServerClosed)
		r.wantPhase(Offline)
		p.Close(nil)
		r.shutdown()
	})
}

func TestShutdownEndsAnAuthorizationThatWaits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, func(c *Config) {
			c.Auth = PublishAuthorizerFunc(func(ctx context.Context, _ PublishRequest) error {
				<-ctx.Done()
				return ctx.Err()
			})
		})
		answer := make(chan error)
		go func() {
			_, err := r.tryPublish()
			answer <- err
		}()
		synctest.Wait()
		r.shutdown()
		if err := <-answer; !errors.Is(err, ErrServerClosed) {
			t.Errorf("Publish: %v", err)
		}
	})
}

func TestShutdownDuringAnAuthorizationThatDoesNotCare(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, func(c *Config) {
			c.Auth = PublishAuthorizerFunc(func(context.Context, PublishRequest) error {
				time.Sleep(time.Second)
				return nil
			})
		})
		answer := make(chan error)
		go func() {
			_, err := r.tryPublish()
			answer <- err
		}()
		synctest.Wait()
		r.shutdown()
		if err := <-answer; !errors.Is(err, ErrServerClosed) {
			t.Errorf("Publish: %v", err)
		}
	})
}

func TestAHangingPackagerHoldsNobodyWithAContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t)
		p := r.publish()
		p.send(2)
		free := make(chan struct{})
		r.pack.onWrite = func(Packet) error { <-free; return nil }
		done := make(chan struct{})
		go func() {
			defer close(done)
			p.write(true)
			p.Close(nil)
		}()
		synctest.Wait()
		ctx, cancel := context.WithTimeout(context.Background(), time.Second)
		defer cancel()
		if _, err := r.server.Publish(ctx, PublishRequest{StreamKey: testKey}); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("Publish: %v", err)
		}
		if err := r.server.Shutdown(ctx); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("Shutdown: %v", err)
		}
		close(free)
		<-done
		r.shutdown()
		r.wantPhase(Offline)
	})
}

func TestNobodyIsAskedAfterShutdown(t *testing.T) {
	r := newRig(t, func(c *Config) {
		c.Auth = PublishAuthorizerFunc(func(context.Context, PublishRequest) error {
			t.Error("the authorizer was asked")
			return nil
		})
	})
	r.shutdown()
	if _, err := r.tryPublish(); !errors.Is(err, ErrServerClosed) {
		t.Errorf("Publish: %v", err)
	}
}

// A crowd uses one Server in every way at once, and it is shut down amid that
// by several goroutines. The fake packager fails the test if it is called out
// of turn.
func TestServerUnderACrowd(t *testing.T) {
	for _, policy := range []Policy{Reject, TakeOver} {
		t.Run(policy.String(), func(t *testing.T) {
			var balance sync.Map
			r := newRig(t, func(c *Config) {
				c.Policy = policy
				c.Grace = 200 * time.Microsecond
				c.Events.StreamStarted = func(_ context.Context, e StreamStarted) {
					if _, twice := balance.LoadOrStore(e.Status.SessionID, true); twice {
						t.Errorf("session %s started twice", e.Status.SessionID)
					}
				}
				c.Events.StreamStopped = func(_ context.Context, e StreamStopped) {
					if _, ok := balance.LoadAndDelete(e.Status.SessionID); !ok {
						t.Errorf("session %s stopped before it started", e.Status.SessionID)
					}
				}
				c.Events.StreamInterrupted, c.Events.StreamResumed = nil, nil
			})
			var wg sync.WaitGroup
			stop := make(chan struct{})
			for range 8 {
				wg.Go(func() { r.flap(stop) })
			}
			wg.Go(func() {
				for open(stop) {
					r.server.Disconnect()
					_ = r.state.Status().Online()
					time.Sleep(time.Millisecond)
				}
			})
			for r.pack.begun() < 20 {
				time.Sleep(time.Millisecond)
			}
			for range 4 {
				wg.Go(r.shutdown)
			}
			r.shutdown()
			r.wantPhase(Offline)
			balance.Range(func(id, _ any) bool {
				t.Errorf("session %v was not stopped", id)
				return true
			})
			close(stop)
			wg.Wait()
		})
	}
}

// flap publishes again and again until stop is closed.
func (r *rig) flap(stop <-chan struct{}) {
	for open(stop) {
		p, err := r.tryPublish()
		switch {
		case errors.Is(err, ErrServerClosed):
			return
		case errors.Is(err, ErrAlreadyLive):
			time.Sleep(100 * time.Microsecond)
			continue
		case err != nil:
			r.t.Errorf("Publish: %v", err)
			return
		}
		for i := range 20 {
			if p.write(i%5 == 0) != nil {
				break
			}
		}
		p.Close(p.Err())
	}
}

func open(stop <-chan struct{}) bool {
	select {
	case <-stop:
		return false
	default:
		return true
	}
}
