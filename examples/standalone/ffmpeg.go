package main

import (
	"errors"
	"log/slog"

	"github.com/owncast-go/owncast"
	"github.com/owncast-go/owncast/video/ffmpeg"
)

// withFFmpeg returns the options for what ffmpeg can do. Without it viewers
// have the broadcast as it came.
func withFFmpeg(path string, log *slog.Logger) ([]owncast.Option, error) {
	if path == "off" {
		log.Info("no ffmpeg, by choice: the broadcast is shown as it comes, in one quality and without thumbnails")
		return nil, nil
	}
	thumbnails, err := ffmpeg.NewThumbnailer(ffmpeg.ThumbnailConfig{Path: path, Logger: log})
	if errors.Is(err, ffmpeg.ErrNotFound) {
		log.Info("no ffmpeg found: the broadcast is shown as it comes, in one quality and without thumbnails", "err", err)
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	transcoder, err := ffmpeg.New(ffmpeg.Config{Path: path, Logger: log})
	if err != nil {
		return nil, err
	}
	return []owncast.Option{owncast.WithThumbnails(thumbnails), owncast.WithTranscoder(transcoder)}, nil
}
