package ffmpeg

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"github.com/owncast-go/owncast/storage"
	"github.com/owncast-go/owncast/video"
)

// defaultInterval is how often pictures are made.
const defaultInterval = 20 * time.Second

// The keys that pictures have in a storage.
const (
	thumbnailKey = "thumbnails/thumbnail.jpg"
	previewKey   = "thumbnails/preview.gif"
)

// ThumbnailConfig is what a Thumbnailer is made of. The zero Config keeps the
// pictures in memory and nowhere else.
type ThumbnailConfig struct {
	// Path is ffmpeg's, as in [Config].
	Path string
	// Interval is how long pictures are shown; 0 stands for 20 s.
	Interval time.Duration
	// Storage takes the pictures too, as "thumbnails/thumbnail.jpg" and
	// "thumbnails/preview.gif", and loses them when the broadcast ends. It
	// is not closed. Nil keeps them in memory alone.
	Storage storage.Storage
	// Logger gets what goes wrong. Nil discards it.
	Logger *slog.Logger
}

// ThumbnailStatus is how a Thumbnailer is doing.
type ThumbnailStatus struct {
	MadeAt time.Time // when the last pictures were made; zero while there are none
	Made   int64     // how often they were, ever
	Failed int64     // how often they could not be, or not be stored, ever
	Err    error     // why the last ones were not; nil if they were
}

// Thumbnailer makes a picture and a moving preview of what is live, every
// few seconds. Make one with [NewThumbnailer]. Its methods are safe for
// concurrent use.
type Thumbnailer struct {
	cfg     ThumbnailConfig
	program *program
	running atomic.Bool

	storing sync.Mutex // is held while the storage is written to; before mu

	mu        sync.Mutex // guards the rest
	jpeg, gif []byte
	status    ThumbnailStatus
}

// NewThumbnailer returns a Thumbnailer. It looks for the program and runs
// nothing. The error matches [ErrNotFound] if there is no such program.
func NewThumbnailer(c ThumbnailConfig) (*Thumbnailer, error) {
	if c.Interval < 0 {
		return nil, fmt.Errorf("ffmpeg: interval of %v", c.Interval)
	}
	if c.Interval == 0 {
		c.Interval = defaultInterval
	}
	if c.Logger == nil {
		c.Logger = slog.New(slog.DiscardHandler)
	}
	p, err := find(c.Path)
	if err != nil {
		return nil, err
	}
	return &Thumbnailer{cfg: c, program: p}, nil
}

// JPEG returns the picture, at most 1280 pixels wide, and when it was made;
// nil if there is none. It must not be changed.
func (t *Thumbnailer) JPEG() ([]byte, time.Time) {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.jpeg, t.status.MadeAt
}

// GIF returns the preview, a second at most 480 pixels wide, and when it was
// made; nil if there is none. It must not be changed.
func (t *Thumbnailer) GIF() ([]byte, time.Time) {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.gif, t.status.MadeAt
}

// Status tells how it is going.
func (t *Thumbnailer) Status() ThumbnailStatus {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.status
}

// Run makes pictures of what src yields, until ctx is done or src fails, and
// returns that error. src is usually a [video.Subscription]: at [io.EOF] the
// broadcast has ended, and its pictures are gone until there is another one;
// at [video.ErrInterrupted] they stay. Run keeps reading while it makes
// pictures, one at a time and at a low priority, and what goes wrong with one
// of them is told by Status. It may be called once at a time.
func (t *Thumbnailer) Run(ctx context.Context, src video.PacketReader) error {
	if !t.running.CompareAndSwap(false, true) {
		return errors.New("ffmpeg: the thumbnailer is running already")
	}
	defer t.running.Store(false)
	jobs := make(chan pictureJob)
	var worker sync.WaitGroup
	worker.Go(func() { // ended by closing jobs
		for j := range jobs {
			t.make(j)
		}
	})
	defer worker.Wait()
	defer close(jobs)
	for {
		// What is being made of a broadcast that ends is given up.
		session, end := context.WithCancel(ctx)
		err := t.follow(session, src, jobs)
		end()
		t.forget(ctx)
		if !errors.Is(err, io.EOF) {
			return err
		}
	}
}

// pictureJob is what pictures are made of.
type pictureJob struct {
	ctx     context.Context //nolint:containedctx // of the session, for whoever takes the job
	packets []video.Packet
}

// follow reads one session.
func (t *Thumbnailer) follow(ctx context.Context, src video.PacketReader, jobs chan<- pictureJob) error {
	var r recent
	var last time.Time
	for {
		p, err := src.Read(ctx)
		if errors.Is(err, video.ErrInterrupted) {
			continue
		}
		if err != nil {
			return err
		}
		r.add(p)
		if r.span() < previewSpan || time.Since(last) < t.cfg.Interval {
			continue
		}
		select {
		case jobs <- pictureJob{ctx, r.snapshot()}:
			last = time.Now()
		default: // the last ones are still being made
		}
	}
}

// make makes the pictures, and keeps them.
func (t *Thumbnailer) make(j pictureJob) {
	jpeg, gif, err := t.program.pictures(j.ctx, j.packets)
	if j.ctx.Err() != nil {
		return
	}
	if err == nil {
		err = t.keep(j.ctx, jpeg, gif)
	}
	t.mu.Lock()
	known := t.status.Err != nil
	t.status.Err = err
	if err != nil {
		t.status.Failed++
	} else {
		t.status.Made++
	}
	t.mu.Unlock()
	if err != nil && !known && j.ctx.Err() == nil {
		t.cfg.Logger.WarnContext(j.ctx, "no thumbnail", "err", err)
	}
}
