package ffmpeg

import (
	"context"
	"errors"
	"io"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/owncast-go/owncast/video"
)

var errTest = errors.New("from the test")

func small() []video.Rendition {
	return []video.Rendition{
		{Height: 180, VideoBitrate: 300_000, AudioBitrate: 64_000},
		{Height: 90, VideoBitrate: 100_000, AudioBitrate: 64_000},
	}
}

// bound fails instead of hanging.
func bound(t *testing.T) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	t.Cleanup(cancel)
	return ctx
}

func TestAnErrorOfTheSourceComesAfterWhatWasThere(t *testing.T) {
	tr := newTranscoder(t, Config{})
	src := clip(t, 2*time.Second, 0)
	var sink collector
	err := tr.Transcode(bound(t), &source{packets: src, end: video.ErrInterrupted}, small(), &sink)
	if err != video.ErrInterrupted { //nolint:errorlint // as it is
		t.Fatalf("err = %v, want %v", err, video.ErrInterrupted)
	}
	checkRendition(t, src, sink.got[0], 320, 180)
}

func TestAnErrorOfTheSinkEndsIt(t *testing.T) {
	tr := newTranscoder(t, Config{})
	for name, index := range map[string]int{"encoded": 0, "copied": 1} {
		t.Run(name, func(t *testing.T) {
			n := 0
			sink := collector{onPacket: func(i int, _ video.Packet) error {
				if n++; n > 20 && i == index {
					return errTest
				}
				return nil
			}}
			ladder := []video.Rendition{{Height: 180, VideoBitrate: 300_000, AudioBitrate: 64_000}, {AudioBitrate: 96_000}}
			err := tr.Transcode(bound(t), &blocked{source{packets: clip(t, 10*time.Second, 0)}}, ladder, &sink)
			if err != errTest { //nolint:errorlint // as it is
				t.Errorf("err = %v, want %v", err, errTest)
			}
		})
	}
}

func TestAContextThatIsDoneEndsIt(t *testing.T) {
	tr := newTranscoder(t, Config{})
	ctx, cancel := context.WithCancel(bound(t))
	var once sync.Once
	sink := collector{onPacket: func(int, video.Packet) error {
		once.Do(cancel)
		return nil
	}}
	err := tr.Transcode(ctx, &blocked{source{packets: clip(t, 3*time.Second, 0)}}, small(), &sink)
	if !errors.Is(err, context.Canceled) {
		t.Errorf("err = %v, want %v", err, context.Canceled)
	}
}

// A process that is stopped reads nothing: writing to it blocks.
func TestAWriteThatBlocksEndsWithItsContext(t *testing.T) {
	needChildren(t)
	tr := newTranscoder(t, Config{})
	ctx, cancel := context.WithCancel(bound(t))
	defer cancel()
	src := &source{packets: clip(t, 2*time.Minute, 0)}
	src.before = func(n int) {
		if n == 20 {
			signalChildren(t, "STOP")
			time.AfterFunc(500*time.Millisecond, cancel)
		}
	}
	err := tr.Transcode(ctx, src, small(), new(collector))
	if !errors.Is(err, context.Canceled) {
		t.Errorf("err = %v, want %v", err, context.Canceled)
	}
	if src.n == len(src.packets) {
		t.Error("it never blocked")
	}
}

func TestAKilledProcessIsAnError(t *testing.T) {
	needChildren(t)
	tr := newTranscoder(t, Config{})
	var once sync.Once
	sink := collector{onPacket: func(int, video.Packet) error {
		once.Do(func() { signalChildren(t, "KILL") })
		return nil
	}}
	err := tr.Transcode(bound(t), &blocked{source{packets: clip(t, 3*time.Second, 0)}}, small(), &sink)
	var exit *ExitError
	if !errors.As(err, &exit) || exit.Code != -1 || !strings.Contains(err.Error(), "killed") {
		t.Errorf("err = %v, want an ExitError that says that it was killed", err)
	}
}

func TestAnEncoderThatCannotBeOpenedSaysWhy(t *testing.T) {
	tr := newTranscoder(t, Config{ExtraArgs: map[Encoder][]string{X264: {"-profile:v", "nonsense"}}})
	err := tr.Transcode(bound(t), &blocked{source{packets: clip(t, time.Second, 0)}}, small(), new(collector))
	var exit *ExitError
	if !errors.As(err, &exit) || exit.Reason != "the encoder does not take one of the arguments" {
		t.Fatalf("err = %v, want an ExitError with its reason", err)
	}
	if !slices.ContainsFunc(exit.Tail, func(s string) bool { return strings.Contains(s, "nonsense") }) {
		t.Errorf("the tail %q does not have the profile", exit.Tail)
	}
}

func TestCodecsThatThisFFmpegDoesNotRead(t *testing.T) {
	tr := newTranscoder(t, Config{})
	v, err := tr.program.ask(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if !v.format.before(lavf{60, 16}) {
		t.Skipf("ffmpeg %s reads them", v.name)
	}
	track := &video.Track{Kind: video.Video, Codec: video.HEVC, Width: 640, Height: 360, FrameRate: 30}
	src := []video.Packet{{Track: track, Key: true, Data: []byte{0, 0, 0, 1, 0}}}
	err = tr.Transcode(bound(t), &source{packets: src}, small(), new(collector))
	var codec *video.CodecError
	if !errors.As(err, &codec) || codec.Codec != "hevc" {
		t.Errorf("err = %v, want a CodecError", err)
	}
}

func TestNothingIsLeft(t *testing.T) {
	needChildren(t)
	tr := newTranscoder(t, Config{})
	src := clip(t, 500*time.Millisecond, 0)
	run := func(ctx context.Context, end error, kill bool) {
		sink := new(collector)
		if kill {
			var once sync.Once
			sink.onPacket = func(int, video.Packet) error {
				once.Do(func() { signalChildren(t, "KILL") })
				return nil
			}
		}
		_ = tr.Transcode(ctx, &source{packets: src, end: end}, small(), sink)
	}
	run(t.Context(), io.EOF, false)
	before := openFiles(t)
	for i := range 20 {
		ctx, cancel := context.WithCancel(bound(t))
		if i%4 == 3 {
			time.AfterFunc(time.Duration(i)*10*time.Millisecond, cancel)
		}
		run(ctx, [...]error{io.EOF, errTest, io.EOF, io.EOF}[i%4], i%4 == 2)
		cancel()
	}
	if after := openFiles(t); after > before {
		t.Errorf("%d open files, %d before", after, before)
	}
	if c := children(t); len(c) > 0 {
		t.Errorf("processes %v are left", c)
	}
}

func needChildren(t *testing.T) {
	t.Helper()
	if _, err := os.Stat("/proc/self/fd"); err != nil {
		t.Skip("it looks at /proc, which is not here")
	}
}

func openFiles(t *testing.T) int {
	t.Helper()
	all, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		t.Fatal(err)
	}
	return len(all)
}

// children are the processes that this one has started.
func children(t *testing.T) []string {
	t.Helper()
	tasks, err := os.ReadDir("/proc/self/task")
	if err != nil {
		t.Fatal(err)
	}
	var all []string
	for _, task := range tasks {
		b, err := os.ReadFile("/proc/self/task/" + task.Name() + "/children")
		if err == nil {
			all = append(all, strings.Fields(string(b))...)
		}
	}
	return all
}
