package hls

import (
	"bytes"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/Eyevinn/mp4ff/mp4"

	"github.com/owncast-go/owncast/video"
)

// firstPicture is when the first picture of a segment is presented.
func firstPicture(t testing.TB, g *segment) (at time.Duration, key bool) {
	t.Helper()
	b, ok := g.body()
	if !ok {
		t.Fatalf("segment %d is not in memory", g.msn)
	}
	file, err := mp4.DecodeFile(bytes.NewReader(append(bytes.Clone(g.init.data), bytes.Join(b, nil)...)))
	if err != nil {
		t.Fatal(err)
	}
	trex, _ := file.Init.Moov.Mvex.GetTrex(videoTrackID)
	for _, seg := range file.Segments {
		for _, f := range seg.Fragments {
			for _, traf := range f.Moof.Trafs {
				if traf.Tfhd.TrackID != videoTrackID {
					continue
				}
				samples, err := f.GetFullSamples(trex)
				if err != nil {
					t.Fatal(err)
				}
				first := samples[0]
				return fromScale(int64(first.DecodeTime)+int64(first.CompositionTimeOffset), videoTimescale), first.IsSync()
			}
		}
	}
	t.Fatalf("segment %d has no picture", g.msn)
	return 0, false
}

// wantAligned checks the media of what is listed now: every segment of the
// rendition begins with a key frame, at the same picture as the broadcast's.
func (f *feeder) wantAligned(s *stream, index int, within time.Duration) {
	f.t.Helper()
	main := map[uint64]*segment{}
	for _, g := range s.main.r.cur.Load().segs {
		main[g.msn] = g
	}
	n := 0
	for _, g := range s.ladder[index].m.r.cur.Load().segs {
		m := main[g.msn]
		if m == nil {
			continue
		}
		n++
		want, _ := firstPicture(f.t, m)
		at, key := firstPicture(f.t, g)
		if (at-want).Abs() > within || !key {
			f.t.Errorf("rendition %d, segment %d begins at %v, key %v; the broadcast's at %v", index, g.msn, at, key, want)
		}
		if g.date != m.date {
			f.t.Errorf("rendition %d, segment %d: %q, the broadcast's %q", index, g.msn, g.date, m.date)
		}
	}
	if n == 0 {
		f.t.Errorf("rendition %d has no segment that the broadcast has", index)
	}
}

// ladderSource is a broadcast with B-frames.
func ladderSource(t testing.TB, fps float64, gop time.Duration) source {
	return source{picture: pictureTrack(1280), sound: soundTrack(t, 3), fps: fps, gop: gop, reorder: 80 * time.Millisecond}
}

func TestRenditionsBeginTheirSegmentsWhereTheBroadcastDoes(t *testing.T) {
	for _, fps := range []float64{24, 25, 30000.0 / 1001, 30, 60} {
		for _, gop := range []time.Duration{time.Second, 2 * time.Second, 2400 * time.Millisecond} {
			t.Run(fmt.Sprintf("%.2f fps, gop %v", fps, gop), func(t *testing.T) {
				t.Parallel()
				f := newFeeder(t, Config{}, 0)
				f.slack = 2 / fps
				f.beginLadder(0, 2, video.Always)
				ps := ladderSource(t, fps, gop).packets(200*time.Millisecond, 25*time.Second)
				first := encoding{index: 0, picture: pictureTrack(640), delay: 100 * time.Millisecond, jitter: 200 * time.Millisecond, reorder: true}
				second := encoding{index: 1, picture: pictureTrack(320), delay: 2 * time.Second, jitter: time.Second, half: true, sound: soundTrack(t, 4)}
				f.play(f.broadcast(ps), f.encode(first, ps), f.encode(second, ps))
				s := f.p.stream
				frame := time.Duration(float64(time.Second) / fps)
				f.wantAligned(s, 0, frame/2)
				f.wantAligned(s, 1, frame+time.Millisecond) // half a frame of its own
				f.p.End()
				for i, name := range []string{"1", "2"} {
					l := f.last(name)
					if !l.ended || f.discontinuities(name) != 0 {
						t.Errorf("rendition %d: ended %v, %d discontinuities", i, l.ended, f.discontinuities(name))
					}
					if n, m := len(l.segs), len(f.last(mainRendition).segs); n < m-4 {
						t.Errorf("rendition %d lists %d segments, the broadcast %d", i, n, m)
					}
				}
				if f.playable != 1 || !slices.Equal(f.back, []int{0, 1}) {
					t.Errorf("playable %d times, renditions %v", f.playable, f.back)
				}
			})
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

// ladderBreaks plays stretches of a broadcast with pauses between them, and a
// new Transcoder for each.
func (f *feeder) ladderBreaks(n int, stretch func(i int) (time.Duration, source), es ...encoding) {
	f.t.Helper()
	var ms []moment
	at := 200 * time.Millisecond
	for i := range n {
		length, s := stretch(i)
		ps := s.packets(at, at+length)
		ps[0].Discontinuity = i > 0
		ms = append(ms, f.broadcast(ps)...)
		at += length
		ms = append(ms, moment{at, func() { f.p.Interrupt(); f.clock = f.clock.Add(5 * time.Second) }})
		for _, e := range es {
			ms = append(ms, f.finish(e, f.encode(e, ps))...)
		}
		at += 40 * time.Millisecond
	}
	f.play(ms)
}

func TestRenditionsFollowABroadcastThatFlaps(t *testing.T) {
	f := newFeeder(t, Config{}, 0)
	f.slack = 0.05
	f.beginLadder(0, 2, video.Always)
	s := ladderSource(t, 30, time.Second)
	// Of some stretches, segments are one picture long.
	f.ladderBreaks(50, func(i int) (time.Duration, source) { return 2*time.Second + time.Duration(i%4)*33*time.Millisecond, s },
		encoding{index: 0, picture: pictureTrack(640), delay: 100 * time.Millisecond, jitter: 300 * time.Millisecond},
		encoding{index: 1, picture: pictureTrack(320), delay: 1500 * time.Millisecond, jitter: 500 * time.Millisecond, half: true})
	if n := f.discontinuities(mainRendition); n != 49 {
		t.Errorf("%d discontinuities after 49 returns", n)
	}
	f.wantAligned(f.p.stream, 0, 17*time.Millisecond)
	f.wantAligned(f.p.stream, 1, 34*time.Millisecond)
	f.p.End()
	for _, name := range []string{"1", "2"} {
		if n, m := len(f.last(name).segs), len(f.last(mainRendition).segs); n < m-3 {
			t.Errorf("rendition %s lists %d segments, the broadcast %d", name, n, m)
		}
	}
	if f.playable != 1 || len(f.back) != 2 {
		t.Errorf("playable %d times, renditions %v", f.playable, f.back)
	}
}

func TestRenditionsFollowABroadcastWhoseHeadersChange(t *testing.T) {
	f := newFeeder(t, Config{}, 1)
	f.slack = 0.05
	f.beginLadder(1, 1, video.Always)
	one, two := ladderSource(t, 30, 2*time.Second), ladderSource(t, 30, 2*time.Second)
	two.picture, two.sound = pictureTrack(1920), soundTrack(t, 4)
	a, b := one.packets(200*time.Millisecond, 12200*time.Millisecond), two.packets(12200*time.Millisecond, 24200*time.Millisecond)
	e := encoding{picture: pictureTrack(640), delay: time.Second}
	later := e
	later.picture = pictureTrack(480)
	f.play(f.broadcast(slices.Concat(a, b)), f.finish(e, f.encode(e, a)), f.encode(later, b))
	f.wantAligned(f.p.stream, 0, time.Millisecond)
	if n, m := f.discontinuities("1"), f.discontinuities(mainRendition); n != m || m == 0 {
		t.Errorf("%d discontinuities, the broadcast has %d", n, m)
	}
	if got := master(t, f.p.stream).Variants[1].Resolution; got != "480x270" {
		t.Errorf("RESOLUTION %q", got)
	}
}

func TestARenditionThatLacksAStretchKeepsTheNumbers(t *testing.T) {
	f := newFeeder(t, Config{}, 0)
	f.beginLadder(0, 1, video.Always)
	ps := ladderSource(t, 30, time.Second).packets(200*time.Millisecond, 20*time.Second)
	some := slices.DeleteFunc(slices.Clone(ps), func(p video.Packet) bool { return p.DTS > 8*time.Second && p.DTS < 13*time.Second })
	f.play(f.broadcast(ps), f.encode(encoding{picture: pictureTrack(640), delay: time.Second}, some))
	f.wantAligned(f.p.stream, 0, time.Millisecond)
	if first := f.last("1").segs[0].msn; first < 12 {
		t.Errorf("it lists segment %d, which does not lead to the last one", first)
	}
}

func TestARenditionWithKeyFramesOfItsOwnIsRefused(t *testing.T) {
	f := newFeeder(t, Config{}, 0)
	f.keyless, f.slack = true, 1
	f.beginLadder(0, 1, video.Always)
	ps := ladderSource(t, 30, time.Second).packets(200*time.Millisecond, 20*time.Second)
	e := encoding{picture: pictureTrack(640), keys: 1700 * time.Millisecond}
	var err error
	for _, p := range e.packets(ps) {
		for len(ps) > 0 && ps[0].DTS <= p.DTS {
			f.write(ps[0])
			ps = ps[1:]
		}
		if err = f.p.WriteRendition(f.session(), 0, p); err != nil {
			break
		}
	}
	if !errors.Is(err, errKeyFrames) {
		t.Fatalf("got %v, want %v", err, errKeyFrames)
	}
	refused(t, (&site{feeder: f}).get("/1/stream.m3u8"), http.StatusNotFound)
}

func TestARenditionThatNeverHasAKeyFrameIsRefused(t *testing.T) {
	f := newFeeder(t, Config{}, 0)
	f.beginLadder(0, 1, video.Always)
	for _, p := range ladderSource(t, 30, time.Second).packets(200*time.Millisecond, 20*time.Second) {
		f.write(p)
		p.Key = p.Track.Kind == video.Audio
		if err := f.p.WriteRendition(f.session(), 0, p); err != nil {
			if !errors.Is(err, errKeyFrames) {
				t.Errorf("got %v, want %v", err, errKeyFrames)
			}
			return
		}
	}
	t.Error("it is taken")
}

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

func TestCallsForAnotherSessionDoNothing(t *testing.T) {
	f := newFeeder(t, Config{}, 0)
	f.beginLadder(0, 1, video.Always)
	ps := ladderSource(t, 30, time.Second).packets(200*time.Millisecond, 10*time.Second)
	e := encoding{picture: pictureTrack(640)}
	f.play(f.broadcast(ps), f.encode(e, ps))
	old := f.session()
	f.p.End()
	f.begin(0)
	f.write(ps...)
	for _, p := range e.packets(ps) {
		if err := f.p.WriteRendition(old, 0, p); err != nil {
			t.Fatal(err)
		}
	}
	f.p.EndRendition(old, 0)
	f.p.DropRendition(old, 0)
	f.p.DropRendition(f.session(), 7)
	if f.checks["1"] != nil {
		t.Error("another session has what was written for the last one")
	}
	if err := f.p.WriteRendition(f.session(), 0, video.Packet{}); err == nil {
		t.Error("a packet without a track is taken")
	}
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

func TestARealLadderPlays(t *testing.T) {
	if testing.Short() {
		t.Skip("encodes video")
	}
	dir := t.TempDir()
	file := filepath.Join(dir, "source.flv")
	run(t, "ffmpeg", slices.Concat(inputs("640x360", "6"),
		[]string{"-c:v", "libx264", "-preset", "ultrafast", "-g", "30", "-bf", "2", "-pix_fmt", "yuv420p", "-c:a", "aac", "-f", "flv", file})...)
	encoded := run(t, "ffmpeg", "-copyts", "-i", file, "-vf", "scale=320:180", "-r", "15", "-c:v", "libx264", "-preset", "ultrafast",
		"-tune", "zerolatency", "-g", "9999", "-sc_threshold", "0", "-force_key_frames", "source_no_drop", "-c:a", "copy", "-f", "flv", "-")
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	ps, es := flvPackets(t, data), flvPackets(t, encoded)
	f := newFeeder(t, Config{}, 0)
	f.slack = 0.1
	f.beginLadder(0, 1, video.Always)
	ms := f.broadcast(ps)
	for _, p := range es {
		ms = append(ms, moment{p.DTS + max(p.CTS, 0) + time.Second, func() {
			if err := f.p.WriteRendition(f.session(), 0, p); err != nil {
				t.Fatal(err)
			}
		}})
	}
	f.play(ms)
	f.wantAligned(f.p.stream, 0, 68*time.Millisecond) // a frame: that is how well this ffmpeg does
	s := f.p.stream
	f.p.End()
	probe(t, s.main.r, ps)
	probe(t, s.ladder[0].m.r, es)
}

func TestATranscoderThatIsStartedAnewInMidStream(t *testing.T) {
	f := newFeeder(t, Config{}, 0)
	f.beginLadder(0, 1, video.Always)
	ps := ladderSource(t, 30, time.Second).packets(200*time.Millisecond, 30*time.Second)
	e := encoding{picture: pictureTrack(640), delay: 500 * time.Millisecond}
	between := func(from, to time.Duration) []video.Packet {
		return slices.DeleteFunc(slices.Clone(ps), func(p video.Packet) bool { return p.DTS < from || p.DTS >= to })
	}
	f.play(f.broadcast(ps), f.encode(e, between(0, 10500*time.Millisecond)),
		f.encode(e, between(10600*time.Millisecond, 16500*time.Millisecond)), // begins the next segment
		f.encode(e, between(19200*time.Millisecond, 30*time.Second)))         // and a later one
	f.wantAligned(f.p.stream, 0, time.Millisecond)
	if n := len(f.last("1").segs); n < 9 || n > 10 {
		t.Errorf("%d segments of what the last one made", n)
	}
}
