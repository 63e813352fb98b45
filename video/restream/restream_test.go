package restream

import (
	"bytes"
	"context"
	"errors"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/owncast-go/owncast/video"
	"github.com/owncast-go/owncast/video/rtmp"
)

// same checks that a receiver has got what was published, from the first
// packet on.
func same(t *testing.T, got, sent []video.Packet) {
	t.Helper()
	if len(got) != len(sent) {
		t.Fatalf("%d packets, want %d", len(got), len(sent))
	}
	base := got[0].DTS - sent[0].DTS
	for i, p := range got {
		w := sent[i]
		if p.DTS-base != w.DTS || p.CTS != w.CTS || p.Key != w.Key || !p.Track.Equal(w.Track) || !bytes.Equal(p.Data, w.Data) {
			t.Fatalf("packet %d: %v at %v, want %v at %v", i, p.Track.Kind, p.DTS-base, w.Track.Kind, w.DTS)
		}
	}
}

func TestABroadcastArrivesWholeAndIsEnded(t *testing.T) {
	r := newRig(t, Config{})
	far := newReceiver(t)
	r.set(to("far", far.addr))
	b := r.publish()
	b.send(400)
	p := far.reception(0)
	got := p.wait(400)
	if got[0].DTS != 0 {
		t.Errorf("the server's clock starts at %v", got[0].DTS)
	}
	r.server.Disconnect()
	if err := p.end(); err != nil {
		t.Errorf("the server was told %v", err)
	}
	same(t, p.get(), b.packets[:400])
	if m := p.metadata; len(m) != 1 || m[0].Width != 640 || m[0].Height != 360 || m[0].Encoder != "owncast" {
		t.Errorf("metadata %+v", m)
	}
	r.wantState("far", Idle)
	var bytes int64
	for _, p := range got {
		bytes += int64(len(p.Data))
	}
	s := r.status("far")
	if s.Connects != 1 || s.Packets != 400 || s.Bytes != bytes || s.Dropped != 0 || s.Failures != 0 || s.Err != nil {
		t.Errorf("%+v", s)
	}
	eventually(t, "both events", func() bool { return r.count("started far") == 1 && r.count("stopped far") == 1 })

	// The next session gets a connection of its own.
	r.publish().send(100)
	far.reception(1).wait(100)
}

// An output that fails in every way is nothing to the others.
func TestFailingOutputsDisturbNobody(t *testing.T) {
	closed, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	addr := closed.Addr().String()
	_ = closed.Close()

	r := newRig(t, Config{})
	good := newReceiver(t)
	r.set(to("good", good.addr), to("bad", addr))
	b := r.publish()
	b.send(200)
	b.sendUntil("attempts at a closed port", func() bool { return r.count("failed bad") >= 3 })
	s := r.status("bad")
	if s.Err == nil || s.Connects != 0 || s.Failures < 3 || s.Packets != 0 {
		t.Errorf("at a closed port: %+v", s)
	}

	// Then somebody listens there who wants another key.
	bad := newReceiverAt(t, addr, nil)
	bad.letIn("another")
	var refused *rtmp.StatusError
	b.sendUntil("a wrong key", func() bool { return errors.As(r.status("bad").Err, &refused) })
	if strings.Contains(r.status("bad").Err.Error(), secret) {
		t.Errorf("the error tells the key: %v", r.status("bad").Err)
	}

	bad.letIn(secret)
	b.sendUntil("a connection", func() bool { return r.status("bad").State == Live })
	p := bad.reception(0)
	b.sendUntil("packets", func() bool { return len(p.get()) > 50 })
	r.server.Disconnect()
	if err := p.end(); err != nil {
		t.Errorf("the server was told %v", err)
	}
	got := p.get()
	if got[0].DTS != 0 || got[0].Track.Kind != video.Video || !got[0].Key {
		t.Errorf("it begins with %v at %v, key %v", got[0].Track.Kind, got[0].DTS, got[0].Key)
	}
	total := b.next + int(b.from/(8*time.Second))*len(b.packets)
	r.wantState("bad", Idle)
	if s := r.status("bad"); s.Connects != 1 || s.Packets != int64(len(got)) || s.Packets+s.Dropped != int64(total) {
		t.Errorf("%d packets, %d received: %+v", total, len(got), s)
	}
	if err := good.reception(0).end(); err != nil {
		t.Errorf("the good server was told %v", err)
	}
	if n := len(good.reception(0).get()); n != total {
		t.Errorf("the good server has got %d packets of %d", n, total)
	}
	if s := r.status("good"); s.Failures != 0 || s.Dropped != 0 {
		t.Errorf("%+v", s)
	}
}

func TestAServerThatNeverReadsCostsItsOwnQueueAlone(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	// A receiver whose Publication does not return from WritePacket does not
	// read on either.
	stuck := &receiver{t: t, key: secret, addr: l.Addr().String(), block: make(chan struct{})}
	server, err := rtmp.NewServer(rtmp.Config{Publisher: blocking{stuck}})
	if err != nil {
		t.Fatal(err)
	}
	served := make(chan struct{})
	go func() { defer close(served); _ = server.Serve(l) }()
	defer func() {
		close(stuck.block)
		_ = server.Shutdown(t.Context())
		<-served
	}()

	r := newRig(t, Config{Queue: video.SubscriptionLimits{Bytes: 1 << 20}, Timeout: 300 * time.Millisecond})
	good := newReceiver(t)
	r.set(to("good", good.addr), to("stuck", stuck.addr))
	b := r.publish()
	for i := range b.packets {
		if p := &b.packets[i]; p.Track.Kind == video.Video {
			p.Data = append(p.Data[:len(p.Data):len(p.Data)], make([]byte, 200_000)...)
		}
	}
	sent := 0
	eventually(t, "the stuck server is given up", func() bool {
		b.send(1)
		sent++
		if sent > 50 { // before, the beginning is gathered
			good.reception(0).wait(sent)
		}
		return r.status("stuck").Failures > 0
	})
	s := r.status("stuck")
	if !errors.Is(s.Err, rtmp.ErrTimeout) || s.Dropped == 0 {
		t.Errorf("%+v", s)
	}
	if s := r.status("good"); s.Failures != 0 || s.Dropped != 0 {
		t.Errorf("%+v", s)
	}
}

// blocking is a receiver that takes no packets.
type blocking struct{ *receiver }

func (b blocking) Publish(ctx context.Context, req video.PublishRequest) (video.Publication, error) {
	p, err := b.receiver.Publish(ctx, req)
	if err != nil {
		return nil, err
	}
	return blockingReception{p.(*reception)}, nil
}

type blockingReception struct{ *reception }

func (b blockingReception) WritePacket(video.Packet) error {
	<-b.r.block
	return nil
}

func TestAServerThatDiesIsTriedAgain(t *testing.T) {
	r := newRig(t, Config{})
	far := newReceiver(t)
	r.set(to("far", far.addr))
	b := r.publish()
	b.send(100)
	far.reception(0).wait(100)
	far.stop()
	b.sendUntil("a failure", func() bool { return r.status("far").Failures > 0 })

	again := newReceiverAt(t, far.addr, nil)
	b.sendUntil("another connection", func() bool { return r.status("far").Connects == 2 })
	p := again.reception(0)
	b.sendUntil("packets", func() bool { return len(p.get()) > 20 })
	if got := p.get()[0]; got.DTS != 0 || !got.Key || got.Track.Kind != video.Video {
		t.Errorf("the second connection begins with %v at %v, key %v", got.Track.Kind, got.DTS, got.Key)
	}
	if s := r.status("far"); s.State != Live || s.Err != nil || !s.RetryAt.IsZero() {
		t.Errorf("%+v", s)
	}
}

func TestAConnectionOutlivesAnInterruption(t *testing.T) {
	r := newRig(t, Config{})
	far := newReceiver(t)
	r.set(to("far", far.addr))
	b := r.publish()
	b.send(100)
	p := far.reception(0)
	before := p.wait(100)
	b.Close(errors.New("gone"))

	b = r.publish()
	b.next = 5 // no key frame
	b.send(100)
	after := p.wait(120)[100:]
	first := after[0]
	for _, q := range after {
		if q.Track.Kind == video.Video {
			first = q
			break
		}
	}
	if !first.Key {
		t.Error("after the interruption the picture does not begin with a key frame")
	}
	if d := after[0].DTS - before[99].DTS; d < 0 || d > 5*time.Second {
		t.Errorf("the clock went on by %v", d)
	}
	if s := r.status("far"); s.Connects != 1 || s.State != Live {
		t.Errorf("%+v", s)
	}
}

func TestAServerMayLeaveDuringAnInterruption(t *testing.T) {
	r := newRig(t, Config{})
	far := newReceiver(t)
	r.set(to("far", far.addr))
	b := r.publish()
	b.send(100)
	p := far.reception(0)
	p.wait(100)
	b.Close(errors.New("gone"))
	p.mu.Lock()
	p.err = video.ErrDisconnected
	p.mu.Unlock()
	close(p.done)
	r.wantState("far", Idle)
	if s := r.status("far"); s.Failures != 0 {
		t.Errorf("%+v", s)
	}
	r.publish().send(100)
	far.reception(1).wait(90)
}

func TestOutputsChangeOneByOne(t *testing.T) {
	r := newRig(t, Config{})
	one, two := newReceiver(t), newReceiver(t)
	r.set(to("one", one.addr))
	b := r.publish()
	b.send(60)
	p := one.reception(0)
	p.wait(60)

	renamed := to("one", one.addr)
	renamed.Name = "One"
	r.set(to("two", two.addr), renamed)
	b.sendUntil("the second output", func() bool { return r.status("two").State == Live })
	if s := r.status("one"); s.Name != "One" || s.Connects != 1 || s.State != Live {
		t.Errorf("the first output was disturbed: %+v", s)
	}
	q := two.reception(0)
	b.sendUntil("its packets", func() bool { return len(q.get()) > 20 })
	if got := q.get()[0]; got.DTS != 0 || got.Track.Kind != video.Video || !got.Key {
		t.Errorf("it begins with %v at %v, key %v", got.Track.Kind, got.DTS, got.Key)
	}

	// Off, and on again with a server that has not noticed yet: the second
	// publisher comes after the first one has gone.
	off := renamed
	off.Enabled = false
	r.set(to("two", two.addr), off)
	if s := r.status("one"); s.State != Disabled {
		t.Errorf("%+v", s)
	}
	r.set(to("two", two.addr), renamed)
	b.send(100)
	if err := p.end(); err != nil {
		t.Errorf("the server was told %v", err)
	}
	b.sendUntil("the first output again", func() bool { return r.status("one").State == Live })
	one.reception(1)
	if s := r.status("one"); s.Failures != 0 {
		t.Errorf("%+v", s)
	}

	r.set(renamed)
	if err := q.end(); err != nil {
		t.Errorf("the server was told %v", err)
	}
	if n := len(r.service.Status()); n != 1 {
		t.Errorf("%d outputs", n)
	}
	if err := r.service.Shutdown(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := one.reception(1).end(); err != nil {
		t.Errorf("the server was told %v", err)
	}
	if err := r.service.Set(nil); !errors.Is(err, video.ErrServerClosed) {
		t.Errorf("Set after Shutdown: %v", err)
	}
}

func TestAPanicInAnEventIsLogged(t *testing.T) {
	r := newRig(t, Config{})
	r.service.cfg.Events.OutputStarted = func(context.Context, OutputStarted) { panic("host") }
	far := newReceiver(t)
	r.set(to("far", far.addr))
	r.publish().send(100)
	far.reception(0).wait(100)
	if !strings.Contains(r.log.String(), "panic recovered") {
		t.Errorf("the log has no panic:\n%s", r.log)
	}
}
