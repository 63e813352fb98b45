package ffmpeg

import (
	"bytes"
	"cmp"
	"os/exec"
	"slices"
	"testing"
	"time"

	"github.com/owncast-go/owncast/video"
	"github.com/owncast-go/owncast/video/flv"
)

// decodes lets ffmpeg decode a rendition, and fails at its first complaint.
func decodes(t *testing.T, all []video.Packet) {
	t.Helper()
	sorted := slices.Clone(all)
	slices.SortStableFunc(sorted, func(a, b video.Packet) int { return cmp.Compare(a.DTS, b.DTS) })
	var file bytes.Buffer
	w := flv.NewWriter(&file)
	for _, p := range sorted {
		if err := w.WritePacket(p); err != nil {
			t.Fatal(err)
		}
	}
	cmd := exec.CommandContext(t.Context(), "ffmpeg", "-v", "error", "-xerror", "-f", "flv", "-i", "-",
		"-enc_time_base:v", "1:1000", "-f", "null", "-")
	cmd.Stdin = &file
	if out, err := cmd.CombinedOutput(); err != nil || len(out) > 0 {
		t.Errorf("it does not decode: %v\n%s", err, out)
	}
}

func near(a, b, by time.Duration) bool { return (a - b).Abs() <= by }

// checkRendition compares a rendition with the source it was made of.
func checkRendition(t *testing.T, src, got []video.Packet, width, height int) {
	t.Helper()
	decodes(t, got)
	pictures, want := ofKind(got, video.Video), ofKind(src, video.Video)
	if len(pictures) != len(want) {
		t.Fatalf("%d pictures, want %d", len(pictures), len(want))
	}
	if tr := pictures[0].Track; tr.Width != width || tr.Height != height || tr.Codec != video.H264 {
		t.Errorf("%s of %dx%d, want H.264 of %dx%d", tr.Codec, tr.Width, tr.Height, width, height)
	}
	if got, want := keyTimes(pictures), keyTimes(want); !slices.Equal(got, want) {
		t.Errorf("key frames at %v, want %v", got, want)
	}
	times := func(all []video.Packet) []time.Duration {
		var ts []time.Duration
		for _, p := range all {
			ts = append(ts, p.DTS+p.CTS)
		}
		slices.Sort(ts)
		return ts
	}
	if got, want := times(pictures), times(want); !slices.Equal(got, want) {
		t.Errorf("the pictures have other times than the source's")
	}
	for _, kind := range []video.Kind{video.Video, video.Audio} {
		all := ofKind(got, kind)
		if !slices.IsSortedFunc(all, func(a, b video.Packet) int { return cmp.Compare(a.DTS, b.DTS) }) {
			t.Errorf("DTS of %v goes back", kind)
		}
	}
	checkSound(t, ofKind(src, video.Audio), ofKind(got, video.Audio))
}

// checkSound allows for a frame at each end.
func checkSound(t *testing.T, src, got []video.Packet) {
	t.Helper()
	if len(got) == 0 {
		t.Fatal("no sound")
	}
	if got[0].DTS < src[0].DTS || !near(got[0].DTS, src[0].DTS, 25*time.Millisecond) {
		t.Errorf("sound begins at %v, want %v", got[0].DTS, src[0].DTS)
	}
	if first, last := src[len(src)-1].DTS, got[len(got)-1].DTS; !near(first, last, 50*time.Millisecond) {
		t.Errorf("sound ends at %v, want %v", last, first)
	}
}

func TestTwoRenditions(t *testing.T) {
	tr := newTranscoder(t, Config{})
	ladder := []video.Rendition{
		{Name: "270p", Height: 270, VideoBitrate: 600_000, AudioBitrate: 96_000},
		{Name: "180p", Width: 320, VideoBitrate: 300_000, AudioBitrate: 64_000, CPULevel: 2},
	}
	for name, src := range map[string][]video.Packet{
		"of the clip":                    clip(t, 9*time.Second, 0),
		"of B-frames, late in a session": packets(t, obs(t, "4.5"), 3*time.Hour),
	} {
		t.Run(name, func(t *testing.T) {
			var sink collector
			if err := tr.Transcode(t.Context(), &source{packets: src}, ladder, &sink); err != nil {
				t.Fatal(err)
			}
			checkRendition(t, src, sink.got[0], 480, 270)
			checkRendition(t, src, sink.got[1], 320, 180)
		})
	}
}

// A process for each output is what Windows has.
func TestOneOutputPerProcess(t *testing.T) {
	tr := newTranscoder(t, Config{})
	tr.perProcess = 1
	ladder := []video.Rendition{
		{Height: 180, VideoBitrate: 300_000, AudioBitrate: 96_000},
		{Height: 90, VideoBitrate: 100_000, AudioBitrate: 64_000},
	}
	src := clip(t, 3*time.Second, time.Minute)
	var sink collector
	if err := tr.Transcode(t.Context(), &source{packets: src}, ladder, &sink); err != nil {
		t.Fatal(err)
	}
	checkRendition(t, src, sink.got[0], 320, 180)
	checkRendition(t, src, sink.got[1], 160, 90)
}

func TestWhatIsCopiedStaysAsItIs(t *testing.T) {
	tr := newTranscoder(t, Config{})
	ladder := []video.Rendition{
		{AudioBitrate: 64_000},                 // the video as it came
		{Height: 180, VideoBitrate: 300_000},   // the sound as it came
		{VideoBitrate: 400_000, FrameRate: 10}, // both, and fewer pictures
	}
	src := packets(t, obs(t, "4"), time.Second)
	var sink collector
	if err := tr.Transcode(t.Context(), &source{packets: src}, ladder, &sink); err != nil {
		t.Fatal(err)
	}
	same := func(a, b video.Packet) bool {
		return a.Track == b.Track && a.DTS == b.DTS && a.CTS == b.CTS && a.Key == b.Key && &a.Data[0] == &b.Data[0]
	}
	if !slices.EqualFunc(sink.of(0, video.Video), ofKind(src, video.Video), same) {
		t.Error("the copied video is another one")
	}
	if !slices.EqualFunc(sink.of(1, video.Audio), ofKind(src, video.Audio), same) {
		t.Error("the copied sound is another one")
	}
	checkSound(t, ofKind(src, video.Audio), sink.of(0, video.Audio))
	decodes(t, sink.got[0])
	decodes(t, sink.got[2])
}

func TestLowerFrameRatesKeepTheKeyFrames(t *testing.T) {
	tr := newTranscoder(t, Config{})
	src := ofKind(packets(t, obs(t, "4"), 0), video.Video)
	for _, rate := range []int{10, 15, 24} {
		ladder := []video.Rendition{{VideoBitrate: 400_000, Height: 180, FrameRate: rate}}
		var sink collector
		if err := tr.Transcode(t.Context(), &source{packets: src}, ladder, &sink); err != nil {
			t.Fatal(err)
		}
		got := sink.of(0, video.Video)
		if got, want := keyTimes(got), keyTimes(src); !slices.Equal(got, want) {
			t.Errorf("%d a second: key frames at %v, want %v", rate, got, want)
		}
		// Each key frame may be one more.
		if n := len(got) - 4*rate; n < -1 || n > len(keyTimes(src)) {
			t.Errorf("%d a second: %d pictures in 4 seconds", rate, len(got))
		}
		if r := got[0].Track.FrameRate; r != float64(rate) {
			t.Errorf("%d a second: the encoder counts on %v", rate, r)
		}
		decodes(t, got)
	}
}

func TestSoundThatComesLateOrChanges(t *testing.T) {
	tr := newTranscoder(t, Config{})
	ladder := []video.Rendition{{Height: 180, VideoBitrate: 300_000, AudioBitrate: 64_000}}
	src := clip(t, 4*time.Second, 0)
	other := ofKind(packets(t, obs(t, "4"), 0), video.Audio)

	var late, changed, none []video.Packet
	for _, p := range src {
		sound := p.Track.Kind == video.Audio
		if !sound {
			none = append(none, p)
		}
		if !sound || p.DTS >= 2*time.Second {
			late = append(late, p)
		}
		if !sound || p.DTS < 2*time.Second {
			changed = append(changed, p)
		}
	}
	for _, p := range other {
		if p.DTS >= 2*time.Second {
			changed = append(changed, p)
		}
	}
	slices.SortStableFunc(changed, func(a, b video.Packet) int { return cmp.Compare(a.DTS, b.DTS) })

	run := func(src []video.Packet) *collector {
		var sink collector
		if err := tr.Transcode(t.Context(), &source{packets: src}, ladder, &sink); err != nil {
			t.Fatal(err)
		}
		return &sink
	}
	t.Run("late", func(t *testing.T) { checkRendition(t, late, run(late).got[0], 320, 180) })
	t.Run("changed", func(t *testing.T) {
		sink := run(changed)
		checkRendition(t, changed, sink.got[0], 320, 180)
		sound := sink.of(0, video.Audio)
		if a, b := sound[0].Track, sound[len(sound)-1].Track; a.SampleRate != 48000 || b.SampleRate != 44100 {
			t.Errorf("sampled at %d and then %d Hz, want 48000 and 44100", a.SampleRate, b.SampleRate)
		}
	})
	t.Run("never", func(t *testing.T) {
		sink := run(none)
		if n := len(sink.of(0, video.Video)); n != len(none) {
			t.Errorf("%d pictures, want %d", n, len(none))
		}
	})
	t.Run("one frame", func(t *testing.T) {
		sink := run([]video.Packet{none[0], ofKind(src, video.Audio)[0]})
		if v, a := len(sink.of(0, video.Video)), len(sink.of(0, video.Audio)); v != 1 || a == 0 {
			t.Errorf("%d pictures and %d frames of sound, want 1 and 1", v, a)
		}
	})
	t.Run("no picture", func(t *testing.T) {
		sound := ofKind(src, video.Audio)
		checkSound(t, sound, run(sound).of(0, video.Audio))
	})
}

// The rate of a publisher that does not tell it is measured.
func TestUnknownFrameRate(t *testing.T) {
	tr := newTranscoder(t, Config{})
	src := clip(t, 3*time.Second, 0)
	quiet := *src[0].Track
	for i := range src {
		if src[i].Track.Kind == video.Video {
			quiet = *src[i].Track
			break
		}
	}
	quiet.FrameRate = 0
	for i := range src {
		if src[i].Track.Kind == video.Video {
			src[i].Track = &quiet
		}
	}
	ladder := []video.Rendition{{Height: 180, VideoBitrate: 300_000, AudioBitrate: 64_000}}
	for _, n := range []int{len(src), 9} { // the second ends before it can be measured
		var sink collector
		if err := tr.Transcode(t.Context(), &source{packets: src[:n]}, ladder, &sink); err != nil {
			t.Fatal(err)
		}
		got := sink.of(0, video.Video)
		if want := ofKind(src[:n], video.Video); len(got) != len(want) {
			t.Fatalf("%d pictures, want %d", len(got), len(want))
		}
		if r := got[0].Track.FrameRate; r < 29 || r > 31 {
			t.Errorf("%v pictures a second, want 30", r)
		}
	}
}
