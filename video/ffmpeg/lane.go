package ffmpeg

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"sync"
	"sync/atomic"
	"time"

	"github.com/owncast-go/owncast/video"
	"github.com/owncast-go/owncast/video/flv"
)

const (
	// headStart is the time that a lane's first packet has on its pipes, so
	// that what an encoder puts in front of it is not before zero.
	headStart = 10 * time.Second
	// longest is how long a lane may run: times in FLV have 32 bits of
	// milliseconds, and ffmpeg reads half of them as negative.
	longest = 24 * 24 * time.Hour
	// drainTime is how long an encoder may take for what it has, after the
	// end of its input.
	drainTime = 10 * time.Second

	pipeBuffer = 64 << 10
	maxTag     = 8 << 20
)

var (
	errDrain   = errors.New("ffmpeg: it does not come to an end")
	errTooLong = errors.New("ffmpeg: one run of 24 days is enough")
)

// lane is one process: packets of one track in, those of its outputs out.
// Its methods are called by one goroutine.
type lane struct {
	proc   *process
	in     *flv.Writer
	tested Encoder       // whose fault it may be that nothing comes out; "" for none
	base   time.Duration // of the source, that is headStart on the pipes
	sink   video.RenditionWriter
	log    *slog.Logger
	drain  time.Duration
	cancel context.CancelCauseFunc // kills the process

	finishing atomic.Bool
	cut       atomic.Bool // the process closed its input
	wrote     atomic.Bool // a packet came out
	readers   sync.WaitGroup
	done      chan struct{} // closed when everything has ended
	err       error         // after done
}

// open starts a process for the track of first and for outputs. When it ends
// before finish was called, stop is called with why.
func (t *Transcoder) open(ctx context.Context, e Encoder, first video.Packet, outputs []output, sink video.RenditionWriter, stop func(error)) (*lane, error) {
	ctx, cancel := context.WithCancelCause(ctx)
	kind := first.Track.Kind
	proc, err := t.program.start(ctx, len(outputs), func(names []string) []string {
		return t.argv(e, kind, outputs, names)
	})
	if err != nil {
		cancel(nil)
		return nil, err
	}
	l := &lane{
		proc: proc, in: flv.NewWriter(proc.stdin, kind), sink: sink, log: t.cfg.Logger, drain: t.drain,
		base: first.DTS.Truncate(time.Millisecond), cancel: cancel, done: make(chan struct{}),
	}
	if kind == video.Video && e != X264 {
		l.tested = e
	}
	for i, o := range outputs {
		l.readers.Go(func() { // ends with the process at the latest
			if err := l.read(proc.outputs[i], o.renditions); err != nil {
				cancel(err)
			}
		})
	}
	go func() { // waited for by finish
		defer close(l.done)
		l.err = l.wait(ctx)
		if !l.finishing.Load() {
			stop(l.err)
		}
	}()
	return l, nil
}

// write hands a packet to the process, and blocks while it does not read.
// The error is of the packet; that the process has ended is told otherwise.
func (l *lane) write(p video.Packet) error {
	p.DTS += headStart - l.base
	if p.DTS > longest {
		return errTooLong
	}
	if p.DTS < 0 {
		return nil // long before the first one
	}
	err := l.in.WritePacket(p)
	if pe := new(os.PathError); errors.As(err, &pe) {
		l.cut.Store(true) // the pipe
		return nil
	}
	return err
}

// end tells the process that there is no more.
func (l *lane) end() {
	l.finishing.Store(true)
	_ = l.proc.stdin.Close()
}

// finish waits, after end, for what is still to come out, and tells how it
// went.
func (l *lane) finish() error {
	late := time.AfterFunc(l.drain, func() { l.cancel(errDrain) })
	<-l.done
	late.Stop()
	return l.err
}

// wait waits for the process and its readers. ctx is the lane's.
func (l *lane) wait(ctx context.Context) error {
	err := l.proc.wait()
	// Nobody else holds the pipes' other ends, so that the readers come to
	// the end of what is in them.
	l.readers.Wait()
	defer l.cancel(nil)
	if cause := context.Cause(ctx); cause != nil {
		return cause
	}
	if lines, _ := l.proc.tail.end(); len(lines) > 0 {
		l.log.Debug("ffmpeg said", "lines", lines)
	}
	if err == nil && (!l.finishing.Load() || l.cut.Load() || !l.wrote.Load()) {
		err = newExitError(l.proc.cmd, l.proc.tail)
	}
	if err != nil && l.tested != "" && !l.wrote.Load() {
		err = &EncoderError{Encoder: l.tested, Err: err}
	}
	return err
}

// read takes what the process writes to one pipe, until its end. A process
// that dies amid a packet is no error of its output.
func (l *lane) read(pipe *os.File, renditions []int) error {
	defer pipe.Close()
	var d flv.Decoder
	r := flv.NewReader(bufio.NewReaderSize(pipe, pipeBuffer), maxTag)
	for {
		tag, err := r.Next()
		if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
			return nil
		}
		var p video.Packet
		var ok bool
		if err == nil {
			p, ok, err = decode(&d, tag)
		}
		if err != nil {
			return &video.RenditionError{Index: renditions[0], Err: fmt.Errorf("ffmpeg: output: %w", err)}
		}
		if !ok || p.DTS < headStart && p.Track.Kind == video.Audio {
			continue // no packet, or what an encoder puts in front of the sound
		}
		p.DTS += l.base - headStart
		l.wrote.Store(true)
		for _, i := range renditions {
			if err := l.sink.WriteRendition(i, p); err != nil {
				return err
			}
		}
	}
}

func decode(d *flv.Decoder, tag flv.Tag) (video.Packet, bool, error) {
	switch tag.Type {
	case flv.TagVideo:
		return d.Video(tag.Timestamp, tag.Body)
	case flv.TagAudio:
		return d.Audio(tag.Timestamp, tag.Body)
	default:
		return video.Packet{}, false, nil
	}
}
