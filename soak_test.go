package owncast_test

import (
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/coder/websocket"

	"github.com/owncast-go/owncast"
	"github.com/owncast-go/owncast/video/recording"
	"github.com/owncast-go/owncast/video/rtmp"
	"github.com/owncast-go/owncast/video/videotest"
)

// soak is a channel on which everybody comes and goes: the publisher, viewers
// of both kinds, and people in the chat.
type soak struct {
	t    *testing.T
	c    *channel
	ctx  context.Context
	said atomic.Int64 // messages
	seen atomic.Int64 // bytes of media
	on   atomic.Int64 // broadcasts
}

func (s *soak) pause(d time.Duration) {
	select {
	case <-time.After(d):
	case <-s.ctx.Done():
	}
}

// between is a random time.
func between(from, to time.Duration) time.Duration { return from + rand.N(to-from) }

// flap publishes for some seconds, hangs up, and comes back: sometimes within
// the time that its session goes on, and sometimes later.
func (s *soak) flap() {
	for s.ctx.Err() == nil {
		client, err := rtmp.Dial(s.ctx, "rtmp://"+s.c.rtmp+"/live", rtmp.ClientConfig{StreamKey: "k"})
		if err != nil {
			s.pause(time.Second) // a server that is busy may refuse
			continue
		}
		s.on.Add(1)
		ctx, cancel := context.WithTimeout(s.ctx, between(3*time.Second, 25*time.Second))
		_ = videotest.Publish(ctx, client)
		cancel()
		_ = client.Close()
		s.pause(between(0, 6*time.Second))
	}
}

var soakNames = regexp.MustCompile(`(?m)^[^#\n].*\.m4s$`)

// watch follows the playlist for some seconds and fetches what is newest. All
// requests may fail: there may be no broadcast.
func (s *soak) watch(blocking bool) {
	for s.ctx.Err() == nil {
		client := &http.Client{Transport: &http.Transport{}, Timeout: time.Minute}
		for end := time.Now().Add(between(time.Second, 20*time.Second)); s.ctx.Err() == nil && time.Now().Before(end); {
			query := ""
			list := s.fetch(client, "/hls/0/stream.m3u8")
			names := soakNames.FindAllString(list, -1)
			if blocking && len(names) > 0 {
				first := 0
				_, after, _ := strings.Cut(list, "#EXT-X-MEDIA-SEQUENCE:")
				_, _ = fmt.Sscan(after, &first)
				query = fmt.Sprintf("?_HLS_msn=%d", first+len(names))
				names = soakNames.FindAllString(s.fetch(client, "/hls/0/stream.m3u8"+query), -1)
			}
			if len(names) > 0 {
				s.seen.Add(int64(len(s.fetch(client, "/hls/0/"+names[len(names)-1]))))
			}
			if !blocking || len(names) == 0 {
				s.pause(time.Second)
			}
		}
		client.CloseIdleConnections()
	}
}

func (s *soak) fetch(client *http.Client, path string) string {
	req, err := http.NewRequestWithContext(s.ctx, http.MethodGet, s.c.web.URL+path, http.NoBody)
	if err != nil {
		s.t.Error(err)
		return ""
	}
	res, err := client.Do(req)
	if err != nil {
		return ""
	}
	defer res.Body.Close()
	b, err := io.ReadAll(res.Body)
	if err != nil || res.StatusCode != http.StatusOK {
		return ""
	}
	return string(b)
}

// talk is in the chat for some seconds, says something now and then, and
// comes back.
func (s *soak) talk(token string) {
	for s.ctx.Err() == nil {
		ctx, cancel := context.WithTimeout(s.ctx, between(time.Second, 20*time.Second))
		ws, _, err := websocket.Dial(ctx, s.c.web.URL+"/ws?accessToken="+token, nil)
		if err != nil {
			cancel()
			s.pause(time.Second)
			continue
		}
		var reading sync.WaitGroup
		reading.Go(func() {
			for {
				if _, _, err := ws.Read(ctx); err != nil {
					return
				}
			}
		})
		for ws.Write(ctx, websocket.MessageText, []byte(`{"type":"CHAT","body":"hello **all** :wave:"}`)) == nil {
			s.said.Add(1)
			select {
			case <-ctx.Done():
			case <-time.After(between(time.Second, 4*time.Second)):
			}
		}
		_ = ws.CloseNow()
		reading.Wait()
		cancel()
	}
}

// clip makes clips of recordings, and deletes some.
func (s *soak) clip() {
	for s.ctx.Err() == nil {
		s.pause(between(5*time.Second, 15*time.Second))
		all, _, err := s.c.app.Recordings().List(s.ctx, 0, 100)
		if err != nil || len(all) == 0 {
			continue
		}
		r := all[rand.IntN(len(all))]
		if r.Clip() { // the policy leaves them alone
			_ = s.c.app.Recordings().Delete(s.ctx, r.ID)
		} else {
			_, _ = s.c.app.Recordings().Clip(s.ctx, recording.ClipRequest{Recording: r.ID, End: 2 * time.Second, Title: "soak"})
		}
	}
}

// taken is what the process and its directory hold.
type taken struct {
	heap, goroutines, descriptors, video, database int64
}

func (x taken) String() string {
	return fmt.Sprintf("heap %.1f MB, %d goroutines, %d descriptors, %.1f MB of video, %.1f MB of other files",
		float64(x.heap)/1e6, x.goroutines, x.descriptors, float64(x.video)/1e6, float64(x.database)/1e6)
}

func take(dir string) (x taken) {
	runtime.GC()
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	x.heap, x.goroutines = int64(m.HeapAlloc), int64(runtime.NumGoroutine())
	open, _ := os.ReadDir("/proc/self/fd") // there is none but on Linux
	x.descriptors = int64(len(open))
	x.add(dir)
	return x
}

// add adds what is below a directory, but for what is deleted meanwhile.
func (x *taken) add(dir string) {
	entries, _ := os.ReadDir(dir)
	for _, e := range entries {
		name := filepath.Join(dir, e.Name())
		if e.IsDir() {
			x.add(name)
		} else if info, err := e.Info(); err == nil && strings.HasSuffix(name, ".db") {
			x.database += info.Size()
		} else if err == nil {
			x.video += info.Size()
		}
	}
}

// TestSoak runs for as long as OWNCAST_TEST_SOAK says, such as 30m, and fails
// if what is held grows: it compares the middle third of the time with the
// last one, as the first is for what fills up once.
func TestSoak(t *testing.T) {
	lasting, err := time.ParseDuration(os.Getenv("OWNCAST_TEST_SOAK"))
	if err != nil {
		t.Skip("OWNCAST_TEST_SOAK is not set to a duration, such as 30m")
	}
	dir := t.TempDir()
	s := &soak{t: t}
	s.c = run(t, calm(), owncast.WithDataDir(dir), owncast.WithLatencyLevel(0), owncast.WithReconnectGrace(3*time.Second),
		owncast.WithDVR(time.Minute), owncast.WithRecording(recording.Policy{MinDuration: -1, MaxCount: 6}))
	ctx, cancel := context.WithTimeout(t.Context(), lasting)
	defer cancel()
	s.ctx = ctx
	var all sync.WaitGroup
	all.Go(s.flap)
	all.Go(s.clip)
	for n := range 30 {
		all.Go(func() { s.watch(n%2 == 0) })
		token := s.c.register(fmt.Sprint("p", n)).AccessToken
		all.Go(func() { s.talk(token) })
	}
	var samples []taken
	for ctx.Err() == nil {
		s.pause(lasting / 90)
		x := take(dir)
		samples = append(samples, x)
		if n := len(samples); n%3 == 0 {
			t.Logf("%d of 90: %v; %d broadcasts, %d messages, %.1f MB seen", n, x, s.on.Load(), s.said.Load(), float64(s.seen.Load())/1e6)
		}
	}
	all.Wait()
	if s.on.Load() == 0 || s.said.Load() == 0 || s.seen.Load() == 0 {
		t.Errorf("%d broadcasts, %d messages, %d bytes seen", s.on.Load(), s.said.Load(), s.seen.Load())
	}
	third := len(samples) / 3
	for _, what := range []struct {
		name  string
		of    func(taken) int64
		slack int64
	}{
		{"bytes of heap", func(x taken) int64 { return x.heap }, 8 << 20},
		{"goroutines", func(x taken) int64 { return x.goroutines }, 50},
		{"descriptors", func(x taken) int64 { return x.descriptors }, 50},
		{"bytes of video", func(x taken) int64 { return x.video }, 16 << 20},
		// Messages are kept for hours: the database may grow by them.
		{"bytes of other files", func(x taken) int64 { return x.database }, 4<<20 + 2048*s.said.Load()},
	} {
		before, after := middle(samples[third:2*third], what.of), middle(samples[2*third:], what.of)
		t.Logf("%s: %d in the middle third, %d in the last", what.name, before, after)
		if after > before+before/5+what.slack {
			t.Errorf("%s have grown from %d to %d", what.name, before, after)
		}
	}
}

// middle is the median.
func middle(samples []taken, of func(taken) int64) int64 {
	var list []int64
	for _, x := range samples {
		list = append(list, of(x))
	}
	slices.Sort(list)
	return list[len(list)/2]
}
