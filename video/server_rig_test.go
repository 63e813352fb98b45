package video

import (
	"context"
	"errors"
	"fmt"
	"net"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

const testKey = "a-stream-key"

var (
	errGone    = errors.New("connection reset")
	errRefused = &CodecError{Codec: "h264", Reason: "for the test"}
)

// fakePackager notes what it is asked for, and that it is asked properly.
type fakePackager struct {
	t           testing.TB
	jumps       bool // the publisher's clock may jump
	playable    int  // the session can be watched after so many packets; 0: never
	onBegin     func(Session) error
	onWrite     func(Packet) error
	onInterrupt func()
	onEnd       func()

	busy atomic.Bool

	mu          sync.Mutex
	calls       []string
	sessions    []Session
	packets     []Packet // of the running or last session
	running     bool
	interrupted bool
	fed         int
	breaks      int
}

// enter fails the test if two calls overlap.
func (f *fakePackager) enter(call string) func() {
	if !f.busy.CompareAndSwap(false, true) {
		f.t.Errorf("%s while the packager is busy", call)
		return func() {}
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	if call != "write" || len(f.calls) == 0 || f.calls[len(f.calls)-1] != "write" {
		f.calls = append(f.calls, call)
	}
	return func() { f.busy.Store(false) }
}

func (f *fakePackager) Begin(s Session) error {
	defer f.enter("begin")()
	if f.running {
		f.t.Error("Begin while a session runs")
	}
	if f.onBegin != nil {
		if err := f.onBegin(s); err != nil {
			return err
		}
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	f.sessions = append(f.sessions, s)
	f.packets, f.running, f.interrupted, f.fed = nil, true, false, 0
	return nil
}

func (f *fakePackager) WritePacket(p Packet) error {
	defer f.enter("write")()
	if !f.running {
		f.t.Error("WritePacket without a session")
	}
	if p.Discontinuity != f.interrupted && !f.jumps {
		f.t.Errorf("packet with Discontinuity %v, after an interruption: %v", p.Discontinuity, f.interrupted)
	}
	f.interrupted = false
	if p.Discontinuity {
		f.breaks++
	}
	if f.onWrite != nil {
		if err := f.onWrite(p); err != nil {
			return err
		}
	}
	f.mu.Lock()
	f.packets = append(f.packets, p)
	f.fed++
	playable := f.fed == f.playable
	f.mu.Unlock()
	if playable {
		f.sessions[len(f.sessions)-1].Playable()
	}
	return nil
}

func (f *fakePackager) Interrupt() {
	defer f.enter("interrupt")()
	if !f.running {
		f.t.Error("Interrupt without a session")
	}
	f.interrupted = true
	if f.onInterrupt != nil {
		f.onInterrupt()
	}
}

func (f *fakePackager) End() {
	defer f.enter("end")()
	if !f.running {
		f.t.Error("End without a session")
	}
	f.running = false
	if f.onEnd != nil {
		f.onEnd()
	}
}

func (f *fakePackager) begun() int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return len(f.sessions)
}

// rig is a Server among fakes.
type rig struct {
	t      testing.TB
	server *Server
	state  State
	pack   *fakePackager

	mu     sync.Mutex
	events []string
	ctxs   []context.Context
	seen   []Status
}

func newRig(t testing.TB, change ...func(*Config)) *rig {
	t.Helper()
	r := &rig{t: t, pack: &fakePackager{t: t, playable: 3}}
	cfg := Config{
		State:    &r.state,
		Packager: r.pack,
		Auth: PublishAuthorizerFunc(func(_ context.Context, req PublishRequest) error {
			if req.StreamKey != testKey {
				return ErrStreamKey
			}
			return nil
		}),
		Events: r.recordEvents(),
	}
	for _, f := range change {
		f(&cfg)
	}
	s, err := NewServer(cfg)
	if err != nil {
		t.Fatal(err)
	}
	r.server = s
	return r
}

func (r *rig) recordEvents() Events {
	note := func(ctx context.Context, st Status, format string, args ...any) {
		r.mu.Lock()
		defer r.mu.Unlock()
		r.events = append(r.events, fmt.Sprintf(format, args...))
		r.ctxs = append(r.ctxs, ctx)
		r.seen = append(r.seen, st)
	}
	return Events{
		StreamStarted: func(ctx context.Context, e StreamStarted) {
			note(ctx, e.Status, "started, %v", e.Status.Phase)
		},
		StreamStopped: func(ctx context.Context, e StreamStopped) {
			note(ctx, e.Status, "stopped, %v: %v", e.Status.Phase, e.Err)
		},
		StreamInterrupted: func(ctx context.Context, e StreamInterrupted) {
			note(ctx, e.Status, "interrupted, %v, %v: %v", e.Status.Phase, e.Grace, e.Err)
		},
		StreamResumed: func(ctx context.Context, e StreamResumed) {
			note(ctx, e.Status, "resumed, %v", e.Status.Phase)
		},
		StreamWarned: func(ctx context.Context, e StreamWarned) {
			note(ctx, e.Status, "warned: %s", e.Warning.Code)
		},
	}
}

func (r *rig) publish() *encoder {
	r.t.Helper()
	e, err := r.tryPublish()
	if err != nil {
		r.t.Fatalf("Publish: %v", err)
	}
	return e
}

func (r *rig) tryPublish() (*encoder, error) {
	p, err := r.server.Publish(context.Background(), PublishRequest{
		RemoteAddr: &net.TCPAddr{IP: net.IPv4(192, 0, 2, 1), Port: 1234},
		App:        "live",
		StreamKey:  testKey,
		Encoder:    "test",
	})
	if err != nil {
		return nil, err
	}
	return &encoder{Publication: p, t: r.t}, nil
}

func (r *rig) shutdown() {
	r.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	if err := r.server.Shutdown(ctx); err != nil {
		r.t.Errorf("Shutdown: %v", err)
	}
}

func (r *rig) wantEvents(want ...string) {
	r.t.Helper()
	synctest.Wait() // events come in a goroutine of their own
	r.mu.Lock()
	defer r.mu.Unlock()
	if !slices.Equal(r.events, want) {
		r.t.Errorf("events:\n%q\nwant:\n%q", r.events, want)
	}
}

func (r *rig) wantCalls(want ...string) {
	r.t.Helper()
	r.pack.mu.Lock()
	defer r.pack.mu.Unlock()
	if !slices.Equal(r.pack.calls, want) {
		r.t.Errorf("calls of the packager:\n%q\nwant:\n%q", r.pack.calls, want)
	}
}

func (r *rig) wantPhase(want Phase) {
	r.t.Helper()
	if got := r.state.Status().Phase; got != want {
		r.t.Errorf("phase %v, want %v", got, want)
	}
}

// wantSteadyDTS verifies that DTS increases over the whole session.
func (r *rig) wantSteadyDTS() {
	r.t.Helper()
	last := map[Kind]time.Duration{Video: -1, Audio: -1}
	for i, p := range r.pack.packets {
		if p.DTS <= last[p.Track.Kind] {
			r.t.Fatalf("packet %d: %v DTS %v after %v", i, p.Track.Kind, p.DTS, last[p.Track.Kind])
		}
		last[p.Track.Kind] = p.DTS
	}
}

// encoder is a publisher.
type encoder struct {
	Publication
	t   testing.TB
	dts time.Duration
}

// send writes n pictures, the first of which is a key frame, and an audio
// frame after each.
func (e *encoder) send(n int) {
	e.t.Helper()
	for i := range n {
		if err := e.write(i == 0); err != nil {
			e.t.Fatalf("WritePacket: %v", err)
		}
	}
}

func (e *encoder) write(key bool) error {
	err := e.WritePacket(Packet{Track: testVideo, DTS: e.dts, Key: key, Data: make([]byte, 1000)})
	if err == nil {
		err = e.WritePacket(Packet{Track: testAudio, DTS: e.dts, Key: true, Data: make([]byte, 100)})
	}
	e.dts += 40 * ms
	return err
}

func (e *encoder) wantCut(want error) {
	e.t.Helper()
	select {
	case <-e.Done():
	default:
		e.t.Errorf("Done is not closed; want %v", want)
		return
	}
	if err := e.Err(); !errors.Is(err, want) {
		e.t.Errorf("Err: %v, want %v", err, want)
	}
	if err := e.write(true); !errors.Is(err, want) {
		e.t.Errorf("WritePacket: %v, want %v", err, want)
	}
}

func (e *encoder) wantNotCut() {
	e.t.Helper()
	select {
	case <-e.Done():
		e.t.Errorf("Done is closed: %v", e.Err())
	default:
		if err := e.Err(); err != nil {
			e.t.Errorf("Err: %v", err)
		}
	}
}

// shutdownSoon is for tests that left a publication open.
func (r *rig) shutdownSoon() {
	r.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	if err := r.server.Shutdown(ctx); !errors.Is(err, context.DeadlineExceeded) {
		r.t.Errorf("Shutdown with an open publication: %v", err)
	}
}
