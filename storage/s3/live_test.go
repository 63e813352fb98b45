package s3_test

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"path"
	"regexp"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/owncast-go/owncast/video"
	"github.com/owncast-go/owncast/video/flv"
	"github.com/owncast-go/owncast/video/hls"
	"github.com/owncast-go/owncast/video/videotest"
)

const (
	speed  = 4 // seconds of the broadcast in a second of the test
	dvr    = 30 * time.Second
	memory = 5 // segments that are kept although the store has them
)

// broadcast writes the clip into a Packager, faster than it plays.
type broadcast struct {
	p       *hls.Packager
	tags    func(yield func(flv.Tag) bool)
	longest time.Duration // that a WritePacket took
}

// run starts a session that lasts until ctx is done.
func (b *broadcast) run(ctx context.Context, t *testing.T, session string) {
	playable := make(chan struct{})
	err := b.p.Begin(video.Session{
		ID: session, Latency: video.Latency{Segment: time.Second, Segments: 12}, Playable: func() { close(playable) },
	})
	if err != nil {
		t.Error(err)
		return
	}
	defer b.p.End()
	var d flv.Decoder
	start := time.Now()
	for tag := range b.tags {
		wait := time.NewTimer(time.Until(start.Add(tag.Timestamp / speed)))
		select {
		case <-ctx.Done():
			wait.Stop()
			return
		case <-wait.C:
		}
		var p video.Packet
		var ok bool
		var err error
		switch tag.Type {
		case flv.TagVideo:
			p, ok, err = d.Video(tag.Timestamp, tag.Body)
		case flv.TagAudio:
			p, ok, err = d.Audio(tag.Timestamp, tag.Body)
		}
		if err == nil && ok {
			began := time.Now()
			err = b.p.WritePacket(p)
			b.longest = max(b.longest, time.Since(began))
		}
		if err != nil {
			t.Error(err)
			return
		}
	}
}

// viewer fetches everything that every playlist names, and follows redirects.
type viewer struct {
	t       *testing.T
	base    string
	client  *http.Client
	gone    atomic.Bool // the store cannot be reached: what it alone has may fail
	fetched int
	fromS3  int
	again   int          // fetched with another try, as players do
	excused int          // failed while gone
	missed  int          // left the playlist before they were fetched
	newest  atomic.Int64 // segment of rendition 0
}

var (
	uriLine    = regexp.MustCompile(`(?m)^[^#\n]+$`)
	uriAttr    = regexp.MustCompile(`(?m)^#EXT-X-(?:PART|MAP):.*URI="([^"]+)"`)
	numberIn   = regexp.MustCompile(`-(\d+)\.m4s$`)
	renditions = []string{"0", "audio"}
)

func (v *viewer) watch(ctx context.Context) {
	for ctx.Err() == nil {
		for _, r := range renditions {
			v.round(ctx, r)
		}
		select {
		case <-ctx.Done():
		case <-time.After(50 * time.Millisecond):
		}
	}
}

// round checks one playlist.
func (v *viewer) round(ctx context.Context, rendition string) {
	status, text, _ := v.get(ctx, rendition+"/stream.m3u8")
	if status != http.StatusOK {
		return // not yet
	}
	segments := uriLine.FindAllString(text, -1)
	var wg sync.WaitGroup
	limit := make(chan struct{}, 8)
	var mu sync.Mutex
	check := func(name string, old bool) {
		wg.Go(func() {
			limit <- struct{}{}
			defer func() { <-limit }()
			fault, tries, redirected := v.fetch(ctx, rendition+"/"+name, old)
			mu.Lock()
			defer mu.Unlock()
			if ctx.Err() != nil {
				return
			}
			v.fetched++
			if redirected {
				v.fromS3++
			}
			switch {
			case fault == "" && tries > 1:
				v.again++
			case fault != "" && old && v.gone.Load() && !strings.HasPrefix(fault, "404 "):
				v.excused++
			case fault != "" && v.left(ctx, rendition, name, fault):
				v.missed++
			case fault != "":
				v.t.Errorf("%s is listed, but: %s\n%s", name, fault, text)
			}
		})
	}
	for i, name := range segments {
		check(name, i < len(segments)-memory)
		if m := numberIn.FindStringSubmatch(name); m != nil && rendition == "0" {
			var n int64
			_, _ = fmt.Sscan(m[1], &n)
			v.newest.Store(n)
		}
	}
	for _, m := range uriAttr.FindAllStringSubmatch(text, -1) {
		check(m[1], false)
	}
	wg.Wait()
}

// left tells whether a name has gone from the playlist between the two
// requests, and may have: when the next session began, or when it was in
// memory alone and left the live window. What the store was said to have must
// be there for longer.
func (v *viewer) left(ctx context.Context, rendition, name, fault string) bool {
	_, text, _ := v.get(ctx, rendition+"/stream.m3u8")
	session, _, _ := strings.Cut(name, "-")
	return !strings.Contains(text, session+"-") || !strings.Contains(text, name) && strings.HasPrefix(fault, "404 from "+v.base)
}

// fetch gets what a playlist names. A 404 is a fault at once; what else fails
// is asked for again, as players do.
func (v *viewer) fetch(ctx context.Context, name string, old bool) (fault string, tries int, redirected bool) {
	patience := time.Now().Add(6 * time.Second)
	for {
		tries++
		status, body, from := v.get(ctx, name)
		switch {
		case status == http.StatusOK && len(body) > 0:
			return "", tries, !strings.HasPrefix(from, v.base)
		case status == http.StatusNotFound:
			return fmt.Sprintf("404 from %s", from), tries, false
		case old && v.gone.Load(), ctx.Err() != nil, time.Now().After(patience):
			return fmt.Sprintf("%d %.100q from %s", status, body, from), tries, false
		}
		select {
		case <-ctx.Done():
		case <-time.After(200 * time.Millisecond):
		}
	}
}

// get returns the answer, from where it came in the end.
func (v *viewer) get(ctx context.Context, name string) (status int, body, from string) {
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, v.base+"/"+name, nil)
	if err != nil {
		return 0, err.Error(), ""
	}
	resp, err := v.client.Do(req)
	if err != nil {
		return 0, err.Error(), ""
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	if err != nil {
		return 0, err.Error(), resp.Request.URL.String()
	}
	return resp.StatusCode, string(b), resp.Request.URL.String()
}

// TestABroadcastOutlivesWhatABucketDoes runs a broadcast into a bucket that
// fails in every way, while a viewer fetches everything that is listed.
func TestABroadcastOutlivesWhatABucketDoes(t *testing.T) {
	g := startGateway(t)
	p := newProxy(t, g.url)
	cfg := g.config(t)
	foreign := open(t, cfg)
	put(t, foreign, "hls/0/foreign.m4s", "not ours")
	cfg.Endpoint, cfg.Prefix, cfg.Presign = p.url, "channel", time.Hour
	cfg.Timeout, cfg.Attempts = time.Second, 2
	store := open(t, cfg)
	put(t, store, "hls/0/killed-1.m4s", "of a process that was killed")

	tags, err := videotest.Loop(videotest.Clip(), videotest.ClipDuration)
	if err != nil {
		t.Fatal(err)
	}
	b := &broadcast{p: hls.New(hls.Config{Storage: store, DVR: dvr}), tags: tags}
	web := httptest.NewServer(b.p)
	defer web.Close()
	transport := &http.Transport{MaxIdleConnsPerHost: 16}
	defer transport.CloseIdleConnections()
	v := &viewer{t: t, base: web.URL, client: &http.Client{Transport: transport}}

	ctx, stop := context.WithCancel(t.Context())
	var wg, watching sync.WaitGroup
	live, end := context.WithCancel(ctx)
	wg.Go(func() { b.run(live, t, "s1") })
	watching.Go(func() { v.watch(ctx) })
	eventually(t, 20*time.Second, "segments are stored", func() bool { return b.p.Stats().SegmentsStored > 10 })

	skewed := answer(http.StatusForbidden, "RequestTimeTooSkewed", "Date", time.Now().Add(-time.Hour).UTC().Format(http.TimeFormat))
	puts := method(http.MethodPut)
	var queued int64
	for _, phase := range []struct {
		name  string
		fault fault
	}{
		{"500", on(puts, answer(http.StatusInternalServerError, "InternalError"))},
		{"slow", on(puts, late(700*time.Millisecond))},
		{"reset", on(puts, resetUpload)},
		{"lie", on(puts, lie)},
		{"clock", on(puts, skewed)},
		{"hang", on(puts, late(time.Hour))},
		{"gone", nil},
		{"healthy", nil},
	} {
		before, stats := v.newest.Load(), b.p.Stats()
		switch {
		case phase.name == "gone":
			v.gone.Store(true)
			p.heal()
			p.down()
		case phase.fault != nil:
			p.set(phase.fault)
		}
		length := int64(8) // longer than what is in memory although it is stored
		if phase.name == "gone" {
			length = 16 // longer than the live window
		}
		eventually(t, time.Minute, "the viewer plays on during "+phase.name, func() bool {
			queued = max(queued, b.p.Stats().StorageQueued)
			return v.newest.Load() >= before+length
		})
		if phase.name == "gone" {
			p.up(t)
		}
		p.heal()
		// A round of the viewer ends, and another one begins.
		eventually(t, time.Minute, "segments are stored after "+phase.name, func() bool {
			return b.p.Stats().SegmentsStored >= stats.SegmentsStored+10
		})
		v.gone.Store(false)
		t.Logf("%-8s %+v", phase.name, diff(stats, b.p.Stats()))
	}
	end()
	wg.Wait()

	next, endNext := context.WithCancel(ctx)
	wg.Go(func() { b.run(next, t, "s2") })
	eventually(t, time.Minute, "what the first session left is deleted", func() bool {
		return !slices.ContainsFunc(g.files(t, cfg.Bucket), func(k string) bool {
			return strings.Contains(k, "/s1-") || strings.Contains(k, "killed")
		})
	})
	before := v.newest.Load()
	eventually(t, time.Minute, "the second session is longer than what is kept", func() bool { return v.newest.Load() > max(before, 0)+3 })
	stop()
	watching.Wait()
	endNext()
	wg.Wait()
	if err := b.p.Shutdown(t.Context()); err != nil {
		t.Error(err)
	}
	files := g.files(t, cfg.Bucket)
	for _, k := range files {
		if k != "hls/0/foreign.m4s" && !strings.HasPrefix(path.Base(k), "s2-") {
			t.Errorf("%q is left in the bucket", k)
		}
	}
	if !slices.Contains(files, "hls/0/foreign.m4s") {
		t.Error("the object of somebody else is gone")
	}
	if b.longest > 2*time.Second {
		t.Errorf("a packet was held up for %v", b.longest)
	}
	if queued > 4*14 {
		t.Errorf("%d segments waited, want no more than twice what the live windows have", queued)
	}
	if v.fromS3 < 100 || v.fetched < 1000 || v.missed > v.fetched/10 {
		t.Errorf("%d were fetched, %d of them from the bucket; %d were missed", v.fetched, v.fromS3, v.missed)
	}
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	t.Logf("fetched %d, from the bucket %d, with another try %d, excused while it was gone %d, too slow for %d; longest WritePacket %v; most queued %d; heap %d MB",
		v.fetched, v.fromS3, v.again, v.excused, v.missed, b.longest, queued, m.HeapAlloc>>20)
	t.Logf("store %+v", store.Stats())
}

func diff(a, b hls.Stats) hls.Stats {
	return hls.Stats{
		SegmentsStored: b.SegmentsStored - a.SegmentsStored, StorageErrors: b.StorageErrors - a.StorageErrors,
		StorageRetries: b.StorageRetries - a.StorageRetries, StorageDropped: b.StorageDropped - a.StorageDropped,
		StorageQueued: b.StorageQueued,
	}
}

// TestWhatLeavesTheWindowLeavesTheBucket runs a broadcast until segments have
// been deleted, and none too early.
func TestWhatLeavesTheWindowLeavesTheBucket(t *testing.T) {
	g := startGateway(t)
	cfg := g.config(t)
	cfg.Presign = time.Hour
	store := open(t, cfg)
	tags, err := videotest.Loop(videotest.Clip(), videotest.ClipDuration)
	if err != nil {
		t.Fatal(err)
	}
	p := hls.New(hls.Config{Storage: store})
	if err := p.Begin(video.Session{ID: "s1", Latency: video.Latency{Segment: time.Second, Segments: 4}}); err != nil {
		t.Fatal(err)
	}
	var d flv.Decoder
	var written time.Duration
	for tag := range tags {
		if tag.Timestamp > 60*time.Second {
			break
		}
		if tag.Type != flv.TagVideo {
			continue
		}
		pkt, ok, err := d.Video(tag.Timestamp, tag.Body)
		if err != nil || !ok {
			continue
		}
		if err := p.WritePacket(pkt); err != nil {
			t.Fatal(err)
		}
		if s := tag.Timestamp / time.Second * time.Second; s > written {
			written = s
			eventually(t, 10*time.Second, "nothing waits", func() bool { return p.Stats().StorageQueued == 0 })
		}
	}
	eventually(t, 10*time.Second, "old segments are deleted", func() bool { return len(g.files(t, cfg.Bucket)) <= 2*4+4 })
	if st := p.Stats(); st.SegmentsStored < 55 || st.StorageDropped != 0 {
		t.Errorf("stats %+v", st)
	}
	if err := p.Shutdown(t.Context()); err != nil {
		t.Error(err)
	}
}
