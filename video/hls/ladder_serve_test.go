package hls

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/owncast-go/owncast/video"
)

func TestWhenTheSessionIsShown(t *testing.T) {
	s := ladderSource(t, 30, time.Second)
	ps := s.packets(200*time.Millisecond, 20*time.Second)
	quick := encoding{index: 0, picture: pictureTrack(640), delay: 500 * time.Millisecond}
	slow := encoding{index: 1, picture: pictureTrack(320), delay: 3 * time.Second}
	slower := slow
	slower.delay = 8 * time.Second
	for _, tt := range []struct {
		name   string
		source video.Listing
		es     []encoding
		want   time.Duration
	}{
		{"without one that has failed", video.Always, []encoding{quick}, 3 * time.Second},
		{"with the slowest rendition", video.Always, []encoding{quick, slow}, 4200 * time.Millisecond},
		{"without one that is too slow", video.Always, []encoding{quick, slower}, 5200 * time.Millisecond},
		{"without any", video.Fallback, nil, 5200 * time.Millisecond},
		{"with the first one", video.Never, []encoding{slow}, 4200 * time.Millisecond},
		{"never without one", video.Never, nil, 0},
	} {
		t.Run(tt.name, func(t *testing.T) {
			f := newFeeder(t, Config{}, 0)
			f.beginLadder(0, 2, tt.source)
			shown := time.Duration(0)
			ms := f.broadcast(ps)
			if tt.want == 3*time.Second {
				ms = append(ms, moment{tt.want, func() { f.p.DropRendition(f.session(), 1) }})
			}
			for _, e := range tt.es {
				ms = append(ms, f.encode(e, ps)...)
			}
			for at := time.Duration(0); at < 20*time.Second; at += 10 * time.Millisecond {
				ms = append(ms, moment{at, func() {
					if shown == 0 && f.playable > 0 {
						shown = at
					}
				}})
			}
			f.play(ms)
			if (shown - tt.want).Abs() > 150*time.Millisecond {
				t.Errorf("shown at %v, want %v", shown, tt.want)
			}
			if shown == 0 {
				refused(t, (&site{feeder: f}).get("/stream.m3u8"), http.StatusNotFound)
			}
		})
	}
}

func TestAnInterruptionShowsWhatThereIs(t *testing.T) {
	f := newFeeder(t, Config{}, 0)
	f.beginLadder(0, 1, video.Always)
	f.write(ladderSource(t, 30, time.Second).packets(200*time.Millisecond, 2*time.Second)...)
	if f.playable != 0 {
		t.Fatal("shown before the ladder was waited for")
	}
	f.p.Interrupt()
	if f.playable != 1 {
		t.Errorf("playable %d times after the broadcast has ended", f.playable)
	}
}

func TestTheListingOfTheSource(t *testing.T) {
	ps := ladderSource(t, 30, time.Second).packets(200*time.Millisecond, 20*time.Second)
	for _, tt := range []struct {
		source        video.Listing
		with, without []string
	}{
		{video.Always, []string{"0 Raw", "1 720p", "2 Low  res", "audio audio"}, []string{"0 Raw", "audio audio"}},
		{video.Fallback, []string{"1 720p", "2 Low  res", "audio audio"}, []string{"0 Raw", "audio audio"}},
		{video.Never, []string{"1 720p", "2 Low  res", "audio audio"}, nil},
	} {
		f := newFeeder(t, Config{}, 0)
		f.ladder = video.Ladder{
			Renditions: []video.Rendition{{}, {Name: "Low \"\n res"}}, Source: tt.source, SourceName: "Raw",
		}
		f.begin(0)
		big := pictureTrack(1280)
		f.play(f.broadcast(ps), f.encode(encoding{index: 0, picture: big}, ps), f.encode(encoding{index: 1, picture: pictureTrack(320)}, ps))
		names := func() (list []string) {
			if f.p.stream.master.Load() == nil {
				return nil
			}
			for _, v := range master(t, f.p.stream).Variants {
				list = append(list, v.URI[:len(v.URI)-len("/stream.m3u8")]+" "+v.Name)
			}
			return list
		}
		if got := names(); !slices.Equal(got, tt.with) {
			t.Errorf("source %d: %q, want %q", tt.source, got, tt.with)
		}
		f.p.DropRendition(f.session(), 0)
		f.p.DropRendition(f.session(), 1)
		if got := names(); !slices.Equal(got, tt.without) {
			t.Errorf("source %d without the ladder: %q, want %q", tt.source, got, tt.without)
		}
	}
}

func TestADroppedRenditionIsNotFoundUntilItIsBack(t *testing.T) {
	f := newFeeder(t, Config{}, 0)
	f.beginLadder(0, 2, video.Always)
	st := &site{feeder: f}
	ps := ladderSource(t, 30, time.Second).packets(200*time.Millisecond, 40*time.Second)
	a := encoding{index: 0, picture: pictureTrack(640), delay: 300 * time.Millisecond}
	b := encoding{index: 1, picture: pictureTrack(320), delay: time.Second}
	between := func(from, to time.Duration) []video.Packet {
		return slices.DeleteFunc(slices.Clone(ps), func(p video.Packet) bool { return p.DTS < from || p.DTS >= to })
	}
	names := func() (uris []string) {
		for _, v := range master(t, f.p.stream).Variants {
			uris = append(uris, v.URI)
		}
		return uris
	}
	all := []string{"0/stream.m3u8", "1/stream.m3u8", "2/stream.m3u8", "audio/stream.m3u8"}
	var listed []string
	check := func() {
		if got := names(); !slices.Equal(got, all) {
			t.Errorf("before: %q", got)
		}
		listed = st.playlist("/1/stream.m3u8").names()
		f.p.DropRendition(f.session(), 0)
		if got := names(); !slices.Equal(got, []string{"0/stream.m3u8", "2/stream.m3u8", "audio/stream.m3u8"}) {
			t.Errorf("dropped: %q", got)
		}
		refused(t, st.get("/1/stream.m3u8"), http.StatusNotFound)
		refused(t, st.get("/1/stream.m3u8?_HLS_msn=20"), http.StatusNotFound)
	}
	soon := func() {
		if r := st.playlist("/0/stream.m3u8").reports; slices.Contains(r, "../1/stream.m3u8") {
			t.Errorf("reports of a rendition that is not there: %q", r)
		}
		found := 0
		for _, n := range listed {
			if st.get("/1/"+n).StatusCode == http.StatusOK {
				found++
			}
		}
		if found == 0 {
			t.Error("players that are fetching a segment lose it at once")
		}
	}
	f.play(f.broadcast(ps), f.encode(b, ps),
		f.encode(a, between(0, 15*time.Second)), f.encode(a, between(25*time.Second, 40*time.Second)),
		[]moment{{16 * time.Second, check}, {17 * time.Second, soon}, {25 * time.Second, func() { refused(t, st.get("/1/stream.m3u8"), http.StatusNotFound) }}})
	if got := names(); !slices.Equal(got, all) {
		t.Errorf("after: %q", got)
	}
	if first := f.last("1").segs[0]; first.at.Before(f.clock.Add(24 * time.Second)) {
		t.Errorf("it lists what was before it was dropped: %v", first.at)
	}
	f.wantAligned(f.p.stream, 0, time.Millisecond)
	if !slices.Equal(f.back, []int{0, 1, 0}) {
		t.Errorf("could be watched: %v", f.back)
	}
	if n := f.discontinuities("1"); n != 0 {
		t.Errorf("%d discontinuities that the broadcast does not have", n)
	}
}

func TestADroppedRenditionWakesWhoWaitsForIt(t *testing.T) {
	f := newFeeder(t, Config{}, 0)
	f.beginLadder(0, 1, video.Always)
	st := &site{feeder: f}
	ps := ladderSource(t, 30, time.Second).packets(200*time.Millisecond, 10*time.Second)
	f.play(f.broadcast(ps), f.encode(encoding{picture: pictureTrack(640)}, ps))
	l := st.playlist("/1/stream.m3u8")
	a := st.later(t.Context(), fmt.Sprintf("/1/stream.m3u8?_HLS_msn=%d", l.msn+uint64(len(l.segs))))
	b := st.later(t.Context(), "/1/"+l.hint)
	f.p.DropRendition(f.session(), 0)
	refused(t, <-a, http.StatusNotFound)
	refused(t, <-b, http.StatusNotFound)
}

func TestTheLadderIsStoredAsTheBroadcastIs(t *testing.T) {
	shelf := newShelf()
	f := newFeeder(t, Config{Storage: shelf, DVR: time.Hour}, 0)
	f.beginLadder(0, 1, video.Always)
	st := &site{feeder: f}
	ps := ladderSource(t, 30, time.Second).packets(200*time.Millisecond, 40*time.Second)
	ms := append(f.broadcast(ps), f.encode(encoding{picture: pictureTrack(640), delay: time.Second}, ps)...)
	for at := time.Second; at < 40*time.Second; at += time.Second {
		ms = append(ms, moment{at, func() {
			for s := f.p.Stats(); s.SegmentsStored < 3*int64(at/time.Second)-12 && t.Context().Err() == nil; s = f.p.Stats() {
				time.Sleep(time.Millisecond)
			}
		}})
	}
	f.play(ms)
	l := st.playlist("/1/stream.m3u8")
	if l.msn != 0 || len(l.segs) < 35 {
		t.Fatalf("%d segments from %d", len(l.segs), l.msn)
	}
	if g := f.p.stream.ladder[0].m.r.cur.Load().segs[0]; g.parts.Load() != nil {
		t.Error("what is stored stays in memory")
	}
	for _, name := range l.names() {
		if resp := st.get("/1/" + name); resp.StatusCode != http.StatusOK {
			t.Errorf("%s: %d", name, resp.StatusCode)
		}
	}
}

// TestTheLadderIsWrittenFromOtherGoroutines is for the race detector.
func TestTheLadderIsWrittenFromOtherGoroutines(t *testing.T) {
	p := New(Config{})
	for session := range 3 {
		id := fmt.Sprintf("r%d", session)
		if err := p.Begin(video.Session{ID: id, Latency: video.LatencyLevel(0), Ladder: video.Ladder{Renditions: make([]video.Rendition, 2)}}); err != nil {
			t.Fatal(err)
		}
		ps := ladderSource(t, 30, time.Second).packets(200*time.Millisecond, 20*time.Second)
		var wg sync.WaitGroup
		var copies [2]chan video.Packet
		for i := range copies {
			copies[i] = make(chan video.Packet, len(ps))
			wg.Go(func() {
				n := 0
				for q := range copies[i] {
					if n++; n%900 == 0 {
						p.DropRendition(id, i)
					}
					_ = p.WriteRendition(id, i, q) // the next key frame may not be where it could begin
				}
				p.EndRendition(id, i)
			})
		}
		stop := make(chan struct{})
		wg.Go(func() {
			for {
				select {
				case <-stop:
					return
				default:
				}
				for _, target := range []string{"/stream.m3u8", "/0/stream.m3u8", "/1/stream.m3u8", "/2/stream.m3u8?_HLS_skip=YES"} {
					p.ServeHTTP(discarder{http.Header{}}, httptest.NewRequest(http.MethodGet, target, nil))
				}
			}
		})
		for _, q := range ps {
			if err := p.WritePacket(q); err != nil {
				t.Fatal(err)
			}
			for i := range copies {
				copies[i] <- q
			}
		}
		if session == 1 {
			p.End() // while the last of the ladder is coming
		}
		for i := range copies {
			close(copies[i])
		}
		close(stop)
		wg.Wait()
	}
	if err := p.Shutdown(t.Context()); err != nil {
		t.Error(err)
	}
}
