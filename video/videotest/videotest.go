// Package videotest has a small broadcast to test and to show with, and a
// player for tests.
//
// [Publish] sends it in real time and without end, to whatever takes FLV tags,
// such as a client of package rtmp, and [Send] some seconds of it at once:
//
//	err := videotest.Publish(ctx, client)
//
// [Loop] does the same for any FLV file and leaves the pace to its caller.
//
// A test of a program with an App in it needs neither a port for RTMP nor
// ffmpeg: [Pipe] connects a client of package rtmp to the App, and [Play] plays
// what comes out and says what is wrong with it.
//
//	srv := httptest.NewServer(program)
//	client, err := rtmp.Dial(ctx, "rtmp://test/live/"+key, rtmp.ClientConfig{DialContext: videotest.Pipe(app.ServeRTMPConn)})
//	…
//	err = videotest.Send(client, 8*time.Second)
//	…
//	played, err := videotest.Play(ctx, srv.Client(), srv.URL+"/hls/stream.m3u8", 4*time.Second)
package videotest

import (
	"bytes"
	"context"
	_ "embed" // the clip
	"errors"
	"fmt"
	"io"
	"iter"
	"time"

	"github.com/owncast-go/owncast/video/flv"
)

//go:embed clip.flv
var clip string

// ClipDuration is how long the clip plays. It is a whole number of pictures
// and of audio frames, so that the clip can follow itself without a seam.
const ClipDuration = 8 * time.Second

// Clip returns an FLV file of [ClipDuration]: H.264 in the main profile, 640x360
// at 30 pictures a second with a key frame each second and no B-frames, and
// AAC, mono at 48 kHz. It shows a timecode and a ball that bounces, and beeps
// and flashes at each full second. The bytes are the caller's.
func Clip() []byte { return []byte(clip) }

// Loop returns the tags of an FLV file over and over, without end, for the
// caller to range over. The timestamps go on: those of each round are length
// after those of the round before. Script data and codec configurations come
// in the first round only; what marks the end of the video in the file never
// comes.
//
// Each range over the sequence starts anew. The tags' bodies are shared by all
// of them and must not be changed. What is no FLV file, a file without media
// and a length that its timestamps do not fit into are errors.
func Loop(file []byte, length time.Duration) (iter.Seq[flv.Tag], error) {
	header, media, err := read(file)
	if err != nil {
		return nil, err
	}
	if len(media) == 0 {
		return nil, errors.New("videotest: no media in the file")
	}
	for _, tag := range media {
		if tag.Timestamp >= length {
			return nil, fmt.Errorf("videotest: a tag at %v does not fit into %v", tag.Timestamp, length)
		}
	}
	return func(yield func(flv.Tag) bool) {
		for _, tag := range header {
			if !yield(tag) {
				return
			}
		}
		for base := time.Duration(0); ; base += length {
			for _, tag := range media {
				tag.Timestamp += base
				if !yield(tag) {
					return
				}
			}
		}
	}, nil
}

// read returns the tags of an FLV file that stand for a moment of it, and
// those that tell what they are.
func read(file []byte) (header, media []flv.Tag, err error) {
	r := flv.NewReader(bytes.NewReader(file), 0)
	for {
		tag, err := r.Next()
		if errors.Is(err, io.EOF) {
			return header, media, nil
		}
		if err != nil {
			return nil, nil, fmt.Errorf("videotest: %w", err)
		}
		switch kindOf(tag) {
		case kindMedia:
			media = append(media, tag)
		case kindHeader:
			header = append(header, tag)
		}
	}
}

// TagWriter takes the bodies of FLV tags, such as an RTMP client does.
// WriteTag may block, which delays the tags after it. The body must not be
// changed.
type TagWriter interface {
	WriteTag(typ flv.TagType, timestamp time.Duration, body []byte) error
}

// Send writes the first d of the clip to w at once, over and over if it is
// longer than [ClipDuration]. Time in a stream is that of its timestamps: what
// packages it does not wait either.
func Send(w TagWriter, d time.Duration) error {
	tags, err := Loop(Clip(), ClipDuration)
	if err != nil {
		return err
	}
	for tag := range tags {
		if tag.Timestamp > d {
			return nil
		}
		if err := w.WriteTag(tag.Type, tag.Timestamp, tag.Body); err != nil {
			return err
		}
	}
	return nil
}

// Publish writes the clip to w in real time, over and over, and blocks until
// ctx is done or w returns an error, which it returns. A tag that is late
// because w blocked is written at once.
func Publish(ctx context.Context, w TagWriter) error {
	tags, err := Loop(Clip(), ClipDuration)
	if err != nil {
		return err
	}
	start := time.Now()
	timer := time.NewTimer(0)
	defer timer.Stop()
	for tag := range tags {
		timer.Reset(time.Until(start.Add(tag.Timestamp)))
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-timer.C:
		}
		if err := w.WriteTag(tag.Type, tag.Timestamp, tag.Body); err != nil {
			return err
		}
	}
	return nil
}
