package ffmpeg

import (
	"context"
	"errors"
	"io"
	"slices"
	"time"

	"github.com/owncast-go/owncast/video"
)

const (
	// enoughToMeasure and longToMeasure are of which pictures the frame rate
	// is told if the configuration does not have it.
	enoughToMeasure = 16
	longToMeasure   = time.Second
)

// Transcode makes the renditions of ladder until src ends, as
// [video.Transcoder] has it.
//
// Video and audio that a rendition copies are handed on as they are, without
// ffmpeg. One process encodes the pictures of all renditions, which it decodes
// once, and another one the sound, once for each bitrate; the latter starts
// with the first sound there is, however late. On Windows each encoded stream
// has a process of its own.
//
// Times are the source's to the millisecond. The pictures' sizes are even and
// never above the source's: a rendition that is larger is reduced with its
// shape kept. Where a frame rate is lowered, key frames stay, so that there
// may be one picture more. Audio of more than two channels is mixed to two.
//
// The error is an [*EncoderError], which the policy decides about; an
// [*ExitError] of an ffmpeg that died; a [*video.CodecError] for what this
// ffmpeg cannot read, such as HEVC and AV1 before 6.1 and Opus before 8.0; or
// one of those that video.Transcoder tells of.
func (t *Transcoder) Transcode(ctx context.Context, src video.PacketReader, ladder []video.Rendition, sink video.RenditionWriter) error {
	running, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	r := &run{t: t, ladder: ladder, sink: sink, stop: stop}
	err := r.chooseEncoder(running)
	if err == nil {
		err = r.pump(running, src)
	}
	if err != nil && !r.sourceFailed {
		stop(err) // what is still to come is of no use
	}
	finished := r.finish()
	switch {
	case ctx.Err() != nil:
		return ctx.Err()
	case running.Err() != nil:
		err = context.Cause(running)
	case err == nil:
		err = finished
	}
	t.remember(err)
	return err
}

// run is one Transcode.
type run struct {
	t       *Transcoder
	ladder  []video.Rendition
	sink    video.RenditionWriter
	stop    context.CancelCauseFunc
	encoder Encoder

	video, audio branch
	held         []video.Packet // pictures, until their rate is known
	sourceFailed bool
}

// branch is what encodes one kind of packet.
type branch struct {
	track *video.Track
	lanes []*lane
}

// chooseEncoder goes by the policy.
func (r *run) chooseEncoder(ctx context.Context) error {
	i := slices.IndexFunc(r.ladder, func(v video.Rendition) bool { return v.VideoBitrate > 0 })
	if i < 0 {
		return nil
	}
	var err error
	r.encoder, err = r.t.choose(ctx)
	if err != nil && ctx.Err() == nil && r.t.cfg.OnFailure == Passthrough {
		return &video.RenditionError{Index: i, Err: err}
	}
	return err
}

// pump hands packets on until src ends.
func (r *run) pump(ctx context.Context, src video.PacketReader) error {
	for {
		p, err := src.Read(ctx)
		if errors.Is(err, io.EOF) {
			return r.release(ctx)
		}
		if err != nil {
			r.sourceFailed = true
			_ = r.release(ctx) // err is what there is to tell
			return err
		}
		if err := r.packet(ctx, p); err != nil {
			return err
		}
	}
}

func (r *run) packet(ctx context.Context, p video.Packet) error {
	encodes := false
	for i, v := range r.ladder {
		bits := v.VideoBitrate
		if p.Track.Kind == video.Audio {
			bits = v.AudioBitrate
		}
		switch {
		case bits > 0:
			encodes = true
		default:
			if err := r.sink.WriteRendition(i, p); err != nil {
				return err
			}
		}
	}
	switch {
	case !encodes:
		return nil
	case p.Track.Kind == video.Audio:
		return r.encodeAudio(ctx, p)
	default:
		return r.encodeVideo(ctx, p)
	}
}

func (r *run) encodeAudio(ctx context.Context, p video.Packet) error {
	b := &r.audio
	if !p.Track.Equal(b.track) {
		if err := b.finish(); err != nil {
			return err
		}
		if err := r.open(ctx, b, p, audioOutputs(r.ladder, p.Track)); err != nil {
			return err
		}
	}
	return b.write(p)
}

// encodeVideo holds the first pictures back if nobody knows how many there
// are a second.
func (r *run) encodeVideo(ctx context.Context, p video.Packet) error {
	b := &r.video
	if p.Track.Equal(b.track) {
		return b.write(p)
	}
	if len(r.held) > 0 && !p.Track.Equal(r.held[0].Track) {
		if err := r.release(ctx); err != nil {
			return err
		}
	}
	if len(r.held) == 0 && !p.Key {
		return nil
	}
	r.held = append(r.held, p)
	if p.Track.FrameRate > 0 || len(r.held) == enoughToMeasure || p.DTS-r.held[0].DTS > longToMeasure {
		return r.release(ctx)
	}
	return nil
}

// release begins with the pictures that were held back.
func (r *run) release(ctx context.Context) error {
	if len(r.held) == 0 {
		return nil
	}
	held, b := r.held, &r.video
	r.held = nil
	track := held[0].Track
	rate := track.FrameRate
	if rate == 0 {
		rate = measureRate(held)
	}
	if err := b.finish(); err != nil {
		return err
	}
	if err := r.open(ctx, b, held[0], r.t.videoOutputs(r.encoder, r.ladder, track, rate)); err != nil {
		return err
	}
	for _, p := range held {
		if err := b.write(p); err != nil {
			return err
		}
	}
	return nil
}

// open starts the processes for what comes with first.
func (r *run) open(ctx context.Context, b *branch, first video.Packet, outputs []output) error {
	if err := r.t.program.reads(ctx, first.Track.Codec); err != nil {
		return err
	}
	b.track = first.Track
	for some := range slices.Chunk(outputs, min(r.t.perProcess, len(outputs))) {
		l, err := r.t.open(ctx, r.encoder, first, some, r.sink, r.stop)
		if err != nil {
			return err
		}
		b.lanes = append(b.lanes, l)
	}
	return nil
}

func (b *branch) write(p video.Packet) error {
	for _, l := range b.lanes {
		if err := l.write(p); err != nil {
			return err
		}
	}
	return nil
}

// end tells the lanes that there is no more.
func (b *branch) end() {
	for _, l := range b.lanes {
		l.end()
	}
}

// finish ends the lanes and waits for them.
func (b *branch) finish() error {
	b.end()
	var first error
	for _, l := range b.lanes {
		if err := l.finish(); first == nil {
			first = err
		}
	}
	b.lanes, b.track = nil, nil
	return first
}

// finish waits for everything that was started.
func (r *run) finish() error {
	r.audio.end()
	video := r.video.finish()
	if audio := r.audio.finish(); video == nil {
		return audio
	}
	return video
}
