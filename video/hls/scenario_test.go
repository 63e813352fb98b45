package hls

import (
	"context"
	"errors"
	"fmt"
	"net"
	"slices"
	"testing"
	"time"

	"github.com/owncast-go/owncast/video"
)

// channelUnderTest is a Server in front of a Packager whose every playlist is
// checked. What is published has the wire's own timestamps.
type channelUnderTest struct {
	*feeder
	server  *video.Server
	state   *video.State
	started int
	stopped int
}

func newChannel(t *testing.T, policy video.Policy) *channelUnderTest {
	t.Helper()
	c := &channelUnderTest{feeder: newFeeder(t, Config{}, 0), state: new(video.State)}
	var err error
	c.server, err = video.NewServer(video.Config{
		State: c.state, Packager: resettable{c}, Policy: policy, Grace: time.Hour,
		Auth:    video.PublishAuthorizerFunc(func(context.Context, video.PublishRequest) error { return nil }),
		Latency: func(context.Context) (video.Latency, error) { return video.LatencyLevel(0), nil },
		Events: video.Events{
			StreamStarted: func(context.Context, video.StreamStarted) { c.started++ },
			StreamStopped: func(context.Context, video.StreamStopped) { c.stopped++ },
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// resettable gives each session fresh checkers.
type resettable struct{ c *channelUnderTest }

func (r resettable) Begin(s video.Session) error {
	r.c.checks = map[string]*checker{}
	return r.c.p.Begin(s)
}
func (r resettable) WritePacket(p video.Packet) error { return r.c.p.WritePacket(p) }
func (r resettable) Interrupt()                       { r.c.p.Interrupt() }
func (r resettable) End()                             { r.c.p.End() }

func (c *channelUnderTest) publish() video.Publication {
	c.t.Helper()
	p, err := c.server.Publish(c.t.Context(), video.PublishRequest{RemoteAddr: &net.TCPAddr{}})
	if err != nil {
		c.t.Fatal(err)
	}
	return p
}

func (c *channelUnderTest) send(p video.Publication, packets []video.Packet) {
	c.t.Helper()
	for _, q := range packets {
		if err := p.WritePacket(q); err != nil {
			c.t.Fatal(err)
		}
	}
}

func (c *channelUnderTest) end() {
	c.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	if err := c.server.Shutdown(ctx); err != nil {
		c.t.Error(err)
	}
}

// shift moves the packets of a kind, from a time on.
func shift(ps []video.Packet, kind video.Kind, from, by time.Duration) []video.Packet {
	out := slices.Clone(ps)
	for i := range out {
		if (kind == 0 || out[i].Track.Kind == kind) && out[i].DTS >= from {
			out[i].DTS += by
		}
	}
	return out
}

func TestClocksThatJumpKeepEveryRule(t *testing.T) {
	s := source{picture: pictureTrack(640), sound: soundTrack(t, 3), fps: 30, gop: time.Second}
	steady := s.packets(0, 40*time.Second)
	for _, kind := range []video.Kind{0, video.Video, video.Audio} {
		for _, by := range []time.Duration{-100 * time.Second, -3 * time.Second, -40 * time.Millisecond, 3 * time.Second, 100 * time.Second, 49 * 24 * time.Hour} {
			t.Run(fmt.Sprintf("%v by %v", kind, by), func(t *testing.T) {
				c := newChannel(t, video.Reject)
				p := c.publish()
				c.send(p, shift(steady, kind, 20*time.Second, by))
				want := 1
				if by == -40*time.Millisecond {
					want = 0
				}
				if n := c.discontinuities(mainRendition); n != want {
					t.Errorf("%d discontinuities, want %d", n, want)
				}
				p.Close(nil)
				c.end()
				if c.started != 1 || c.stopped != 1 {
					t.Errorf("started %d times, stopped %d times", c.started, c.stopped)
				}
			})
		}
	}
}

func TestTracksWithDifferentBasesKeepEveryRule(t *testing.T) {
	s := source{picture: pictureTrack(640), sound: soundTrack(t, 3), fps: 30, gop: time.Second}
	steady := s.packets(0, 20*time.Second)
	for _, by := range []time.Duration{500 * time.Millisecond, 10 * time.Second, 1000 * time.Hour} {
		for _, kind := range []video.Kind{video.Video, video.Audio} {
			c := newChannel(t, video.Reject)
			p := c.publish()
			c.send(p, shift(steady, kind, 0, by))
			if n := c.discontinuities(mainRendition); n != 0 {
				t.Errorf("%v ahead by %v: %d discontinuities", kind, by, n)
			}
			p.Close(nil)
			c.end()
		}
	}
}

func TestAPublisherThatFlapsStaysOneSession(t *testing.T) {
	s := source{picture: pictureTrack(640), sound: soundTrack(t, 3), fps: 30, gop: time.Second}
	run := s.packets(0, 2100*time.Millisecond)
	c := newChannel(t, video.Reject)
	for i := range 201 {
		p := c.publish()
		c.send(p, shift(run, 0, 0, time.Duration(i%3)*time.Hour))
		p.Close(errors.New("cut off"))
		if phase := c.state.Status().Phase; phase != video.Reconnecting {
			t.Fatalf("after the publisher has gone: %v", phase)
		}
	}
	for _, name := range []string{mainRendition, audioRendition} {
		if n := c.discontinuities(name); n != 200 {
			t.Errorf("%q: %d discontinuities after 200 returns", name, n)
		}
	}
	c.end()
	if c.started != 1 || c.stopped != 1 {
		t.Errorf("started %d times, stopped %d times", c.started, c.stopped)
	}
}

func TestASecondPublisherNeverFeedsBesideTheFirst(t *testing.T) {
	s := source{picture: pictureTrack(640), sound: soundTrack(t, 3), fps: 30, gop: time.Second}
	other := source{picture: pictureTrack(1280), sound: soundTrack(t, 4), fps: 25, gop: 2 * time.Second}
	c := newChannel(t, video.TakeOver)
	c.keyless = true // the second one's key frames are further apart than the session's segments may be long
	first := c.publish()
	c.send(first, s.packets(0, 10*time.Second))
	second := c.publish()
	theirs := other.packets(time.Hour, time.Hour+10*time.Second)
	late := s.packets(10*time.Second, 11*time.Second)
	for i, q := range theirs {
		if err := first.WritePacket(late[i%len(late)]); !errors.Is(err, video.ErrTakenOver) {
			t.Fatalf("the first publisher's packet: %v, want ErrTakenOver", err)
		}
		if err := second.WritePacket(q); err != nil {
			t.Fatal(err)
		}
	}
	first.Close(video.ErrTakenOver)
	if n := c.discontinuities(mainRendition); n != 1 {
		t.Errorf("%d discontinuities, want 1", n)
	}
	second.Close(nil)
	c.end()
}
