package ffmpeg

import (
	"bytes"
	"context"
	"errors"
	"io"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/owncast-go/owncast/video"
)

const (
	// testTime bounds a test of an encoder: drivers are known to hang.
	testTime = 20 * time.Second
	// failureMemory is for how long an encoder that does not work is not
	// tried again: a device may come back, or an encoding elsewhere end.
	failureMemory = time.Minute

	testWidth, testHeight = 640, 360
	testRate              = 30
	testBitrate           = 1_000_000
)

// EncoderReport is what a test of an encoder showed.
type EncoderReport struct {
	Encoder Encoder
	// Err is nil if the encoder made a second of video, and else why it did
	// not: [ErrNotBuilt], or usually an [*ExitError], whose Reason can be
	// shown to people.
	Err error
}

// tested is a report to remember.
type tested struct {
	err error
	at  time.Time
}

// tests are what tests of encoders have shown.
type tests struct {
	mu      sync.Mutex
	reports map[Encoder]tested // guarded by mu
}

// Probe tries the encoders, all of [Encoders], with a second of video each.
// What worked is remembered and not tried again; what did not is, a minute
// later. Probe takes a few seconds, and nothing if it has been called before.
// It returns what it has when ctx is done, where the error of an encoder that
// was not tried is ctx's.
func (t *Transcoder) Probe(ctx context.Context) []EncoderReport {
	reports := make([]EncoderReport, 0, len(Encoders()))
	for _, e := range Encoders() {
		reports = append(reports, EncoderReport{Encoder: e, Err: t.test(ctx, e)})
	}
	return reports
}

// test returns nil if an encoder works.
func (t *Transcoder) test(ctx context.Context, e Encoder) error {
	if known, ok := t.recall(e); ok {
		return known.err
	}
	tctx, cancel := context.WithTimeout(ctx, testTime)
	defer cancel()
	// Without the encoder ffmpeg complains of the options that it has.
	err := t.program.lists(tctx, e)
	if err == nil {
		_, err = t.program.once(tctx, job{args: t.testArgs(e), in: testPicture(), limit: testBitrate})
	}
	if ctx.Err() != nil {
		return ctx.Err()
	}
	if errors.Is(err, context.DeadlineExceeded) {
		err = errors.New("ffmpeg: the encoder hangs")
	}
	t.record(e, err)
	return err
}

// lists returns nil if the program was built with an encoder.
func (p *program) lists(ctx context.Context, e Encoder) error {
	built, err := p.builtWith(ctx)
	if err != nil {
		return err
	}
	if !slices.Contains(built, string(e)) {
		return ErrNotBuilt
	}
	return nil
}

// builtWith returns the encoders that the program was built with. It must not
// be changed.
func (p *program) builtWith(ctx context.Context) ([]string, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.encoders != nil {
		return p.encoders, nil
	}
	out, err := p.once(ctx, job{args: []string{"-hide_banner", "-encoders"}, limit: 1 << 20})
	if err != nil {
		return nil, err
	}
	names := []string{}
	for line := range strings.Lines(string(out)) {
		if fields := strings.Fields(line); len(fields) > 1 {
			names = append(names, fields[1])
		}
	}
	p.encoders = names
	return names, nil
}

// testArgs encode pictures to FLV as a Transcode does.
func (t *Transcoder) testArgs(e Encoder) []string {
	track := &video.Track{Width: testWidth, Height: testHeight}
	rendition := video.Rendition{VideoBitrate: testBitrate, Height: testHeight / 2}
	args := append(quiet(), e.deviceArgs(t.cfg.Device)...)
	args = append(
		args, "-protocol_whitelist", "pipe", "-f", "rawvideo", "-pix_fmt", "yuv420p",
		"-s", strconv.Itoa(testWidth)+"x"+strconv.Itoa(testHeight), "-r", strconv.Itoa(testRate), "-i", "pipe:0",
	)
	args = append(args, t.videoArgs(e, rendition, track, testRate)...)
	return append(args, "-f", "flv", "-flvflags", "no_duration_filesize", "pipe:1")
}

// testPicture returns a second of raw video: a ramp of gray, which moves.
func testPicture() io.Reader {
	const luma, chroma = testWidth * testHeight, testWidth * testHeight / 2
	readers := make([]io.Reader, 0, 2*testRate)
	ramp := bytes.Repeat([]byte(ascending()), luma/256+2)
	gray := strings.Repeat("\x80", chroma)
	for i := range testRate {
		readers = append(readers, bytes.NewReader(ramp[i:i+luma]), strings.NewReader(gray))
	}
	return io.MultiReader(readers...)
}

// ascending is every byte once.
func ascending() string {
	b := make([]byte, 256)
	for i := range b {
		b[i] = byte(i)
	}
	return string(b)
}

func (t *Transcoder) recall(e Encoder) (tested, bool) {
	t.tests.mu.Lock()
	defer t.tests.mu.Unlock()
	known, ok := t.tests.reports[e]
	if known.err != nil && time.Since(known.at) > failureMemory {
		return tested{}, false
	}
	return known, ok
}

func (t *Transcoder) record(e Encoder, err error) {
	t.tests.mu.Lock()
	defer t.tests.mu.Unlock()
	t.tests.reports[e] = tested{err: err, at: time.Now()}
}

// remember records an encoder that passed its test but did not do its work,
// such as one whose driver allows no more encodings at once.
func (t *Transcoder) remember(err error) {
	var failed *EncoderError
	if errors.As(err, &failed) {
		t.record(failed.Encoder, failed.Err)
	}
}

// choose returns the encoder to use, or an [*EncoderError]. Whether x264 works
// is left to the encoding itself: it does wherever it was built in.
func (t *Transcoder) choose(ctx context.Context) (Encoder, error) {
	e := t.cfg.Encoder
	if e == X264 {
		return e, nil
	}
	err := t.test(ctx, e)
	switch {
	case err == nil:
		return e, nil
	case ctx.Err() != nil:
		return "", err
	case t.cfg.OnFailure == Software:
		t.cfg.Logger.WarnContext(ctx, "encoder does not work, using software", "encoder", e, "err", err)
		return X264, nil
	}
	return "", &EncoderError{Encoder: e, Err: err}
}
