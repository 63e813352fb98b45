package recording

import (
	"fmt"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/owncast-go/owncast/video"
	"github.com/owncast-go/owncast/video/hls"
)

var _ hls.Recorder = (*Library)(nil)

// channel is a Packager with a Library, and a broadcast that goes on as the
// test says.
type channel struct {
	t        *testing.T
	store    *shelf
	l        *Library
	p        *hls.Packager
	track    *video.Track
	at       time.Duration
	sessions int
	live     bool
}

func newChannel(t *testing.T, store *shelf, policy Policy) *channel {
	c := &channel{t: t, store: store, l: newLibrary(t, Config{Storage: store, Policy: policy})}
	c.p = hls.New(hls.Config{Storage: store, DVR: time.Minute, Recorder: c.l})
	c.track = &video.Track{
		Kind: video.Video, Codec: video.H264, CodecString: "avc1.64001f", Width: 640, Height: 360,
		Config: []byte{1, 0x64, 0, 0x1f, 0xff, 0xe1, 0, 2, 0x67, 9, 1, 0, 1, 0x68},
	}
	return c
}

func (c *channel) begin() {
	c.t.Helper()
	c.end()
	c.sessions++
	c.live, c.at = true, 0
	if err := c.p.Begin(video.Session{ID: fmt.Sprintf("session%d", c.sessions), Latency: video.LatencyLevel(0)}); err != nil {
		c.t.Fatal(err)
	}
}

func (c *channel) end() {
	if c.live {
		c.p.End()
	}
	c.live = false
}

// second broadcasts for a second.
func (c *channel) second(broken bool) {
	c.t.Helper()
	for i := range 10 {
		p := video.Packet{Track: c.track, DTS: c.at, Key: i == 0, Discontinuity: broken && i == 0, Data: make([]byte, 50)}
		if err := c.p.WritePacket(p); err != nil {
			c.t.Fatal(err)
		}
		c.at += 100 * time.Millisecond
	}
	time.Sleep(time.Second) // the storage's retries go by the clock
	synctest.Wait()
}

func (c *channel) get(h http.Handler, path string) (int, string) {
	w := httptest.NewRecorder()
	h.ServeHTTP(w, httptest.NewRequestWithContext(c.t.Context(), http.MethodGet, "http://viewer"+path, nil))
	return w.Code, w.Body.String()
}

var named = regexp.MustCompile(`[a-z0-9]+-[ip]?[0-9]+\.(m4s|mp4)`)

// complete checks that what the live playlist and those of all recordings
// name is there.
func (c *channel) complete() {
	c.t.Helper()
	if code, list := c.get(c.p, "/0/stream.m3u8"); code == http.StatusOK {
		list, _, _ = strings.Cut(list, "#EXT-X-PRELOAD-HINT")
		for _, name := range named.FindAllString(list, -1) {
			if code, body := c.get(c.p, "/0/"+name); code != http.StatusOK {
				c.t.Fatalf("%s is listed live: %d %s", name, code, body)
			}
		}
	}
	all, _, err := c.l.List(c.t.Context(), 0, 0)
	if err != nil {
		c.t.Fatal(err)
	}
	for _, r := range all {
		playable(c.t, c.l, r)
	}
}

func TestTheLiveWindowIsServedFromTheRecording(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := newShelf()
		c := newChannel(t, store, Policy{})
		c.begin()
		for range 40 {
			c.second(false)
		}
		c.complete()
		for _, k := range store.keys() {
			if strings.HasPrefix(k, "hls/") {
				t.Errorf("%s is stored twice", k)
			}
		}
		_, list := c.get(c.p, "/0/stream.m3u8")
		if n := strings.Count(list, "#EXTINF"); n < 38 {
			t.Errorf("%d segments can be watched", n)
		}
		for range 100 { // what leaves the window stays in the recording
			c.second(false)
		}
		if r := only(t, c.l); r.Segments < 138 || r.Lost != 0 {
			t.Errorf("%+v", r)
		}
		c.end()
		synctest.Wait()
		if err := c.l.Delete(t.Context(), "session1"); err != nil {
			t.Fatal(err)
		}
		synctest.Wait()
		c.complete() // the session can be watched until the next one can
		c.begin()
		for range 15 {
			c.second(false)
		}
		c.complete()
		for _, k := range store.keys() {
			if strings.Contains(k, "session1") {
				t.Errorf("%s is not deleted", k)
			}
		}
		if err := c.p.Shutdown(t.Context()); err != nil {
			t.Fatal(err)
		}
	})
}

// TestNothingNamedIsEverMissing has sessions come and go over a storage that
// fails at random, while the policy, an administrator and clips work on them.
func TestNothingNamedIsEverMissing(t *testing.T) {
	for seed := range uint64(8) {
		t.Run(fmt.Sprintf("seed %d", seed), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) { churn(t, rand.New(rand.NewPCG(seed, 1))) })
		})
	}
}

func churn(t *testing.T, rng *rand.Rand) {
	store := newShelf()
	dice := rand.New(rand.NewPCG(rng.Uint64(), 2)) // of the storage, under its lock
	bad := 0.0
	store.breaks(func(op, _ string) (error, bool) {
		if op == "open" || dice.Float64() >= bad {
			return nil, true
		}
		return errBroken, dice.IntN(3) == 0
	})
	worse := func(v float64) { store.mu.Lock(); bad = v; store.mu.Unlock() }
	c := newChannel(t, store, Policy{MaxCount: 2, MaxAge: 10 * time.Minute})
	synctest.Wait()
	for range 120 {
		switch n := rng.IntN(30); {
		case n == 0:
			c.end()
		case n == 1 || !c.live && n < 10:
			c.begin()
		case n == 2:
			worse([]float64{0, 0.1, 0.3, 1}[rng.IntN(4)])
		case n == 3:
			time.Sleep(time.Duration(rng.IntN(700)) * time.Second)
		case n == 4:
			_, _ = c.l.Clip(t.Context(), ClipRequest{Recording: LiveRecording, Start: time.Duration(rng.IntN(20)) * time.Second, End: 25 * time.Second})
		case n == 5:
			if all, _, err := c.l.List(t.Context(), 0, 0); err == nil && len(all) > 0 {
				_ = c.l.Delete(t.Context(), all[rng.IntN(len(all))].ID)
			}
		case c.live:
			c.second(n == 6)
		}
		synctest.Wait()
		c.complete()
	}
	worse(0)
	c.end()
	if err := c.p.Shutdown(t.Context()); err != nil {
		t.Fatal(err)
	}
	synctest.Wait()
	c.complete()
	if err := c.l.Shutdown(t.Context()); err != nil {
		t.Fatal(err)
	}
	again := newLibrary(t, Config{Storage: store, Policy: Policy{MaxCount: 2}})
	synctest.Wait()
	for _, k := range store.keys() { // the Packager's own, of the last session
		if strings.HasPrefix(k, "hls/") {
			delete(store.objects, k)
		}
	}
	store.tidy(t, again)
}
