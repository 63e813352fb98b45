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
	cancel context.CancelFunc
	done   chan struct{}
}

// startPictures lets t follow what s broadcasts. ctx lends its values alone.
func startPictures(ctx context.Context, t Thumbnails, s *video.Server, log *slog.Logger) *pictures {
	if t == nil {
		return nil
	}
	ctx, cancel := context.WithCancel(context.WithoutCancel(ctx))
	p := &pictures{cancel: cancel, done: make(chan struct{})}
	sub := s.Subscribe(video.SubscriptionLimits{})
	go func() { // ended by stop
		defer close(p.done)
		defer sub.Close()
		if err := runThumbnails(ctx, t, sub); err != nil && ctx.Err() == nil && !errors.Is(err, video.ErrServerClosed) {
			log.ErrorContext(ctx, "no more thumbnails", "err", err)
		}
	}()
	return p
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
