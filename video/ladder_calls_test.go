package video_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/owncast-go/owncast/video"
	"github.com/owncast-go/owncast/video/hls"
)

// recorder notes what a Server tells the Packager of rendition 0: "first" is a
// packet with Discontinuity, and a stretch of others is one "more".
type recorder struct {
	*hls.Packager
	mu    sync.Mutex
	calls []string
}

func (r *recorder) note(i int, call string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if n := len(r.calls); i == 0 && (n == 0 || r.calls[n-1] != call) {
		r.calls = append(r.calls, call)
	}
}

func (r *recorder) WriteRendition(session string, i int, p video.Packet) error {
	r.note(i, map[bool]string{true: "first", false: "more"}[p.Discontinuity])
	return r.Packager.WriteRendition(session, i, p)
}

func (r *recorder) EndRendition(session string, i int) {
	r.note(i, "end")
	r.Packager.EndRendition(session, i)
}

func (r *recorder) DropRendition(session string, i int) {
	r.note(i, "drop")
	r.Packager.DropRendition(session, i)
}

func (r *recorder) want(t *testing.T, want ...string) {
	t.Helper()
	r.mu.Lock()
	defer r.mu.Unlock()
	if !slices.Equal(r.calls, want) {
		t.Errorf("calls %q, want %q", r.calls, want)
	}
}

// recorded is a channel in front of a recorder.
func recorded(t *testing.T, f video.TranscoderFunc) (*channel, *recorder) {
	t.Helper()
	c := newLadderChannel(t, twoRungs(), f)
	r := &recorder{Packager: c.packager}
	var err error
	c.server, err = video.NewServer(video.Config{
		State: &c.state, Packager: r, Transcoder: f,
		Ladder:  func(context.Context) (video.Ladder, error) { return twoRungs(), nil },
		Latency: func(context.Context) (video.Latency, error) { return video.LatencyLevel(0), nil },
		Auth:    video.PublishAuthorizerFunc(func(context.Context, video.PublishRequest) error { return nil }),
	})
	if err != nil {
		t.Fatal(err)
	}
	return c, r
}

func TestWhatThePackagerHearsOfARendition(t *testing.T) {
	ps := clipPackets(t, 5*time.Second)
	synctest.Test(t, func(t *testing.T) {
		var runs []string
		c, r := recorded(t, func(ctx context.Context, src video.PacketReader, ladder []video.Rendition, sink video.RenditionWriter) error {
			n, breaks := 0, 0
			err := relay(ctx, src, ladder, sink, func(p video.Packet) error {
				if n++; p.Discontinuity || n == 1 && !p.Key {
					breaks++
				}
				return nil
			})
			runs = append(runs, fmt.Sprintf("%d breaks, %v", breaks, err))
			return err
		})
		c.publish(ps)
		c.publish(ps) // back within the grace
		// A picture of another size, without a break.
		other := slices.Clone(ps)
		track := *ps[0].Track
		for i, p := range other {
			if p.Track.Kind == video.Video {
				track = *p.Track
			}
			if p.Track.Kind == video.Video && p.DTS >= 3*time.Second {
				q := track
				q.Config = append(slices.Clone(q.Config), 0)
				other[i].Track = &q
			}
		}
		c.publish(other)
		synctest.Wait()
		c.shutdown()
		r.want(t, "first", "more", "end", "first", "more", "end", "first", "more", "end", "first", "more", "end")
		if want := slices.Repeat([]string{"0 breaks, <nil>"}, 4); !slices.Equal(runs, want) {
			t.Errorf("runs %q, want %q", runs, want)
		}
	})
}

func TestNothingComesOfATranscoderThatWasGivenUp(t *testing.T) {
	ps := clipPackets(t, 30*time.Second)
	synctest.Test(t, func(t *testing.T) {
		release, written := make(chan struct{}), make(chan error, 1)
		var calls atomic.Int32
		c, r := recorded(t, func(ctx context.Context, src video.PacketReader, _ []video.Rendition, sink video.RenditionWriter) error {
			if calls.Add(1) > 1 {
				<-ctx.Done()
				return ctx.Err()
			}
			p, err := src.Read(ctx)
			if err != nil {
				return err
			}
			<-release
			written <- sink.WriteRendition(0, p)
			if _, err := src.Read(context.Background()); err == nil {
				t.Error("it can go on reading")
			}
			return nil
		})
		wg := c.at(15*time.Second, func() { close(release) })
		c.publish(ps)
		wg.Wait()
		c.shutdown()
		if <-written == nil {
			t.Error("it can go on writing")
		}
		r.want(t, "drop")
	})
}

func TestTheEndOfASessionEndsItsTranscoder(t *testing.T) {
	ps := clipPackets(t, 4*time.Second)
	synctest.Test(t, func(t *testing.T) {
		var ended time.Time
		c := newLadderChannel(t, twoRungs(), func(ctx context.Context, _ video.PacketReader, _ []video.Rendition, _ video.RenditionWriter) error {
			<-ctx.Done()
			ended = time.Now()
			return ctx.Err()
		})
		c.publish(ps)
		now := time.Now()
		c.server.Disconnect()
		synctest.Wait()
		if !ended.Equal(now) {
			t.Errorf("the session ended at %v, its Transcoder at %v", now, ended)
		}
		c.shutdown()
	})
}

var errNot = errors.New("not for this host")

// The errors of a Transcoder come as they are.
func TestTheErrorOfATranscoderIsInTheStatus(t *testing.T) {
	ps := clipPackets(t, 3*time.Second)
	synctest.Test(t, func(t *testing.T) {
		c := newLadderChannel(t, twoRungs(), func(context.Context, video.PacketReader, []video.Rendition, video.RenditionWriter) error {
			return fmt.Errorf("starting: %w", errNot)
		})
		c.publish(ps)
		for _, s := range c.state.Status().Renditions {
			if !errors.Is(s.Err, errNot) {
				t.Errorf("%+v", s)
			}
		}
		c.shutdown()
	})
}
