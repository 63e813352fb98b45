package ffmpeg_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"

	"github.com/owncast-go/owncast/video"
	"github.com/owncast-go/owncast/video/ffmpeg"
)

// A machine without ffmpeg, or without a GPU, is a normal one.
func ExampleNew() {
	t, err := ffmpeg.New(ffmpeg.Config{Encoder: ffmpeg.VAAPI, OnFailure: ffmpeg.Software})
	switch {
	case errors.Is(err, ffmpeg.ErrNotFound):
		fmt.Println("no ffmpeg: the broadcast is shown as it comes")
	case err != nil:
		fmt.Println(err)
	default:
		var _ video.Transcoder = t
		fmt.Println("renditions by", t.Path())
	}
}

// Which encoders work is best asked once, for an administrator to see.
func ExampleTranscoder_Probe() {
	t, err := ffmpeg.New(ffmpeg.Config{})
	if err != nil {
		slog.Error("no transcoder", "err", err)
		return
	}
	for _, r := range t.Probe(context.Background()) {
		var exit *ffmpeg.ExitError
		switch {
		case r.Err == nil:
			fmt.Println(r.Encoder, "works")
		case errors.As(r.Err, &exit):
			fmt.Println(r.Encoder, "does not:", exit.Reason)
		default:
			fmt.Println(r.Encoder, "does not:", r.Err)
		}
	}
}
