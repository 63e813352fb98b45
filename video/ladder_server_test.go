package video_test

import (
	"context"
	"crypto/rand"
	"errors"
	"slices"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/owncast-go/owncast/video"
	"github.com/owncast-go/owncast/video/hls"
)

// ladderTest runs in a bubble.
func ladderTest(t *testing.T, name string, f func(*testing.T)) {
	t.Helper()
	t.Run(name, func(t *testing.T) { synctest.Test(t, f) })
}

func TestALadderThatKeepsUp(t *testing.T) {
	ps := clipPackets(t, 30*time.Second)
	synctest.Test(t, func(t *testing.T) {
		c := newLadderChannel(t, twoRungs(), echo)
		c.gap = 10 * time.Second
		wg := c.at(20*time.Second, func() {
			c.wantListed("0 1 2 audio")
			for i, s := range c.state.Status().Renditions {
				if s.Name != twoRungs().Renditions[i].Name || !s.Running || s.Err != nil || s.Restarts != 0 ||
					s.Speed < 0.9 || s.Speed > 1.1 || s.Lag > 100*time.Millisecond || s.FrameRate < 29.9 || s.FrameRate > 30.1 || s.Bitrate < 10_000 {
					t.Errorf("rendition %d: %+v", i, s)
				}
			}
		})
		c.publish(ps)
		wg.Wait()
		synctest.Wait()
		if st := c.state.Status(); st.Renditions[0].Running {
			t.Error("it runs while there is no publisher")
		}
		c.publish(ps[:len(ps)/2]) // back within the grace
		c.wantListed("0 1 2 audio")
		if n, m := c.segments("/0/stream.m3u8"), c.segments("/1/stream.m3u8"); n != m {
			t.Errorf("%d segments of the broadcast, %d of the rendition", n, m)
		}
		c.shutdown()
		if st := c.state.Status(); st.Renditions != nil {
			t.Errorf("offline: %+v", st.Renditions)
		}
		c.wantEvents("started 0", "started 1")
	})
}

func TestATranscoderThatIsTooSlow(t *testing.T) {
	ps := clipPackets(t, 100*time.Second)
	synctest.Test(t, func(t *testing.T) {
		// The machine can do one rendition, and half the work of two.
		c := newLadderChannel(t, twoRungs(), func(ctx context.Context, src video.PacketReader, ladder []video.Rendition, sink video.RenditionWriter) error {
			last := time.Duration(-1)
			return relay(ctx, src, ladder, sink, func(p video.Packet) error {
				if d := p.DTS - last; last >= 0 && d > 0 && len(ladder) > 1 {
					time.Sleep(2 * d)
				}
				last = max(last, p.DTS)
				return ctx.Err()
			})
		})
		failed := c.at(14*time.Second, func() {
			c.wantListed("0 audio")
			if code, _ := c.get("/1/stream.m3u8"); code != 404 {
				t.Errorf("its playlist: %d", code)
			}
		})
		back := c.at(40*time.Second, func() {
			c.wantListed("0 2 audio")
			st := c.state.Status().Renditions
			if st[0].Running || !errors.Is(st[0].Err, video.ErrTooSlow) || !st[1].Running || st[1].Err != nil || st[1].Restarts != 1 {
				t.Errorf("%+v", st)
			}
		})
		c.publish(ps)
		failed.Wait()
		back.Wait()
		c.shutdown()
		c.wantEvents("started 0", "started 1",
			"failed 0, 1m0s: "+video.ErrTooSlow.Error(), "failed 1, 1s: "+video.ErrTooSlow.Error(), "started 1",
			// The whole of it is tried again at the end of the minute, and then
			// not for two.
			"started 0",
			"failed 0, 2m0s: "+video.ErrTooSlow.Error(), "failed 1, 2s: "+video.ErrTooSlow.Error(), "started 1")
	})
}

// failures are the events of two renditions that fail together, again and
// again after the pauses.
func failures(err string, pauses ...string) (events []string) {
	for _, pause := range pauses {
		events = append(events, "failed 0, "+pause+": "+err, "failed 1, "+pause+": "+err)
	}
	return events
}

func TestTranscodersThatFail(t *testing.T) {
	ps := clipPackets(t, 19*time.Second)
	const early = "video: the transcoder ended before the broadcast"
	boom := errors.New("boom")
	// change has rendition 1 get something else after five seconds.
	change := func(f func(p *video.Packet) (index int)) video.TranscoderFunc {
		return func(ctx context.Context, src video.PacketReader, ladder []video.Rendition, sink video.RenditionWriter) error {
			return relay(ctx, src, ladder[:1], sink, func(p video.Packet) error {
				if len(ladder) < 2 {
					return nil
				}
				i := 1
				if p.DTS > 5*time.Second {
					i = f(&p)
				}
				return sink.WriteRendition(i, p)
			})
		}
	}
	for _, tt := range []struct {
		name   string
		f      video.TranscoderFunc
		listed string // after 15 s
		want   []string
	}{
		{"hangs", func(ctx context.Context, _ video.PacketReader, _ []video.Rendition, _ video.RenditionWriter) error {
			<-ctx.Done()
			return ctx.Err()
		}, "0 audio", failures(video.ErrStalled.Error(), "1s", "2s")},
		{"dies after three seconds", func(ctx context.Context, src video.PacketReader, ladder []video.Rendition, sink video.RenditionWriter) error {
			start := time.Now()
			return relay(ctx, src, ladder, sink, func(video.Packet) error {
				if time.Since(start) > 3*time.Second {
					return boom
				}
				return nil
			})
		}, "0 audio", []string{"started 0", "started 1", "failed 0, 1s: " + "boom", "failed 1, 1s: " + "boom", "started 0", "started 1", "failed 0, 2s: " + "boom", "failed 1, 2s: " + "boom", "started 0", "started 1", "failed 0, 4s: " + "boom", "failed 1, 4s: " + "boom"}},
		{"panics", func(context.Context, video.PacketReader, []video.Rendition, video.RenditionWriter) error {
			panic("boom")
		}, "0 audio", failures("video: panic in transcoder: boom", "1s", "2s", "4s", "8s")},
		{"ends too early", func(context.Context, video.PacketReader, []video.Rendition, video.RenditionWriter) error { return nil }, "0 audio", failures(early, "1s", "2s", "4s", "8s")},
		{"one rendition fails", func(ctx context.Context, src video.PacketReader, ladder []video.Rendition, sink video.RenditionWriter) error {
			return relay(ctx, src, ladder, sink, func(p video.Packet) error {
				if len(ladder) > 1 && p.DTS > 5*time.Second {
					return &video.RenditionError{Index: 1, Err: boom}
				}
				return nil
			})
		}, "0 1 audio", []string{"started 0", "started 1", "failed 1, 1m0s: video: rendition 1: boom"}},
		{"one rendition never comes", func(ctx context.Context, src video.PacketReader, ladder []video.Rendition, sink video.RenditionWriter) error {
			return echo(ctx, src, ladder[:1], sink)
		}, "0 1 audio", []string{"started 0", "failed 1, 1m0s: " + video.ErrStalled.Error()}},
		{"random bytes", change(func(p *video.Packet) int {
			p.Data = make([]byte, len(p.Data))
			_, _ = rand.Read(p.Data)
			return 1
		}), "0 1 audio", []string{"started 0", "started 1", "failed 1, 1m0s: video: codec h264: a picture that is not made of NAL units"}},
		{"no data", change(func(p *video.Packet) int { p.Data = nil; return 1 }), "0 1 audio", []string{"started 0", "started 1", "failed 1, 1m0s: video: packet without data"}},
		{"no track", change(func(p *video.Packet) int { p.Track = nil; return 1 }), "0 1 audio", []string{"started 0", "started 1", "failed 1, 1m0s: video: packet without a track"}},
		{"another kind of track", change(func(p *video.Packet) int { p.Track = &video.Track{Kind: 7}; return 1 }), "0 1 audio", []string{"started 0", "started 1", "failed 1, 1m0s: video: packet without a track"}},
		{"an unknown codec", change(func(p *video.Packet) int { p.Track = &video.Track{Kind: video.Video, Codec: "theora"}; return 1 }), "0 1 audio", []string{"started 0", "started 1", "failed 1, 1m0s: video: codec theora: not supported"}},
		{"a broken configuration", change(func(p *video.Packet) int {
			p.Track = &video.Track{Kind: video.Video, Codec: video.H264, Config: []byte{1, 2, 3}}
			return 1
		}), "0 1 audio", []string{"started 0", "started 1", "failed 1, 1m0s: video: codec h264: truncated configuration"}},
		{"a clock far ahead", change(func(p *video.Packet) int { p.DTS += time.Hour; return 1 }), "0 1 audio", []string{"started 0", "started 1", "failed 1, 1m0s: video: packet of 1h0m5.007s, of a broadcast from 100ms to 5.007s"}},
		{"a clock that goes back", change(func(p *video.Packet) int { p.DTS -= time.Second; return 1 }), "0 1 audio", []string{"started 0", "started 1", "failed 1, 1m0s: video: packet of 4.007s after one of 4.985s"}},
		{"a clock below zero", change(func(p *video.Packet) int { p.DTS = -p.DTS; return 1 }), "0 1 audio", []string{"started 0", "started 1", "failed 1, 1m0s: video: packet of -5.007s, of a broadcast from 100ms to 5.007s"}},
		{"impossible presentation times", change(func(p *video.Packet) int { p.CTS = time.Hour; return 1 }), "0 1 audio", []string{"started 0", "started 1", "failed 1, 1m0s: video: packet presented 1h0m0s after it is decoded"}},
		{"no key frames", change(func(p *video.Packet) int { p.Key = p.Track.Kind == video.Audio; return 1 }), "0 1 audio", []string{"started 0", "started 1", "failed 1, 1m0s: rendition 1: hls: key frames are not where the broadcast has them"}},
		{"an index that is not there", change(func(*video.Packet) int { return 2 }), "0 audio", append([]string{"started 0", "started 1"}, failures("video: packet of rendition 2 of 2", "1s", "2s", "4s", "8s")...)},
		{"a negative index", change(func(*video.Packet) int { return -1 }), "0 audio", append([]string{"started 0", "started 1"}, failures("video: packet of rendition -1 of 2", "1s", "2s", "4s", "8s")...)},
	} {
		ladderTest(t, tt.name, func(t *testing.T) {
			c := newLadderChannel(t, twoRungs(), tt.f)
			wg := c.at(15*time.Second, func() { c.wantListed(tt.listed) })
			c.publish(ps)
			wg.Wait()
			c.shutdown()
			c.wantFirstEvents(tt.want...)
		})
	}
}

func TestATranscoderThatHangsWhenThePublisherHasGone(t *testing.T) {
	ps := clipPackets(t, 40*time.Second)
	synctest.Test(t, func(t *testing.T) {
		var calls atomic.Int32
		c := newLadderChannel(t, twoRungs(), func(ctx context.Context, src video.PacketReader, ladder []video.Rendition, sink video.RenditionWriter) error {
			err := echo(ctx, src, ladder, sink)
			if calls.Add(1) == 1 {
				<-ctx.Done()
				return ctx.Err()
			}
			return err
		})
		c.publish(ps[:len(ps)/4])
		c.publish(ps) // which comes back within the grace
		c.wantListed("0 1 2 audio")
		c.shutdown()
		stalled := video.ErrStalled.Error()
		c.wantEvents("started 0", "started 1", "failed 0, 1s: "+stalled, "failed 1, 1s: "+stalled, "started 0", "started 1")
	})
}

func TestATranscoderThatDoesNotEndIsLeftAlone(t *testing.T) {
	ps := clipPackets(t, 100*time.Second)
	synctest.Test(t, func(t *testing.T) {
		release := make(chan struct{})
		var calls atomic.Int32
		c := newLadderChannel(t, twoRungs(), func(context.Context, video.PacketReader, []video.Rendition, video.RenditionWriter) error {
			calls.Add(1)
			<-release
			return nil
		})
		c.publish(ps)
		if n := calls.Load(); n != 3 {
			t.Errorf("called %d times, want 3 that are put up with", n)
		}
		c.wantListed("0 audio")
		ctx, cancel := context.WithTimeout(context.Background(), time.Second)
		defer cancel()
		if err := c.server.Shutdown(ctx); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("Shutdown while it runs: %v", err)
		}
		close(release)
		c.shutdown()
	})
}

func TestABroadcastOfSoundHasNoLadder(t *testing.T) {
	ps := slices.DeleteFunc(clipPackets(t, 20*time.Second), func(p video.Packet) bool { return p.Track.Kind == video.Video })
	synctest.Test(t, func(t *testing.T) {
		c := newLadderChannel(t, twoRungs(), func(context.Context, video.PacketReader, []video.Rendition, video.RenditionWriter) error {
			t.Error("the Transcoder is called")
			return nil
		})
		c.publish(ps)
		c.wantListed("0")
		c.shutdown()
		c.wantEvents()
	})
}

func TestALadderWhosePictureGoes(t *testing.T) {
	ps := slices.DeleteFunc(clipPackets(t, 40*time.Second), func(p video.Packet) bool {
		return p.Track.Kind == video.Video && p.DTS > 10*time.Second && p.DTS < 25*time.Second
	})
	synctest.Test(t, func(t *testing.T) {
		c := newLadderChannel(t, twoRungs(), echo)
		c.gap = 10 * time.Second
		wg := c.at(20*time.Second, func() { c.wantListed("0") })
		c.publish(ps)
		wg.Wait()
		c.wantListed("0 1 2 audio")
		c.shutdown()
		c.wantEvents("started 0", "started 1", "started 0", "started 1")
	})
}

func TestTheLadderOfASession(t *testing.T) {
	config := func(ladder func(context.Context) (video.Ladder, error)) video.Config {
		return video.Config{
			State: new(video.State), Packager: hls.New(hls.Config{}), Ladder: ladder, Transcoder: video.TranscoderFunc(echo),
			Auth: video.PublishAuthorizerFunc(func(context.Context, video.PublishRequest) error { return nil }),
		}
	}
	if _, err := video.NewServer(config(nil)); err == nil {
		t.Error("a Transcoder without a ladder is taken")
	}
	plain := config(func(context.Context) (video.Ladder, error) { return twoRungs(), nil })
	plain.Packager = struct{ video.Packager }{plain.Packager}
	if _, err := video.NewServer(plain); err == nil {
		t.Error("a Transcoder is taken with a Packager that takes no renditions")
	}
	for name, f := range map[string]func(context.Context) (video.Ladder, error){
		"an error": func(context.Context) (video.Ladder, error) { return twoRungs(), errors.New("no") },
		"a panic":  func(context.Context) (video.Ladder, error) { panic("no") },
		"not valid": func(context.Context) (video.Ladder, error) {
			return video.Ladder{Source: video.Never}, nil
		},
	} {
		s, err := video.NewServer(config(f))
		if err != nil {
			t.Fatal(err)
		}
		p, err := s.Publish(t.Context(), video.PublishRequest{})
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		for _, q := range clipPackets(t, 5*time.Second) {
			if err := p.WritePacket(q); err != nil {
				t.Fatalf("%s: %v", name, err)
			}
		}
		p.Close(nil)
		if err := s.Shutdown(t.Context()); err != nil {
			t.Error(err)
		}
	}
}
