package video_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/owncast-go/owncast/video"
	"github.com/owncast-go/owncast/video/flv"
	"github.com/owncast-go/owncast/video/hls"
	"github.com/owncast-go/owncast/video/videotest"
)

// clipPackets is the clip as an ingest has it, over and over.
func clipPackets(t testing.TB, length time.Duration) (ps []video.Packet) {
	t.Helper()
	tags, err := videotest.Loop(videotest.Clip(), videotest.ClipDuration)
	if err != nil {
		t.Fatal(err)
	}
	var d flv.Decoder
	for tag := range tags {
		var p video.Packet
		var ok bool
		switch tag.Type {
		case flv.TagVideo:
			p, ok, err = d.Video(tag.Timestamp, tag.Body)
		case flv.TagAudio:
			p, ok, err = d.Audio(tag.Timestamp, tag.Body)
		}
		if err != nil {
			t.Fatal(err)
		}
		if ok {
			ps = append(ps, p)
		}
		if tag.Timestamp >= length {
			return ps
		}
	}
	return ps
}

// channel is a Server with a real Packager and a Transcoder under test, in a
// bubble of synctest. Nothing that the Transcoder does may be noticed by the
// publisher or in the playlist of the broadcast.
type channel struct {
	t        *testing.T
	server   *video.Server
	state    video.State
	packager *hls.Packager

	mu     sync.Mutex
	events []string
	gap    time.Duration // where the picture is gone for long
	begin  time.Time
}

func twoRungs() video.Ladder {
	return video.Ladder{Renditions: []video.Rendition{
		{Name: "large", Height: 360, VideoBitrate: 800_000}, {Name: "small", Height: 180, VideoBitrate: 200_000},
	}}
}

func newLadderChannel(t *testing.T, ladder video.Ladder, f video.TranscoderFunc) *channel {
	t.Helper()
	c := &channel{t: t, packager: hls.New(hls.Config{}), begin: time.Now()}
	note := func(format string, args ...any) {
		c.mu.Lock()
		defer c.mu.Unlock()
		c.events = append(c.events, fmt.Sprintf(format, args...))
	}
	var err error
	c.server, err = video.NewServer(video.Config{
		State: &c.state, Packager: c.packager, Transcoder: f,
		Ladder:  func(context.Context) (video.Ladder, error) { return ladder, nil },
		Latency: func(context.Context) (video.Latency, error) { return video.LatencyLevel(0), nil },
		Auth:    video.PublishAuthorizerFunc(func(context.Context, video.PublishRequest) error { return nil }),
		Events: video.Events{
			RenditionStarted: func(_ context.Context, e video.RenditionStarted) {
				if !e.Status.Renditions[e.Index].Running || e.Rendition != ladder.Renditions[e.Index] {
					t.Errorf("started: %+v", e)
				}
				note("started %d", e.Index)
			},
			RenditionFailed: func(_ context.Context, e video.RenditionFailed) {
				if s := e.Status.Renditions[e.Index]; s.Running || !errors.Is(s.Err, e.Err) {
					t.Errorf("failed: %+v", e)
				}
				note("failed %d, %v: %v", e.Index, e.Retry, e.Err)
			},
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// publish publishes packets at their pace, and returns when they are sent.
func (c *channel) publish(ps []video.Packet) {
	c.t.Helper()
	p, err := c.server.Publish(c.t.Context(), video.PublishRequest{})
	if err != nil {
		c.t.Fatal(err)
	}
	defer p.Close(nil)
	start, seen := time.Now(), ""
	next := start.Add(5 * time.Second)
	for i, q := range ps {
		if i > 0 && q.DTS-ps[i-1].DTS > 0 && c.gap > 0 && q.DTS > c.gap {
			next = time.Now().Add(2 * time.Second) // a playlist waits for the picture
			c.gap = 0
		}
		time.Sleep(time.Until(start.Add(q.DTS - ps[0].DTS)))
		before := time.Now()
		if err := p.WritePacket(q); err != nil {
			c.t.Fatal(err)
		}
		if d := time.Since(before); d > 0 {
			c.t.Errorf("at %v: the publisher waited for %v", q.DTS, d)
		}
		if time.Now().After(next) { // more than a part later there is another part
			hint := c.hint("/0/stream.m3u8")
			if hint == seen {
				c.t.Errorf("at %v: the broadcast's playlist stands at %q", q.DTS, hint)
			}
			seen, next = hint, next.Add(500*time.Millisecond)
		}
	}
}

func (c *channel) get(target string) (int, string) {
	w := httptest.NewRecorder()
	c.packager.ServeHTTP(w, httptest.NewRequest("GET", target, nil))
	return w.Code, w.Body.String()
}

func (c *channel) hint(target string) string {
	_, text := c.get(target)
	_, hint, _ := strings.Cut(text, "#EXT-X-PRELOAD-HINT:")
	hint, _, _ = strings.Cut(hint, "\n")
	return hint
}

// listed is what the multivariant playlist lists.
func (c *channel) listed() string {
	_, text := c.get("/stream.m3u8")
	var list []string
	for line := range strings.Lines(text) {
		if dir, ok := strings.CutSuffix(strings.TrimSpace(line), "/stream.m3u8"); ok {
			list = append(list, dir)
		}
	}
	return strings.Join(list, " ")
}

// at calls f at times of the test, while something else goes on.
func (c *channel) at(d time.Duration, f func()) *sync.WaitGroup {
	var wg sync.WaitGroup
	wg.Go(func() {
		time.Sleep(time.Until(c.begin.Add(d)))
		synctest.Wait()
		f()
	})
	return &wg
}

// wantEvents compares the events of each rendition; those of two may be in
// either order.
func (c *channel) wantEvents(want ...string) {
	c.t.Helper()
	c.compare(want, false)
}

// wantFirstEvents is for tests that end in the middle of something.
func (c *channel) wantFirstEvents(want ...string) {
	c.t.Helper()
	c.compare(want, true)
}

func (c *channel) compare(want []string, first bool) {
	c.t.Helper()
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, index := range []string{"0", "1"} {
		others := func(e string) bool {
			return !strings.HasPrefix(e, "started "+index) && !strings.HasPrefix(e, "failed "+index)
		}
		got, want := slices.DeleteFunc(slices.Clone(c.events), others), slices.DeleteFunc(slices.Clone(want), others)
		if first {
			got = got[:min(len(got), len(want))]
		}
		if !slices.Equal(got, want) {
			c.t.Errorf("events of %s:\n%s\nwant:\n%s", index, strings.Join(got, "\n"), strings.Join(want, "\n"))
		}
	}
}

func (c *channel) wantListed(want string) {
	c.t.Helper()
	if got := c.listed(); got != want {
		c.t.Errorf("after %v: %q is listed, want %q", time.Since(c.begin), got, want)
	}
}

func (c *channel) shutdown() {
	c.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	if err := errors.Join(c.server.Shutdown(ctx), c.packager.Shutdown(ctx)); err != nil {
		c.t.Error(err)
	}
}

// echo gives every rendition what comes in.
func echo(ctx context.Context, src video.PacketReader, ladder []video.Rendition, sink video.RenditionWriter) error {
	return relay(ctx, src, ladder, sink, func(video.Packet) error { return nil })
}

// relay is echo that asks about each packet first.
func relay(ctx context.Context, src video.PacketReader, ladder []video.Rendition, sink video.RenditionWriter, ask func(video.Packet) error) error {
	for {
		p, err := src.Read(ctx)
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err == nil {
			err = ask(p)
		}
		if err != nil {
			return err
		}
		for i := range ladder {
			if err := sink.WriteRendition(i, p); err != nil {
				return err
			}
		}
	}
}

func (c *channel) segments(target string) int {
	_, text := c.get(target)
	return strings.Count(text, "#EXTINF:")
}
