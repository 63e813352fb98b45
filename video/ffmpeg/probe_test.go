package ffmpeg

import (
	"bytes"
	"errors"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/owncast-go/owncast/video"
)

func TestNoProgramIsATypedError(t *testing.T) {
	if _, err := New(Config{Path: filepath.Join(t.TempDir(), "ffmpeg")}); !errors.Is(err, ErrNotFound) {
		t.Errorf("err = %v, want %v", err, ErrNotFound)
	}
	if _, err := NewThumbnailer(ThumbnailConfig{Path: "no-such-program"}); !errors.Is(err, ErrNotFound) {
		t.Errorf("err = %v, want %v", err, ErrNotFound)
	}
}

func TestNewRefusesWhatItDoesNotKnow(t *testing.T) {
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]Config{
		"encoder": {Path: self, Encoder: "libx265"},
		"policy":  {Path: self, OnFailure: Passthrough + 1},
		"threads": {Path: self, Threads: -1},
	} {
		if _, err := New(c); err == nil || !strings.Contains(err.Error(), name[:6]) {
			t.Errorf("%s: err = %v", name, err)
		}
	}
}

func TestProbe(t *testing.T) {
	tr := newTranscoder(t, Config{})
	reports := tr.Probe(t.Context())
	if len(reports) != len(Encoders()) {
		t.Fatalf("%d reports, want %d", len(reports), len(Encoders()))
	}
	for _, r := range reports {
		t.Logf("%s: %v", r.Encoder, r.Err)
		var exit *ExitError
		switch {
		case r.Encoder == X264 && r.Err != nil:
			t.Errorf("x264: %v", r.Err)
		case r.Err == nil, errors.Is(r.Err, ErrNotBuilt):
		case !errors.As(r.Err, &exit):
			t.Errorf("%s: %v, want an ExitError", r.Encoder, r.Err)
		case exit.Reason == "":
			t.Errorf("%s: no reason for %q", r.Encoder, exit.Tail)
		}
	}
	tr.program.path = "gone" // what is known is not tried again
	if again := tr.Probe(t.Context()); again[0].Err != nil {
		t.Errorf("x264 again: %v", again[0].Err)
	}
}

// broken is an encoder that does not work here.
func broken(t *testing.T) Encoder {
	t.Helper()
	tr := newTranscoder(t, Config{})
	for _, e := range Encoders()[1:] {
		if tr.test(t.Context(), e) != nil {
			return e
		}
	}
	t.Skip("every encoder works here")
	return ""
}

func TestPolicies(t *testing.T) {
	e := broken(t)
	src := clip(t, time.Second, 0)
	ladder := []video.Rendition{{Height: 180, VideoBitrate: 300_000, AudioBitrate: 64_000}, {AudioBitrate: 64_000}}
	run := func(p FailurePolicy) (*collector, string, error) {
		var log bytes.Buffer
		tr := newTranscoder(t, Config{Encoder: e, OnFailure: p, Logger: slog.New(slog.NewTextHandler(&log, nil))})
		var sink collector
		err := tr.Transcode(bound(t), &source{packets: src}, ladder, &sink)
		return &sink, log.String(), err
	}
	t.Run("fail", func(t *testing.T) {
		sink, _, err := run(Fail)
		var failed *EncoderError
		if !errors.As(err, &failed) || failed.Encoder != e || len(sink.got) > 0 {
			t.Errorf("err = %v, want an EncoderError of %s, and no packets", err, e)
		}
	})
	t.Run("software", func(t *testing.T) {
		sink, log, err := run(Software)
		if err != nil || !strings.Contains(log, "using software") {
			t.Fatalf("err = %v, log %q", err, log)
		}
		checkRendition(t, src, sink.got[0], 320, 180)
	})
	t.Run("passthrough", func(t *testing.T) {
		sink, _, err := run(Passthrough)
		var one *video.RenditionError
		var failed *EncoderError
		if !errors.As(err, &one) || one.Index != 0 || !errors.As(err, &failed) || failed.Encoder != e || len(sink.got) > 0 {
			t.Fatalf("err = %v, want an EncoderError of %s for rendition 0, and no packets", err, e)
		}
		ladder = ladder[1:] // as a Server does then
		if sink, _, err = run(Passthrough); err != nil {
			t.Fatal(err)
		}
		checkSound(t, ofKind(src, video.Audio), sink.of(0, video.Audio)) // which needs no encoder of video
	})
}

// An encoder may pass its test and fail at work.
func TestAnEncoderThatFailsAtWorkIsLeftForAWhile(t *testing.T) {
	e := broken(t)
	tr := newTranscoder(t, Config{Encoder: e, OnFailure: Software})
	tr.record(e, nil)
	src := clip(t, time.Second, 0)
	var failed *EncoderError
	err := tr.Transcode(bound(t), &source{packets: src}, small(), new(collector))
	if !errors.As(err, &failed) {
		t.Fatalf("err = %v, want an EncoderError", err)
	}
	var sink collector
	if err := tr.Transcode(bound(t), &source{packets: src}, small(), &sink); err != nil {
		t.Fatal(err)
	}
	checkRendition(t, src, sink.got[0], 320, 180)
	tr.tests.reports[e] = tested{err: failed, at: time.Now().Add(-2 * failureMemory)}
	if _, ok := tr.recall(e); ok {
		t.Error("it is left for ever")
	}
}

func TestVersions(t *testing.T) {
	const libs = "\nlibavutil      57. 28.100 / 57. 28.100\nlibavformat    %s / 59. 27.100\n"
	for printed, want := range map[string]version{
		"ffmpeg version 5.1.9-0+deb12u1 Copyright (c)" + strings.Replace(libs, "%s", "59. 27.100", 1): {"5.1.9-0+deb12u1", lavf{59, 27}},
		"ffmpeg version N-118000-gabc" + strings.Replace(libs, "%s", "61.  9.100", 1):                 {"N-118000-gabc", lavf{61, 9}},
	} {
		if got, err := parseVersion([]byte(printed)); err != nil || got != want {
			t.Errorf("%q: %v, %v, want %v", printed, got, err, want)
		}
	}
	for _, printed := range []string{"", "ffmpeg version 6", "libavformat 59. 27.100"} {
		if v, err := parseVersion([]byte(printed)); err == nil {
			t.Errorf("%q: %v", printed, v)
		}
	}
}
