package video_test

import (
	"context"
	"crypto/rand"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/owncast-go/owncast/video"
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
		c.wantEvents("2s started 0", "2s started 1")
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
		failed := c.at(16*time.Second, func() {
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
		c.mu.Lock()
		defer c.mu.Unlock()
		t.Log(c.events)
	})
}

func TestTranscodersThatFail(t *testing.T) {
	ps := clipPackets(t, 40*time.Second)
	boom := errors.New("boom")
	for _, tt := range []struct {
		name   string
		f      video.TranscoderFunc
		listed string // after 30 s
		want   []string
	}{} {
		ladderTest(t, tt.name, func(t *testing.T) {
			c := newLadderChannel(t, twoRungs(), tt.f)
			wg := c.at(30*time.Second, func() { c.wantListed(tt.listed) })
			c.publish(ps)
			wg.Wait()
			c.shutdown()
			c.wantEvents(tt.want...)
		})
	}
	_, _ = boom, rand.Reader
}
