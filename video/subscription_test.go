package video

import (
	"context"
	"errors"
	"io"
	"testing"
	"time"
)

// read returns what the subscription has within a second.
func read(t *testing.T, sub *Subscription) (Packet, error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
	defer cancel()
	p, err := sub.Read(ctx)
	if errors.Is(err, context.DeadlineExceeded) {
		t.Fatal("nothing to read")
	}
	return p, err
}

func wantPackets(t *testing.T, sub *Subscription, n int) []Packet {
	t.Helper()
	var ps []Packet
	for range n {
		p, err := read(t, sub)
		if err != nil {
			t.Fatalf("after %d packets: %v", len(ps), err)
		}
		ps = append(ps, p)
	}
	return ps
}

func wantMark(t *testing.T, sub *Subscription, want error) {
	t.Helper()
	if p, err := read(t, sub); !errors.Is(err, want) {
		t.Fatalf("read %v, %v, want %v", p.DTS, err, want)
	}
}

func TestSubscriptionReadsSessionAfterSession(t *testing.T) {
	r := newRig(t)
	sub := r.server.Subscribe(SubscriptionLimits{})
	defer sub.Close()

	e := r.publish()
	e.send(3)
	ps := wantPackets(t, sub, 6)
	if !ps[0].Key || ps[0].Discontinuity {
		t.Errorf("it begins with key %v, discontinuity %v", ps[0].Key, ps[0].Discontinuity)
	}
	e.Close(errGone)
	wantMark(t, sub, ErrInterrupted)

	e = r.publish()
	e.send(2)
	back := wantPackets(t, sub, 4)
	if !back[0].Discontinuity || back[1].Discontinuity {
		t.Errorf("after the return: discontinuity %v, %v", back[0].Discontinuity, back[1].Discontinuity)
	}
	if back[0].DTS <= ps[5].DTS {
		t.Errorf("the clock went from %v to %v", ps[5].DTS, back[0].DTS)
	}
	r.server.Disconnect()
	wantMark(t, sub, io.EOF)
	e.Close(nil)

	e = r.publish()
	e.send(1)
	wantPackets(t, sub, 2)
	e.Close(nil)
	r.shutdown()
	wantMark(t, sub, ErrInterrupted)
	wantMark(t, sub, io.EOF)
	wantMark(t, sub, ErrServerClosed)
	wantMark(t, sub, ErrServerClosed)
}

func TestSubscriptionBeginsWithAKeyFrame(t *testing.T) {
	r := newRig(t)
	e := r.publish()
	e.send(4)
	sub := r.server.Subscribe(SubscriptionLimits{})
	defer sub.Close()
	for _, key := range []bool{false, false, true, false} {
		if err := e.write(key); err != nil {
			t.Fatal(err)
		}
	}
	if ps := wantPackets(t, sub, 2); !ps[0].Key {
		t.Error("it begins with a picture that cannot be decoded")
	}
	e.Close(nil)
}

func TestSubscriptionInMidSessionDoesNotBeginWithTheSound(t *testing.T) {
	r := newRig(t)
	e := r.publish()
	e.send(4)
	sub := r.server.Subscribe(SubscriptionLimits{})
	defer sub.Close()
	if err := e.WritePacket(Packet{Track: testAudio, DTS: e.dts, Key: true, Data: make([]byte, 100)}); err != nil {
		t.Fatal(err)
	}
	for _, key := range []bool{false, true} {
		if err := e.write(key); err != nil {
			t.Fatal(err)
		}
	}
	if ps := wantPackets(t, sub, 2); ps[0].Track.Kind != Video || !ps[0].Key {
		t.Errorf("it begins with %v, key %v", ps[0].Track.Kind, ps[0].Key)
	}
	e.Close(nil)
}

func TestSubscriptionOfASlowReader(t *testing.T) {
	r := newRig(t)
	sub := r.server.Subscribe(SubscriptionLimits{Time: 200 * time.Millisecond})
	defer sub.Close()
	e := r.publish()
	e.send(40)
	if sub.Lost() == 0 {
		t.Fatal("a queue of 200 ms holds everything")
	}
	if err := e.write(true); err != nil {
		t.Fatal(err)
	}
	e.Close(nil)
	var ps []Packet
	for {
		p, err := read(t, sub)
		if err != nil {
			if !errors.Is(err, ErrInterrupted) {
				t.Fatal(err)
			}
			break
		}
		ps = append(ps, p)
	}
	if len(ps) != 2 || ps[0].Track.Kind != Video || !ps[0].Key || !ps[0].Discontinuity {
		t.Errorf("after the gap come %d packets: %+v", len(ps), ps)
	}
}

func TestClosedSubscription(t *testing.T) {
	r := newRig(t)
	sub := r.server.Subscribe(SubscriptionLimits{})
	got := make(chan error, 1)
	go func() {
		_, err := sub.Read(context.Background())
		got <- err
	}()
	sub.Close()
	sub.Close()
	if err := <-got; !errors.Is(err, ErrUnsubscribed) {
		t.Errorf("read %v", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	other := r.server.Subscribe(SubscriptionLimits{})
	defer other.Close()
	if _, err := other.Read(ctx); !errors.Is(err, context.Canceled) {
		t.Errorf("read %v with a context that is done", err)
	}
}

func TestSubscriptionThatBeginsBetweenPictures(t *testing.T) {
	r := newRig(t)
	e := r.publish()
	e.send(4)
	sub := r.server.Subscribe(SubscriptionLimits{})
	defer sub.Close()
	if err := e.WritePacket(Packet{Track: testAudio, DTS: e.dts, Key: true, Data: make([]byte, 100)}); err != nil {
		t.Fatal(err)
	}
	for _, key := range []bool{false, true} {
		if err := e.write(key); err != nil {
			t.Fatal(err)
		}
	}
	if ps := wantPackets(t, sub, 1); ps[0].Track.Kind != Video || !ps[0].Key {
		t.Errorf("it begins with %v, key %v", ps[0].Track.Kind, ps[0].Key)
	}
	e.Close(nil)
}
