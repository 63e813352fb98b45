package owncast

import (
	"context"
	"slices"

	"github.com/owncast-go/owncast/video"
)

// chosenEncoder is a Transcoder with the encoder that an administrator has
// chosen, whenever it is called.
type chosenEncoder struct {
	video.EncoderSelector
	settings *settingsSource
}

// encoding is the Transcoder of the options, with the encoder of the settings
// if it has several.
func encoding(c config, s *settingsSource) video.Transcoder {
	if t, ok := c.transcoder.(video.EncoderSelector); ok {
		return &chosenEncoder{t, s}
	}
	return c.transcoder
}

func (e *chosenEncoder) Transcode(ctx context.Context, src video.PacketReader, ladder []video.Rendition, sink video.RenditionWriter) error {
	return e.choose(ctx).Transcode(ctx, src, ladder, sink)
}

// choose returns the Transcoder to use: that of the options, where the settings
// say nothing that it could do.
func (e *chosenEncoder) choose(ctx context.Context) video.Transcoder {
	v, err := e.settings.sections.Video.Get(ctx)
	if err != nil || v.Codec == "" || v.Codec == e.Encoder() {
		return e.EncoderSelector // the health tells of settings that cannot be read
	}
	t, err := e.UseEncoder(v.Codec)
	if err != nil {
		e.settings.cfg.log.WarnContext(ctx, "the encoder of the settings is unknown", "encoder", v.Codec, "err", err)
		return e.EncoderSelector
	}
	return t
}

// WithLadder offers viewers renditions of the broadcast, in place of the
// ladder in the settings. It holds for sessions that begin later. Without
// [WithTranscoder] there is nobody to make them, and viewers have the
// broadcast as it came.
func WithLadder(l Ladder) Option {
	return func(c *config) error {
		l.Renditions = slices.Clone(l.Renditions)
		c.ladder = &l
		return option("WithLadder", l.Validate())
	}
}

// WithTranscoder has the renditions of the ladder made by t, such as
// [github.com/owncast-go/owncast/video/ffmpeg.Transcoder]. Nobody waits for
// it: what it is too slow for or fails to make is not listed meanwhile. The
// default makes none.
func WithTranscoder(t Transcoder) Option {
	return func(c *config) error {
		c.transcoder = t
		return notNil("WithTranscoder", t == nil)
	}
}
