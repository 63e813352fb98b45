package hls

import (
	"bytes"
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"slices"
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

// spans are from when to when each segment of a rendition has frames of a
// track.
func spans(t *testing.T, r *rendition, track uint32) map[uint64][2]time.Duration {
	t.Helper()
	all := map[uint64][2]time.Duration{}
	for _, g := range r.cur.Load().segs {
		b, ok := g.body()
		if !ok {
			t.Fatalf("segment %d is not in memory", g.msn)
		}
		file, err := mp4.DecodeFile(bytes.NewReader(append(bytes.Clone(g.init.data), bytes.Join(b, nil)...)))
		if err != nil {
			t.Fatal(err)
		}
		trex, _ := file.Init.Moov.Mvex.GetTrex(track)
		scale := int64(videoTimescale)
		if track == audioTrackID {
			scale = 48000
		}
		var span [2]time.Duration
		for _, seg := range file.Segments {
			for _, f := range seg.Fragments {
				for _, traf := range f.Moof.Trafs {
					if traf.Tfhd.TrackID != track {
						continue
					}
					samples, err := f.GetFullSamples(trex)
					if err != nil {
						t.Fatal(err)
					}
					if span[1] == 0 {
						span[0] = fromScale(int64(traf.Tfdt.BaseMediaDecodeTime()), scale)
					}
					for _, s := range samples {
						span[1] = max(span[1], fromScale(int64(traf.Tfdt.BaseMediaDecodeTime())+int64(s.Dur), scale))
					}
				}
			}
		}
		all[g.msn] = span
	}
	return all
}

func TestASegmentHasTheSoundOfItsPictures(t *testing.T) {
	for _, tt := range []struct {
		name           string
		picture, sound time.Duration // delays
	}{
		{"copied sound is there at once", 2500 * time.Millisecond, 0},
		{"sound takes longer", 200 * time.Millisecond, 900 * time.Millisecond},
	} {
		t.Run(tt.name, func(t *testing.T) {
			f := newFeeder(t, Config{}, 0)
			f.beginLadder(0, 1, video.Always)
			ps := source{picture: pictureTrack(1280), sound: soundTrack(t, 3), fps: 15, gop: time.Second}.packets(200*time.Millisecond, 15*time.Second)
			var ms []moment
			for _, p := range (encoding{picture: pictureTrack(640)}).packets(ps) {
				at := p.DTS + tt.picture
				if p.Track.Kind == video.Audio {
					at = p.DTS + tt.sound
				}
				ms = append(ms, moment{at, func() {
					if err := f.p.WriteRendition(f.session(), 0, p); err != nil {
						t.Fatal(err)
					}
				}})
			}
			f.play(f.broadcast(ps), ms)
			f.p.EndRendition(f.session(), 0)
			r := f.p.stream.ladder[0].m.r
			if want := f.p.stream.main.r.partTarget; (r.partTarget - want).Abs() > 3*time.Millisecond {
				t.Errorf("parts of %v, those of the broadcast, with the same pictures, are of %v", r.partTarget, want)
			}
			pictures, sound := spans(t, r, videoTrackID), spans(t, r, audioTrackID)
			if len(pictures) < 13 {
				t.Errorf("%d segments", len(pictures))
			}
			for msn, p := range pictures {
				if a := sound[msn]; (a[0] - p[0]).Abs() > 100*time.Millisecond {
					t.Errorf("segment %d: pictures from %v, sound from %v", msn, p[0], a[0])
				}
			}
		})
	}
}
