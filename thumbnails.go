package owncast

import (
	"context"
	"errors"
	"fmt"
	"log/slog"

	"github.com/owncast-go/owncast/video"
)

// pictures are Thumbnails at work.
type pictures struct {
	thumbnails Thumbnails
	cancel     context.CancelFunc
	done       chan struct{}
	failure    outcome
}

// newPictures returns nil if there are no Thumbnails.
func newPictures(t Thumbnails) *pictures {
	if t == nil {
		return nil
	}
	return &pictures{thumbnails: t, done: make(chan struct{})}
}

// start lets the Thumbnails follow what s broadcasts. ctx lends its values
// alone.
func (p *pictures) start(ctx context.Context, s *video.Server, log *slog.Logger) {
	if p == nil {
		return
	}
	ctx, p.cancel = context.WithCancel(context.WithoutCancel(ctx))
	sub := s.Subscribe(video.SubscriptionLimits{})
	go func() { // ended by stop
		defer close(p.done)
		defer sub.Close()
		if err := runThumbnails(ctx, p.thumbnails, sub); err != nil && ctx.Err() == nil && !errors.Is(err, video.ErrServerClosed) {
			p.failure.set(err)
			log.ErrorContext(ctx, "no more thumbnails", "err", err)
		}
	}()
}

// runThumbnails makes an error of a panic.
func runThumbnails(ctx context.Context, t Thumbnails, src video.PacketReader) (err error) {
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("panic: %v", r)
		}
	}()
	return t.Run(ctx, src)
}

// stop waits for them, or for ctx. It may be called more than once.
func (p *pictures) stop(ctx context.Context) error {
	if p == nil {
		return nil
	}
	p.cancel()
	select {
	case <-p.done:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// WithThumbnails lets t make pictures of what is live, for /thumbnail.jpg and
// /preview.gif below the path that the App is mounted on. Package video/ffmpeg
// has such a t. The default shows a picture of nothing there.
func WithThumbnails(t Thumbnails) Option {
	return func(c *config) error {
		c.thumbnails = t
		return notNil("WithThumbnails", t == nil)
	}
}
