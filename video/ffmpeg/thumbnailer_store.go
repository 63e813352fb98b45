package ffmpeg

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/owncast-go/owncast/storage"
)

// storeTime bounds what a storage may take for a picture.
const storeTime = 10 * time.Second

// keep shows new pictures, unless their session has ended.
func (t *Thumbnailer) keep(ctx context.Context, jpeg, gif []byte) error {
	t.storing.Lock()
	defer t.storing.Unlock()
	if ctx.Err() != nil {
		return ctx.Err()
	}
	t.mu.Lock()
	t.jpeg, t.gif, t.status.MadeAt = jpeg, gif, time.Now()
	t.mu.Unlock()
	if t.cfg.Storage == nil {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, storeTime)
	defer cancel()
	for key, data := range map[string][]byte{thumbnailKey: jpeg, previewKey: gif} {
		if err := t.cfg.Storage.Put(ctx, key, bytes.NewReader(data), storage.PutOptions{MaxAge: t.cfg.Interval}); err != nil {
			return fmt.Errorf("ffmpeg: store a thumbnail: %w", err)
		}
	}
	return nil
}

// forget takes the pictures of a session that has ended away.
func (t *Thumbnailer) forget(ctx context.Context) {
	t.storing.Lock()
	defer t.storing.Unlock()
	t.mu.Lock()
	had := t.jpeg != nil
	t.jpeg, t.gif = nil, nil
	t.status.MadeAt, t.status.Err = time.Time{}, nil
	t.mu.Unlock()
	if !had || t.cfg.Storage == nil {
		return
	}
	// They go even if the program ends now.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), storeTime)
	defer cancel()
	err := errors.Join(t.cfg.Storage.Delete(ctx, thumbnailKey), t.cfg.Storage.Delete(ctx, previewKey))
	if err != nil {
		t.cfg.Logger.WarnContext(ctx, "old thumbnails stay in the storage", "err", err)
	}
}
