package activitypub_test

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/owncast-go/owncast"
	"github.com/owncast-go/owncast/repository/bolt"
	"github.com/owncast-go/owncast/video/ffmpeg"
	"github.com/owncast-go/owncast/video/hardware"
)

// TestAStormBesideABroadcast logs what a broadcast notices of a storm of
// deliveries: the speed of an encoder, and how late parts are, for a minute
// without the storm and as long as it lasts. It runs with OWNCAST_STORM set,
// and asserts nothing of that.
func TestAStormBesideABroadcast(t *testing.T) {
	if os.Getenv("OWNCAST_STORM") == "" {
		t.Skip("OWNCAST_STORM is not set")
	}
	transcoder, err := ffmpeg.New(ffmpeg.Config{})
	if err != nil {
		t.Skip(err)
	}
	w := newWorld(t)
	s := w.storm(10 * time.Second)
	db, err := bolt.Open(t.TempDir() + "/owncast.db")
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	c := &channel{t: t, w: w, repo: db.Repository(), front: &front{h: http.NotFoundHandler()}, opts: []owncast.Option{
		owncast.WithTranscoder(transcoder), owncast.WithLatencyLevel(0), owncast.WithHardware(hardware.New()),
		owncast.WithLadder(owncast.Ladder{Renditions: []owncast.Rendition{{Name: "Low", Height: 180, VideoBitrate: 300_000}}}),
	}}
	c.host = "one.test:" + w.serve(c.front, "one.test")
	c.base = "https://" + c.host
	c.start()
	defer c.stop()
	c.set(func(f *owncast.FederationSettings) { f.Enabled = true })
	reachable, _ := s.follow(t, c.repo, 10_000, 300)
	stop := c.publish()
	defer stop()
	eventually(t, "the rendition is made", func() bool {
		r := c.app.Status().Renditions
		return len(r) == 1 && r[0].Running
	})
	time.Sleep(15 * time.Second) // the encoder settles

	quiet := c.observe(t, func(ctx context.Context) { <-ctx.Done() }, time.Minute)
	t.Logf("without the storm: %s", quiet)
	stormy := c.observe(t, func(ctx context.Context) {
		if _, err := c.app.Federation().Post(ctx, "a post"); err != nil {
			t.Error(err)
		}
		for s.reached(reachable, 1) < len(reachable) && ctx.Err() == nil {
			time.Sleep(100 * time.Millisecond)
		}
	}, 15*time.Minute)
	t.Logf("in the storm: %s; %d of %d inboxes reached, at most %d connections", stormy, s.reached(reachable, 1), len(reachable), s.most)
	if n := s.reached(reachable, 1); n != len(reachable) {
		t.Errorf("%d of %d inboxes reached", n, len(reachable))
	}
	counts, err := c.repo.Deliveries.CountDeliveries(t.Context())
	t.Logf("%+v %v", counts, err)
}

// figures are what is seen of a broadcast for a while.
type figures struct {
	wall, cpu  time.Duration
	speed, lag []float64 // of the encoder; lag in seconds
	late       map[string][]time.Duration
	rss, files int
}

func (f figures) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%v, CPU of the process %v (%.0f %% of one core), RSS at most %d MiB, at most %d open files; encoder: speed at least %.2f, median %.2f, lag at most %.2f s",
		f.wall.Round(time.Second), f.cpu.Round(10*time.Millisecond), 100*f.cpu.Seconds()/f.wall.Seconds(), f.rss>>10, f.files,
		slices.Min(f.speed), middle(f.speed, 50), slices.Max(f.lag))
	for _, name := range []string{"0", "1"} {
		l := f.late[name]
		if len(l) > 0 {
			fmt.Fprintf(&b, "; rendition %s: %d parts, late by %v (median), %v (95 %%), %v (most)", name, len(l),
				middle(l, 50).Round(time.Millisecond), middle(l, 95).Round(time.Millisecond), slices.Max(l).Round(time.Millisecond))
		}
	}
	return b.String()
}

func middle[T int | float64 | time.Duration](list []T, percent int) T {
	s := slices.Sorted(slices.Values(list))
	return s[min(len(s)-1, len(s)*percent/100)]
}

// observe looks at the broadcast while something else goes on, for so long at
// the most.
func (c *channel) observe(t *testing.T, during func(context.Context), most time.Duration) figures {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), most)
	defer cancel()
	watching, done := context.WithCancel(t.Context())
	f := figures{late: map[string][]time.Duration{}}
	var mu sync.Mutex
	var all sync.WaitGroup
	for _, rendition := range []string{"0", "1"} {
		all.Go(func() {
			late := c.parts(watching, rendition)
			mu.Lock()
			defer mu.Unlock()
			f.late[rendition] = late
		})
	}
	all.Go(func() {
		for watching.Err() == nil {
			if r := c.app.Status().Renditions; len(r) == 1 {
				f.speed, f.lag = append(f.speed, r[0].Speed), append(f.lag, r[0].Lag.Seconds())
			}
			rss, files := process()
			f.rss, f.files = max(f.rss, rss), max(f.files, files)
			select {
			case <-watching.Done():
			case <-time.After(500 * time.Millisecond):
			}
		}
	})
	begin, cpu := time.Now(), cpuTime()
	during(ctx)
	f.wall, f.cpu = time.Since(begin), cpuTime()-cpu
	done()
	all.Wait()
	return f
}

// process is how many KiB and files the process has, where there is /proc.
func process() (rss, files int) {
	status, _ := os.ReadFile("/proc/self/status")
	if m := regexp.MustCompile(`VmRSS:\s+(\d+)`).FindSubmatch(status); m != nil {
		rss, _ = strconv.Atoi(string(m[1]))
	}
	list, _ := os.ReadDir("/proc/self/fd")
	return rss, len(list)
}

// part is one of a playlist.
type part struct {
	segment, index int
	duration       time.Duration
}

var partLine = regexp.MustCompile(`^#EXT-X-PART:.*DURATION=([0-9.]+)`)

// partsOf are the parts that a playlist has.
func partsOf(playlist string) (list []part) {
	segment, index := 0, 0
	for line := range strings.Lines(playlist) {
		line = strings.TrimSpace(line)
		if n, ok := strings.CutPrefix(line, "#EXT-X-MEDIA-SEQUENCE:"); ok {
			segment, _ = strconv.Atoi(n)
		}
		if m := partLine.FindStringSubmatch(line); m != nil {
			seconds, _ := strconv.ParseFloat(m[1], 64)
			list = append(list, part{segment, index, time.Duration(seconds * float64(time.Second))})
			index++
		}
		if strings.HasPrefix(line, "#EXTINF:") {
			segment, index = segment+1, 0
		}
	}
	return list
}

// parts waits for each part of a rendition as a player does, and returns by how
// much each came later than the one that was the soonest.
func (c *channel) parts(ctx context.Context, rendition string) (late []time.Duration) {
	client := c.w.client()
	begin, media := time.Now(), time.Duration(0)
	var last part
	query := ""
	for ctx.Err() == nil {
		list := partsOf(c.playlist(ctx, client, rendition+"/stream.m3u8"+query))
		now := time.Since(begin)
		for _, p := range list {
			if query != "" && (p.segment > last.segment || p.segment == last.segment && p.index > last.index) {
				media += p.duration
				late = append(late, now-media)
			}
		}
		if len(list) == 0 {
			continue
		}
		last = list[len(list)-1]
		query = fmt.Sprintf("?_HLS_msn=%d&_HLS_part=%d", last.segment, last.index+1)
	}
	if len(late) > 0 {
		best := slices.Min(late)
		for i := range late {
			late[i] -= best
		}
	}
	return late
}

// playlist is "" if it cannot be had.
func (c *channel) playlist(ctx context.Context, client *http.Client, path string) string {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, c.base+"/hls/"+path, nil)
	if err != nil {
		return ""
	}
	res, err := client.Do(r)
	if err != nil {
		return ""
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	if err != nil || res.StatusCode != http.StatusOK {
		return ""
	}
	return string(body)
}
