package ffmpeg

import (
	"bytes"
	"context"
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/owncast-go/owncast/video"
	"github.com/owncast-go/owncast/video/flv"
	"github.com/owncast-go/owncast/video/videotest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// needProgram skips a test that cannot be without ffmpeg.
func needProgram(tb testing.TB) {
	tb.Helper()
	if testing.Short() {
		tb.Skip("it runs ffmpeg, which takes its time")
	}
	if _, err := exec.LookPath("ffmpeg"); err != nil {
		tb.Skip("ffmpeg is not installed")
	}
}

func newTranscoder(tb testing.TB, c Config) *Transcoder {
	tb.Helper()
	needProgram(tb)
	t, err := New(c)
	if err != nil {
		tb.Fatal(err)
	}
	return t
}

// makeFLV lets ffmpeg make a file, without a check of ours.
func makeFLV(tb testing.TB, args ...string) []byte {
	tb.Helper()
	needProgram(tb)
	name := filepath.Join(tb.TempDir(), "source.flv")
	args = append([]string{"-v", "error", "-y"}, append(args, "-f", "flv", name)...)
	if out, err := exec.CommandContext(tb.Context(), "ffmpeg", args...).CombinedOutput(); err != nil {
		tb.Fatalf("ffmpeg: %v\n%s", err, out)
	}
	b, err := os.ReadFile(name)
	if err != nil {
		tb.Fatal(err)
	}
	return b
}

// obs is what a publisher sends by default: B-frames, a key frame each two
// seconds, stereo at 44.1 kHz.
func obs(tb testing.TB, seconds string) []byte {
	tb.Helper()
	return makeFLV(tb, "-f", "lavfi", "-i", "testsrc2=s=640x360:r=30", "-f", "lavfi", "-i", "sine=f=440:r=44100", "-t", seconds,
		"-c:v", "libx264", "-preset", "ultrafast", "-bf", "2", "-g", "60", "-keyint_min", "60", "-sc_threshold", "0", "-pix_fmt", "yuv420p",
		"-c:a", "aac", "-ac", "2")
}

// packets reads an FLV file, on a clock that starts at offset.
func packets(tb testing.TB, file []byte, offset time.Duration) []video.Packet {
	tb.Helper()
	var all []video.Packet
	var d flv.Decoder
	r := flv.NewReader(bytes.NewReader(file), 0)
	for {
		tag, err := r.Next()
		if errors.Is(err, io.EOF) {
			return all
		}
		if err != nil {
			tb.Fatal(err)
		}
		p, ok, err := decode(&d, tag)
		if err != nil {
			tb.Fatal(err)
		}
		if ok {
			p.DTS += offset
			all = append(all, p)
		}
	}
}

// clip returns the packets of the clip's first rounds.
func clip(tb testing.TB, length, offset time.Duration) []video.Packet {
	tb.Helper()
	tags, err := videotest.Loop(videotest.Clip(), videotest.ClipDuration)
	if err != nil {
		tb.Fatal(err)
	}
	var all []video.Packet
	var d flv.Decoder
	for tag := range tags {
		if tag.Timestamp >= length {
			return all
		}
		p, ok, err := decode(&d, tag)
		if err != nil {
			tb.Fatal(err)
		}
		if ok {
			p.DTS += offset
			all = append(all, p)
		}
	}
	return nil
}

// source yields packets, then end.
type source struct {
	packets []video.Packet
	end     error       // io.EOF if nil
	pace    bool        // in real time
	before  func(n int) // packet n is read
	taken   func(p video.Packet)

	n     int
	start time.Time
}

func (s *source) Read(ctx context.Context) (video.Packet, error) {
	if ctx.Err() != nil {
		return video.Packet{}, ctx.Err()
	}
	if s.n == len(s.packets) {
		if s.end == nil {
			return video.Packet{}, io.EOF
		}
		return video.Packet{}, s.end
	}
	p := s.packets[s.n]
	if s.before != nil {
		s.before(s.n)
	}
	if s.pace {
		if s.n == 0 {
			s.start = time.Now()
		}
		select {
		case <-ctx.Done():
			return video.Packet{}, ctx.Err()
		case <-time.After(time.Until(s.start.Add(p.DTS - s.packets[0].DTS))):
		}
	}
	if s.taken != nil {
		s.taken(p)
	}
	s.n++
	return p, nil
}

// blocked is a source that has nothing more to say, and does not end.
type blocked struct{ source }

func (s *blocked) Read(ctx context.Context) (video.Packet, error) {
	p, err := s.source.Read(ctx)
	if errors.Is(err, io.EOF) {
		<-ctx.Done()
		return video.Packet{}, ctx.Err()
	}
	return p, err
}

// collector is a sink.
type collector struct {
	mu       sync.Mutex
	got      map[int][]video.Packet
	onPacket func(i int, p video.Packet) error
}

func (c *collector) WriteRendition(i int, p video.Packet) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.got == nil {
		c.got = map[int][]video.Packet{}
	}
	c.got[i] = append(c.got[i], p)
	if c.onPacket != nil {
		return c.onPacket(i, p)
	}
	return nil
}

func (c *collector) of(i int, kind video.Kind) []video.Packet {
	return ofKind(c.got[i], kind)
}

func ofKind(all []video.Packet, kind video.Kind) []video.Packet {
	var some []video.Packet
	for _, p := range all {
		if p.Track.Kind == kind {
			some = append(some, p)
		}
	}
	return some
}

func keyTimes(all []video.Packet) []time.Duration {
	var times []time.Duration
	for _, p := range all {
		if p.Track.Kind == video.Video && p.Key {
			times = append(times, p.DTS+p.CTS)
		}
	}
	return times
}
