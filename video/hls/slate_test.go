package hls

import (
	"errors"
	"math"
	"net/http"
	"net/http/httptest"
	"path"
	"strings"
	"testing"
	"time"

	"github.com/owncast-go/owncast/storage/local"
	"github.com/owncast-go/owncast/video"
)

func mustSlate(t testing.TB, ps []video.Packet) *Slate {
	t.Helper()
	s, err := NewSlate(ps)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// get is a request of a viewer.
func get(t testing.TB, p *Packager, name string) (int, string) {
	t.Helper()
	w := httptest.NewRecorder()
	p.ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/"+name, nil))
	return w.Code, w.Body.String()
}

// wantVOD follows a playlist as a player does that comes for the first time,
// and returns what it says.
func wantVOD(t testing.TB, p *Packager, name string, length float64) *list {
	t.Helper()
	code, text := get(t, p, name)
	if code != http.StatusOK {
		t.Fatalf("%s: %d %s", name, code, text)
	}
	l, err := parseList(text)
	if err != nil {
		t.Fatalf("%v:\n%s", err, text)
	}
	if l.kind != "VOD" || !l.ended || l.msn != 0 || l.canBlock || l.partTarget != 0 || l.hint != "" || len(l.segs) == 0 {
		t.Fatalf("%s is not of a clip:\n%s", name, text)
	}
	sum := 0.0
	for i, s := range l.segs {
		sum += s.dur
		if math.Round(s.dur) > float64(l.target) || s.dur <= 0 {
			t.Errorf("segment %d of %v s, target %d", i, s.dur, l.target)
		}
		for _, file := range []string{s.init, s.uri} {
			if code, body := get(t, p, path.Join(path.Dir(name), file)); code != http.StatusOK || len(body) < 100 {
				t.Errorf("%s: %d, %d bytes", file, code, len(body))
			}
		}
	}
	if math.Abs(sum-length) > 0.1 {
		t.Errorf("%v s in all, want %v", sum, length)
	}
	checker := newChecker(t, name)
	checker.secondOpinion(l)
	return l
}

func TestSlatesOfAllKinds(t *testing.T) {
	picture, sound := pictureTrack(640), soundTrack(t, 3)
	for _, tt := range []struct {
		name        string
		source      source
		length      time.Duration
		target      int // seconds
		independent bool
	}{
		{"picture and sound", source{picture: picture, sound: sound, fps: 30, gop: time.Second}, 20 * time.Second, 4, true},
		{"one group of pictures", source{picture: picture, fps: 25, gop: time.Hour}, 8 * time.Second, 8, true},
		{"less than a segment", source{picture: picture, sound: sound, fps: 30, gop: time.Second}, 1500 * time.Millisecond, 4, true},
		{"sound alone", source{sound: sound}, 10 * time.Second, 4, true},
		{"a minute of long groups", source{picture: picture, fps: 10, gop: 10 * time.Second}, time.Minute, 10, true},
		{"a picture a second", source{picture: picture, fps: 1, gop: 5 * time.Second}, 20 * time.Second, 5, true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			ps := tt.source.packets(90*time.Hour, 90*time.Hour+tt.length)
			p := New(Config{Slate: mustSlate(t, ps)})
			l := wantVOD(t, p, "0/stream.m3u8", tt.length.Seconds())
			if l.target < tt.target || l.target > tt.target+1 || l.independent != tt.independent {
				t.Errorf("target %d, want %d; independent %v", l.target, tt.target, l.independent)
			}
			for _, s := range l.segs {
				if s.discontinuity {
					t.Errorf("segment %d is discontinuous", s.msn)
				}
			}
			_, master := get(t, p, "stream.m3u8")
			both := tt.source.picture != nil && tt.source.sound != nil
			if strings.Contains(master, "audio/stream.m3u8") != both || !strings.Contains(master, "0/stream.m3u8") {
				t.Errorf("multivariant playlist:\n%s", master)
			}
			if both {
				wantVOD(t, p, "audio/stream.m3u8", tt.length.Seconds())
			}
			again := New(Config{Slate: mustSlate(t, ps)})
			if m := wantVOD(t, again, "0/stream.m3u8", tt.length.Seconds()); m.text != l.text {
				t.Errorf("the same clip has another playlist:\n%s\n%s", l.text, m.text)
			}
		})
	}
}

func TestWhatIsNoSlate(t *testing.T) {
	picture, sound := pictureTrack(640), soundTrack(t, 3)
	good := source{picture: picture, sound: sound, fps: 30, gop: time.Second}
	back := good.packets(0, 5*time.Second)
	back[50], back[60] = back[60], back[50]
	keyless := source{picture: picture, fps: 30, gop: time.Hour}.packets(0, 5*time.Second)[1:]
	large := good.packets(0, 5*time.Second)
	large[10].Data = make([]byte, maxSlateBytes)
	unknown := good.packets(0, 5*time.Second)
	for i := range unknown {
		unknown[i].Track = &video.Track{Kind: video.Video, Codec: "vp6"}
	}
	for name, ps := range map[string][]video.Packet{
		"nothing":             nil,
		"over a minute":       good.packets(0, 61*time.Second),
		"over 32 MiB":         large,
		"time that goes back": back,
		"no key frame":        keyless,
		"no track":            {{DTS: 1}},
		"an unknown codec":    unknown,
	} {
		_, err := NewSlate(ps)
		if err == nil {
			t.Errorf("%s: no error", name)
		}
		var codec *video.CodecError
		if name == "an unknown codec" && !errors.As(err, &codec) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// A viewer who comes, and comes again, from before the first session until
// after the last.
func TestASlateGivesWayToTheStreamAndComesBack(t *testing.T) {
	clip := source{picture: pictureTrack(320), fps: 25, gop: time.Second}
	live := source{picture: pictureTrack(640), sound: soundTrack(t, 3), fps: 30, gop: time.Second}
	f := newFeeder(t, Config{Slate: mustSlate(t, clip.packets(0, 10*time.Second))}, 0)
	slate := wantVOD(t, f.p, "0/stream.m3u8", 10)
	shows := func(session, resolution string) string {
		t.Helper()
		_, master := get(t, f.p, "stream.m3u8")
		_, media := get(t, f.p, "0/stream.m3u8")
		if !strings.Contains(master, resolution) || !strings.Contains(media, session+"-i1.mp4") {
			t.Fatalf("want %s:\n%s\n%s", session, master, media)
		}
		return media
	}
	slateID, _, _ := strings.Cut(slate.segs[0].uri, "-")

	f.write(live.packets(0, 500*time.Millisecond)...) // not to be watched yet
	shows(slateID, "320x180")
	f.write(live.packets(500*time.Millisecond, 10*time.Second)...)
	text := shows("s1", "640x360")
	if strings.Contains(text, "VOD") || strings.Contains(text, "ENDLIST") {
		t.Errorf("the live playlist:\n%s", text)
	}
	if code, _ := get(t, f.p, "0/"+slate.segs[0].uri); code != http.StatusOK {
		t.Errorf("who is still in the slate gets %d", code)
	}

	f.p.End()
	f.clock = f.clock.Add(slateAfter - time.Second)
	last, err := parseList(shows("s1", "640x360"))
	if err != nil || !last.ended {
		t.Errorf("after the end: %v, %+v", err, last)
	}
	f.clock = f.clock.Add(2 * time.Second)
	shows(slateID, "320x180")
	wantVOD(t, f.p, "0/stream.m3u8", 10)
	if code, _ := get(t, f.p, "audio/stream.m3u8"); code != http.StatusNotFound {
		t.Errorf("the sound of a clip without: %d", code)
	}
	if code, _ := get(t, f.p, "0/"+last.segs[0].uri); code != http.StatusOK {
		t.Errorf("who is still in the last session gets %d", code)
	}

	f.begin(0)
	shows(slateID, "320x180")
	f.write(live.packets(0, 5*time.Second)...)
	shows("s2", "640x360")
	if code, _ := get(t, f.p, "0/"+last.segs[0].uri); code != http.StatusNotFound {
		t.Errorf("the session before the last: %d", code)
	}
}

func TestALongWindowKeepsTheSlateAway(t *testing.T) {
	clip := source{picture: pictureTrack(320), fps: 25, gop: time.Second}
	f := newFeeder(t, Config{Slate: mustSlate(t, clip.packets(0, 10*time.Second)), DVR: time.Hour, Storage: local.New(t.TempDir())}, 0)
	f.write(clip.packets(0, 5*time.Second)...)
	f.p.End()
	f.clock = f.clock.Add(59 * time.Minute)
	if _, text := get(t, f.p, "0/stream.m3u8"); strings.Contains(text, "VOD") {
		t.Error("the slate is shown while viewers may go back in the session")
	}
	f.clock = f.clock.Add(2 * time.Minute)
	wantVOD(t, f.p, "0/stream.m3u8", 10)
}

func TestFFprobeReadsASlate(t *testing.T) {
	if testing.Short() {
		t.Skip("it takes a few seconds")
	}
	file := run(t, "ffmpeg", append(inputs("320x180", "7"), "-c:v", "libx264", "-preset", "ultrafast", "-bf", "2", "-g", "60", "-c:a", "aac", "-f", "flv", "-")...)
	p := New(Config{Slate: mustSlate(t, flvPackets(t, file))})
	web := httptest.NewServer(p)
	defer web.Close()
	got := strings.Fields(string(run(t, "ffprobe", "-count_packets", "-show_entries", "stream=codec_name,nb_read_packets",
		"-select_streams", "v", "-of", "csv=p=0", web.URL+"/0/stream.m3u8")))
	if len(got) == 0 || got[0] != "h264,210" {
		t.Errorf("ffprobe reads %q, want 210 pictures", got)
	}
	run(t, "ffmpeg", "-xerror", "-i", web.URL+"/stream.m3u8", "-f", "null", "-")
}
