package hls

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/owncast-go/owncast/video"
)

func TestAPartIsAWholeNumberOfFramesThatFitsTheSegment(t *testing.T) {
	for _, tt := range []struct {
		fps     float64
		segment int // frames
		want    int
	}{
		{30, 60, 10},
		{30, 30, 10},
		{29.97, 60, 10},
		{60, 120, 20},
		{24, 48, 8},
		{24, 24, 8},
		{25, 50, 10}, // 8 would leave 2
		{25, 25, 9},  // 8 would leave 1
		{50, 100, 20},
		{30, 250, 10},
		{30, 0, 10},
		{5, 10, 2},
		{2, 4, 1},
		{1, 1, 1},
		{120, 240, 40},
	} {
		frame := time.Duration(float64(time.Second) / tt.fps)
		if got := bestPart(frame, tt.segment); got != tt.want {
			t.Errorf("%v frames a second, %d in a segment: parts of %d, want %d", tt.fps, tt.segment, got, tt.want)
		}
	}
}

func TestABroadcastWhoseSoundIsAheadHasWholeSegments(t *testing.T) {
	s := source{picture: pictureTrack(640), sound: soundTrack(t, 3), fps: 30, gop: time.Second}
	f := newFeeder(t, Config{}, 0)
	f.write(shift(s.packets(0, 30*time.Second), video.Audio, 0, 1500*time.Millisecond)...)
	for _, g := range f.checks[mainRendition].segs {
		if g.dur < 0.9 || g.dur > 1.1 {
			t.Errorf("segment %d of %v s, want 1", g.msn, g.dur)
		}
		if n := len(g.parts); n > 4 {
			t.Errorf("segment %d of %d parts", g.msn, n)
		}
	}
}

func TestDatesStayNearToAPictureThatHasBecomeSlow(t *testing.T) {
	f := newFeeder(t, Config{}, 0)
	f.keyless = true
	start := f.clock
	picture := pictureTrack(640)
	f.write(source{picture: picture, fps: 30, gop: time.Second}.packets(0, 20*time.Second)...)
	f.write(source{picture: picture, fps: 1, gop: 4 * time.Second}.packets(20*time.Second, 120*time.Second)...)
	l := f.last(mainRendition)
	at := start.Add(119 * time.Second)
	if d := at.Sub(l.segs[len(l.segs)-1].at); d > 10*time.Second || d < 0 {
		t.Errorf("the last segment is dated %v ago", d)
	}
}

// audioOffsets is by how much each frame of sound is later than it came in;
// what was left out is not in it.
func audioOffsets(t *testing.T, ps []video.Packet) (offsets []time.Duration) {
	t.Helper()
	f := newFeeder(t, Config{}, 0)
	wall := map[byte]map[byte]time.Duration{}
	n := 0
	for i := range ps {
		if ps[i].Track.Kind == video.Audio {
			ps[i].Data = []byte{byte(n), byte(n >> 8)}
			if wall[byte(n)] == nil {
				wall[byte(n)] = map[byte]time.Duration{}
			}
			wall[byte(n)][byte(n>>8)] = ps[i].DTS
			n++
		}
	}
	f.write(ps...)
	s := f.p.stream
	f.p.End()
	_, samples := fetchAll(t, s.main.r).decode(t)
	for _, a := range samples[audioTrackID] {
		offsets = append(offsets, fromScale(int64(a.DecodeTime), 48000)-wall[a.Data[0]][a.Data[1]])
	}
	return offsets
}

func TestSoundFollowsItsClock(t *testing.T) {
	s := source{picture: pictureTrack(640), sound: soundTrack(t, 3), fps: 30, gop: time.Second}
	for _, tt := range []struct {
		name  string
		wire  func(at time.Duration, n int) time.Duration
		most  time.Duration
		alike int // how many frames may be missing
	}{
		{"exact", func(at time.Duration, _ int) time.Duration { return at }, time.Millisecond, 0},
		{"half a percent slow", func(at time.Duration, _ int) time.Duration { return at * 995 / 1000 }, audioJitter + 10*time.Millisecond, 8},
		{"half a percent fast", func(at time.Duration, _ int) time.Duration { return at * 1005 / 1000 }, audioJitter, 0},
		{"badly rounded", func(at time.Duration, n int) time.Duration {
			return at.Truncate(10*time.Millisecond) + time.Duration(n%2)*time.Millisecond
		}, 25 * time.Millisecond, 0},
		{"three at a time", func(at time.Duration, n int) time.Duration {
			return at - time.Duration(n%3)*21*time.Millisecond + time.Duration(n%3)*time.Millisecond
		}, 50 * time.Millisecond, 0},
	} {
		t.Run(tt.name, func(t *testing.T) {
			ps, n := s.packets(0, 24*time.Second), 0
			for i := range ps {
				if ps[i].Track.Kind == video.Audio {
					ps[i].DTS = tt.wire(ps[i].DTS, n)
					n++
				}
			}
			offsets := audioOffsets(t, ps)
			if missing := n - len(offsets); missing < 0 || missing > tt.alike {
				t.Errorf("%d frames of %d are missing", missing, n)
			}
			far := 0
			for _, d := range offsets {
				if d.Abs() > tt.most {
					far++
				}
			}
			if far > 3*audioEarly {
				t.Errorf("%d of %d frames are more than %v off, up to %v", far, len(offsets), tt.most, slices.Max(offsets))
			}
		})
	}
}

func TestSoundThatCameBeforeItsPictureIsKept(t *testing.T) {
	s := source{picture: pictureTrack(640), sound: soundTrack(t, 3), fps: 30, gop: time.Second}
	// Each picture comes 200 ms after the sound that belongs to it.
	late := func(from, to time.Duration) []video.Packet {
		ps := s.packets(from, to)
		slices.SortStableFunc(ps, func(a, b video.Packet) int {
			at := func(p video.Packet) time.Duration {
				if p.Track.Kind == video.Video {
					return p.DTS + 200*time.Millisecond
				}
				return p.DTS
			}
			return int(at(a) - at(b))
		})
		return ps
	}
	f := newFeeder(t, Config{}, 0)
	f.write(late(0, 4*time.Second)...)
	f.p.Interrupt()
	again := late(5*time.Second, 9*time.Second)
	again[0].Discontinuity = true
	f.write(again...)
	r := f.p.stream.main.r
	f.p.End()
	for _, g := range r.cur.Load().segs {
		if g.msn == 0 || g.discontinuity {
			b, _ := g.body()
			_, samples := media{init: g.init, segs: [][]byte{slices.Concat(b...)}}.decode(t)
			if v, a := samples[videoTrackID][0], samples[audioTrackID][0]; fromScale(int64(a.DecodeTime), 48000)-fromScale(int64(v.DecodeTime), videoTimescale) > 22*time.Millisecond {
				t.Errorf("segment %d: the picture begins at %d, the sound at %d", g.msn, v.DecodeTime, a.DecodeTime)
			}
		}
	}
}

func TestAReturnWithOtherTracksIsOneDiscontinuity(t *testing.T) {
	picture, sound := pictureTrack(640), soundTrack(t, 3)
	kinds := []source{
		{picture: picture, sound: sound, fps: 30, gop: time.Second},
		{picture: pictureTrack(1280), sound: soundTrack(t, 4), fps: 30, gop: time.Second},
		{picture: picture, fps: 30, gop: time.Second},
		{sound: sound},
	}
	for i, before := range kinds {
		for k, after := range kinds {
			t.Run(fmt.Sprint(i, " then ", k), func(t *testing.T) {
				f := newFeeder(t, Config{}, 0)
				f.keyless = true
				f.write(before.packets(0, 5*time.Second)...)
				f.p.Interrupt()
				ps := after.packets(10*time.Second, 20*time.Second)
				if k == 0 || k == 1 {
					// The sound is there first, as it is in many broadcasts.
					slices.SortStableFunc(ps, func(a, b video.Packet) int {
						if a.DTS == b.DTS {
							return int(b.Track.Kind) - int(a.Track.Kind)
						}
						return int(a.DTS - b.DTS)
					})
				}
				ps[0].Discontinuity = true
				f.write(ps...)
				if n := f.discontinuities(mainRendition); n != 1 {
					t.Errorf("%d discontinuities", n)
				}
			})
		}
	}
}

func TestSoundThatComesLateCountsAsItsPictureDoes(t *testing.T) {
	f := newFeeder(t, Config{}, 0)
	picture := source{picture: pictureTrack(640), fps: 30, gop: time.Second}
	both := picture
	both.sound = soundTrack(t, 3)
	f.write(picture.packets(0, 10*time.Second)...)
	f.write(both.packets(10*time.Second, 20*time.Second)...)
	inStep(t, f)
	f.write(picture.packets(20*time.Second, 30*time.Second)...)
	f.write(both.packets(30*time.Second, 38*time.Second)...)
	inStep(t, f)
}

func inStep(t *testing.T, f *feeder) {
	t.Helper()
	main, sound := f.last(mainRendition), f.last(audioRendition)
	if main.msn+uint64(len(main.segs)) != sound.msn+uint64(len(sound.segs)) {
		t.Errorf("the picture is at segment %d, the sound at %d", main.msn+uint64(len(main.segs)), sound.msn+uint64(len(sound.segs)))
	}
	for _, g := range sound.segs {
		if g.at.Before(main.segs[g.msn-main.msn].at.Add(-50*time.Millisecond)) || g.at.After(main.segs[g.msn-main.msn].at.Add(50*time.Millisecond)) {
			t.Errorf("segment %d: the picture is of %v, the sound of %v", g.msn, main.segs[g.msn-main.msn].at, g.at)
		}
	}
}

func TestNoPartIsShorterThanAFrame(t *testing.T) {
	for _, fps := range []float64{24, 25, 30, 32 / 1.045, 60} {
		f := newFeeder(t, Config{}, 0)
		gop := time.Second
		if fps == 32/1.045 {
			gop = 1045 * time.Millisecond // which is 49 frames of sound: one more than three parts have
		}
		f.write(source{picture: pictureTrack(640), sound: soundTrack(t, 3), fps: fps, gop: gop}.packets(0, 30*time.Second)...)
		for name, c := range f.checks {
			for _, g := range c.segs {
				for _, p := range g.parts {
					if p.dur < 1/60.5 || name == audioRendition && p.dur < 0.04 {
						t.Errorf("%v frames a second: %s, segment %d: a part of %v s", fps, name, g.msn, p.dur)
					}
				}
			}
		}
	}
}

func TestSoundThatStopsWhileThereIsNoKeyFrame(t *testing.T) {
	f := newFeeder(t, Config{}, 0)
	f.keyless = true
	s := source{picture: pictureTrack(640), sound: soundTrack(t, 3), fps: 30, gop: time.Second}
	f.write(s.packets(0, 5*time.Second)...)
	for _, p := range (source{picture: s.picture, fps: 30, gop: time.Hour}).packets(5*time.Second, 65*time.Second)[1:] {
		f.write(p)
		if n := len(f.p.stream.sound.pending); n > maxPending {
			t.Fatalf("%d boundaries are waiting for sound", n)
		}
	}
	f.write(s.packets(65*time.Second, 75*time.Second)...)
	if n := len(f.last(audioRendition).segs); n < 5 {
		t.Errorf("%d segments of the sound that came back", n)
	}
}

func TestTheLengthOfPicturesIsThatOfTheNewTrack(t *testing.T) {
	f := newFeeder(t, Config{}, 0)
	f.write(source{picture: pictureTrack(640), fps: 30, gop: time.Second}.packets(0, 5*time.Second)...)
	f.write(source{picture: pictureTrack(1280), fps: 10, gop: time.Second}.packets(5*time.Second, 5300*time.Millisecond)...)
	if d := f.p.stream.main.frame; d != 100*time.Millisecond {
		t.Errorf("a picture is expected to take %v, want 100 ms", d)
	}
}

func TestEachReturnWaitsForItsPicture(t *testing.T) {
	s := source{picture: pictureTrack(640), sound: soundTrack(t, 3), fps: 30, gop: time.Second}
	f := newFeeder(t, Config{}, 0)
	f.write(s.packets(0, 5*time.Second)...)
	f.p.Interrupt()
	ps := source{picture: s.picture, fps: 30, gop: time.Hour}.packets(10*time.Second, 14*time.Second)
	ps[0].Key, ps[0].Discontinuity = false, true
	f.write(ps...)
	f.p.Interrupt()
	ps = append(source{sound: s.sound}.packets(20*time.Second, 20200*time.Millisecond), s.packets(20500*time.Millisecond, 25*time.Second)...)
	ps[0].Discontinuity = true
	f.write(ps...)
	if n := f.discontinuities(mainRendition); n != 1 {
		t.Errorf("%d discontinuities, want that of the return with a picture", n)
	}
}

func TestDatesOfSoundThatWasAheadDoNotGoBack(t *testing.T) {
	s := source{picture: pictureTrack(640), sound: soundTrack(t, 3), fps: 30, gop: time.Second}
	f := newFeeder(t, Config{}, 0)
	f.apart = true
	f.write(shift(s.packets(0, 5100*time.Millisecond), video.Audio, 0, 1500*time.Millisecond)...)
	f.p.Interrupt()
	ps := s.packets(7*time.Second, 10*time.Second)
	ps[0].Discontinuity = true
	f.write(ps...) // the checks look at the dates
	if n := f.discontinuities(audioRendition); n != 1 {
		t.Errorf("%d discontinuities", n)
	}
}
