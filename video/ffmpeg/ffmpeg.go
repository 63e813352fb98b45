// Package ffmpeg makes renditions and thumbnails of a broadcast with the
// program of that name, version 5.0 or newer:
//
//	t, err := ffmpeg.New(ffmpeg.Config{})
//	if errors.Is(err, ffmpeg.ErrNotFound) {
//		// a normal state: the broadcast can be watched as it came
//	}
//
// A [Transcoder] is a [video.Transcoder], and a [Thumbnailer] keeps a picture
// and a moving preview of what is live. Both hand packets to ffmpeg's standard
// input as FLV and read what it makes from pipes; no file, no shell and no
// network is between them, and the command line has nothing in it that a
// publisher could choose.
package ffmpeg

import (
	"cmp"
	"context"
	"fmt"
	"log/slog"
	"os/exec"
	"runtime"
	"sync"
	"time"

	"github.com/owncast-go/owncast/video"
)

// FailurePolicy says what becomes of a broadcast if the wanted encoder does
// not work on this machine.
type FailurePolicy uint8

// The policies.
const (
	// Fail lets Transcode return an [*EncoderError]: there is no ladder.
	Fail FailurePolicy = iota
	// Software uses [X264] in its place, and logs that.
	Software
	// Passthrough gives up the renditions that need the encoder, one at a
	// time, with a [*video.RenditionError]: viewers have those that copy the
	// picture, and what the ladder lists of the source.
	Passthrough
)

// Config is what a Transcoder is made of. The zero Config encodes with x264
// on all cores.
type Config struct {
	// Path is ffmpeg's, or its name in the system's search path; "" stands
	// for "ffmpeg".
	Path string
	// Encoder makes the pictures of all renditions; "" stands for X264.
	Encoder Encoder
	// OnFailure is what to do if Encoder does not work.
	OnFailure FailurePolicy
	// Device is the hardware to use: for VAAPI and QSV a render node, where
	// "" stands for /dev/dri/renderD128 and for a choice of the driver's; for
	// NVENC the number of a GPU, where "" stands for the first. The other
	// encoders do not look at it.
	Device string
	// ExtraArgs are arguments of ffmpeg by encoder, for each rendition's
	// video behind those of this package, which they can override. They are
	// used as they are: never take them from a stranger.
	ExtraArgs map[Encoder][]string
	// Threads is how many threads an encoder uses; 0 stands for as many as
	// Go runs at once, up to eight.
	Threads int
	// Logger gets what ffmpeg complains of and which encoder is used. Nil
	// discards it.
	Logger *slog.Logger
}

// maxThreads bounds how often x264 cuts a picture, which costs quality.
const maxThreads = 8

// Transcoder is a [video.Transcoder]. Make one with [New]. Its methods are
// safe for concurrent use; each Transcode has processes of its own.
type Transcoder struct {
	cfg     Config
	program *program
	// perProcess is how many renditions one process can write.
	perProcess int
	drain      time.Duration // see drainTime
	tests      *tests
}

var _ video.EncoderSelector = (*Transcoder)(nil)

// New returns a Transcoder. It looks for the program and runs nothing: what
// the program can do shows when it is needed, or in [Transcoder.Probe]. The
// error matches [ErrNotFound] if there is no such program.
func New(c Config) (*Transcoder, error) {
	c.Encoder = cmp.Or(c.Encoder, X264)
	if !c.Encoder.known() {
		return nil, fmt.Errorf("ffmpeg: unknown encoder %q", string(c.Encoder))
	}
	if c.OnFailure > Passthrough {
		return nil, fmt.Errorf("ffmpeg: unknown policy %d", c.OnFailure)
	}
	if c.Threads < 0 {
		return nil, fmt.Errorf("ffmpeg: %d threads", c.Threads)
	}
	if c.Threads == 0 {
		c.Threads = min(runtime.GOMAXPROCS(0), maxThreads)
	}
	if c.Logger == nil {
		c.Logger = slog.New(slog.DiscardHandler)
	}
	p, err := find(c.Path)
	if err != nil {
		return nil, err
	}
	return &Transcoder{cfg: c, program: p, perProcess: pipesPerProcess, drain: drainTime, tests: &tests{reports: map[Encoder]tested{}}}, nil
}

// Path is where the program was found.
func (t *Transcoder) Path() string { return t.program.path }

// program is an ffmpeg on this machine.
type program struct {
	path string

	mu       sync.Mutex // guards the rest
	version  version    // zero until it was asked for
	encoders []string   // nil until they were asked for
}

func find(name string) (*program, error) {
	path, err := exec.LookPath(cmp.Or(name, "ffmpeg"))
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrNotFound, err)
	}
	return &program{path: path}, nil
}

// reads returns nil if the program reads a codec from FLV.
func (p *program) reads(ctx context.Context, codec video.Codec) error {
	var since lavf
	switch codec {
	case video.HEVC, video.AV1:
		since = lavf{60, 16} // of ffmpeg 6.1
	case video.Opus:
		since = lavf{62, 3} // of ffmpeg 8.0
	default:
		return nil
	}
	v, err := p.ask(ctx)
	if err != nil {
		return err
	}
	if v.format.before(since) {
		return &video.CodecError{Codec: string(codec), Reason: fmt.Sprintf("ffmpeg %s does not read it from FLV", v.name)}
	}
	return nil
}

// ask returns the version of the program.
func (p *program) ask(ctx context.Context) (version, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.version.name != "" {
		return p.version, nil
	}
	out, err := p.once(ctx, job{args: []string{"-hide_banner", "-version"}, limit: 64 << 10})
	if err != nil {
		return version{}, err
	}
	p.version, err = parseVersion(out)
	return p.version, err
}
