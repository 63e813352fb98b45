package hls

import (
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"go.uber.org/goleak"
	"pgregory.net/rapid"

	"github.com/owncast-go/owncast/video"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestPlaylistsOfSteadyBroadcastsKeepEveryRule(t *testing.T) {
	for _, level := range []int{0, 2, 4} {
		for _, fps := range []float64{1, 5, 12, 25, 30000.0 / 1001, 30, 60} {
			for _, gop := range []time.Duration{500 * time.Millisecond, 2 * time.Second, 2400 * time.Millisecond, 4 * time.Second, 10 * time.Second, 30 * time.Second} {
				for _, tracks := range []string{"av", "v"} {
					if tracks == "v" && level > 0 || fps == 1 && gop == 2400*time.Millisecond {
						continue // of the latter, no two groups of pictures are alike
					}
					t.Run(fmt.Sprintf("level %d %.2f fps gop %v %s", level, fps, gop, tracks), func(t *testing.T) {
						t.Parallel()
						s := source{picture: pictureTrack(640), fps: fps, gop: gop}
						if tracks == "av" {
							s.sound = soundTrack(t, 3)
						}
						f := newFeeder(t, Config{}, level)
						f.keyless = gop > longestWait
						f.write(s.packets(0, 45*time.Second)...)
						f.p.End()
						if f.playable != 1 {
							t.Errorf("playable %d times, want once", f.playable)
						}
						if n := f.discontinuities(mainRendition); n != 0 {
							t.Errorf("%d discontinuities", n)
						}
						l := f.last(mainRendition)
						if !l.ended {
							t.Error("no ENDLIST")
						}
						var sum float64
						for _, g := range f.checks[mainRendition].segs {
							sum += g.dur
						}
						if sum < 43.9 || sum > 46.1 {
							t.Errorf("%v s in all, want 45", sum)
						}
						if (f.checks[audioRendition] != nil) != (tracks == "av") {
							t.Error("sound alone is wanted exactly where there is a picture too")
						}
					})
				}
			}
		}
	}
}

func TestSoundAloneKeepsEveryRule(t *testing.T) {
	for _, rateIndex := range []byte{3, 4, 6, 8, 11} {
		f := newFeeder(t, Config{}, 2)
		f.write(source{sound: soundTrack(t, rateIndex)}.packets(0, 60*time.Second)...)
		f.p.End()
		if f.playable != 1 || f.discontinuities(mainRendition) != 0 {
			t.Errorf("rate index %d: playable %d times, %d discontinuities", rateIndex, f.playable, f.discontinuities(mainRendition))
		}
		if f.checks[audioRendition] != nil {
			t.Error("a broadcast of sound needs no second rendition")
		}
	}
}

func TestAnUnsteadyCameraKeepsEveryRule(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		s := source{
			picture: pictureTrack(640), fps: rapid.Float64Range(2, 60).Draw(rt, "fps"),
			gop:    time.Duration(rapid.IntRange(200, 5000).Draw(rt, "gop")) * time.Millisecond,
			jitter: time.Duration(rapid.IntRange(0, 400).Draw(rt, "jitter")) * time.Millisecond,
		}
		if rapid.Bool().Draw(rt, "sound") {
			s.sound = soundTrack(t, 3)
		}
		f := newFeeder(t, Config{}, rapid.IntRange(0, 4).Draw(rt, "level"))
		f.keyless = true // a GOP may get longer than the first one was
		ps := s.packets(0, 40*time.Second)
		// Pictures are lost in a stretch, as when a network stalls.
		from := rapid.IntRange(0, len(ps)-1).Draw(rt, "lost from")
		ps = slices.Delete(ps, from, min(len(ps), from+rapid.IntRange(0, 60).Draw(rt, "lost")))
		f.write(ps...)
		f.p.End()
	})
}

func TestARepeatedHeaderIsNoDiscontinuityAndAChangedOneIsOne(t *testing.T) {
	sound := soundTrack(t, 3)
	f := newFeeder(t, Config{}, 0)
	for i := range 20 { // the same configuration, read anew each second
		s := source{picture: pictureTrack(640), sound: soundTrack(t, 3), fps: 30, gop: time.Second}
		f.write(s.packets(time.Duration(i)*time.Second, time.Duration(i+1)*time.Second)...)
	}
	if n := f.discontinuities(mainRendition); n != 0 {
		t.Fatalf("%d discontinuities for a repeated header", n)
	}
	s := source{picture: pictureTrack(1280), sound: sound, fps: 30, gop: time.Second}
	f.write(s.packets(20*time.Second, 30*time.Second)...)
	if n := f.discontinuities(mainRendition); n != 1 {
		t.Fatalf("%d discontinuities for a changed picture, want 1", n)
	}
	s.sound = soundTrack(t, 4)
	f.write(s.packets(30*time.Second, 40*time.Second)...)
	f.p.End()
	for _, name := range []string{mainRendition, audioRendition} {
		if n := f.discontinuities(name); n != 2 {
			t.Errorf("%q: %d discontinuities for a changed sound, want one more", name, n)
		}
	}
}

func TestTracksThatComeLateOrGo(t *testing.T) {
	picture, sound := pictureTrack(640), soundTrack(t, 3)
	both := source{picture: picture, sound: sound, fps: 30, gop: 2 * time.Second}
	onlyPicture := source{picture: picture, fps: 30, gop: 2 * time.Second}
	onlySound := source{sound: sound}
	for _, c := range []struct {
		name  string
		parts []source // of 20 s each
		want  []string // tracks of the segments, in order
	}{
		{"sound comes late", []source{onlyPicture, both}, []string{"v", "va"}},
		{"sound goes", []source{both, onlyPicture}, []string{"va", "v"}},
		{"sound goes and comes back", []source{both, onlyPicture, both}, []string{"va", "v", "va"}},
		{"picture comes late", []source{onlySound, both}, []string{"a", "va"}},
		{"picture goes", []source{both, onlySound}, []string{"va", "a"}},
		{"picture goes and comes back", []source{both, onlySound, both}, []string{"va", "a", "va"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			f := newFeeder(t, Config{}, 1)
			f.keyless = true // there is no key frame while the picture is gone
			session := f.p.stream
			f.p.published = chain(f.p.published, func(s *snapshot) { checkCodecs(t, session, s) })
			for i, s := range c.parts {
				f.write(s.packets(time.Duration(i)*20*time.Second, time.Duration(i+1)*20*time.Second)...)
			}
			s := f.p.stream
			f.p.End()
			var got []string
			for _, g := range s.main.r.cur.Load().segs {
				kind := ""
				if g.init.video() != nil {
					kind = "v"
				}
				if g.init.audio() != nil {
					kind += "a"
				}
				if len(got) == 0 || got[len(got)-1] != kind {
					got = append(got, kind)
				}
			}
			if !slices.Equal(got, c.want[max(0, len(c.want)-len(got)):]) {
				t.Errorf("segments have %q, want %q", got, c.want)
			}
			if n := f.discontinuities(mainRendition); n != len(c.want)-1 {
				t.Errorf("%d discontinuities, want %d", n, len(c.want)-1)
			}
		})
	}
}

func chain(fs ...func(*snapshot)) func(*snapshot) {
	return func(s *snapshot) {
		for _, f := range fs {
			f(s)
		}
	}
}

// checkCodecs checks that the multivariant playlist says what the newest
// segment has in it.
func checkCodecs(t *testing.T, s *stream, snap *snapshot) {
	t.Helper()
	if s.main == nil || len(snap.segs) == 0 || snap.r.name != mainRendition {
		return
	}
	want := ""
	for _, tr := range snap.segs[len(snap.segs)-1].init.tracks {
		if want != "" {
			want += ","
		}
		want += tr.CodecString
	}
	if got := variant(snap.r).Codecs; got != want {
		t.Fatalf("CODECS %q, segments have %q", got, want)
	}
}

func TestAReturnIsExactlyOneDiscontinuity(t *testing.T) {
	s := source{picture: pictureTrack(640), sound: soundTrack(t, 3), fps: 30, gop: time.Second}
	f := newFeeder(t, Config{}, 0)
	at := time.Duration(0)
	for i := range 200 {
		ps := s.packets(at, at+3*time.Second)
		ps[0].Discontinuity = i > 0
		f.write(ps...)
		f.p.Interrupt()
		f.clock = f.clock.Add(8 * time.Second)
		at += 3*time.Second + 40*time.Millisecond
		if n := f.discontinuities(mainRendition); n > i {
			t.Fatalf("%d discontinuities after %d returns", n, i)
		}
	}
	f.p.End()
	for _, name := range []string{mainRendition, audioRendition} {
		if n := f.discontinuities(name); n != 199 {
			t.Errorf("%q: %d discontinuities after 199 returns", name, n)
		}
	}
	if f.playable != 1 {
		t.Errorf("playable %d times", f.playable)
	}
}

func TestAPublisherThatFlapsBeforeAnythingCanBeWatched(t *testing.T) {
	s := source{picture: pictureTrack(640), sound: soundTrack(t, 3), fps: 30, gop: time.Second}
	f := newFeeder(t, Config{}, 2)
	for i := range 5 {
		at := time.Duration(i) * 2 * time.Second
		ps := s.packets(at, at+time.Second)
		ps[0].Discontinuity = i > 0
		f.write(ps...)
		f.p.Interrupt()
	}
	if f.playable != 0 || f.p.shown.Load() != nil {
		t.Error("there is nothing to watch yet")
	}
	f.write(s.packets(20*time.Second, 30*time.Second)...)
	f.p.End()
	if f.playable != 1 || f.discontinuities(mainRendition) != 0 {
		t.Errorf("playable %d times, %d discontinuities", f.playable, f.discontinuities(mainRendition))
	}
}

func TestASecondSessionTakesThePlaceOfTheFirst(t *testing.T) {
	s := source{picture: pictureTrack(640), sound: soundTrack(t, 3), fps: 30, gop: time.Second}
	f := newFeeder(t, Config{}, 0)
	f.write(s.packets(0, 10*time.Second)...)
	f.p.End()
	first := f.p.shown.Load()
	f.begin(0)
	f.write(s.packets(0, 500*time.Millisecond)...)
	if f.p.shown.Load() != first {
		t.Error("the first session is gone before the second can be watched")
	}
	f.write(s.packets(500*time.Millisecond, 5*time.Second)...)
	if f.p.shown.Load() == first {
		t.Error("the second session is not shown")
	}
}

func TestAnUnknownCodecIsRefused(t *testing.T) {
	f := newFeeder(t, Config{}, 0)
	bad := &video.Track{Kind: video.Video, Codec: "theora", CodecString: "?"}
	var err error
	for _, p := range (source{picture: bad, fps: 30, gop: time.Second}).packets(0, 5*time.Second) {
		if err = f.p.WritePacket(p); err != nil {
			break
		}
	}
	if e := new(video.CodecError); !errors.As(err, &e) {
		t.Errorf("got %v, want a CodecError", err)
	}
}
